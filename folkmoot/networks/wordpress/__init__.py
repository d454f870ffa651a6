from folkmoot.networks.wordpress.connector import WordPress

__all__ = ["WordPress"]
