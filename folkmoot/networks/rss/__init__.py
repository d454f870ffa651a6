from folkmoot.networks.rss.connector import Rss

__all__ = ["Rss"]
