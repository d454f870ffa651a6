"""Gitter: text logs with a full date in brackets, and messages as its API gave them (JSON or JSON Lines)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from folkmoot.lib.archive import Archive, Entry, Unreadable, lines
from folkmoot.networks import json_lines, reading
from folkmoot.networks.base import Batch, Facts, Format, Limits, Place, Seen, Skipped
from folkmoot.networks.batches import Item, backfill
from folkmoot.networks.encodings import decode
from folkmoot.networks.gitter.parse import (
    Said,
    is_dialogs,
    is_log,
    parse_lines,
    parse_message,
    parse_room,
    parse_said,
)
from folkmoot.networks.payload import Dates, Unfit, mapping
from folkmoot.networks.times import zone

_LOOKED_AT = 50
_TEXT = (".txt", ".log")
_JSON = (".json", ".jsonl", ".ndjson")
_NOTHING = (
    "no Gitter message could be read; choose text logs with lines such as “[2016-11-21 08:47:30] <name> text”, "
    "or the messages as Gitter's API gave them"
)


class Gitter:
    facts = Facts(
        slug="gitter",
        name="Gitter",
        icon="message-2",
        limits=Limits(text=4_096, as_of="2023-02-13"),
        formats=(
            Format(
                "gitter",
                "Gitter logs or API messages",
                "Text logs with full dates, or JSON as Gitter's API gave it, a file for each room",
            ),
        ),
    )

    def recognises(self, archive: Archive) -> str | None:
        candidates = archive.find(*_TEXT, *_JSON)[:_LOOKED_AT]
        return "gitter" if any(_kind(archive, entry) for entry in candidates) else None

    def backfill(
        self, archive: Archive, *, format: str, cursor: str = "", options: Mapping[str, str] | None = None
    ) -> Iterator[Batch]:
        rooms = _Rooms(archive, Dates(zone(options or {}), datetime.now(UTC)))
        entries = rooms.entries()
        reading.leave_out(archive, entries)
        yield from backfill(archive, entries, rooms.read, cursor=cursor, nothing=_NOTHING)


@dataclass(frozen=True, slots=True)
class _Rooms:
    archive: Archive
    dates: Dates

    def entries(self) -> list[Entry]:
        """Dialogs too: that they were left out is to be said in the report."""
        return [entry for entry in self.archive.find(*_TEXT, *_JSON) if _kind(self.archive, entry)]

    def read(self, entry: Entry, offset: int) -> Iterator[Item]:
        kind = _kind(self.archive, entry)
        if kind == "dialogs":
            self.archive.seen(entry.name)
            return iter([Item(Skipped("dialogs cut out of a log", where=entry.name), None, reading.WHOLE)])
        room = parse_room(entry.path.name.partition(".")[0])
        return reading.numbered(self._found(entry, kind, room), entry, offset, self._parse)

    def _found(self, entry: Entry, kind: str, room: Place) -> Iterator[tuple[Place, Any]]:
        if kind == "array":
            return reading.objects(self.archive, entry, room)
        found: Iterable[Any] = _text(self.archive, entry) if kind == "log" else json_lines.objects(self.archive, entry)
        return ((room, item) for item in found)

    def _parse(self, room: Place, item: Any) -> Iterable[Seen | Skipped]:
        if isinstance(item, Skipped):
            yield item
            return
        try:
            said = isinstance(item, Said)
            yield parse_said(item, room, self.dates) if said else parse_message(mapping(item), self.dates)
        except Unfit as unfit:
            yield Skipped(unfit.reason)


def _text(archive: Archive, entry: Entry) -> Iterator[Said | Skipped]:
    with archive.open(entry.name) as stream:
        read = (None if line is None else decode(line).replace("\0", "").rstrip("\r") for line in lines(stream))
        yield from parse_lines(read)


def _kind(archive: Archive, entry: Entry) -> str:
    """What a file is: "log", "dialogs", "array", "lines", or "" where it isn't Gitter's."""
    try:
        head = archive.head(entry.name)
    except Unreadable:
        return ""
    if entry.name.lower().endswith(_TEXT):
        return "log" if is_log(head) else "dialogs" if is_dialogs(head) else ""
    if b'"fromUser"' not in head or b'"sent"' not in head:
        return ""
    return "array" if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[") else "lines"
