"""folkmoot listen: holds the lasting connections to networks that push rather than wait to be asked."""

from __future__ import annotations

import signal
import time

import click
import psycopg
import structlog

from folkmoot.cli import database

CHANGES = "folkmoot_channels"
PRESENCE = "folkmoot listener"
KEEPALIVE_SECONDS = 30.0
RETRY_SECONDS = 2.0

logger = structlog.get_logger(__name__)


@click.command("listen")
def command() -> None:
    """Run the listener alone.

    For several machines: one listener is enough for one database.
    """
    database.migrated()
    listen()


def listen() -> None:
    """Until SIGINT or SIGTERM: waits for word that channels have changed; comes back when the database was away.

    Its open connection, by its name, is what tells others that a listener lives.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            try:
                _hear()
            except psycopg.OperationalError as error:
                logger.warning("the database is away; trying again", error=str(error), seconds=RETRY_SECONDS)
                time.sleep(RETRY_SECONDS)
    except KeyboardInterrupt:
        return


def _hear() -> None:
    with database.direct(PRESENCE, autocommit=True) as held:
        held.execute(f"LISTEN {CHANGES}")
        while True:
            for note in held.notifies(timeout=KEEPALIVE_SECONDS):
                logger.info("channels changed", payload=note.payload)
            held.execute("SELECT 1")  # finds out that the server is gone
