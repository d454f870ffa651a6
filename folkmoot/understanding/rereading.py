"""How far a workspace was read anew with a version, and what comes next: from the newest message back."""

from __future__ import annotations

from datetime import datetime

from folkmoot.lib import bulk
from folkmoot.understanding.models import Rereading
from folkmoot.understanding.record import Said

LOOK = 4000  # messages looked at in a step
READ = 1000  # of those, read at most


def going_on(workspace_id: int, version: str, *, now: datetime) -> Rereading:
    """The rereading with this version, begun if there was none; another version begins from the newest message."""
    order = Rereading.objects.select_for_update().filter(workspace=workspace_id).first()
    if order is not None and order.version == version:
        return order
    fresh = Rereading(workspace_id=workspace_id, version=version, started_at=now, total=_messages(workspace_id))
    fresh.save(force_insert=order is None, force_update=order is not None)
    return fresh


def wanted(workspace_id: int, version: str) -> bool:
    """Whether something may be left that was not read with this version."""
    return not Rereading.objects.filter(workspace=workspace_id, version=version, finished_at__isnull=False).exists()


def of(workspace_id: int) -> Rereading | None:
    return Rereading.objects.filter(workspace=workspace_id).first()


def _messages(workspace_id: int) -> int:
    [(number,)] = bulk.fetch(
        "SELECT count(*) FROM conversations_message WHERE workspace_id = %s::bigint", [workspace_id]
    )
    return int(number)


def stretch(order: Rereading, version: int, *, now: datetime) -> list[Said]:
    """The next messages that this version has not read, and the place moved behind them; none at the end."""
    rows = bulk.fetch(
        _NEXT,
        {
            "workspace": order.workspace_id,
            "at": order.at,
            "id": order.message_id,
            "version": version,
            "look": LOOK,
        },
    )
    found: list[Said] = []
    looked = 0
    for id_, conversation_id, at, text, old in rows:
        looked += 1
        order.at, order.message_id = at, id_
        if old:
            found.append(Said(id_, conversation_id, at, text))
        if len(found) == READ:
            break
    if looked == len(rows) < LOOK:
        order.finished_at = now
    order.done += looked
    order.save()
    return found


_NEXT = """
WITH near AS MATERIALIZED (
    SELECT id, conversation_id, at, text, deleted_at FROM conversations_message
    WHERE workspace_id = %(workspace)s::bigint
      AND (%(at)s::timestamptz IS NULL OR (at <= %(at)s::timestamptz AND (at < %(at)s::timestamptz OR id < %(id)s::bigint)))
    ORDER BY at DESC, id DESC LIMIT %(look)s::int
)
SELECT near.id, near.conversation_id, near.at, near.text,
       r.version_id IS DISTINCT FROM %(version)s::smallint AND near.deleted_at IS NULL
FROM near LEFT JOIN understanding_reading r ON r.message_id = near.id
ORDER BY near.at DESC, near.id DESC
"""
