"""What follows from messages beyond each of them: copies, topics, how many people said what, and what rises.

Everything here takes up notes that intake left, each in the transaction that does what it asks for; all of it is safe
to repeat, and nothing waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from folkmoot.lib import bulk
from folkmoot.understanding.copies import actions as copies
from folkmoot.understanding.copies.actions import Text
from folkmoot.understanding.neighbours import actions as neighbours
from folkmoot.understanding.topics import finding
from folkmoot.understanding.trends import counting, notes, past, rising
from folkmoot.understanding.trends.models import Trend

NOTES_AT_ONCE = 4  # of up to 500 messages each
MANY_HOURS = 48  # counted in one go: an archive was read, so what rose in it is looked for too


def follow(workspace_id: int, *, now: datetime) -> None:
    """Takes up all that is noted in a workspace, and looks for what rises."""
    while _look_at_some(workspace_id):
        pass
    finding.find(workspace_id, now=now)
    if counting.count(workspace_id) >= MANY_HOURS:
        past.look_back(workspace_id)
    rising.judge(workspace_id, now=now)


def tidy(workspace_id: int, *, now: datetime) -> None:
    """Once a night: what older conversations are about, and what is no longer needed goes."""
    finding.find(workspace_id, now=now)
    while finding.place_older(workspace_id):
        pass
    copies.prune(workspace_id, now=now)
    latest = rising.latest_word(workspace_id)
    if latest:
        counting.prune(workspace_id, latest=latest)


def waiting() -> list[int]:
    """The workspaces in which something is noted, or rises and may be over."""
    rising_now = Trend.objects.filter(over_at=None).order_by().values_list("workspace", flat=True).distinct()
    return sorted({*notes.noted(), *rising_now})


def _look_at_some(workspace_id: int) -> int:
    with counting.turn(workspace_id):
        ids = notes.take(workspace_id, NOTES_AT_ONCE)
        neighbours.note(workspace_id, ids)
        latest = rising.latest_word(workspace_id)
        if not ids or latest is None:
            return len(ids)
        rows = bulk.fetch(_MESSAGES, [ids])
        counting.mark(workspace_id, [at for _id, _author, _channel, at, _text in rows], latest=latest)
        texts = _comparable(rows, latest)
        copies.record(workspace_id, texts, gone=sorted(set(ids) - {text.id for text in texts}))
    return len(ids)


def _comparable(rows: Sequence[tuple[int, int, int, datetime, str]], latest: datetime) -> list[Text]:
    return [Text(*row) for row in rows if row[4] and row[3] >= latest - copies.WINDOW]


# The words of bots and our own are nobody's copies; they come as empty here
_MESSAGES = """
SELECT m.id, m.author_id, m.channel_id, m.at, CASE WHEN i.bot OR m.ours THEN '' ELSE m.text END
FROM conversations_message m JOIN members_identity i ON i.id = m.author_id WHERE m.id = ANY(%b::bigint[])
"""
