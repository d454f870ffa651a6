"""Takes up the notes that intake left: each act is followed and counted in once, whoever dies when."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Self

from django.db import connection, transaction

from folkmoot.analytics import actions as analytics
from folkmoot.conversations import asks
from folkmoot.lib import bulk
from folkmoot.members import activities

TURN = 0x666D0003  # tells this lock from other advisory locks in the same database
CHUNK = 60  # batches at a time
JOINED = (
    "conversations_message", "conversations_conversation", "conversations_ask", "members_identity", "members_member",
    "members_activity",
)  # fmt: skip


def settle(workspace_id: int) -> int:
    """Settles everything that is unsettled in a workspace, a chunk a transaction; how many acts that was."""
    total = 0
    while count := _settle_some(workspace_id):
        total += count
    return total


@contextmanager
def turn(workspace_id: int) -> Iterator[None]:
    """A transaction in which nobody else settles this workspace: what answers what is worked out one by one."""
    with transaction.atomic():
        hold(workspace_id)
        yield


def hold(workspace_id: int) -> None:
    """Waits for the turn; until the transaction ends nobody else settles this workspace."""
    bulk.fetch("SELECT pg_advisory_xact_lock(%s::int, %s::int)", [TURN, workspace_id])


def _settle_some(workspace_id: int) -> int:
    """Locks conversations before identities, as intake does."""
    with turn(workspace_id):
        acts = activities.take(workspace_id, CHUNK)
        _tell_the_planner(len(acts))
        times = [act.at for act in acts]
        if messages := [act.about_id for act in acts if act.kind == "message"]:
            times += asks.follow(messages)
        activities.tally(acts)
        analytics.mark_stale(workspace_id, times)
    return len(acts)


class Beside:
    """Settles in a thread with a connection of its own while its user goes on; one settlement at a time."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "settling")
        self._under_way: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._thread.shutdown()

    def settle(self, workspace_id: int) -> None:
        """Begins to settle, once what was begun before is done."""
        self.finish()
        self._under_way = self._thread.submit(_settle_apart, workspace_id)

    def finish(self) -> None:
        """Waits for what was begun; raises what went wrong in it."""
        if self._under_way:
            self._under_way.result()
            self._under_way = None


def _settle_apart(workspace_id: int) -> None:
    try:
        settle(workspace_id)
    finally:
        connection.close()


def _tell_the_planner(acts: int) -> None:
    """Tables that grew many times over since they were last looked at, or hardly had a row then, are planned as if they
    were empty: joins of thousands of rows then take minutes where milliseconds do. Later on autovacuum keeps up."""
    for (table,) in bulk.fetch(_OUTGROWN, [list(JOINED), acts]) if acts else ():
        bulk.change(f"ANALYZE {table}", [])


_OUTGROWN = """
SELECT relname::text FROM pg_class
WHERE oid IN (SELECT name::regclass FROM unnest(%b::text[]) AS name)
  AND pg_relation_size(oid) > 8192 * 4
  AND (reltuples * 10 < %s::int OR reltuples <= 0 OR pg_relation_size(oid) > 8192 * 10 * relpages::bigint)
"""
