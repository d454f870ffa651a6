from folkmoot.networks.irc.connector import Irc

__all__ = ["Irc"]
