from django.apps import AppConfig


class WorkspacesConfig(AppConfig):
    name = "folkmoot.workspaces"
    label = "workspaces"
