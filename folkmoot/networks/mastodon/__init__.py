from folkmoot.networks.mastodon.connector import Mastodon

__all__ = ["Mastodon"]
