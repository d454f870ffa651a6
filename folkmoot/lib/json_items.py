"""The items of an array inside a JSON file, one at a time, however large the file is.

What real exports get wrong is mended on the way: a byte order mark, the ``\\xNN`` that Telegram writes for control
characters, halves of surrogate pairs, and NUL, which no database takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BufferedReader
from typing import Any

import ijson

MAX_ITEM = 64 * 1024 * 1024
_CHUNK = 64 * 1024
_LONGEST_ESCAPE = 12
_SUSPECT = re.compile(rb"\\(?:x|u0000|u[dD][89a-fA-F])|\0")
_HIGH = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(
    rb"(?P<fine>" + _HIGH + _LOW + rb")"
    rb"|(?P<half>" + _HIGH + rb"|" + _LOW + rb")"
    rb"|(?P<nul>\\u0000|\\x00|\0)"
    rb"|\\x(?P<hex>[0-9A-Fa-f]{2})"
    rb"|\\.",
    re.DOTALL,
)


class Broken(Exception):
    """The JSON can't be read on from here; ``reason`` is one short fixed sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ItemParser:
    """Takes a JSON text in parts and gives the items under ``prefix`` ('messages.item') as they are complete.

    Once ``broken`` says why, nothing more comes out.
    """

    def __init__(self, prefix: str) -> None:
        self.broken = ""
        self._found: list[Any] = ijson.sendable_list()
        self._parser = ijson.items_coro(self._found, prefix, use_float=True)
        self._held = 0

    def feed(self, part: bytes) -> list[Any]:
        """The items that ``part`` completes; an empty part stands for the end of the text."""
        if self.broken:
            return []
        try:
            if part:
                self._parser.send(part)
            else:
                self._parser.close()
        except UnicodeDecodeError:
            self.broken = "wrong encoding"
        except ijson.JSONError as error:
            self.broken = "wrong encoding" if "UTF8" in str(error) else "not JSON"
        found = list(self._found)
        self._found.clear()
        self._held = 0 if found else self._held + len(part)
        if self._held > MAX_ITEM:
            self.broken = "item too long"
        return found


def items(stream: BufferedReader, prefix: str) -> Iterator[Any]:
    """The items under ``prefix``. Raises ``Broken`` where the text ends too soon or is no JSON, after what came before."""
    parser = ItemParser(prefix)
    for part in parts(stream):
        yield from parser.feed(part)
        if parser.broken:
            break
    yield from parser.feed(b"")
    if parser.broken:
        raise Broken(parser.broken)


def parts(stream: BufferedReader) -> Iterator[bytes]:
    """The text of a JSON file in parts, mended. Raises ``Broken`` for an empty file or one in UTF-16."""
    part = stream.read(_CHUNK)
    if part.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Broken("wrong encoding")
    part = part.removeprefix(b"\xef\xbb\xbf")
    if not part.strip():
        raise Broken("empty file")
    held = b""
    while part:
        part = held + part
        cut = _safe_cut(part)
        part, held = part[:cut], part[cut:]
        if part:
            yield mended(part)
        part = stream.read(_CHUNK)
    if held:
        yield mended(held)


def mended(part: bytes) -> bytes:
    """A piece of JSON text with the escapes that no JSON reader or database takes put right."""
    return _ESCAPE.sub(_put_right, part) if _SUSPECT.search(part) else part


def _put_right(found: re.Match[bytes]) -> bytes:
    if found["half"]:
        return b"\\ufffd"
    if found["nul"]:
        return b""
    return b"\\u00" + found["hex"] if found["hex"] else found[0]


def _safe_cut(part: bytes) -> int:
    """Where to cut so that no escape, nor a pair of them, is torn."""
    cut = part.find(b"\\", max(len(part) - _LONGEST_ESCAPE, 0))
    if cut < 0:
        return len(part)
    while cut and part[cut - 1 : cut] == b"\\":
        cut -= 1
    return cut - 6 if re.fullmatch(_HIGH, part[max(cut - 6, 0) : cut]) else cut
