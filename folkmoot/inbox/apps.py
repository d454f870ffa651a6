from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "folkmoot.inbox"
    label = "inbox"
