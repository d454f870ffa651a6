from folkmoot.networks.webhook.connector import Webhook

__all__ = ["Webhook"]
