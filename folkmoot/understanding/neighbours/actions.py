"""Directions of messages worked out and kept up to date: of what is new by notes, of the past from the newest back.

Both are done by a job after reading; nothing waits for it. Doing any of it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from zlib import crc32

from django.db import transaction

from folkmoot.lib import bulk
from folkmoot.understanding.neighbours import store
from folkmoot.understanding.neighbours.meaning import Meanings, says_enough
from folkmoot.understanding.neighbours.models import Neighbours
from folkmoot.understanding.neighbours.store import Placed
from folkmoot.workspaces.actions import record
from folkmoot.workspaces.models import User, Workspace

KEPT = 200_000  # messages of a workspace, the newest: as many as are compared in a moment
NOTES = 1000
LOOK = 2000  # messages looked at in a step into the past


class _Said(NamedTuple):
    id: int
    channel_id: int
    at: datetime
    text: str


def switch(workspace: Workspace, on: bool, *, by: User) -> None:
    """On, the past is looked through by the job; off, everything is forgotten at once."""
    with transaction.atomic():
        Neighbours.objects.update_or_create(workspace=workspace, defaults={"on": on})
        if not on and store.is_ready():
            store.forget_workspace(workspace.pk)
        record(workspace, "neighbours.on" if on else "neighbours.off", by=by)


def note(workspace_id: int, message_ids: Collection[int]) -> None:
    """Notes that these messages are new, edited or gone, in workspaces that are looked through at all."""
    if message_ids and store.is_ready():
        bulk.change(_NOTE, [workspace_id, list(message_ids), workspace_id])


_NOTE = """
INSERT INTO neighbours.note (workspace_id, message_id)
SELECT %s::bigint, id FROM unnest(%b::bigint[]) id
WHERE EXISTS (SELECT FROM neighbours.walk WHERE workspace_id = %s::bigint)
"""


def take_up(workspace_id: int, meanings: Meanings) -> int:
    """Takes up to ``NOTES`` notes away and does what they ask for; how many those were."""
    with transaction.atomic():
        ids = sorted({row[0] for row in bulk.fetch(_TAKE, [workspace_id, workspace_id, NOTES])})
        if ids:
            said = [_Said(*row) for row in bulk.fetch(_SAID, [ids])]
            comparable = [one for one in said if says_enough(one.text)]
            store.forget(set(ids) - {one.id for one in comparable})
            _place(workspace_id, comparable, meanings)
    return len(ids)


_TAKE = """
DELETE FROM neighbours.note WHERE workspace_id = %s::bigint AND message_id IN (
    SELECT message_id FROM neighbours.note WHERE workspace_id = %s::bigint ORDER BY message_id DESC LIMIT %s::int
) RETURNING message_id
"""

# The words of bots are nobody's
_SAID = """
SELECT m.id, m.channel_id, m.at, m.text FROM conversations_message m JOIN members_identity i ON i.id = m.author_id
WHERE m.id = ANY(%b::bigint[]) AND m.deleted_at IS NULL AND NOT i.bot
"""


def step_back(workspace_id: int, meanings: Meanings) -> bool:
    """Looks through the next messages of the past that this version has not seen; whether there is more.

    Another version begins from the newest message, and what others left goes at the end.
    """
    version = number(meanings)
    with transaction.atomic():
        bulk.change(_BEGIN, [workspace_id, version, workspace_id])
        [(at, message_id, kept, finished)] = bulk.fetch(_PLACE, [workspace_id])
        if finished:
            return False
        rows = bulk.fetch(_NEXT, {"workspace": workspace_id, "at": at, "id": message_id, "look": LOOK})
        said = [_Said(*row[:4]) for row in rows if not row[4] and says_enough(row[3])][: KEPT - kept]
        _place(workspace_id, said, meanings)
        over = len(rows) < LOOK or kept + len(said) >= KEPT
        last_at, last_id = (rows[-1][2], rows[-1][0]) if rows else (at, message_id)
        bulk.change(_ADVANCE, [last_at, last_id, len(rows), len(said), over, workspace_id])
        if over:
            bulk.change(_OTHER_VERSIONS, [workspace_id, version])
    return not over


_BEGIN = """
INSERT INTO neighbours.walk AS walk (workspace_id, version, total)
SELECT %s::bigint, %s::int, (SELECT count(*) FROM conversations_message WHERE workspace_id = %s::bigint)
ON CONFLICT (workspace_id) DO UPDATE SET
    version = excluded.version, total = excluded.total, at = NULL, message_id = 0, done = 0, kept = 0, finished = false
WHERE walk.version <> excluded.version
"""

_PLACE = "SELECT at, message_id, kept, finished FROM neighbours.walk WHERE workspace_id = %s::bigint FOR UPDATE"

_NEXT = """
SELECT m.id, m.channel_id, m.at, m.text, m.deleted_at IS NOT NULL OR i.bot
FROM conversations_message m JOIN members_identity i ON i.id = m.author_id
WHERE m.workspace_id = %(workspace)s::bigint
  AND (%(at)s::timestamptz IS NULL OR (m.at <= %(at)s::timestamptz AND (m.at < %(at)s::timestamptz OR m.id < %(id)s::bigint)))
ORDER BY m.at DESC, m.id DESC LIMIT %(look)s::int
"""

_ADVANCE = """
UPDATE neighbours.walk SET at = %s::timestamptz, message_id = %s::bigint, done = done + %s::bigint,
       kept = kept + %s::bigint, finished = %s::boolean
WHERE workspace_id = %s::bigint
"""

_OTHER_VERSIONS = "DELETE FROM neighbours.vector WHERE workspace_id = %s::bigint AND version <> %s::int"


def _place(workspace_id: int, said: Sequence[_Said], meanings: Meanings) -> None:
    """Works out and stores directions, but of words that have not changed since."""
    version = number(meanings)
    known = store.known([one.id for one in said], version)
    placed = [Placed(one.id, one.channel_id, one.at, digest(one.text)) for one in said]
    fresh = [i for i, one in enumerate(placed) if known.get(one.id) != one.digest]
    vectors = meanings.vectors([said[i].text for i in fresh])
    store.write(workspace_id, version, [placed[i] for i in fresh], vectors)


def number(meanings: Meanings) -> int:
    """The version as it is stored."""
    return digest(meanings.version)


def digest(text: str) -> int:
    """32 bits, signed."""
    return crc32(text.encode("utf-8", "replace")) - 2**31
