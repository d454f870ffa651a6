from folkmoot.networks.bluesky.connector import Bluesky

__all__ = ["Bluesky"]
