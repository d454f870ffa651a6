"""Whether the process that works at something still lives: it holds a lock that goes with its connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from folkmoot.lib import bulk

KIND = 0x666D0001  # tells these locks from other advisory locks in the same database


@contextmanager
def working_at(number: int, kind: int = KIND) -> Iterator[bool]:
    """Holds the sign of life for ``number`` of a ``kind`` of work meanwhile; False when another process holds it."""
    [(held,)] = bulk.fetch("SELECT pg_try_advisory_lock(%s, %s)", [kind, number])
    try:
        yield held
    finally:
        if held:
            bulk.fetch("SELECT pg_advisory_unlock(%s, %s)", [kind, number])


def is_worked_at(number: int) -> bool:
    """Whether some living process works at ``number``."""
    return bool(
        bulk.fetch(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = %s::oid AND objid = %s::oid"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [KIND, number],
        )
    )
