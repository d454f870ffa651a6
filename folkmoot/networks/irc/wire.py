"""IRC's own lines (RFC 1459, RFC 2812, and the tags of IRCv3): read and written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from folkmoot.networks.encodings import decode

MOST_BYTES = 512
# What a server puts before our words when it passes them on: a name of ours may be that long there
_PREFIX_BYTES = 100
_ESCAPES = {":": ";", "s": " ", "r": "\r", "n": "\n", "\\": "\\"}
_ESCAPED = re.compile(r"\\(.?)", re.S)
_BREAKS = re.compile(r"[\r\n\0]+")


@dataclass(frozen=True, slots=True)
class Wire:
    """``nick``, ``user`` and ``host`` are of whoever it is from; a server has no user."""

    command: str
    params: tuple[str, ...] = ()
    nick: str = ""
    user: str = ""
    host: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def last(self) -> str:
        return self.params[-1] if self.params else ""

    def param(self, index: int) -> str:
        return self.params[index] if index < len(self.params) else ""


def read(raw: bytes) -> Wire | None:
    """None for what is no line of the protocol."""
    rest = decode(raw).replace("\0", "").strip("\r\n")
    tags: dict[str, str] = {}
    if rest.startswith("@"):
        head, _, rest = rest.partition(" ")
        tags = dict(_tag(one) for one in head[1:].split(";") if one)
    nick = user = host = ""
    if rest.lstrip(" ").startswith(":"):
        source, _, rest = rest.lstrip(" ")[1:].partition(" ")
        name, _, host = source.partition("@")
        nick, _, user = name.partition("!")
    middle, colon, trailing = rest.strip(" ").partition(" :") if not rest.startswith(":") else ("", "", "")
    words = middle.split()
    if not words:
        return None
    return Wire(words[0].upper(), tuple(words[1:]) + ((trailing,) if colon else ()), nick, user, host, tags)


def write(command: str, *params: str) -> bytes:
    """The last parameter may have spaces; breaks of lines are taken out of all of them."""
    said = [_BREAKS.sub(" ", param) for param in params]
    if said:
        said[-1] = f":{said[-1]}"
    return " ".join([command, *said]).encode("utf-8", "replace") + b"\r\n"


def lines(said: str, target: str) -> list[str]:
    """A text as the lines in which it can be sent: cut at its breaks, and between words where it is too long."""
    room = MOST_BYTES - _PREFIX_BYTES - len(f"PRIVMSG {target} :\r\n".encode())
    return [piece for line in _BREAKS.split(said) if line.strip() for piece in _cut(line.rstrip(), room)]


def _cut(line: str, room: int) -> Iterator[str]:
    while len(line.encode("utf-8", "replace")) > room:
        fits = line.encode("utf-8", "replace")[:room].decode("utf-8", "ignore")
        head = fits.rpartition(" ")[0] or fits
        yield head
        line = line[len(head) :].lstrip(" ")
    if line:
        yield line


def _tag(one: str) -> tuple[str, str]:
    name, _, value = one.partition("=")
    return name, _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), value)


def masks(given: str) -> str:
    """A part of a mask in which letters stand for themselves."""
    return re.sub(r"[*?\s,]", "?", given)
