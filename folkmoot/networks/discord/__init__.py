from folkmoot.networks.discord.connector import Discord

__all__ = ["Discord"]
