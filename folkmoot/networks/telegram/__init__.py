from folkmoot.networks.telegram.connector import Telegram

__all__ = ["Telegram"]
