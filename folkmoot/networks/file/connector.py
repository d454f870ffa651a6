"""Tables of messages that no program in particular wrote: CSV and JSON Lines, with a mapping of columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from folkmoot.lib.archive import Archive, Entry, Unreadable
from folkmoot.lib.json_stream import Broken
from folkmoot.networks.base import (
    ENCODING,
    TIMEZONE,
    Batch,
    Facts,
    Format,
    Option,
    Place,
    PlaceKind,
    Skipped,
    gettext_noop,
)
from folkmoot.networks.batches import Item, backfill
from folkmoot.networks.file import columns as naming
from folkmoot.networks.file import parse, tables
from folkmoot.networks.file.moments import Moments, order
from folkmoot.networks.payload import text
from folkmoot.networks.reading import leave_out
from folkmoot.networks.times import zone

_SAMPLE = 256 * 1024
_ENDINGS = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json")
_NOTHING = (
    "no row of these tables could be taken; say which columns hold what, for example text=Body time=Date author=Name, "
    "and how dates are written, for example dateformat=%d.%m.%Y"
)
_HINT = "Options: a column each for text, time, author …; also encoding, timezone, dateformat, author_default."
_OPTIONS = (
    Option(
        "dateformat",
        gettext_noop("How dates are written"),
        gettext_noop("Such as %d.%m.%Y %H:%M. Empty: found out by itself."),
    ),
    TIMEZONE,
    ENCODING,
    Option("author_default", gettext_noop("Author"), gettext_noop("For tables without a column of authors.")),
)


class File:
    fields = naming.HELD
    facts = Facts(
        slug="file",
        name="File",
        icon="file-spreadsheet",
        formats=(
            Format("csv", "Table (CSV, TSV)", _HINT, _OPTIONS),
            Format("jsonl", "JSON Lines", _HINT, _OPTIONS),
        ),
    )

    def recognises(self, archive: Archive) -> str | None:
        """The last resort: a table with columns that look like a text and a time."""
        for table in _tables(archive, {}):
            if naming.enough(naming.guess(table.columns)):
                return _format(table)
        return None

    def tabular(self, archive: Archive) -> str | None:
        return next((_format(table) for table in _tables(archive, {})), None)

    def backfill(
        self, archive: Archive, *, format: str, cursor: str = "", options: Mapping[str, str] | None = None
    ) -> Iterator[Batch]:
        reader = _Reader(archive, options or {}, format)
        leave_out(archive, _candidates(archive))
        return backfill(archive, _candidates(archive), reader.read, cursor=cursor, nothing=_NOTHING)

    def columns(self, archive: Archive, *, format: str, options: Mapping[str, str]) -> list[str]:
        return list(dict.fromkeys(column for table in _tables(archive, options, format) for column in table.columns))

    def guess(self, columns: Sequence[str]) -> dict[str, str]:
        return naming.guess(columns)


def _candidates(archive: Archive) -> list[Entry]:
    return archive.entries if len(archive.entries) == 1 else archive.find(*_ENDINGS)


def _tables(archive: Archive, options: Mapping[str, str], kind: str = "") -> Iterator[tables.Shape]:
    for entry in _candidates(archive)[:12]:
        if table := _shape(archive, entry, options, kind):
            yield table


def _format(table: tables.Shape) -> str:
    return "csv" if table.kind == "csv" else "jsonl"


def _shape(archive: Archive, entry: Entry, options: Mapping[str, str], kind: str) -> tables.Shape | None:
    try:
        return tables.shape(archive.head(entry.name, _SAMPLE), entry.name, options.get("encoding", ""), kind)
    except Unreadable:
        return None


class _Reader:
    def __init__(self, archive: Archive, options: Mapping[str, str], kind: str) -> None:
        self._archive = archive
        self._options = options
        self._kind = kind
        self._zone = zone(options)
        self._now = datetime.now(UTC)

    def read(self, entry: Entry, offset: int) -> Iterator[Item]:
        shape = _shape(self._archive, entry, self._options, self._kind)
        mapping = naming.chosen(shape.columns, self._options) if shape else {}
        if shape is None or not naming.enough(mapping):
            self._archive.seen(entry.name)
            if entry.size and not offset:
                reason = "columns not recognised" if shape else "not a table"
                yield Item(Skipped(reason, where=entry.name), None, 1)
            return
        yield from self._rows(entry, shape, parse.Rows(self._table(entry, shape, mapping)), offset)

    def _rows(self, entry: Entry, shape: tables.Shape, taken: parse.Rows, offset: int) -> Iterator[Item]:
        number = 0
        with self._archive.open(entry.name) as stream:
            try:
                for number, row in tables.rows(stream, shape):
                    if not isinstance(row, Skipped) and number <= offset:
                        taken.passed(row)
                    elif number > offset:
                        found = row if isinstance(row, Skipped) else taken.take(row)
                        if isinstance(found, Skipped):
                            where = f"{entry.name}, row {number}"
                            yield Item(Skipped(found.reason, found.count, where), None, number)
                        else:
                            yield Item(found[1], found[0], number)
            except Broken as error:
                if number >= offset:
                    yield Item(Skipped(error.reason, where=f"{entry.name}, row {number + 1}"), None, number + 1)

    def _table(self, entry: Entry, shape: tables.Shape, mapping: Mapping[str, str]) -> parse.Table:
        getters = {
            field: parse.getter(shape.columns, column, json=shape.kind != "csv") for field, column in mapping.items()
        }
        sampled = tables.sample(self._archive.head(entry.name, _SAMPLE), shape)
        dates = getters.get("date") or getters["time"]
        clocks = getters["time"]
        written = [f"{text(dates(row))} {text(clocks(row)) if 'date' in getters else ''}" for row in sampled]
        name = re.sub(r"\.\w+$", "", entry.path.name)
        return parse.Table(
            Place(name, name, _kind(mapping)),
            getters,
            Moments(self._zone, self._options.get("dateformat", ""), order(written)),
            self._options.get("author_default", ""),
            self._now,
        )


def _kind(mapping: Mapping[str, str]) -> PlaceKind:
    if "author" not in mapping and "author_id" not in mapping:
        return "page"
    return "forum" if "thread" in mapping or "title" in mapping else "chat"
