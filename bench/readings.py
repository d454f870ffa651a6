"""How the synthetic workspace was read: values from hashes, then impressions and days worked out as in real life."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db import connection, transaction

from bench.words import LANGUAGES
from folkmoot.analytics import actions as analytics
from folkmoot.lib import bulk
from folkmoot.understanding import codes, impressions, record
from folkmoot.understanding.reading.contract import EMOTIONS, HARMS, INTENTS, Reading
from folkmoot.workspaces.models import Workspace

VERSION = "bench"
SQL = Path(__file__).resolve().parent / "sql" / "readings.sql"
TABLES = ("understanding_reading", "understanding_impression", "analytics_readingday")
CHUNK = 10_000


def are_there(workspace: Workspace) -> bool:
    return bool(bulk.fetch("SELECT 1 FROM understanding_impression WHERE workspace_id = %s LIMIT 1", [workspace.pk]))


def fill(workspace: Workspace) -> None:
    """All messages read and all that follows from it; in place of what was there."""
    _run(f"TRUNCATE {', '.join((*TABLES, 'understanding_unread'))}")
    _read(workspace)
    _run("ANALYZE understanding_reading")
    [(last,)] = bulk.fetch("SELECT max(id) FROM conversations_conversation", [])
    for first in range(1, last + 1, CHUNK):
        with transaction.atomic():
            impressions.renew(range(first, first + CHUNK))
    bulk.change(
        "INSERT INTO analytics_stale (workspace_id, first_day, last_day, readings)"
        " SELECT workspace_id, min(at)::date - 1, max(at)::date + 1, true FROM members_activity"
        " WHERE workspace_id = %s GROUP BY workspace_id",
        [workspace.pk],
    )
    analytics.count(workspace.pk)
    for table in TABLES:
        _run(f"VACUUM (ANALYZE) {table}")


def _read(workspace: Workspace) -> None:
    facts: dict[str, Any] = {
        **codes.BIT,
        "workspace": workspace.pk,
        "version": record.version_id(VERSION),
        "languages": list(LANGUAGES),
        "moods": codes.MOODS,
        "intents": codes.WANTS,
        "language_sure": codes.LANGUAGE_SURE,
        "everything": codes.LANGUAGE_SURE * 2 - 1,
        "packed": codes.pack(_any()),
    }
    with transaction.atomic():
        _run("SET LOCAL session_replication_role = replica")
        _run("DROP INDEX IF EXISTS reading_of_same_text")
        bulk.change(SQL.read_text(encoding="utf-8"), facts)
        _run("SET LOCAL maintenance_work_mem = '1GB'")
        _run("CREATE INDEX reading_of_same_text ON understanding_reading (workspace_id, shape) WHERE shape IS NOT NULL")


def _any() -> Reading:
    return Reading(
        "en", 0.9, "Latn", (0.1, 0.8, 0.1), (0.02,) * len(HARMS), (0.14,) * len(INTENTS), (0.1,) * len(EMOTIONS),
        0.1, 0.2, frozenset(), VERSION,
    )  # fmt: skip


def _run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
