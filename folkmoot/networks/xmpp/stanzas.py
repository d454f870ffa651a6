"""XML as XMPP has it: one long document, of which each child is a message to be read by itself (RFC 6120, 4 and 11)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

MOST_BYTES = 4 * 1024**2
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_DEEPEST = 60


class Malformed(Exception):
    """The stream can't be read on."""


@dataclass(slots=True)
class Element:
    """``name`` is without its namespace, which is ``space``."""

    name: str
    space: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def get(self, name: str) -> str:
        return self.attributes.get(name, "")

    def all(self, name: str, space: str = "") -> Iterator[Element]:
        return (one for one in self.children if one.name == name and space in ("", one.space))

    def child(self, name: str, space: str = "") -> Element | None:
        return next(self.all(name, space), None)

    def said(self, name: str) -> str:
        """The text of a child; empty where there is none."""
        found = self.child(name)
        return found.text if found else ""

    def raw(self) -> dict[str, object]:
        """All of it as JSON has it."""
        return {
            "name": self.name, "space": self.space, "attributes": dict(self.attributes), "text": self.text,
            "children": [one.raw() for one in self.children],
        }  # fmt: skip


class Stream:
    """Reads a stream bit by bit. What could unfold (declarations of documents, entities) ends it."""

    def __init__(self) -> None:
        self.closed = False
        self._open: list[Element] = []
        self._found: list[Element] = []
        self._size = 0
        self._parser = expat.ParserCreate(None, "}")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._refuse

    def feed(self, data: bytes) -> list[Element]:
        """The whole stanzas that end in these bytes. Raises ``Malformed``."""
        self._size += len(data)
        try:
            self._parser.Parse(data, False)
        except expat.ExpatError as error:
            raise Malformed(f"its XML can't be read: {error}") from error
        if self._size > MOST_BYTES:
            raise Malformed("it sends something too large")
        found, self._found = self._found, []
        return found

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        space, _, local = name.rpartition("}")
        made = Element(local, space, {key.rpartition("}")[2]: value for key, value in attributes.items()})
        if len(self._open) > 1:
            self._open[-1].children.append(made)
        if len(self._open) > _DEEPEST:
            raise Malformed("it sends something too deep")
        self._open.append(made)

    def _end(self, _: str) -> None:
        ended = self._open.pop()
        if len(self._open) == 1:
            self._found.append(ended)
            self._size = 0
        self.closed = self.closed or not self._open

    def _text(self, text: str) -> None:
        if len(self._open) > 1:
            self._open[-1].text += text

    def _refuse(self, *_: object) -> None:
        raise Malformed("it sends what XMPP does not allow")


def tag(name: str, attributes: Mapping[str, str] | None = None, *children: str, text: str = "") -> str:
    """An element as text; those of ``children`` are such already, attributes and ``text`` are not. Empty ones are left out."""
    given = "".join(f" {key}={quoteattr(clean(value))}" for key, value in (attributes or {}).items() if value)
    return f"<{name}{given}>{''.join(children)}{escape(clean(text))}</{name}>"


def clean(text: str) -> str:
    """Without the characters that XML can't have."""
    return _UNFIT.sub("", text)


def read(text: str) -> Element:
    """One stanza by itself. Raises ``Malformed``."""
    [found] = Stream().feed(f"<stream xmlns='jabber:client'>{text}".encode())
    return found
