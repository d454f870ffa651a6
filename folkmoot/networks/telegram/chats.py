"""The chats inside a Telegram Desktop ``result.json``, message by message, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedReader
from typing import Any

from folkmoot.lib.json_stream import JsonStream

Message = tuple[dict[str, Any], Any]


def messages(stream: BufferedReader) -> Iterator[Message]:
    """Each message with the header (name, type, id) of its chat; of a single chat's export or a whole account's.

    Raises ``Broken`` where the JSON ends too soon, after what came before.
    """
    source = JsonStream(stream)
    header: dict[str, Any] = {}
    for key in source.members():
        if key == "messages":
            yield from _with(header, source)
        elif key in ("chats", "left_chats"):
            yield from _chats(source)
        elif source.peek() not in ("{", "["):
            header[key] = source.value()


def _chats(source: JsonStream) -> Iterator[Message]:
    for key in source.members():
        if key == "list":
            for _ in source.elements():
                yield from _chat(source)


def _chat(source: JsonStream) -> Iterator[Message]:
    header: dict[str, Any] = {}
    for key in source.members():
        if key == "messages":
            yield from _with(header, source)
        elif source.peek() not in ("{", "["):
            header[key] = source.value()


def _with(header: dict[str, Any], source: JsonStream) -> Iterator[Message]:
    for message in source.array():
        yield header, message
