from folkmoot.networks.email.connector import Email

__all__ = ["Email"]
