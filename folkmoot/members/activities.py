"""Activities appended in bulk, and the counts on identities and members that follow from them.

What is appended is also written down as *unsettled*, in one note a batch. ``take`` takes such notes away in the
transaction that counts them in, so that each act is counted once, whatever dies when; and it does so for many batches
at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from folkmoot.lib import bulk

Row = tuple[int, str, datetime, int, int, str]
"""identity id, kind, at, channel id, about id, value"""

_COLUMNS = ["workspace_id", "identity_id", "kind", "at", "channel_id", "about_id", "value"]


@dataclass(frozen=True, slots=True)
class Act:
    """An activity as far as settling needs it."""

    identity_id: int
    kind: str
    at: datetime
    about_id: int


def append_new(workspace_id: int, rows: Sequence[Row]) -> None:
    """Appends activities that are known to be new (those of messages stored just now)."""
    if not rows:
        return
    bulk.copy_rows("members_activity", _COLUMNS, ((workspace_id, *row) for row in rows))
    identity_ids, kinds, times, _channels, about_ids, _values = (list(column) for column in zip(*rows, strict=True))
    bulk.change(_NOTE, [workspace_id, identity_ids, kinds, times, about_ids])


_NOTE = """
INSERT INTO members_unsettled (workspace_id, identity_ids, kinds, times, about_ids)
VALUES (%s::bigint, %b::bigint[], %b::text[], %b::timestamptz[], %b::bigint[])
"""


def append(workspace_id: int, rows: Sequence[Row]) -> int:
    """Appends what is not there yet; how many that was."""
    if not rows:
        return 0
    columns = [list(column) for column in zip(*rows, strict=True)]
    [(added,)] = bulk.fetch(_APPEND, [workspace_id, *columns])
    return int(added)


_APPEND = """
WITH added AS (
    INSERT INTO members_activity (workspace_id, identity_id, kind, at, channel_id, about_id, value)
    SELECT %s::bigint, u.* FROM unnest(%b::bigint[], %b::text[], %b::timestamptz[], %b::bigint[], %b::bigint[], %b::text[]) AS u
    ON CONFLICT (identity_id, kind, about_id, value) DO NOTHING
    RETURNING workspace_id, identity_id, kind, at, about_id
), noted AS (
    INSERT INTO members_unsettled (workspace_id, identity_ids, kinds, times, about_ids)
    SELECT workspace_id, array_agg(identity_id), array_agg(kind), array_agg(at), array_agg(about_id)
    FROM added GROUP BY workspace_id
)
SELECT count(*) FROM added
"""


def there(rows: Sequence[Row]) -> set[tuple[int, str, int, str]]:
    """Which of these are appended already: identity, kind, what it is about, value."""
    if not rows:
        return set()
    identity_ids, kinds, _times, _channels, about_ids, values = (list(column) for column in zip(*rows, strict=True))
    return set(bulk.fetch(_THERE, [identity_ids, kinds, about_ids, values]))


_THERE = """
SELECT u.* FROM unnest(%b::bigint[], %b::text[], %b::bigint[], %b::text[]) AS u (identity_id, kind, about_id, value)
WHERE EXISTS (
    SELECT 1 FROM members_activity a WHERE a.identity_id = u.identity_id AND a.kind = u.kind AND a.about_id = u.about_id
    AND a.value = u.value)
