"""The database as commands need it: running, recent enough, migrated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from folkmoot.lib import env, postgres
from folkmoot.lib.home import NotUsable
from folkmoot.lib.notices import parameters

LOCK = 0x466F6C6B  # "Folk": one migration at a time on one database


def ready() -> None:
    """Starts the embedded PostgreSQL if it is used, or checks the one in DATABASE_URL. Raises ``NotUsable``."""
    if url := env.text("DATABASE_URL"):
        postgres.check_version(url)
    else:
        postgres.ensure_running(settings.HOME)


def migrated() -> None:
    """``ready``, and refuses to work on a database of another version. Raises ``NotUsable``."""
    ready()
    if pending():
        raise NotUsable("The database is not up to date. Run 'folkmoot init' first.")


def pending() -> list[str]:
    """Migrations that have not been applied, as ``app.name``, in order."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def migrate() -> int:
    """Applies what is pending, once however many processes try; returns how many that were."""
    if not pending():
        return 0
    with _alone():
        names = pending()
        call_command("migrate", interactive=False, verbosity=0)
    return len(names)


def direct(name: str, *, autocommit: bool = False) -> psycopg.Connection[Any]:
    """A connection past Django and its pool, for COPY and LISTEN; ``name`` is what the server shows for it."""
    return psycopg.connect(**parameters() | {"application_name": name}, autocommit=autocommit)


def let_go() -> None:
    """Closes every connection, as one must before forking."""
    connections.close_all()
    if isinstance(wrapper := connections["default"], DatabaseWrapper):
        wrapper.close_pool()


@contextmanager
def _alone() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
