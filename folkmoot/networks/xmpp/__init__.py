from folkmoot.networks.xmpp.connector import Xmpp

__all__ = ["Xmpp"]
