from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "folkmoot.analytics"
    label = "analytics"
