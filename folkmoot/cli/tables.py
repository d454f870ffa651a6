"""The database as plain tables of text, the same on every version of PostgreSQL: for backups."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

# Written by the migrations themselves, not copied
OWN_RECORD = "django_migrations"
MODULUS = 2**128

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A table and those of its columns that hold data of their own (not computed from others)."""

    name: str
    columns: tuple[str, ...]

    @property
    def copied(self) -> sql.Composed:
        columns = sql.SQL(", ").join(map(sql.Identifier, self.columns))
        return sql.SQL("COPY {} ({})").format(sql.Identifier(self.name), columns)


class Tally:
    """Rows counted and summed up so that their order does not matter: 128 bits of SHA-256 a row, added."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, row: bytes) -> None:
        self.rows += 1
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(row).digest()[:16], "big")) % MODULUS

    def facts(self) -> dict[str, Any]:
        return {"rows": self.rows, "sum": f"{self._sum:032x}"}


def settle(connection: Connection) -> None:
    """Makes values be written and read the same way everywhere."""
    for name, value in {
        "client_encoding": "UTF8",
        "datestyle": "ISO, YMD",
        "timezone": "UTC",
        "intervalstyle": "iso_8601",
        "extra_float_digits": "1",
        "bytea_output": "hex",
        "search_path": "public",
        "statement_timeout": "0",
    }.items():
        connection.execute("SELECT set_config(%s, %s, false)", [name, value])


def tables(connection: Connection) -> list[Table]:
    """Every table, each after those that it refers to."""
    rows = connection.execute(
        """
        SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> %s
        GROUP BY c.relname ORDER BY c.relname
        """,
        [OWN_RECORD],
    ).fetchall()
    found = {name: Table(name, tuple(columns)) for name, columns in rows}
    references: dict[str, set[str]] = {name: set() for name in found}
    for child, parent in connection.execute(
        "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint "
        "WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND conrelid <> confrelid"
    ):
        references.get(child.strip('"'), set()).add(parent.strip('"'))
    return [found[name] for name in _parents_first(references)]


def rows(connection: Connection, table: Table) -> Iterator[bytes]:
    """The table's rows as lines of COPY's text format."""
    with connection.cursor() as cursor, cursor.copy(table.copied + sql.SQL(" TO STDOUT")) as copy:
        for line in copy:
            yield bytes(line)


def tally(connection: Connection, table: Table) -> dict[str, Any]:
    counted = Tally()
    for line in rows(connection, table):
        counted.add(line)
    return counted.facts()


def sequences(connection: Connection) -> dict[str, tuple[int, bool]]:
    """Each sequence with its last value and whether that has been given out."""
    names = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace ORDER BY relname"
    ).fetchall()
    found = {}
    for (name,) in names:
        row = connection.execute(
            sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(name))
        ).fetchone()
        if row is not None:
            found[name] = (row[0], row[1])
    return found


def _parents_first(references: dict[str, set[str]]) -> list[str]:
    """Where tables refer to each other in a circle, the database checks at the end, and any order will do."""
    ordered: list[str] = []
    left = dict(references)
    while left:
        free = [name for name, parents in left.items() if not (parents & left.keys()) - {name}]
        for name in free or [min(left)]:
            ordered.append(name)
            del left[name]
    return ordered
