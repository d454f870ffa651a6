"""What listeners keep in the database: who listens to which account, how far, and what is asked next."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Case, Q, When, Window
from django.db.models.functions import Coalesce, Greatest, RowNumber

from folkmoot.channels.models import Channel, Connection, Cursor, Health, KeptHook, Recall
from folkmoot.lib import bulk
from folkmoot.networks.base import Place
from folkmoot.networks.live import Kind

LEASE = timedelta(seconds=20)
AT_REST = 5.0  # times as seldom as its network's connector wants
SLOWER = 1.5
THREAD = "thread"
THREAD_FIRST = 60.0
THREAD_LAST = 10 * 86400.0  # a pause so long that the thread is left alone
HOOKS = "folkmoot_hooks"


class LostLease(Exception):
    """Another listener has this account now: what was read is not stored, it will read it."""


def lease(listener: UUID, most: int, *, now: datetime) -> list[Connection]:
    """Takes free accounts and keeps those that this listener has, up to ``most``; all it has now.

    Free is one that nobody has, or whose listener has not said for a while that it lives.
    """
    rows = bulk.fetch(_LEASE, {"me": listener, "now": now, "until": now + LEASE, "most": most})
    return list(Connection.objects.select_related("workspace").filter(pk__in=[row[0] for row in rows]).order_by("pk"))


_LEASE = """
UPDATE channels_connection SET listener = %(me)s, leased_until = %(until)s WHERE id IN (
    SELECT id FROM channels_connection
    WHERE state = 'active' AND (listener = %(me)s OR leased_until IS NULL OR leased_until < %(now)s)
    ORDER BY listener IS DISTINCT FROM %(me)s, id LIMIT %(most)s FOR UPDATE SKIP LOCKED)
RETURNING id
"""


def let_go(listener: UUID) -> None:
    """Whoever is next need not wait."""
    Connection.objects.filter(listener=listener).update(listener=None, leased_until=None)


def hold(connection_id: int, listener: UUID, *, now: datetime) -> None:
    """Makes sure, until the transaction ends, that the account is this listener's. Raises ``LostLease``."""
    held = bulk.fetch(
        "SELECT 1 FROM channels_connection WHERE id = %s::bigint AND listener = %s::uuid AND leased_until > %s::timestamptz"
        " AND state = 'active' FOR SHARE",
        [connection_id, listener, now],
    )
    if not held:
        raise LostLease


def live(connection_ids: Collection[int]) -> dict[int, list[Channel]]:
    """The channels that are listened to, by account."""
    found: dict[int, list[Channel]] = {number: [] for number in connection_ids}
    rows = Channel.objects.filter(connection__in=connection_ids, paused=False).select_related("workspace")
    for channel in rows.order_by("pk"):
        found[channel.connection_id].append(channel)  # type: ignore[index]
    return found


def ask_for(channel: Channel, kinds: Iterable[Kind]) -> None:
    """Has a channel asked for these kinds of things, from now on."""
    Cursor.objects.bulk_create(
        [Cursor(channel=channel, kind=kind.name, rest=kind.seconds) for kind in kinds], ignore_conflicts=True
    )


def ask_threads(channel: Channel, threads: Collection[str], *, now: datetime) -> None:
    """Has these threads asked for comments: something happened in them."""
    soon = now + timedelta(seconds=THREAD_FIRST)
    Cursor.objects.bulk_create(
        [Cursor(channel=channel, kind=THREAD, thread=bulk.key(one), rest=THREAD_FIRST, due_at=soon) for one in threads],
        update_conflicts=True,
        unique_fields=["channel", "kind", "thread"],
        update_fields=["rest", "due_at"],
    )


def due(listener: UUID, most: int, *, busy: Collection[int], now: datetime) -> list[Cursor]:
    """Cursors that are to be asked now and are not ``busy``: up to ``most`` of each account, accounts in turn, those that
    waited longest first."""
    rows = Cursor.objects.select_related("channel__workspace", "channel__connection").filter(
        _asked_now(listener, now), due_at__lte=now
    )
    turn = Window(RowNumber(), partition_by="channel__connection", order_by="due_at")
    return list(rows.exclude(pk__in=busy).annotate(turn=turn).filter(turn__lte=most).order_by("turn", "due_at"))


def _asked_now(listener: UUID, now: datetime) -> Q:
    """Of this listener's accounts, those that the network did not ask to wait, and of their channels, none at rest."""
    return Q(
        Q(channel__connection__retry_at=None) | Q(channel__connection__retry_at__lte=now),
        channel__paused=False,
        channel__connection__listener=listener,
        channel__connection__state=Connection.State.ACTIVE,
    )


def asked(cursor: Cursor, text: str, *, every: float, new: bool, more: bool, now: datetime) -> None:
    """Notes how far a cursor is, and when it is asked again: at once if there is ``more``, soon if something was new,
    ever later if nothing was. A thread that stays quiet for long is left alone."""
    longest = THREAD_LAST if cursor.thread else every * AT_REST
    rest = every if new else min(max(cursor.rest, every) * SLOWER, longest)
    if cursor.thread and rest >= THREAD_LAST:
        cursor.delete()
        return
    pause = 0.0 if more else rest
    Cursor.objects.filter(pk=cursor.pk).update(
        text=text, rest=rest, due_at=now + timedelta(seconds=pause), asked_at=now
    )


def put_off(cursor: Cursor, seconds: float, *, now: datetime) -> None:
    Cursor.objects.filter(pk=cursor.pk).update(due_at=now + timedelta(seconds=seconds), asked_at=now)


