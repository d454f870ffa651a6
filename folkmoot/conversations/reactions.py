"""Reactions that networks tell one by one: the latest of each person holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from folkmoot.lib import bulk
from folkmoot.members.recognise import Known
from folkmoot.networks.base import SeenReaction

Row = tuple[int, int, str, datetime]
"""message id, identity id, value, when"""


@dataclass(slots=True)
class Changed:
    """What is so now and was not: reactions given, and reactions taken back."""

    given: list[Row] = field(default_factory=list)
    taken_back: list[Row] = field(default_factory=list)


def apply(told: Iterable[SeenReaction], ids: Mapping[str, int], people: Mapping[str, Known]) -> Changed:
    """Stores the latest of each, by message, person and value; ``ids`` are the messages' by their keys."""
    latest: dict[tuple[int, int, str], SeenReaction] = {}
    for one in sorted(told, key=lambda one: one.at):
        value = bulk.storable(one.value, 64)
        latest[ids[bulk.key(one.remote_id)], people[one.person.remote_id].id, value] = one
    changed = Changed()
    if not latest:
        return changed
    rows = bulk.fetch(
        _LATEST,
        [
            [message for message, _identity, _value in latest],
            [identity for _message, identity, _value in latest],
            [value for _message, _identity, value in latest],
            [one.at for one in latest.values()],
            [one.taken_back for one in latest.values()],
        ],
    )
    for message, identity, value, at, taken_back, before in rows:
        if taken_back and before is not True:
            changed.taken_back.append((message, identity, value, at))
        elif not taken_back and before is not False:
            changed.given.append((message, identity, value, at))
    return changed


# ``before`` is what was known: NULL nothing, false given, true taken back
_LATEST = """
WITH told AS (
    SELECT * FROM unnest(%b::bigint[], %b::bigint[], %b::text[], %b::timestamptz[], %b::bool[])
    AS u (message_id, identity_id, value, at, taken_back)
), known AS (
    SELECT g.message_id, g.identity_id, g.value, g.taken_back FROM conversations_givenreaction g
    JOIN told USING (message_id, identity_id, value)
), stored AS (
    INSERT INTO conversations_givenreaction (message_id, identity_id, value, at, taken_back) SELECT * FROM told
    ON CONFLICT (message_id, identity_id, value) DO UPDATE SET at = excluded.at, taken_back = excluded.taken_back
    WHERE conversations_givenreaction.at <= excluded.at
    RETURNING message_id, identity_id, value, at, taken_back
)
SELECT s.message_id, s.identity_id, s.value, s.at, s.taken_back, k.taken_back
FROM stored s LEFT JOIN known k USING (message_id, identity_id, value)
"""


def count(given: Iterable[Row], gone: Iterable[Row]) -> None:
    """Counts in and out, on their messages, what was not counted yet: a network may also tell totals, which stand."""
    deltas: Counter[tuple[int, str]] = Counter()
    deltas.update((message, value) for message, _identity, value, _at in given)
    deltas.subtract((message, value) for message, _identity, value, _at in gone)
    rows = [(message, value, n) for (message, value), n in sorted(deltas.items()) if n]
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        bulk.change(_COUNT, [*columns, columns[0]])


_COUNT = """
UPDATE conversations_message m SET reactions = (
    SELECT coalesce(jsonb_object_agg(value, n) FILTER (WHERE n > 0), '{}'::jsonb) FROM (
        SELECT value, sum(n) AS n FROM (
            SELECT key AS value, value::int AS n FROM jsonb_each_text(m.reactions)
            UNION ALL SELECT u.value, u.n FROM unnest(%b::bigint[], %b::text[], %b::int[]) AS u (id, value, n) WHERE u.id = m.id
        ) AS parts GROUP BY value
    ) AS summed)
WHERE m.id = ANY(%b::bigint[])
"""
