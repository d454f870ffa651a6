"""Directions of messages, kept by pgvector in a schema of their own, where the database has it.

The schema is made when it is first needed, not by a migration, and holds nothing that can't be worked out again:
Folkmoot runs on a PostgreSQL without pgvector, and backups, which take what lies in ``public``, fit one with and one
without it. Rows name messages without a foreign key; one whose message is gone is found by no query and goes at night.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

import numpy as np
from django.db import connection, transaction

from folkmoot.lib import bulk
from folkmoot.understanding.neighbours.meaning import WIDTH, Floats

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL's
COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_END = b"\xff\xff"
HALF = 4 + 2 * WIDTH  # bytes of a halfvec on the wire: how many, nothing, and the numbers
COLUMNS = (("message_id", 8), ("workspace_id", 8), ("channel_id", 8), ("at", 8), ("version", 4), ("digest", 4))


class Standing(Enum):
    """What the database can do: ``READY`` is set up, ``ABLE`` can be, the others say what is in the way."""

    READY = "ready"
    ABLE = "able"
    MISSING = "missing"
    OLD = "old"
    REFUSED = "refused"

    @property
    def offered(self) -> bool:
        return self in (Standing.READY, Standing.ABLE)


@dataclass(frozen=True, slots=True)
class Placed:
    """A message as it is stored beside its direction; ``digest`` tells whether its words have changed since."""

    id: int
    channel_id: int
    at: datetime
    digest: int


def standing() -> Standing:
    [(ready, installed, default, may_install, may_create)] = bulk.fetch(_STANDING, [])
    if ready:
        return Standing.READY
    version = installed or default
    if version is None:
        return Standing.MISSING
    if tuple(int(part) for part in version.split(".")[:2]) < (0, 7):
        return Standing.OLD
    return Standing.ABLE if (installed or may_install) and may_create else Standing.REFUSED


# halfvec came with pgvector 0.7
_STANDING = """
SELECT EXISTS (SELECT FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
               JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = 'neighbours' AND c.relname = 'vector' AND a.attname = 'vector' AND NOT a.attisdropped),
       found.installed_version, found.default_version,
       coalesce((SELECT rolsuper FROM pg_roles WHERE rolname = current_user), false) OR EXISTS (
           SELECT FROM pg_available_extension_versions v
           WHERE v.name = 'vector' AND v.version = found.default_version AND v.trusted),
       has_database_privilege(current_database(), 'CREATE')
