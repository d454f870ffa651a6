"""Databases of their own beside the synthetic workspace's, on the same server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.core.management import call_command
from django.db import connection


def create(name: str, *, like: str = "") -> None:
    """An empty database, or a copy of another one, in place of any there was."""
    with plain("postgres") as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        server.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{like}"' if like else ""))


def drop(name: str) -> None:
    with plain("postgres") as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def used(name: str) -> Iterator[None]:
    """Lets Django work on this database for a while."""
    usual = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual


def migrate(name: str) -> None:
    with used(name):
        call_command("migrate", interactive=False, verbosity=0)


def plain(name: str) -> psycopg.Connection[Any]:
    """A bare connection that commits every statement unless told otherwise."""
    known = connection.settings_dict
    return psycopg.connect(
        dbname=name,
        user=known["USER"] or None,
        password=known["PASSWORD"] or None,
        host=known["HOST"] or None,
        port=known["PORT"] or None,
        autocommit=True,
        **{key: value for key, value in (known.get("OPTIONS") or {}).items() if key == "host"},
    )
