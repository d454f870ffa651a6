"""Notes of which messages are new, edited or gone since copies and trends were last looked for."""

from __future__ import annotations

from collections.abc import Collection

from folkmoot.lib import bulk
from folkmoot.understanding.trends.models import Fresh, StaleHour


def note(workspace_id: int, message_ids: Collection[int]) -> None:
    """Notes messages; call it in the transaction that stored, changed or took them away."""
    if message_ids:
        bulk.change(
            "INSERT INTO understanding_fresh (workspace_id, message_ids) VALUES (%s::bigint, %b::bigint[])",
            [workspace_id, list(message_ids)],
        )


def take(workspace_id: int, most: int) -> list[int]:
    """Takes up to ``most`` notes away, the newest first; the messages they tell of."""
    rows = bulk.fetch(_TAKE, [workspace_id, most])
    return sorted({message_id for (message_ids,) in rows for message_id in message_ids})


_TAKE = """
DELETE FROM understanding_fresh WHERE id IN (
    SELECT id FROM understanding_fresh WHERE workspace_id = %s::bigint ORDER BY id DESC LIMIT %s::int
) RETURNING message_ids
"""


def noted() -> list[int]:
    """The workspaces in which something is to be looked at or counted."""
    fresh = Fresh.objects.order_by().values_list("workspace_id", flat=True).distinct()
    stale = StaleHour.objects.order_by().values_list("workspace_id", flat=True).distinct()
    return sorted({*fresh, *stale})
