"""Requests that networks sent us, heard in bulk: what many of them tell of one place is stored at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby

import structlog
from django.utils import timezone

from folkmoot.channels import actions as channels
from folkmoot.channels import listening
from folkmoot.channels.listening import LostLease
from folkmoot.channels.models import Connection, KeptHook
from folkmoot.flow.faults import Caught
from folkmoot.flow.renewing import Renewer
from folkmoot.flow.sessions import Pool
from folkmoot.flow.storing import Store
from folkmoot.networks.base import BATCH_SIZE, Batch, Place, Seen
from folkmoot.networks.errors import Later, Moved, NetworkError, Reconnect
from folkmoot.networks.live import Hears, Hook, Session

AT_ONCE = 300
RENEWED_AFTER = 30.0  # seconds; by then a new token is there, or a person is asked for one

Understood = tuple[KeptHook, Sequence[Batch]]

log = structlog.get_logger()


def hear(pool: Pool, store: Store, renewer: Renewer, accounts: Sequence[Connection]) -> int:
    """Hears some of what these accounts' networks sent, the oldest first; how many requests are done with."""
    now = timezone.now()
    known = {account.pk: account for account in accounts if account.retry_at is None or account.retry_at <= now}
    return sum(
        _hear_account(pool, store, renewer, known[number], list(own))
        for number, own in groupby(listening.unheard(list(known), AT_ONCE), lambda hook: hook.connection_id)
    )


def _hear_account(pool: Pool, store: Store, renewer: Renewer, account: Connection, hooks: list[KeptHook]) -> int:
    """What is not done with is heard again: once the network may be asked, or knows us."""
    understood: list[Understood] = []
    now = timezone.now()
    try:
        with Caught(account.network) as caught, pool.session(account) as session:
            _understand_all(account, session, hooks, understood)
        if caught.why:
            raise caught.why
    except Later as error:
        account.retry_at = now + timedelta(seconds=max(error.retry_after, 1.0))
        listening.account_wrong(account, str(error), retry_at=account.retry_at, now=now)
    except Reconnect as error:
        account.retry_at = now + timedelta(seconds=RENEWED_AFTER)
        renewer.or_break(account, str(error))
    else:
        if account.retry_at:
            account.retry_at = None
            listening.account_again(account, now=now)
    try:
        _keep(store, account, understood)
    except LostLease:
        return 0
    return len(understood)


def _understand_all(
    account: Connection, session: Session, hooks: Sequence[KeptHook], understood: list[Understood]
) -> None:
    """Adds what requests tell, up to the first that must wait. Raises ``Later`` or ``Reconnect`` for that."""
    if isinstance(session, Hears):
        for hook in hooks:
            understood.append((hook, _understand(account, session, hook)))  # noqa: PERF401 - kept when one raises


def _understand(account: Connection, session: Hears, kept: KeptHook) -> Sequence[Batch]:
    """What a request tells; one that tells nothing that could be understood is put aside."""
    hook = Hook(kept.method, kept.headers, kept.query, bytes(kept.body), kept.at)
    try:
        with Caught(account.network) as caught:
            return list(session.hear(hook))
        why = str(caught.why)
    except (Later, Reconnect):
        raise
    except Moved as moved:
        for channel in account.channels.filter(remote_id=moved.was):
            channels.move(channel, moved.remote_id)
        return ()
    except NetworkError as error:
        why = str(error)
    _put_aside(kept, why)
    return ()


def _put_aside(kept: KeptHook, why: str) -> None:
    log.warning("a request was not understood", hook=kept.pk, reason=why)
    kept.error = why or "it could not be understood"
    listening.not_understood(kept, kept.error, now=timezone.now())


def _keep(store: Store, account: Connection, understood: Sequence[Understood]) -> None:
    """Stores it together; where something in one of the requests can't be stored, each for itself."""
    with Caught(account.network) as caught:
        _store(store, account, understood)
    if caught.why is None:
        return
    for one in understood:
        with Caught(account.network) as alone:
            _store(store, account, [one])
        if alone.why:
            _put_aside(one[0], str(alone.why))


def _store(store: Store, account: Connection, understood: Sequence[Understood]) -> None:
    now = timezone.now()
    hooks = [hook for hook, _batches in understood]
    told: dict[Place, list[Seen]] = {}
    for _hook, batches in understood:
        for batch in batches:
            if batch.place:
                told.setdefault(batch.place, []).extend(batch.seen)
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
    listening.heard([hook for hook in hooks if not hook.error], now=now)
