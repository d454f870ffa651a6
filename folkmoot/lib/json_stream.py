"""A JSON file of any size, walked without ever holding more than one of its values.

The standard decoder is run over a sliding piece of the text, which is about three times as fast as an event parser
that builds the same objects. What real exports get wrong is mended on the way: a byte order mark, the ``\\xNN`` that
Telegram writes for control characters, halves of surrogate pairs, and NUL, which no database takes.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from io import BufferedReader
from typing import Any

MAX_VALUE = 64 * 1024 * 1024
_CHUNK = 256 * 1024
# A decoder that stops this near to the end of what it was given may only have lacked the rest.
_NEAR_END = 16
_LONGEST_ESCAPE = 12
_SPACE = re.compile(r"[ \t\r\n]*")
_HIGH = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
# It begins with plain characters, which the regular expression engine can look for quickly.
_HALF = re.compile(
    rb"\\u[dD](?:[89abAB]..(?!\\u[dD][c-fC-F])|[c-fC-F](?<!\\u[dD][89abAB]..\\u[dD].))",
    re.DOTALL,
)
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


class JsonStream:
    """Stands before a value. ``value`` decodes it; ``members`` and ``array`` walk into it. Each may raise ``Broken``."""

    def __init__(self, stream: BufferedReader) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._scan = json.JSONDecoder(parse_constant=lambda name: None).raw_decode
        self._held = b""
        self._text = ""
        self._at = 0
        self._ended = False
        self._short = "cut off"
        self._before_value = True
        self._begin()

    def peek(self) -> str:
        """The first character of what comes next; empty at the end."""
        while True:
            found = _SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def value(self) -> Any:
        """The value that comes next, decoded."""
        self._before_value = False
        if not self.peek():
            raise Broken(self._short)
        while True:
            try:
                value, end = self._scan(self._text, self._at)
            except json.JSONDecodeError as error:
                self._must_go_on(error)
            except (ValueError, RecursionError):
                raise Broken("not JSON") from None
            else:
                # A number may go on in what was not read yet.
                if end < len(self._text) or not self._more():
                    self._at = end
                    return value

    def members(self) -> Iterator[str]:
        """The keys of the object that comes next; before each the stream stands, and reads over what nobody took."""
        if self.peek() != "{":
            self.value()
            return
        for _ in self._parts("}"):
            key = self.value()
            if not isinstance(key, str) or self._take() != ":":
                raise Broken("not JSON")
            self._before_value = True
            yield key

    def array(self) -> Iterator[Any]:
        """The items of the array that comes next, decoded one at a time; none where no array comes."""
        for _ in self.elements():
            yield self.value()

    def elements(self) -> Iterator[None]:
        """Stands before each item of the array that comes next, and reads over what nobody took."""
        if self.peek() != "[":
            self.value()
            return
        for _ in self._parts("]"):
            self._before_value = True
            yield

    def _parts(self, closing: str) -> Iterator[None]:
        self._at += 1
        self._before_value = False
        if self.peek() == closing:
            self._at += 1
            return
        while True:
            yield
            if self._before_value:
                self.value()
            mark = self._take()
            if mark == closing:
                return
            if mark != ",":
                raise Broken("not JSON" if mark else self._short)

    def _take(self) -> str:
        mark = self.peek()
        self._at += 1
        return mark

    def _must_go_on(self, error: json.JSONDecodeError) -> None:
        """Reads more where the decoder may only have lacked it."""
        left, torn = len(self._text) - error.pos, error.msg.startswith("Unterminated string")
        if left > _NEAR_END and not torn:
            raise Broken("not JSON")
        if len(self._text) - self._at > MAX_VALUE:
            raise Broken("item too long")
        # Twice as much each time, so that a long value isn't decoded over and over.
        if not self._more(max(_CHUNK, len(self._text) - self._at)):
            raise Broken(self._short if torn or not left else "not JSON")

    def _begin(self) -> None:
        start = self._stream.read(_CHUNK)
        if start.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise Broken("wrong encoding")
        self._held = start.removeprefix(b"\xef\xbb\xbf")
        if not self._held.strip():
            raise Broken("empty file")

    def _more(self, size: int = 0) -> bool:
        if self._ended:
            return False
        part = self._stream.read(size or _CHUNK)
        self._ended = not part
        part = self._held + part
        cut = len(part) if self._ended else _safe_cut(part)
        part, self._held = part[:cut], part[cut:]
        try:
            text = self._decode(mended(part), self._ended)
        except UnicodeDecodeError as error:
            # What stands before the first byte that is no UTF-8 is good.
            text = error.object[: error.start].decode()
            self._ended, self._short = True, "wrong encoding"
        self._text = self._text[self._at :] + text
        self._at = 0
        return bool(text) or not self._ended


def mended(part: bytes) -> bytes:
    """A piece of JSON text with the escapes that no JSON reader or database takes put right."""
    suspect = b"\\x" in part or b"\\u0000" in part or b"\0" in part or _HALF.search(part)
    return _ESCAPE.sub(_put_right, part) if suspect else part


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
