"""Takes up the notes that intake left: each act is followed and counted in once, whoever dies when."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from folkmoot.analytics import actions as analytics
from folkmoot.conversations import asks
from folkmoot.lib import bulk
from folkmoot.members import activities

TURN = 0x666D0003  # tells this lock from other advisory locks in the same database
CHUNK = 30_000
JOINED = (
    "conversations_message", "conversations_conversation", "conversations_ask", "members_identity", "members_member",
    "members_activity",
)  # fmt: skip


def settle(workspace_id: int) -> int:
    """Settles everything that is unsettled in a workspace, a chunk a transaction; how many acts that was."""
    total = 0
    while count := _settle_some(workspace_id):
        total += count
        if count < CHUNK:
            break
    return total


@contextmanager
def turn(workspace_id: int) -> Iterator[None]:
    """A transaction in which nobody else settles this workspace: what answers what is worked out one by one."""
    with transaction.atomic():
        bulk.fetch("SELECT pg_advisory_xact_lock(%s::int, %s::int)", [TURN, workspace_id])
        yield


def _settle_some(workspace_id: int) -> int:
    with turn(workspace_id):
        _tell_the_planner()
        acts = activities.settle(workspace_id, CHUNK)
        times = [act.at for act in acts]
        if messages := [act.about_id for act in acts if act.kind == "message"]:
            times += asks.follow(messages)
        analytics.mark_stale(workspace_id, times)
    return len(acts)


def _tell_the_planner() -> None:
    """Tables that grew many times over since they were last looked at are planned as if they were empty: joins of
    thousands of rows then take minutes where milliseconds do. Later on autovacuum keeps up."""
    for (table,) in bulk.fetch(_OUTGROWN, [list(JOINED)]):
        bulk.change(f"ANALYZE {table}", [])


_OUTGROWN = """
SELECT relname::text FROM pg_class
WHERE oid IN (SELECT name::regclass FROM unnest(%b::text[]) AS name)
  AND pg_relation_size(oid) > 8192 * 32 AND (reltuples <= 0 OR pg_relation_size(oid) > 8192 * 10 * relpages::bigint)
"""