"""


def take_back(workspace_id: int, rows: Sequence[Row]) -> list[datetime]:
    """Removes activities, and notes that they are to be counted out; when those were."""
    if not rows:
        return []
    identity_ids, kinds, _times, _channels, about_ids, values = (list(column) for column in zip(*rows, strict=True))
    gone = bulk.fetch(_TAKE_BACK, [identity_ids, kinds, about_ids, values])
    if not gone:
        return []
    identity_ids, kinds, times, about_ids = (list(column) for column in zip(*gone, strict=True))
    bulk.change(_NOTE, [workspace_id, identity_ids, [f"un{kind}" for kind in kinds], times, about_ids])
    return times


_TAKE_BACK = """
DELETE FROM members_activity a USING unnest(%b::bigint[], %b::text[], %b::bigint[], %b::text[]) AS u (identity_id, kind, about_id, value)
WHERE a.identity_id = u.identity_id AND a.kind = u.kind AND a.about_id = u.about_id AND a.value = u.value
RETURNING a.identity_id, a.kind, a.at, a.about_id
"""


def take(workspace_id: int, batches: int) -> list[Act]:
    """Takes the unsettled activities of up to so many batches, the oldest first; ``tally`` them in the same transaction."""
    return [Act(*row) for row in bulk.fetch(_TAKE, [workspace_id, batches])]


_TAKE = """
WITH taken AS (
    DELETE FROM members_unsettled WHERE id IN (
        SELECT id FROM members_unsettled WHERE workspace_id = %s::bigint ORDER BY id LIMIT %s::int
    ) RETURNING identity_ids, kinds, times, about_ids
)
SELECT act.* FROM taken CROSS JOIN LATERAL unnest(identity_ids, kinds, times, about_ids) AS act
"""


@dataclass(slots=True)
class _Sum:
    messages: int
    reactions: int
    first: datetime
    last: datetime


def tally(acts: Collection[Act]) -> None:
    """Counts activities in: those of each identity, and of the members whose identities they are."""
    if not acts:
        return
    sums: dict[int, _Sum] = {}
    for act in acts:
        one = sums.setdefault(act.identity_id, _Sum(0, 0, act.at, act.at))
        one.messages += act.kind == "message"
        one.reactions += (act.kind == "reaction") - (act.kind == "unreaction")
        one.first, one.last = min(one.first, act.at), max(one.last, act.at)
    member_ids = lock(sums)
    bulk.change(
        "UPDATE members_identity i SET message_count = i.message_count + u.messages,"
        " reaction_count = i.reaction_count + u.reactions,"
        " first_seen_at = LEAST(i.first_seen_at, u.first), last_seen_at = GREATEST(i.last_seen_at, u.last)"
        " FROM unnest(%b::bigint[], %b::int[], %b::int[], %b::timestamptz[], %b::timestamptz[])"
        " AS u (id, messages, reactions, first, last) WHERE i.id = u.id",
        [
            list(sums),
            [one.messages for one in sums.values()],
            [one.reactions for one in sums.values()],
            [one.first for one in sums.values()],
            [one.last for one in sums.values()],
        ],
    )
    sum_up(member_ids)


def lock(identity_ids: Collection[int]) -> list[int]:
    """Locks identities, then their members, each in the order of ids; the ids of the members."""
    rows = bulk.fetch(
        "SELECT member_id FROM members_identity WHERE id = ANY(%b::bigint[]) ORDER BY id FOR NO KEY UPDATE",
        [list(identity_ids)],
    )
    member_ids = sorted({row[0] for row in rows})
    bulk.fetch("SELECT 1 FROM members_member WHERE id = ANY(%b::bigint[]) ORDER BY id FOR NO KEY UPDATE", [member_ids])
    return member_ids


def sum_up(member_ids: Collection[int]) -> None:
    """Sets the counts of these members to the sums over their identities; without any, to nothing."""
    bulk.change(_SUM_UP, [list(member_ids)])


_SUM_UP = """
UPDATE members_member m SET
    message_count = s.messages, reaction_count = s.reactions, first_seen_at = s.first, last_seen_at = s.last
FROM (
    SELECT t.id, coalesce(sum(i.message_count), 0) AS messages, coalesce(sum(i.reaction_count), 0) AS reactions,
           min(i.first_seen_at) AS first, max(i.last_seen_at) AS last
    FROM unnest(%b::bigint[]) AS t (id) LEFT JOIN members_identity i ON i.member_id = t.id GROUP BY t.id
) s WHERE m.id = s.id
"""


def revalue(acts: Sequence[tuple[int, int]], value: str) -> None:
    """Gives message activities, by identity and message id, another value: it turned out what kind each message is."""
    bulk.change(
        "UPDATE members_activity a SET value = %s::text FROM unnest(%b::bigint[], %b::bigint[]) AS u (identity_id, id)"
        " WHERE a.identity_id = u.identity_id AND a.kind = 'message' AND a.about_id = u.id",
        [value, [identity_id for identity_id, _id in acts], [id_ for _identity, id_ in acts]],
    )
