from folkmoot.networks.matrix.connector import Matrix

__all__ = ["Matrix"]
