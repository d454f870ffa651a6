"""Waiting for word from PostgreSQL (LISTEN), in a thread of its own, through broken connections."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Self

import psycopg
import structlog
from django.db import connection
from psycopg import sql

RETRY_SECONDS = 2.0
WAIT_SECONDS = 1.0
KEEPALIVE_SECONDS = 30.0

log = structlog.get_logger()


def parameters() -> dict[str, Any]:
    """Where Django connects to, without what only Django's own connections need."""
    found = connection.get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold"):
        found.pop(name, None)
    return found


class Notices:
    """Calls ``heard(name, payload)`` for each notice, and ``heard("", "")`` when some may have been missed.

    ``presence`` is the name that the server shows for the connection: what tells others that this process lives.
    """

    def __init__(self, presence: str, names: Sequence[str], heard: Callable[[str, str], None]) -> None:
        self._presence, self._names, self._heard = presence, names, heard
        self._parameters = parameters()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=presence, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopped.set()
        self._thread.join(WAIT_SECONDS * 3)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._hear()
            except psycopg.OperationalError as error:
                log.warning("the database is away; trying again", error=str(error), seconds=RETRY_SECONDS)
                self._stopped.wait(RETRY_SECONDS)

    def _hear(self) -> None:
        wanted = self._parameters | {"application_name": self._presence}
        with psycopg.connect(**wanted, autocommit=True) as held:
            for name in self._names:
                held.execute(sql.SQL("LISTEN {}").format(sql.Identifier(name)))
            self._heard("", "")
            quiet = 0.0
            while not self._stopped.is_set():
                for notice in held.notifies(timeout=WAIT_SECONDS):
                    self._heard(notice.channel, notice.payload)
                quiet += WAIT_SECONDS
                if quiet >= KEEPALIVE_SECONDS:
                    held.execute("SELECT 1")  # finds out that the server is gone
                    quiet = 0.0
