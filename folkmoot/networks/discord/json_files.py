"""DiscordChatExporter's JSON files: one per channel, or several where the export was split."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from folkmoot.lib.archive import Archive, Entry, natural
from folkmoot.lib.json_stream import Broken, JsonStream
from folkmoot.networks.base import Place
from folkmoot.networks.batches import Item
from folkmoot.networks.discord.parse import parse_channel, parse_message
from folkmoot.networks.payload import Dates, mapping
from folkmoot.networks.reading import head, numbered, objects

_LOOKED_AT = 50
_FIRST = re.compile(rb'"timestamp"\s*:\s*"([^"]+)"')


class JsonFiles:
    def __init__(self, archive: Archive, dates: Dates) -> None:
        self._archive, self._dates = archive, dates
        starts = [(entry, head(archive, entry)) for entry in archive.find(".json")]
        found = [(entry, start or b"") for entry, start in starts if start is None or _is_channel(start)]
        self._places = {entry.name: _place(entry, start) for entry, start in found}
        order = {entry.name: (natural(self._places[entry.name].remote_id), _first(start)) for entry, start in found}
        self.entries = sorted((entry for entry, _ in found), key=lambda entry: (order[entry.name], natural(entry.name)))

    @staticmethod
    def recognises(archive: Archive) -> bool:
        return any(_is_channel(head(archive, entry) or b"") for entry in archive.find(".json")[:_LOOKED_AT])

    def read(self, entry: Entry, offset: int) -> Iterator[Item]:
        found = objects(self._archive, entry, self._places[entry.name], "messages")
        return numbered(
            found, entry, offset, lambda place, message: parse_message(mapping(message), place, self._dates)
        )


def _is_channel(start: bytes) -> bool:
    return b'"guild"' in start and b'"channel"' in start and b'"messages"' in start


def _first(start: bytes) -> bytes:
    found = _FIRST.search(start)
    return found[1] if found else b""


def _place(entry: Entry, start: bytes) -> Place:
    """The channel as the file's beginning tells of it, else the file's name."""
    parts: dict[str, Any] = {}
    try:
        source = JsonStream(io.BufferedReader(io.BytesIO(start)))
        for key in source.members():
            if key == "messages":
                break
            parts[key] = source.value()
    except Broken:
        pass
    return parse_channel(mapping(parts.get("guild")), mapping(parts.get("channel")), entry.path.stem)
