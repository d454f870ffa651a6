"""What senders do with deliveries: claim them, say that they live, and write down what came of it.

Every step is one transaction in the database; no step trusts what a process remembers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from django.db import transaction

from folkmoot.channels.models import Channel, Delivery
from folkmoot.channels.outbox import rates
from folkmoot.lib import bulk
from folkmoot.networks.base import Rate

LEASE = timedelta(seconds=20)
SETTLE_AFTER = timedelta(seconds=10)  # what was on its way when its sender died has arrived by then, or never will
CHECK_AGAIN = timedelta(seconds=60)

Rates = Callable[[Delivery], Sequence[Rate]]
NOBODY: Mapping[int, int] = {}


@transaction.atomic
def claim(
    sender: UUID, most: int, *, rates_of: Rates, now: datetime, at_work: Mapping[int, int] = NOBODY
) -> list[Delivery]:
    """Up to ``most`` deliveries that are due, now *sending* by ``sender``; nobody else gets them.

    Left out are those behind an open one of their lane, stopped ones, and those whose account is not connected. One that
    its network's rate does not let go yet is put off until it does. Accounts take turns; ``at_work`` is how many acts of
    which the sender is at already: an account whose network is slow leaves half of what is free to others.
    """
    asked = {"now": now, "most": most, "accounts": list(at_work), "own": list(at_work.values())}
    due = _in_order([row[0] for row in bulk.fetch(_DUE, asked)])
    going = _let_go(due, rates_of, now=now)
    if not going:
        return []
    ids = [delivery.pk for delivery in going]
    rows = bulk.fetch(_SEND, {"ids": ids, "sender": sender, "now": now, "until": now + LEASE})
    attempts = dict(rows)
    claimed = [delivery for delivery in going if delivery.pk in attempts]
    for delivery in claimed:
        delivery.state, delivery.sender, delivery.sending_at = Delivery.State.SENDING, sender, now
        delivery.attempts = attempts[delivery.pk]
    return claimed


def _in_order(ids: Sequence[int]) -> list[Delivery]:
    """One order for all senders, so that none waits in a ring for another's rates."""
    if not ids:
        return []
    rows = Delivery.objects.select_related("channel__workspace", "connection").filter(pk__in=ids)
    return list(rows.prefetch_related("enclosures").order_by("connection", "channel", "pk"))


def _let_go(due: Sequence[Delivery], rates_of: Rates, *, now: datetime) -> list[Delivery]:
    """Those whose networks' rates let them go now; the others are put off until they do."""
    going: list[Delivery] = []
    for _channel, own in groupby(due, lambda delivery: delivery.channel_id):
        waiting = list(own)
        first = waiting[0]
        buckets = rates.held(first.connection, first.channel.remote_id, rates_of(first), now=now)
        if (until := rates.blocked(buckets, now)) > now:
            bulk.change(_PUT_OFF, {"channel": first.channel_id, "until": until})
            continue
        for delivery in waiting:
            free = max((bucket.free_at(now) for bucket in buckets), default=now)
            if free > now:
                Delivery.objects.filter(pk=delivery.pk).update(next_try_at=free)
                continue
            for bucket in buckets:
                bucket.take()
            going.append(delivery)
        rates.keep(buckets, now=now)
    return going


_STOPPED = """
EXISTS (SELECT 1 FROM channels_stop s WHERE s.workspace_id = d.workspace_id
        AND (s.channel_id IS NULL OR s.channel_id = d.channel_id))
"""

# Lanes are walked in the order of their index; a rate that is used up for now is known by when it lets go again
_DUE = f"""
WITH heads AS (
    (SELECT DISTINCT ON (channel_id, lane) id, channel_id, connection_id, workspace_id, state, next_try_at
     FROM channels_delivery WHERE state IN ('ready', 'sending', 'unsure') AND lane <> '' ORDER BY channel_id, lane, id)
    UNION ALL
    SELECT id, channel_id, connection_id, workspace_id, state, next_try_at
    FROM channels_delivery WHERE state = 'ready' AND next_try_at <= %(now)s AND lane = ''
), due AS (
    SELECT d.id, coalesce(busy.own, 0) AS own,
           row_number() OVER (PARTITION BY d.connection_id ORDER BY d.next_try_at, d.id) AS turn
    FROM heads d JOIN channels_connection c ON c.id = d.connection_id JOIN channels_channel p ON p.id = d.channel_id
    LEFT JOIN unnest(%(accounts)b::bigint[], %(own)b::bigint[]) AS busy (id, own) ON busy.id = d.connection_id
    WHERE d.state = 'ready' AND d.next_try_at <= %(now)s AND c.state = 'active' AND NOT {_STOPPED}
      AND NOT EXISTS (SELECT 1 FROM channels_allowance a WHERE a.connection_id = d.connection_id
                      AND a.place IN ('', p.remote_id) AND a.seconds > 0 AND a.blocked_until > %(now)s)
)
SELECT d.id FROM channels_delivery d JOIN due ON due.id = d.id
WHERE d.state = 'ready' AND d.next_try_at <= %(now)s
  AND due.turn <= CASE WHEN due.own = 0 THEN greatest(%(most)s::int / 2, 1) ELSE (%(most)s::int + due.own) / 2 - due.own END
ORDER BY due.turn, d.next_try_at, d.id LIMIT %(most)s FOR UPDATE OF d SKIP LOCKED
"""

