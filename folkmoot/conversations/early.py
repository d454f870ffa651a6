"""What was told of messages before they came: kept, and applied when they do, so that any order ends the same."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from folkmoot.channels.models import Channel
from folkmoot.conversations.models import Early
from folkmoot.lib import bulk
from folkmoot.networks.base import Person, SeenDeletion, SeenReaction

Told = SeenDeletion | SeenReaction


def keep(channel: Channel, told: Iterable[Told]) -> None:
    """Keeps what concerns messages that are not there; the same twice is kept once."""
    Early.objects.bulk_create(
        [Early(channel=channel, remote_id=bulk.key(one.remote_id), at=one.at, what=_written(one)) for one in told],
        ignore_conflicts=True,
    )


def take(channel: Channel, keys: Collection[str]) -> list[Told]:
    """What was told of messages that have come now; it is kept no longer."""
    if not keys:
        return []
    rows = bulk.fetch(
        "DELETE FROM conversations_early WHERE channel_id = %s::bigint AND remote_id = ANY(%b::text[])"
        " RETURNING remote_id, at, what",
        [channel.pk, list(keys)],
    )
    return [_read(remote_id, at, what) for remote_id, at, what in rows]


def forget(*, before: datetime) -> int:
    """What was told of messages that never came; how much that was."""
    return Early.objects.filter(at__lt=before).delete()[0]


def _written(told: Told) -> dict[str, Any]:
    if isinstance(told, SeenDeletion):
        return {}
    person = told.person
    return {
        "value": told.value,
        "taken_back": told.taken_back,
        "person": [person.remote_id, person.name, person.handle, person.bot, person.avatar],
    }


def _read(remote_id: str, at: datetime, what: Any) -> Told:
    known: dict[str, Any] = json.loads(what) if isinstance(what, str) else what
    if not known:
        return SeenDeletion(remote_id, at)
    return SeenReaction(remote_id, at, Person(*known["person"]), known["value"], known["taken_back"])
