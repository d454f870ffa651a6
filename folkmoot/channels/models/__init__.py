"""Accounts at networks, connected places, what goes out to them, and archives read into them."""

from folkmoot.channels.models.archive import ArchiveImport
from folkmoot.channels.models.channel import Channel, Cursor, Health, Recall
from folkmoot.channels.models.connection import Connection, KeptHook
from folkmoot.channels.models.outbox import Allowance, Delivery, Enclosure, Stop

__all__ = [
    "Allowance",
    "ArchiveImport",
    "Channel",
    "Connection",
    "Cursor",
    "Delivery",
    "Enclosure",
    "Health",
    "KeptHook",
    "Recall",
    "Stop",
]
