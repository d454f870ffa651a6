from folkmoot.networks.ghost.connector import Ghost

__all__ = ["Ghost"]
