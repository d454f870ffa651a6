"""Many rows at once: COPY, ids ahead of time, binary parameters, and text that PostgreSQL takes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@contextmanager
def _cursor() -> Iterator[CursorWrapper]:
    """A cursor that leaves binding to the server, unlike Django's own: arrays then travel in binary, as ``%b``."""
    connection.ensure_connection()
    made: Any = psycopg.Cursor(connection.connection)
    with connection.make_debug_cursor(made) if connection.queries_logged else connection.make_cursor(made) as cursor:
        yield cursor


def fetch(sql: str, parameters: Sequence[Any] | dict[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a query. Arrays are written ``%b::type[]`` (or ``%(name)b``), everything else ``%s::type``."""
    with _cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def change(sql: str, parameters: Sequence[Any] | dict[str, Any]) -> int:
    """Runs a statement, with parameters as ``fetch`` takes them; how many rows it touched."""
    with _cursor() as cursor:
        cursor.execute(sql, parameters)
        touched: int = cursor.rowcount
    return touched


def write_behind() -> None:
    """Lets this transaction end before it is on the disk: a power cut may take the last second's back, whole.

    For what is read again from where it then stands, never for what a network hands over once.
    """
    fetch("SELECT set_config('synchronous_commit', 'off', true)", [])


def new_ids(table: str, count: int) -> list[int]:
    """``count`` fresh ids of a table, rising."""
    rows = fetch(
        "SELECT nextval(ids.name) FROM (SELECT pg_get_serial_sequence(%s::text, 'id')::regclass AS name OFFSET 0) ids,"
        " generate_series(1, %s::int)",
        [table, count],
    )
    return [row[0] for row in rows]


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Appends rows to a table as they are; constraints hold, defaults of unnamed columns apply."""
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def storable(text: str, limit: int = 0) -> str:
    """``text`` without what PostgreSQL can't hold (NUL, half surrogates), cut to ``limit`` characters if given."""
    if not text.isascii() or "\x00" in text:
        text = _UNSTORABLE.sub("", text)
    return text[:limit] if limit else text


def key(text: str, limit: int = 255) -> str:
    """A remote id as it is stored: itself, or, when too long, its beginning and a digest of the whole."""
    text = storable(text)
    if len(text) <= limit:
        return text
    return f"{text[: limit - 33]}#{blake2b(text.encode(), digest_size=16).hexdigest()}"