def went_well(channel: Channel, *, newest: datetime | None, now: datetime) -> None:
    """The channel was read; ``newest`` is when the newest of what was new was said, None if nothing was.

    What is there at the first reading says nothing of how late we are.
    """
    fresh: dict[str, object] = {"last_read_at": now, "failing_since": None, "error": "", "retry_at": None}
    if newest:
        fresh["last_new_at"] = now
        if Health.objects.filter(channel=channel, last_read_at__isnull=False).exists():
            fresh["lag"] = max((now - newest).total_seconds(), 0.0)
    Health.objects.update_or_create(channel=channel, defaults=fresh)


def went_wrong(channel: Channel, why: str, *, retry_at: datetime | None, now: datetime) -> None:
    """Reading the channel failed; ``retry_at`` is when it is tried again, None if a person must do something."""
    health, _made = Health.objects.get_or_create(channel=channel)
    health.failing_since, health.error, health.retry_at = health.failing_since or now, why, retry_at
    health.save(update_fields=["failing_since", "error", "retry_at"])


def account_well(connection: Connection, *, cursor: str | None, now: datetime) -> None:
    """The account's stream is well, and at ``cursor`` if given. What else the network asked to wait for still waits."""
    fresh: dict[str, object] = {"streamed_at": now} | _recovered(now)
    if cursor is not None:
        fresh["cursor"] = cursor
    Connection.objects.filter(pk=connection.pk).update(**fresh)


def account_wrong(connection: Connection, why: str, *, retry_at: datetime, now: datetime) -> None:
    """The whole account must wait until ``retry_at``."""
    Connection.objects.filter(pk=connection.pk).update(
        error=why, retry_at=Greatest("retry_at", retry_at), failing_since=Coalesce("failing_since", now)
    )


def account_again(connection: Connection, *, now: datetime) -> None:
    """The account answers again, after it failed."""
    Connection.objects.filter(pk=connection.pk, failing_since__isnull=False).update(**_recovered(now))


def _recovered(now: datetime) -> dict[str, object]:
    waits = When(retry_at__gt=now, then="retry_at")
    return {"failing_since": None, "error": "", "retry_at": Case(waits, default=None)}


def meet(connection: Connection, place: Place) -> None:
    """Notes a place that turned up and is not connected, so that a person can choose it."""
    if place.remote_id in connection.met or len(connection.met) >= 500:
        return
    found = {"name": bulk.storable(place.name), "kind": place.kind, "url": bulk.storable(place.url)}
    connection.met[place.remote_id] = found
    # Added to what is there, for a person may choose from it meanwhile
    bulk.change(
        "UPDATE channels_connection SET met = met || jsonb_build_object(%s::text, %s::jsonb) WHERE id = %s::bigint",
        [bulk.storable(place.remote_id), json.dumps(found), connection.pk],
    )


def unheard(connection_ids: Collection[int], most: int) -> list[KeptHook]:
    """Requests that were kept and not heard yet, the oldest of each account first; a long queue of one account leaves
    room for the others."""
    ids = [row[0] for row in bulk.fetch(_UNHEARD, {"accounts": list(connection_ids), "most": most})]
    return list(KeptHook.objects.filter(pk__in=ids).order_by("connection", "id"))


_UNHEARD = """
SELECT hook.id FROM unnest(%(accounts)b::bigint[]) AS account (id) CROSS JOIN LATERAL (
    SELECT id, row_number() OVER (ORDER BY id) AS turn FROM (
        SELECT k.id FROM channels_kepthook k WHERE k.connection_id = account.id AND k.heard_at IS NULL
        ORDER BY k.id LIMIT %(most)s) AS oldest) AS hook
ORDER BY hook.turn, hook.id LIMIT %(most)s
"""


def heard(hooks: Sequence[KeptHook], *, now: datetime) -> None:
    KeptHook.objects.filter(pk__in=[hook.pk for hook in hooks]).update(heard_at=now, error="")


def not_understood(hook: KeptHook, why: str, *, now: datetime) -> None:
    """It is kept for those who mend the connector, and not tried again."""
    KeptHook.objects.filter(pk=hook.pk).update(heard_at=now, error=bulk.storable(why, 2000), attempts=hook.attempts + 1)


def recalls(listener: UUID, most: int, *, busy: Collection[int], now: datetime) -> list[Recall]:
    """Readings of the past that go on now, of this listener's accounts: up to ``most`` of each, accounts in turn."""
    rows = Recall.objects.select_related("channel__workspace", "channel__connection").filter(
        _asked_now(listener, now), state__in=[Recall.State.WAITING, Recall.State.RUNNING], due_at__lte=now
    )
    turn = Window(RowNumber(), partition_by="channel__connection", order_by="id")
    return list(rows.exclude(pk__in=busy).annotate(turn=turn).filter(turn__lte=most).order_by("turn", "id"))


def recalled(
    recall: Recall, *, cursor: str, done: float | None, new: int, skipped: int, more: bool, now: datetime
) -> None:
    """A stretch of the past is stored."""
    recall.cursor, recall.done = cursor, 1.0 if not more else done
    recall.messages_new, recall.skipped = recall.messages_new + new, recall.skipped + skipped
    recall.state = Recall.State.RUNNING if more else Recall.State.DONE
    recall.ended_at, recall.error = None if more else now, ""
    recall.save(update_fields=["cursor", "done", "messages_new", "skipped", "state", "ended_at", "error"])


def recall_wrong(recall: Recall, why: str, *, retry_at: datetime | None, now: datetime) -> None:
    """``retry_at`` None: it can't be read any further."""
    recall.error = why
    if retry_at:
        recall.due_at = retry_at
    else:
        recall.state, recall.ended_at = Recall.State.FAILED, now
    recall.save(update_fields=["error", "due_at", "state", "ended_at"])


def forget_hooks(*, before: datetime) -> int:
    """Requests that were heard long ago go; how many."""
    return KeptHook.objects.filter(heard_at__lt=before).delete()[0]
