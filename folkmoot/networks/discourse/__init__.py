from folkmoot.networks.discourse.connector import Discourse

__all__ = ["Discourse"]
