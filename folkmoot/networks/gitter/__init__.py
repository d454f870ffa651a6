from folkmoot.networks.gitter.connector import Gitter

__all__ = ["Gitter"]
