"""folkmoot listen: hears what is said in the connected channels."""

from __future__ import annotations

import signal

import click

from folkmoot.cli import database
from folkmoot.flow.listening import PRESENCE, Listener

__all__ = ["PRESENCE", "command", "listen"]


@click.command("listen")
def command() -> None:
    """Run a listener alone.

    For several machines: point each at the same DATABASE_URL. Each account is listened to by one of them; when one dies
    the others take over within half a minute.
    """
    database.migrated()
    listen()


def listen() -> None:
    """Until SIGINT or SIGTERM."""
    listener = Listener()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: listener.stop())
    listener.run()
