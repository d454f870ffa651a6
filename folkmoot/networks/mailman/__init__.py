from folkmoot.networks.mailman.connector import Mailman

__all__ = ["Mailman"]
