"""Tokens are renewed in threads with database connections of their own: the loops that have others to look after do not
wait for a network."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from datetime import timedelta
from time import monotonic

import structlog
from django.db import connection as database
from django.utils import timezone

from folkmoot.channels import listening, sessions
from folkmoot.channels.models import Connection
from folkmoot.flow.faults import DATABASE_AWAY, Caught
from folkmoot.networks.errors import NetworkError

THREADS = 2
AHEAD_AGAIN_SECONDS = 60.0

log = structlog.get_logger()


class Renewer:
    """Renews one account's token at a time once, and calls ``told`` after each."""

    def __init__(self, told: Callable[[], None] = lambda: None) -> None:
        self._told = told
        self._workers = ThreadPoolExecutor(THREADS, "renewing")
        self._at_work: dict[int, Future[None]] = {}
        self._ahead_at: dict[int, float] = {}

    def ahead(self, account: Connection) -> None:
        """Renews a token that still holds; it is tried again after a while should that fail."""
        if self._ahead_at.get(account.pk, 0.0) <= monotonic():
            self._ahead_at[account.pk] = monotonic() + AHEAD_AGAIN_SECONDS
            self._begin(account, "")

    def or_break(self, account: Connection, why: str) -> None:
        """Renews a token that the network no longer takes; where that can't be, a person must connect the account."""
        self._begin(account, why or "the network no longer knows us")

    def close(self) -> None:
        """Waits for what is at work."""
        self._workers.shutdown()

    def _begin(self, account: Connection, why: str) -> None:
        before = self._at_work.get(account.pk)
        if before is None or before.done():
            # A copy: whoever has the account tells by its version that it must be opened anew
            self._at_work[account.pk] = self._workers.submit(self._renew, copy(account), why)

    def _renew(self, account: Connection, why: str) -> None:
        try:
            _renew(account, why)
        except DATABASE_AWAY as error:
            log.warning("a token could not be renewed", connection=account.pk, error=str(error))
        finally:
            database.close()
            self._told()


def _renew(account: Connection, why: str) -> None:
    now = timezone.now()
    try:
        with Caught(account.network) as caught:
            if why:
                sessions.renew_or_break(account, why, now=now)
            else:
                sessions.renew_ahead(account, now=now)
    except NetworkError as error:
        log.warning("a token could not be renewed", connection=account.pk, reason=str(error))
    if caught.why:
        retry_at = now + timedelta(seconds=caught.why.retry_after)
        listening.account_wrong(account, str(caught.why), retry_at=retry_at, now=now)
