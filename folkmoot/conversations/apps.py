from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    name = "folkmoot.conversations"
    label = "conversations"
