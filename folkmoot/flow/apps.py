from django.apps import AppConfig


class FlowConfig(AppConfig):
    name = "folkmoot.flow"
    label = "flow"
