from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "folkmoot.web"
    label = "web"
