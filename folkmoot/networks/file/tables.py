"""Tables in files, row by row: CSV with any of the usual delimiters and encodings, JSON Lines, a JSON array."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader
from typing import Any, Literal, cast

from folkmoot.lib.archive import MAX_LINE, lines
from folkmoot.lib.json_stream import Broken, JsonStream, mended
from folkmoot.networks.base import Skipped
from folkmoot.networks.encodings import decode, guess, known
from folkmoot.networks.errors import Refused

Kind = Literal["csv", "jsonl", "array"]
Row = Sequence[str] | dict[str, Any]

DELIMITERS = ",;\t|"
_DEPTH = 3
# A field longer than this is no message; an unclosed quote would swallow the rest of the file.
csv.field_size_limit(1024 * 1024)


@dataclass(frozen=True, slots=True)
class Shape:
    """How a table is written, and its columns: for JSON the paths that the first objects have, with dots."""

    kind: Kind
    columns: tuple[str, ...]
    encoding: str = "utf-8"
    delimiter: str = ","


def shape(head: bytes, name: str, encoding: str = "", kind: str = "") -> Shape | None:
    """What the first bytes of a file show; None where they are no table. ``kind`` settles what the name doesn't tell."""
    lowered = name.lower()
    if lowered.endswith((".jsonl", ".ndjson")) or (lowered.endswith(".json") or kind == "jsonl"):
        return _json_shape(head)
    if lowered.endswith((".csv", ".tsv", ".tab")) or kind == "csv":
        return _csv_shape(head, encoding)
    return None


def sample(head: bytes, table: Shape) -> list[Row]:
    """The whole rows in the first bytes of a file."""
    stream = cast(BufferedReader, io.BytesIO(head[: head.rfind(b"\n") + 1] or head))
    found: list[Row] = []
    with contextlib.suppress(Broken):  # a head ends in the middle of an array
        found.extend(row for _, row in rows(stream, table) if not isinstance(row, Skipped))
    return found


def rows(stream: BufferedReader, table: Shape) -> Iterator[tuple[int, Row | Skipped]]:
    """The rows behind the header, each with its number from 1. Raises ``Broken`` where an array can't be read on."""
    found = {"csv": _csv_rows, "jsonl": _json_lines, "array": _json_array}[table.kind](stream, table)
    return enumerate(found, 1)


def paths(item: dict[str, Any], depth: int = _DEPTH) -> Iterator[str]:
    for key, value in item.items():
        yield str(key)
        if isinstance(value, dict) and depth > 1:
            for path in paths(value, depth - 1):
                yield f"{key}.{path}"


def _json_shape(head: bytes) -> Shape | None:
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    table = Shape("array" if text.startswith(b"[") else "jsonl", ())
    columns: dict[str, None] = {}
    for row in sample(head, table)[:50]:
        if isinstance(row, dict):
            columns.update(dict.fromkeys(paths(row)))
    return Shape(table.kind, tuple(columns)) if columns else None


def _csv_shape(head: bytes, encoding: str) -> Shape | None:
    encoding = _encoding(head, encoding)
    wide = _is_wide(encoding)
    text = head.decode(encoding, "replace") if wide else "\n".join(decode(line, encoding) for line in head.splitlines())
    text = text.removeprefix("\ufeff").replace("\0", "")
    if not text.strip():
        return None
    delimiter = max(DELIMITERS, key=lambda candidate: _fit(text, candidate))
    header = next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter), [])
    columns = tuple(column.strip() for column in header)
    return Shape("csv", columns, encoding, delimiter) if len(columns) > 1 else None


def _fit(text: str, delimiter: str) -> tuple[float, int]:
    """How well a delimiter cuts the first rows into as many columns as the header has."""
    try:
        found = [row for row in csv.reader(text[:20_000].splitlines(keepends=True), delimiter=delimiter) if row][:30]
    except csv.Error:
        return 0, 0
    width = len(found[0]) if found else 0
    body = found[1:-1] or found[1:] or found
    alike = sum(len(row) == width for row in body) / len(body) if body else 0
    return (round(alike, 1), width) if width > 1 else (0, 0)


def _encoding(head: bytes, preferred: str) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if preferred:
        if not known(preferred):
            raise Refused(f"there is no encoding {preferred!r}; give one such as utf-8 or windows-1251")
        return preferred
    odd, even = head[1::2].count(0), head[::2].count(0)
    if max(odd, even) * 4 > len(head):
        return "utf-16-le" if odd > even else "utf-16-be"
    try:
        head[: head.rfind(b"\n") + 1].decode("utf-8")
    except UnicodeDecodeError:
        return guess(head)
    return "utf-8"


def _is_wide(encoding: str) -> bool:
    return encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))


def _csv_rows(stream: BufferedReader, table: Shape) -> Iterator[Row | Skipped]:
    too_long: list[Skipped] = []
    source = (_wide_lines if _is_wide(table.encoding) else _lines)(stream, table.encoding, too_long)
    reader = csv.reader(source, delimiter=table.delimiter)
    width, read = len(table.columns), 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error:
            yield Skipped("row not readable", count=max(reader.line_num - read, 1))
            row = []
        yield from too_long
        too_long.clear()
        if row is None:
            return
        first, read = read == 0, reader.line_num
        if not row or first:
            continue
        yield row if len(row) <= width or not any(row[width:]) else Skipped("more columns than the header has")


def _lines(stream: BufferedReader, encoding: str, too_long: list[Skipped]) -> Iterator[str]:
    for number, line in enumerate(lines(stream)):
        if line is None:
            too_long.append(Skipped("line too long"))
            continue
        text = decode(line, encoding)
        text = text.replace("\0", "") if "\0" in text else text
        yield (text.removeprefix("\ufeff") if number == 0 else text) + "\n"


def _wide_lines(stream: BufferedReader, encoding: str, too_long: list[Skipped]) -> Iterator[str]:
    text = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="")
    first = True
    while line := text.readline(MAX_LINE):
        if len(line) < MAX_LINE or line.endswith("\n"):
            yield line.removeprefix("\ufeff").replace("\0", "") if first else line.replace("\0", "")
        else:
            too_long.append(Skipped("line too long"))
            while (rest := text.readline(MAX_LINE)) and not rest.endswith("\n"):
                pass
        first = False
    text.detach()


def _json_lines(stream: BufferedReader, table: Shape) -> Iterator[Row | Skipped]:
    for line in lines(stream):
        if line is None:
            yield Skipped("line too long")
        elif line.strip():
            yield _object(line.removeprefix(codecs.BOM_UTF8))


def _object(line: bytes) -> Row | Skipped:
    try:
        found = json.loads(mended(line).decode("utf-8"))
    except UnicodeDecodeError:
        return Skipped("wrong encoding")
    except (ValueError, RecursionError):
        return Skipped("not JSON")
    return found if isinstance(found, dict) else Skipped("not a JSON object")


def _json_array(stream: BufferedReader, table: Shape) -> Iterator[Row | Skipped]:
    for item in JsonStream(stream).array():
        yield item if isinstance(item, dict) else Skipped("not a JSON object")