FROM (SELECT 1) one LEFT JOIN pg_available_extensions found ON found.name = 'vector'
"""


def is_ready() -> bool:
    return standing() is Standing.READY


def prepare() -> bool:
    """Makes the schema where the database can do it; whether it is there."""
    found = standing()
    if found is Standing.ABLE:
        with transaction.atomic():
            bulk.change("SELECT pg_advisory_xact_lock(%s::int, 0)", [0x666D0009])
            if not is_ready():
                for statement in _MAKE:
                    bulk.change(statement, [])
        return True
    return found is Standing.READY


_MAKE = (
    "CREATE EXTENSION IF NOT EXISTS vector",
    "DROP SCHEMA IF EXISTS neighbours CASCADE",
    "CREATE SCHEMA neighbours",
    f"""
    CREATE TABLE neighbours.vector (
        message_id bigint NOT NULL,
        workspace_id bigint NOT NULL,
        channel_id bigint NOT NULL,
        at timestamptz NOT NULL,
        version integer NOT NULL,
        digest integer NOT NULL,
        vector halfvec({WIDTH}) NOT NULL,
        PRIMARY KEY (message_id)
    )
    """,
    "CREATE INDEX vector_of_workspace ON neighbours.vector (workspace_id, at DESC)",
    """
    CREATE TABLE neighbours.walk (
        workspace_id bigint PRIMARY KEY,
        version integer NOT NULL,
        at timestamptz,
        message_id bigint NOT NULL DEFAULT 0,
        done bigint NOT NULL DEFAULT 0,
        total bigint NOT NULL DEFAULT 0,
        kept bigint NOT NULL DEFAULT 0,
        finished boolean NOT NULL DEFAULT false
    )
    """,
    "CREATE TABLE neighbours.note (workspace_id bigint NOT NULL, message_id bigint NOT NULL)",
    "CREATE INDEX note_of_workspace ON neighbours.note (workspace_id, message_id)",
)


def drop() -> None:
    """Forgets everything: what it was worked out from was replaced."""
    bulk.change("DROP SCHEMA IF EXISTS neighbours CASCADE", [])


def forget(message_ids: Collection[int]) -> None:
    bulk.change("DELETE FROM neighbours.vector WHERE message_id = ANY(%b::bigint[])", [list(message_ids)])


def forget_workspace(workspace_id: int) -> None:
    for statement in (
        "DELETE FROM neighbours.vector WHERE workspace_id = %s::bigint",
        "DELETE FROM neighbours.walk WHERE workspace_id = %s::bigint",
        "DELETE FROM neighbours.note WHERE workspace_id = %s::bigint",
    ):
        bulk.change(statement, [workspace_id])


def known(message_ids: Collection[int], version: int) -> dict[int, int]:
    """The digests of those messages that are stored with this version."""
    rows = bulk.fetch(
        "SELECT message_id, digest FROM neighbours.vector WHERE message_id = ANY(%b::bigint[]) AND version = %s::int",
        [list(message_ids), version],
    )
    return dict(rows)


def write(workspace_id: int, version: int, placed: Sequence[Placed], vectors: Floats) -> None:
    """Stores directions in place of earlier ones. Call it in a transaction."""
    if not placed:
        return
    forget([one.id for one in placed])
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY neighbours.vector FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.write(COPY_HEAD + _packed(workspace_id, version, placed, vectors) + COPY_END)


def _packed(workspace_id: int, version: int, placed: Sequence[Placed], vectors: Floats) -> bytes:
    """The rows as COPY's binary format has them: how many fields, then of each its length and its bytes."""
    fields = [("fields", ">i2")]
    for name, size in COLUMNS:
        fields += [(f"{name}_size", ">i4"), (name, f">i{size}")]
    fields += [("vector_size", ">i4"), ("width", ">i2"), ("unused", ">i2")]
    rows = np.zeros(len(placed), dtype=np.dtype([*fields, ("vector", ">f2", (WIDTH,))]))
    rows["fields"] = len(COLUMNS) + 1
    for name, size in COLUMNS:
        rows[f"{name}_size"] = size
    rows["vector_size"], rows["width"] = HALF, WIDTH
    rows["message_id"] = [one.id for one in placed]
    rows["workspace_id"], rows["version"] = workspace_id, version
    rows["channel_id"] = [one.channel_id for one in placed]
    rows["at"] = [(one.at - EPOCH) // timedelta(microseconds=1) for one in placed]
    rows["digest"] = [one.digest for one in placed]
    rows["vector"] = vectors
    return rows.tobytes()


def nearest(
    workspace_id: int, message_id: int, *, channel_ids: Sequence[int] | None, likeness: float, most: int
) -> list[tuple[int, float]]:
    """Other messages by how alike they are (the cosine), down to ``likeness``; within channels if those are given.

    Every one of the workspace is compared: that is exact, and fast enough for as many as are kept.
    """
    return bulk.fetch(
        _NEAREST,
        {
            "workspace": workspace_id,
            "message": message_id,
            "channels": list(channel_ids) if channel_ids is not None else None,
            "far": -likeness,
            "most": most,
        },
    )


# Directions of another version have nothing to do with the message's own
_NEAREST = """
WITH asked AS MATERIALIZED (
    SELECT version, vector FROM neighbours.vector
    WHERE message_id = %(message)s::bigint AND workspace_id = %(workspace)s::bigint
), compared AS (
    SELECT v.message_id, v.vector <#> (SELECT vector FROM asked) AS far FROM neighbours.vector v
    WHERE v.workspace_id = %(workspace)s::bigint AND v.version = (SELECT version FROM asked)
      AND v.message_id <> %(message)s::bigint
      AND (%(channels)b::bigint[] IS NULL OR v.channel_id = ANY(%(channels)b::bigint[]))
)
SELECT message_id, -far FROM compared WHERE far <= %(far)s::float8 ORDER BY far LIMIT %(most)s::int
"""


def up_to_date(version: int) -> list[int]:
    """The workspaces that were looked through with this version and of which nothing is noted."""
    rows = bulk.fetch(
        "SELECT w.workspace_id FROM neighbours.walk w WHERE w.finished AND w.version = %s::int"
        " AND NOT EXISTS (SELECT FROM neighbours.note n WHERE n.workspace_id = w.workspace_id)",
        [version],
    )
    return [row[0] for row in rows]


def prune(keep: int) -> None:
    """Lets go of what is older than the newest ``keep`` of a workspace, and of what is no longer there."""
    for (workspace_id,) in bulk.fetch("SELECT workspace_id FROM neighbours.walk ORDER BY 1", []):
        bulk.change(_OLDEST, [workspace_id, workspace_id, keep - 1])
    for statement in _BEREFT:
        bulk.change(statement, [])


_OLDEST = """
DELETE FROM neighbours.vector WHERE workspace_id = %s::bigint AND at < (
    SELECT at FROM neighbours.vector WHERE workspace_id = %s::bigint ORDER BY at DESC OFFSET %s::int LIMIT 1)
"""

_BEREFT = (
    "DELETE FROM neighbours.vector v WHERE NOT EXISTS ("
    " SELECT FROM conversations_message m WHERE m.id = v.message_id AND m.deleted_at IS NULL)",
    "DELETE FROM neighbours.walk w WHERE NOT EXISTS (SELECT FROM workspaces_workspace s WHERE s.id = w.workspace_id)",
    "DELETE FROM neighbours.note n WHERE NOT EXISTS (SELECT FROM workspaces_workspace s WHERE s.id = n.workspace_id)",
)
