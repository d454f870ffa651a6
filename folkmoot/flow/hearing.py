"""Requests that networks sent us, heard in bulk: what many of them tell of one place is stored at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import structlog
from django.utils import timezone

from folkmoot.channels import actions as channels
from folkmoot.channels import listening
from folkmoot.channels.listening import LostLease
from folkmoot.channels.models import Connection, KeptHook
from folkmoot.flow.sessions import Pool
from folkmoot.flow.storing import Store
from folkmoot.networks.base import BATCH_SIZE, Batch, Place, Seen
from folkmoot.networks.errors import MISTAKES, Later, Moved, NetworkError
from folkmoot.networks.live import Hears, Hook

AT_ONCE = 300

log = structlog.get_logger()


def hear(pool: Pool, store: Store, accounts: Sequence[Connection]) -> int:
    """Hears what these accounts' networks sent, the oldest first; how many requests are done with."""
    known = {account.pk: account for account in accounts}
    hooks = listening.unheard(list(known), AT_ONCE, now=timezone.now())
    return sum(
        _hear_account(pool, store, known[number], list(own))
        for number, own in groupby(hooks, lambda hook: hook.connection_id)
    )


def _hear_account(pool: Pool, store: Store, account: Connection, hooks: list[KeptHook]) -> int:
    told: dict[Place, list[Seen]] = {}
    understood: list[KeptHook] = []
    try:
        with pool.session(account) as session:
            if not isinstance(session, Hears):
                return 0
            understood += (hook for hook in hooks if _understand(account, session, hook, told))
    except Later as error:
        log.info("hearing requests waits", connection=account.pk, reason=str(error))
    try:
        _store(store, account, told, understood)
    except LostLease:
        return 0
    return len(understood)


def _understand(account: Connection, session: Hears, kept: KeptHook, told: dict[Place, list[Seen]]) -> bool:
    """Adds what a request tells; False when it tells nothing that could be understood. Raises ``Later``."""
    hook = Hook(kept.method, kept.headers, kept.query, bytes(kept.body), kept.at)
    try:
        batches = session.hear(hook)
    except Later:
        raise
    except Moved as moved:
        for channel in account.channels.filter(remote_id=moved.was):
            channels.move(channel, moved.remote_id)
        return True
    except (NetworkError, *MISTAKES) as error:
        log.warning("a request was not understood", hook=kept.pk, exc_info=error)
        listening.not_understood(kept, str(error) or type(error).__name__, now=timezone.now())
        return False
    for batch in batches:
        if batch.place:
            told.setdefault(batch.place, []).extend(batch.seen)
    return True


def _store(store: Store, account: Connection, told: dict[Place, list[Seen]], hooks: list[KeptHook]) -> None:
    now = timezone.now()
    known = {
        channel.remote_id: channel for channel in account.channels.filter(paused=False).select_related("workspace")
    }
    for place, seen in told.items():
        channel = known.get(place.remote_id)
        if channel is None:
            listening.meet(account, place)
            continue
        for start in range(0, len(seen), BATCH_SIZE):
            batch = Batch(place, seen[start : start + BATCH_SIZE], "", more=False)
            store.heard(hooks, channel, batch, now=now)
    listening.heard(hooks, now=now)
