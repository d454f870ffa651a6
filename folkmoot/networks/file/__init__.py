from folkmoot.networks.file.connector import File

__all__ = ["File"]
