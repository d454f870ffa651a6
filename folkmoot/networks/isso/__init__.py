from folkmoot.networks.isso.connector import Isso

__all__ = ["Isso"]
