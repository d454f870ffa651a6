"""Zulip: the public archive (a folder per stream, a file per topic) and the organisation's own export."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from folkmoot.lib.archive import Archive, Entry, Unreadable, natural
from folkmoot.lib.json_stream import Broken, JsonStream
from folkmoot.networks import reading
from folkmoot.networks.base import Batch, Facts, Format, Limits, Place, Seen, Skipped
from folkmoot.networks.batches import Item, backfill
from folkmoot.networks.first_look import first_look
from folkmoot.networks.payload import Dates, Unfit, mapping, text
from folkmoot.networks.times import zone
from folkmoot.networks.zulip.export import Export, message_files
from folkmoot.networks.zulip.parse import RESOLVED, Topic, message_id, parse_file_name, parse_public, parse_stream

_LOOKED_AT = 20
_FIRST_ID = re.compile(rb'(?<!\\)"id"\s*:\s*(\d{1,18})')
_NOTHING = (
    "no message of the Zulip archive could be read; choose the export as Zulip gave it, or a folder that holds a "
    "folder per stream with a JSON file per topic"
)


class Zulip:
    facts = Facts(
        slug="zulip",
        name="Zulip",
        icon="brand-zulip",
        limits=Limits(text=10_000, as_of="2026-06-01"),
        formats=(
            Format(
                "zulip",
                "Zulip export or public archive",
                "The .tar.gz that Zulip exports, or the folder that zulip-archive writes (zulip_json)",
            ),
        ),
    )

    def recognises(self, archive: Archive) -> str | None:
        if message_files(archive):
            return "zulip"
        looked_at = _topic_files(archive)[:_LOOKED_AT]
        return "zulip" if any(_talks_zulip(archive, entry) for entry, _ in looked_at) else None

    def backfill(
        self, archive: Archive, *, format: str, cursor: str = "", options: Mapping[str, str] | None = None
    ) -> Iterator[Batch]:
        dates = Dates(zone(options or {}), datetime.now(UTC))
        source = Export(archive, dates) if message_files(archive) else _PublicArchive(archive, dates)
        entries = source.entries()
        reading.leave_out(archive, entries)
        yield from backfill(archive, entries, source.read, cursor=cursor, nothing=_NOTHING)


class _PublicArchive:
    def __init__(self, archive: Archive, dates: Dates) -> None:
        self._archive = archive
        self._dates = dates
        self._names = _stream_names(archive)
        self._streams = {entry.name: folder for entry, folder in _topic_files(archive)}
        self._listed = {entry.name: entry for entry in archive.entries}

    def entries(self) -> list[Entry]:
        """Stream after stream, so that the many small files of one fill whole batches."""
        ordered = sorted(self._streams.items(), key=lambda item: (natural(item[1]), natural(item[0])))
        return [self._listed[name] for name, _ in ordered]

    def read(self, entry: Entry, offset: int) -> Iterator[Item]:
        folder = self._streams[entry.name]
        place = parse_stream(folder, self._names) or Place(folder, folder, "forum")
        topic = parse_file_name(entry.path.stem)
        opening = _Opening(self._twin_begins(entry, topic))

        def parse(_: Place, item: Any) -> Iterable[Seen | Skipped]:
            try:
                yield parse_public(mapping(item), topic, opening.ident, self._dates)
            except Unfit as unfit:
                yield Skipped(unfit.reason)

        found = opening.watch(reading.objects(self._archive, entry, place))
        return reading.numbered(found, entry, offset, parse)

    def _twin_begins(self, entry: Entry, topic: Topic) -> int | None:
        """The first id in the other file of a topic part of which was archived before it was resolved."""
        mark = "".join(f".{byte:02X}" for byte in RESOLVED.encode())
        name = entry.path.name
        twin = name.removeprefix(mark) if name.startswith(mark) else mark + name
        path = str(entry.path.with_name(twin))
        if path not in self._streams:
            return None
        try:
            first = _FIRST_ID.search(self._archive.head(path))
        except Unreadable:
            return None
        return int(first[1]) if first else None


class _Opening:
    """Which message opened a topic: the first of its file, unless its twin begins earlier."""

    def __init__(self, other: int | None) -> None:
        self.ident = -1
        self._other = other

    def watch(self, found: Iterator[tuple[Place, Any]]) -> Iterator[tuple[Place, Any]]:
        first = True
        for place, item in found:
            if first:
                first = False
                self._begin(item)
            yield place, item

    def _begin(self, item: Any) -> None:
        try:
            ident = message_id(mapping(item))
        except Unfit:
            return
        self.ident = ident if self._other is None else min(ident, self._other)


def _topic_files(archive: Archive) -> list[tuple[Entry, str]]:
    """The files of topics, each with its stream's folder; a folder or file picked alone is told by where it lies."""
    found = []
    outer = archive.path.resolve()
    alone = outer.name if outer.is_dir() else outer.parent.name
    for entry in archive.find(".json"):
        folder = entry.name.rsplit("/", 2)[-2] if "/" in entry.name else alone
        if parse_stream(folder, {}) is not None:
            found.append((entry, folder))
    return found


def _talks_zulip(archive: Archive, entry: Entry) -> bool:
    try:
        head = archive.head(entry.name)
    except Unreadable:
        return False
    return b'"sender_full_name"' in head and b'"content"' in head and b'"timestamp"' in head


def _stream_names(archive: Archive) -> dict[str, str]:
    """The names of streams as they were written, out of ``stream_index.json`` where there is one."""
    names: dict[str, str] = {}
    for entry in archive.named("stream_index.json")[:1]:
        try:
            with first_look(archive), archive.open(entry.name) as stream:
                names |= _index(JsonStream(stream))
        except (Broken, Unreadable):
            return names
    return names


def _index(source: JsonStream) -> dict[str, str]:
    names = {}
    for part in source.members():
        if part == "streams":
            for name in source.members():
                for key in source.members():
                    if key == "id":
                        names[text(source.value())] = name
    return names
