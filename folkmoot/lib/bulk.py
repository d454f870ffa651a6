"""Many rows at once: COPY, ids ahead of time, and text that PostgreSQL takes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

from django.db import connection

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def new_ids(table: str, count: int) -> list[int]:
    """``count`` fresh ids of a table, rising."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count])
        return [row[0] for row in cursor.fetchall()]


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Appends rows to a table as they are; constraints hold, defaults of unnamed columns apply."""
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def fetch(sql: str, parameters: Sequence[Any] | dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def change(sql: str, parameters: Sequence[Any] | dict[str, Any]) -> int:
    """Runs a statement; how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.rowcount


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
