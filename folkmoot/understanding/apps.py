from django.apps import AppConfig


class UnderstandingConfig(AppConfig):
    name = "folkmoot.understanding"
    label = "understanding"
