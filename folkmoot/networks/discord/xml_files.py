"""The XML of the DISCO research set: chats of Discord servers with people renamed and conversations told apart.

It is read by its own few tags and not as XML: some of its files are not well-formed, and nothing in it is expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from io import BufferedReader

from folkmoot.lib.archive import Archive, Entry, natural
from folkmoot.networks.base import Person, Place, SeenMessage, Skipped
from folkmoot.networks.batches import Item
from folkmoot.networks.discord.parse import digest
from folkmoot.networks.discord.repeats import Repeats
from folkmoot.networks.payload import Dates, Unfit
from folkmoot.networks.reading import WHOLE, head, located

_LOOKED_AT = 50
_CHUNK = 64 * 1024
MAX_MESSAGE = 8 * 1024 * 1024
_END = b"</message>"
_MESSAGE = re.compile(rb"<message(?P<attributes>[^>]*)>(?P<inside>.*)\Z", re.DOTALL)
_CONVERSATION = re.compile(r"conversation_id\s*=\s*[\"']([^\"']+)[\"']")
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)


class XmlFiles:
    def __init__(self, archive: Archive, dates: Dates) -> None:
        self._archive, self._dates = archive, dates
        # With ".out" come the same messages, their conversations told apart.
        entries = [entry for entry in archive.find(".xml", ".xml.out") if f"{entry.name}.out" not in archive]
        looked = {entry.name: head(archive, entry) for entry in entries}
        starts = {name: start or b"" for name, start in looked.items() if start is None or _is_chat(start)}
        self._places = {name: _place(name, start) for name, start in starts.items()}
        order = {
            name: (natural(self._places[name].remote_id), _preface(starts[name], "start_date")) for name in self._places
        }
        self.entries = sorted(
            (entry for entry in entries if entry.name in order),
            key=lambda entry: (order[entry.name], natural(entry.name)),
        )

    @staticmethod
    def recognises(archive: Archive) -> bool:
        return any(_is_chat(head(archive, entry) or b"") for entry in archive.find(".xml", ".xml.out")[:_LOOKED_AT])

    def read(self, entry: Entry, offset: int) -> Iterator[Item]:
        place, repeats, number = self._places[entry.name], Repeats(), 0
        series = entry.path.name.removesuffix(".out").removesuffix(".xml")
        with self._archive.open(entry.name) as stream:
            try:
                for block in _blocks(stream):
                    number += 1
                    what = parse_element(block, series, self._dates, repeats)
                    if number > offset:
                        yield Item(located(what, entry, number), place, number)
            except Unfit as unfit:
                yield Item(Skipped(unfit.reason, where=f"{entry.name} · {number + 1}"), None, WHOLE)


def parse_element(block: bytes, series: str, dates: Dates, repeats: Repeats) -> SeenMessage | Skipped:
    """One message, from its opening tag up to its closing one. Conversations are numbered within ``series``."""
    try:
        return _parse(block, series, dates, repeats)
    except Unfit as unfit:
        return Skipped(unfit.reason)
    except UnicodeDecodeError:
        return Skipped("wrong encoding")


def _parse(block: bytes, series: str, dates: Dates, repeats: Repeats) -> SeenMessage:
    found = _MESSAGE.search(block.replace(b"\0", b""))
    if found is None:
        raise Unfit("not a message")
    raw = {name: _tag(found["inside"], name) for name in ("ts", "user", "text")}
    conversation = _CONVERSATION.search(found["attributes"].decode())
    if not raw["user"]:
        raise Unfit("no author")
    at = dates.iso(raw["ts"])
    alike = digest(raw["user"], raw["ts"], raw["text"])
    number = repeats.number(at, alike)
    return SeenMessage(
        remote_id=alike if number == 1 else f"{alike}-{number}",
        at=at,
        author=Person(raw["user"], raw["user"]),
        text=raw["text"],
        thread=f"{series}:{conversation[1]}" if conversation else None,
        raw=raw | ({"conversation_id": conversation[1]} if conversation else {}),
    )


def _blocks(stream: BufferedReader) -> Iterator[bytes]:
    """The text up to each closing tag. Raises ``Unfit`` where the file ends inside a message or one has no end."""
    held = b""
    while part := stream.read(_CHUNK):
        *whole, held = (held + part).split(_END)
        yield from whole
        if len(held) > MAX_MESSAGE:
            raise Unfit("item too long")
    if b"<message" in held:
        raise Unfit("cut off")


def _tag(inside: bytes, name: str) -> str:
    found = re.search(rf"<{name}>(.*)</{name}>".encode(), inside, re.DOTALL)
    content = found[1].decode() if found else ""
    if "<![CDATA[" in content:
        return _CDATA.sub(lambda part: part[1], content)
    return unescape(content) if "&" in content else content


def _is_chat(start: bytes) -> bool:
    return b"<discord>" in start and b"<message" in start


def _place(name: str, start: bytes) -> Place:
    told = [_preface(start, key) for key in ("team_domain", "channel_name")]
    known = [part for part in told if part] or [name.rsplit("/", 1)[-1].split(".")[0]]
    return Place("/".join(known), " / ".join(known))


def _preface(start: bytes, key: str) -> str:
    try:
        return _tag(start.split(b"<message", 1)[0], key)
    except UnicodeDecodeError:
        return ""
