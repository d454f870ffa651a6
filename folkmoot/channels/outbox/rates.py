"""How often a network lets us act, remembered in the database: one memory for all senders, also after a restart."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from folkmoot.channels.models import Allowance, Connection
from folkmoot.networks.base import Rate

ACCOUNT = ""


@dataclass(slots=True)
class Bucket:
    """The allowance of one rate while a sender holds its row."""

    row: Allowance
    acts: int

    def refill(self, now: datetime) -> None:
        if self.row.seconds:
            passed = max((now - self.row.at).total_seconds(), 0.0)
            self.row.tokens = min(self.row.tokens + passed * self.acts / self.row.seconds, float(self.acts))
        self.row.at = now

    def free_at(self, now: datetime) -> datetime:
        """When one more act may be done; ``now`` if at once."""
        free = now
        if self.row.seconds and self.row.tokens < 1:
            free = now + timedelta(seconds=(1 - self.row.tokens) * self.row.seconds / self.acts)
        return max(free, self.row.blocked_until or free)

    def take(self) -> None:
        self.row.tokens -= 1


def held(connection: Connection, place: str, rates: Sequence[Rate], *, now: datetime) -> list[Bucket]:
    """The buckets that an act in ``place`` takes from, locked until the transaction ends and refilled to ``now``."""
    wanted = {(place if rate.each == "place" else ACCOUNT, rate.seconds): rate.acts for rate in rates}
    wanted |= {(ACCOUNT, 0.0): 0, (place, 0.0): 0}
    rows = _rows(connection, wanted)
    if len(rows) < len(wanted):
        Allowance.objects.bulk_create(
            [
                Allowance(connection=connection, place=where, seconds=seconds, tokens=acts, at=now)
                for (where, seconds), acts in sorted(wanted.items())
            ],
            ignore_conflicts=True,
        )
        rows = _rows(connection, wanted)
    buckets = [Bucket(row, wanted[row.place, row.seconds]) for row in rows]
    for bucket in buckets:
        bucket.refill(now)
    return buckets


def blocked(buckets: Collection[Bucket], now: datetime) -> datetime:
    """Until when the network asked to wait; ``now`` if it did not."""
    return max((bucket.row.blocked_until or now for bucket in buckets if not bucket.row.seconds), default=now)


def keep(buckets: Collection[Bucket], *, now: datetime) -> None:
    """Stores what is left, and when what is used up lets go again; those that only remember a wait have nothing to
    store."""
    counted = [bucket for bucket in buckets if bucket.row.seconds]
    for bucket in counted:
        bucket.row.blocked_until = None
        free = bucket.free_at(now)
        bucket.row.blocked_until = free if free > now else None
    if counted:
        Allowance.objects.bulk_update([bucket.row for bucket in counted], ["tokens", "at", "blocked_until"])


def _rows(connection: Connection, wanted: Collection[tuple[str, float]]) -> list[Allowance]:
    """Locked in one order, whoever asks."""
    rows = Allowance.objects.filter(connection=connection, place__in={where for where, _ in wanted})
    return [row for row in rows.order_by("place", "seconds").select_for_update() if (row.place, row.seconds) in wanted]


def block(connection: Connection, place: str, until: datetime) -> None:
    """The network asked to wait: nothing is sent there before ``until``; an empty ``place`` is the whole account."""
    Allowance.objects.update_or_create(
        connection=connection, place=place, seconds=0, defaults={"at": until, "blocked_until": until}
    )
