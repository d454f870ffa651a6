"""Matrix: a room's events as Element exports them, or as the API gives them (JSON or JSON Lines)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from folkmoot.lib.archive import Archive, Entry, Unreadable
from folkmoot.lib.json_stream import Broken, JsonStream
from folkmoot.networks import json_lines, reading
from folkmoot.networks.base import Batch, Facts, Format, Limits, Place, Rate, Seen, Skipped, gettext_noop
from folkmoot.networks.batches import Item, backfill
from folkmoot.networks.first_look import first_look
from folkmoot.networks.live import Field
from folkmoot.networks.matrix.parse import Relations, is_said_of_another, parse_event
from folkmoot.networks.matrix.session import MatrixSession
from folkmoot.networks.payload import Dates, Unfit, mapping, text
from folkmoot.networks.times import zone

_LOOKED_AT = 20
_ENDINGS = (".json", ".jsonl", ".ndjson")
_ROOM_NAME = re.compile(rb'(?<!\\)"room_name"\s*:\s*("(?:[^"\\]|\\.)*")')
_EVENT = re.compile(rb'(?<!\\)"origin_server_ts"\s*:')
_EVENT_TYPE = re.compile(rb'(?<!\\)"type"\s*:\s*"m\.')
_NOTHING = (
    "no Matrix event could be read; choose a room's export from Element (format JSON), or its events as the API gives "
    "them"
)


class Matrix:
    facts = Facts(
        slug="matrix",
        name="Matrix",
        icon="brand-matrix",
        # An event may have 65 536 bytes in all; letters beyond ASCII take two and more. Sizes of files and rates are each
        # server's own; these are Synapse's defaults (max_upload_size, rc_message).
        limits=Limits(
            text=30_000, media=1, media_bytes=50 * 1024**2, as_of="2026-11-21", rates=(Rate(10, 10.0), Rate(12, 60.0))
        ),
        formats=(
            Format(
                "matrix",
                "Matrix room export",
                "Element's room export in the format JSON, or events as JSON or JSON Lines",
            ),
        ),
    )

    fields = (
        Field(
            "server",
            gettext_noop("Server"),
            gettext_noop("The address of the account's homeserver, such as https://matrix.org."),
            kind="url",
            example="https://matrix.example",
        ),
        Field(
            "user",
            gettext_noop("Account"),
            gettext_noop("Such as @folkmoot:example.org. Not needed with an access token."),
            required=False,
            example="@folkmoot:matrix.example",
        ),
        Field(
            "password",
            gettext_noop("Password"),
            gettext_noop("Used to sign in once. Or leave it empty and give an access token."),
            kind="secret",
            required=False,
            example="example",
            instead_of="token",
        ),
        Field(
            "token",
            gettext_noop("Access token"),
            gettext_noop("Instead of the password. In Element: Settings, Help & About, at the bottom."),
            kind="secret",
            required=False,
            example="syt_example",
            instead_of="password",
        ),
    )
    session = MatrixSession

    def recognises(self, archive: Archive) -> str | None:
        looked_at = archive.find(*_ENDINGS)[:_LOOKED_AT]
        return "matrix" if any(_talks_matrix(archive, entry) for entry in looked_at) else None

    def backfill(
        self, archive: Archive, *, format: str, cursor: str = "", options: Mapping[str, str] | None = None
    ) -> Iterator[Batch]:
        entries = [entry for entry in archive.find(*_ENDINGS) if _talks_matrix(archive, entry)]
        reading.leave_out(archive, entries)
        rooms = _Rooms(archive, entries, Dates(zone(options or {}), datetime.now(UTC)))
        yield from backfill(archive, entries, rooms.read, cursor=cursor, nothing=_NOTHING)


class _Rooms:
    def __init__(self, archive: Archive, entries: list[Entry], dates: Dates) -> None:
        self._archive = archive
        self._dates = dates
        self._relations = Relations()
        self._titles = {entry.name: _title(archive, entry) for entry in entries}
        self._ids: dict[str, str] = {}
        self._look_over(entries)

    def read(self, entry: Entry, offset: int) -> Iterator[Item]:
        found = ((self._place(entry, event), event) for event in _events(self._archive, entry))
        return reading.numbered(found, entry, offset, self._parse)

    def _look_over(self, entries: list[Entry]) -> None:
        """A first reading, of what events say of other events; these may stand far apart, in other files even."""
        for entry in entries:
            # A file that is broken is said to be when it is read for its messages.
            with first_look(self._archive), suppress(Broken, Unreadable):
                for event in _events(self._archive, entry):
                    known = mapping(event)
                    self._relations.note(known)
                    if text(known.get("room_id")):
                        self._ids.setdefault(entry.name, text(known["room_id"]))
        self._relations.settle()

    def _place(self, entry: Entry, event: Any) -> Place:
        ident = text(mapping(event).get("room_id")) or self._ids.get(entry.name, "")
        name = (
            self._titles[entry.name] or self._relations.rooms.get(ident) or ident or entry.path.name.partition(".")[0]
        )
        return Place(ident or name, name, "chat")

    def _parse(self, _: Place, event: Any) -> Iterable[Seen | Skipped]:
        if isinstance(event, Skipped):
            yield event
            return
        known = mapping(event)
        if is_said_of_another(known):
            return
        try:
            yield parse_event(known, self._relations, self._dates)
        except Unfit as unfit:
            yield Skipped(unfit.reason)


def _events(archive: Archive, entry: Entry) -> Iterator[Any]:
    """The events of a file: an array, lines, or what stands under "messages" (Element) or "chunk" (the API)."""
    if json_lines.is_lines(entry, archive.head(entry.name)):
        yield from json_lines.objects(archive, entry)
        return
    with archive.open(entry.name) as stream:
        source = JsonStream(stream)
        if source.peek() == "[":
            yield from source.array()
            return
        for key in source.members():
            for _ in source.elements():
                if key in ("messages", "chunk"):
                    yield source.value()


def _title(archive: Archive, entry: Entry) -> str:
    """The room's name as Element writes it before the events."""
    try:
        found = _ROOM_NAME.search(archive.head(entry.name))
    except Unreadable:
        return ""
    return text(json_lines.decoded(found[1])).strip() if found else ""


def _talks_matrix(archive: Archive, entry: Entry) -> bool:
    try:
        head = archive.head(entry.name)
    except Unreadable:
        return False
    return _EVENT.search(head) is not None and _EVENT_TYPE.search(head) is not None