_PUT_OFF = """
UPDATE channels_delivery SET next_try_at = %(until)s WHERE id IN (
    SELECT id FROM channels_delivery WHERE channel_id = %(channel)s AND state = 'ready' AND next_try_at < %(until)s
    ORDER BY id FOR UPDATE SKIP LOCKED)
"""

# The stop is looked at once more, now that the rows are locked
_SEND = f"""
UPDATE channels_delivery d SET state = 'sending', sender = %(sender)s, sending_at = %(now)s, leased_until = %(until)s,
    attempts = attempts + 1, puzzled = false, error = ''
WHERE d.id = ANY(%(ids)b::bigint[]) AND d.state = 'ready' AND NOT {_STOPPED} RETURNING d.id, d.attempts
"""


def live_on(sender: UUID, ids: Iterable[int], *, now: datetime) -> None:
    """The sender says that it still works at these."""
    Delivery.objects.filter(pk__in=list(ids), sender=sender, state=Delivery.State.SENDING).update(
        leased_until=now + LEASE
    )


def reap(*, now: datetime) -> int:
    """What a sender held that no longer lives is *unsure*: nobody knows how far it came. How many that were.

    What is unsure of an account that was let go can be asked of nobody: a person decides.
    """
    orphaned = Delivery.objects.filter(state=Delivery.State.UNSURE, puzzled=False, connection__state="gone")
    orphaned.update(puzzled=True)
    lost = Delivery.objects.filter(state=Delivery.State.SENDING, leased_until__lt=now)
    return lost.update(
        state=Delivery.State.UNSURE,
        next_try_at=now + SETTLE_AFTER,
        error="whoever sent it ended before the network answered",
    )


@transaction.atomic
def to_settle(sender: UUID, most: int, *, now: datetime) -> list[Delivery]:
    """Unsure ones that are due to be asked about, for this sender alone until ``CHECK_AGAIN`` is over."""
    due = Delivery.objects.filter(
        state=Delivery.State.UNSURE, puzzled=False, next_try_at__lte=now, connection__state="active"
    )
    ids = list(
        due.order_by("next_try_at")
        .select_for_update(skip_locked=True, of=("self",))
        .values_list("pk", flat=True)[:most]
    )
    Delivery.objects.filter(pk__in=ids).update(sender=sender, next_try_at=now + CHECK_AGAIN)
    return _in_order(ids)


def sent(done: Sequence[tuple[int, str, str]], sender: UUID, *, now: datetime) -> set[int]:
    """Notes that deliveries, given with the network's id and address of what they made, are done; which of them are
    noted: the others were decided otherwise meanwhile."""
    if not done:
        return set()
    ids, remote_ids, urls = (list(column) for column in zip(*done, strict=True))
    return {row[0] for row in bulk.fetch(_SENT, [now, ids, remote_ids, urls, sender])}


_SENT = """
UPDATE channels_delivery d SET state = 'sent', ended_at = %s::timestamptz, remote_id = u.remote_id, url = u.url,
    error = '', handle = '', puzzled = false
FROM unnest(%b::bigint[], %b::text[], %b::text[]) AS u (id, remote_id, url)
WHERE d.id = u.id AND d.sender = %s::uuid AND d.state IN ('sending', 'unsure') RETURNING d.id
"""


def send_to(delivery: Delivery, remote_id: str) -> None:
    """The place became another one, which has a channel of the same account: what was to go out goes there."""
    other = Channel.objects.filter(connection=delivery.connection_id, remote_id=bulk.key(remote_id))
    for channel in other.exclude(pk=delivery.channel_id)[:1]:
        Delivery.objects.filter(pk=delivery.pk).update(channel=channel)


def change(delivery: Delivery, sender: UUID, **fields: object) -> bool:
    """Writes down what came of a delivery that ``sender`` has; False when it was decided otherwise meanwhile."""
    held = Delivery.objects.filter(
        pk=delivery.pk, sender=sender, state__in=[Delivery.State.SENDING, Delivery.State.UNSURE]
    )
    return bool(held.update(**fields))
