"""What a listener stores: batches with the place where reading them stands, in one transaction each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from folkmoot.channels import listening
from folkmoot.channels.models import Channel, Connection, Cursor, KeptHook, Recall
from folkmoot.conversations import record
from folkmoot.flow import intake, jobs
from folkmoot.flow.intake import Received
from folkmoot.networks.base import Batch, Seen, SeenMessage
from folkmoot.networks.live import Recalled


class Store:
    """Stores for one listener; whatever it no longer has the lease of raises ``LostLease`` and is left undone."""

    def __init__(self, listener: UUID) -> None:
        self.listener = listener

    def polled(self, cursor: Cursor, batch: Batch, *, every: float, threads: bool, now: datetime) -> int:
        """What a channel answered; how many messages were new. ``threads``: its threads are asked one by one."""
        channel = cursor.channel

        def mark(received: Received) -> None:
            self._held(channel, now)
            more = batch.more and batch.cursor != cursor.text
            listening.asked(cursor, batch.cursor, every=every, new=bool(received.message_ids), more=more, now=now)
            if threads:  # what is only seen again makes no thread fresh
                listening.ask_threads(channel, record.threads_of(received.message_ids), now=now)

        return self._receive(channel, batch, mark, now=now)

    def streamed(self, connection: Connection, channel: Channel | None, batch: Batch, *, now: datetime) -> int:
        """What an account's stream brought, with the stream's cursor; a place that is not connected is only met."""
        if channel is None:
            with transaction.atomic():
                self._at(connection, batch.cursor, now)
            if batch.place:
                listening.meet(connection, batch.place)
            return 0
        return self._receive(channel, batch, lambda _received: self._at(connection, batch.cursor, now), now=now)

    def recalled(self, recall: Recall, found: Recalled, *, now: datetime) -> None:
        """A stretch of a channel's past."""
        channel, batch = recall.channel, found.batch
        more = batch.more and batch.cursor != recall.cursor
        skipped = sum(one.count for one in batch.skipped)
        with transaction.atomic():
            self._held(channel, now)
            received = intake.receive(channel, batch, now=now, past=True, follow_up=jobs.consider_later)
            listening.recalled(
                recall,
                cursor=batch.cursor,
                done=found.done,
                new=received.messages_new,
                skipped=skipped,
                more=more,
                now=now,
            )

    def heard(self, hooks: Sequence[KeptHook], channel: Channel, batch: Batch, *, now: datetime) -> int:
        """What requests told of one channel."""
        return self._receive(channel, batch, lambda _received: self._held(channel, now), now=now)

    def _receive(self, channel: Channel, batch: Batch, mark: Callable[[Received], None], *, now: datetime) -> int:
        received = intake.receive(channel, batch, now=now, mark=mark, follow_up=jobs.consider_later)
        newest = _newest(batch.seen) if received.messages_new else None
        listening.went_well(channel, newest=newest, now=now)
        return received.messages_new

    def _held(self, channel: Channel, now: datetime) -> None:
        listening.hold(channel.connection_id or 0, self.listener, now=now)

    def _at(self, connection: Connection, cursor: str, now: datetime) -> None:
        listening.hold(connection.pk, self.listener, now=now)
        changed = cursor if cursor != connection.cursor else None
        listening.account_well(connection, cursor=changed, now=now)
        connection.cursor = cursor


def _newest(seen: Sequence[Seen]) -> datetime | None:
    return max((one.at for one in seen if isinstance(one, SeenMessage)), default=None)
