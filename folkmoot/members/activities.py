"""Activities appended in bulk, and the counts on identities and members that follow from them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from folkmoot.lib import bulk

Row = tuple[int, str, datetime, int, int, str]
"""identity id, kind, at, channel id, about id, value"""

_COLUMNS = ["workspace_id", "identity_id", "kind", "at", "channel_id", "about_id", "value"]


def append_new(workspace_id: int, rows: Sequence[Row]) -> None:
    """Appends activities that are known to be new (those of messages stored just now)."""
    bulk.copy_rows("members_activity", _COLUMNS, ((workspace_id, *row) for row in rows))


def append(workspace_id: int, rows: Sequence[Row]) -> int:
    """Appends what is not there yet; how many that was."""
    if not rows:
        return 0
    columns = list(zip(*rows, strict=True))
    return bulk.change(
        "INSERT INTO members_activity (workspace_id, identity_id, kind, at, channel_id, about_id, value)"
        " SELECT %s, u.* FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::bigint[], %s::bigint[],"
        " %s::text[]) AS u ON CONFLICT (identity_id, kind, about_id, value) DO NOTHING",
        [workspace_id, *(list(column) for column in columns)],
    )


def tally(rows: Sequence[Row], others: Collection[int]) -> None:
    """Adds new activities to the counts of identities and of their members.

    ``rows`` are the message activities just appended; ``others`` the identities whose reactions or moves may be
    new. Rows are locked in the order of their ids, so that two channels with the same people don't deadlock.
    """
    spans: dict[int, tuple[int, datetime, datetime]] = {}
    for identity_id, _kind, at, *_rest in rows:
        count, first, last = spans.get(identity_id, (0, at, at))
        spans[identity_id] = (count + 1, min(first, at), max(last, at))
    member_ids = lock({*spans, *others})
    ids = list(spans)
    bulk.change(
        "UPDATE members_identity i SET message_count = i.message_count + u.n,"
        " first_seen_at = LEAST(i.first_seen_at, u.first), last_seen_at = GREATEST(i.last_seen_at, u.last)"
        " FROM unnest(%s::bigint[], %s::int[], %s::timestamptz[], %s::timestamptz[]) AS u (id, n, first, last)"
        " WHERE i.id = u.id",
        [ids, [spans[i][0] for i in ids], [spans[i][1] for i in ids], [spans[i][2] for i in ids]],
    )
    if others:
        bulk.change(
            "UPDATE members_identity i SET reaction_count = a.n,"
            " first_seen_at = LEAST(i.first_seen_at, a.first), last_seen_at = GREATEST(i.last_seen_at, a.last)"
            " FROM (SELECT identity_id, count(*) FILTER (WHERE kind = 'reaction') AS n, min(at) AS first,"
            " max(at) AS last FROM members_activity WHERE identity_id = ANY(%s) AND kind <> 'message'"
            " GROUP BY identity_id) a WHERE i.id = a.identity_id",
            [list(others)],
        )
    sum_up(member_ids)


def lock(identity_ids: Collection[int]) -> list[int]:
    """Locks identities, then their members, each in the order of ids; the ids of the members."""
    rows = bulk.fetch(
        "SELECT member_id FROM members_identity WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
        [list(identity_ids)],
    )
    member_ids = sorted({row[0] for row in rows})
    bulk.fetch("SELECT 1 FROM members_member WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [member_ids])
    return member_ids


def sum_up(member_ids: Collection[int]) -> None:
    """Sets the counts of these members to the sums over their identities; without any, to nothing."""
    bulk.change(
        "UPDATE members_member m SET message_count = s.messages, reaction_count = s.reactions,"
        " first_seen_at = s.first, last_seen_at = s.last"
        " FROM (SELECT t.id, coalesce(sum(i.message_count), 0) AS messages,"
        " coalesce(sum(i.reaction_count), 0) AS reactions, min(i.first_seen_at) AS first, max(i.last_seen_at) AS last"
        " FROM unnest(%s::bigint[]) AS t (id) LEFT JOIN members_identity i ON i.member_id = t.id GROUP BY t.id) s"
        " WHERE m.id = s.id",
        [list(member_ids)],
    )
