from folkmoot.networks.zulip.connector import Zulip

__all__ = ["Zulip"]
