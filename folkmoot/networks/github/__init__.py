from folkmoot.networks.github.connector import GitHub

__all__ = ["GitHub"]
