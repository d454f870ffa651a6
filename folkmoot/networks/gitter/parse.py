"""Gitter's messages, from its API and from text logs, as network-neutral things seen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from folkmoot.lib.html import to_text
from folkmoot.networks.base import Person, Place, SeenMessage, Skipped
from folkmoot.networks.payload import Dates, Unfit, count, mapping, text, web_address

HEADER = re.compile(r"\[(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)\] <([^<>\s]{1,200})> ?(.*)", re.DOTALL)
# Who sorts a log into dialogs puts a rule between them, and often the next line's number before its date.
_RULE = re.compile(rb"^-{20,}\s*$", re.MULTILINE)
_NUMBERED = re.compile(rb"\A\s*\d+ \[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\] <")
_FIRST = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*\[\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\] <[^<>\s]{1,200}>")
# What goes on without a header for longer is no message any more, and may not be held.
_MAX_TEXT = 1_000_000


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a text log; ``turn`` counts those that are alike in time, author and text."""

    at: str
    nick: str
    words: str
    turn: int = 0


def is_log(head: bytes) -> bool:
    """Whether a text file is a log: its first line has a full date and a name, and nobody sorted it into dialogs."""
    return _FIRST.match(head) is not None and not is_dialogs(head)


def is_dialogs(head: bytes) -> bool:
    """Whether a text file holds a log's messages once more, sorted into dialogs."""
    dated = _FIRST.match(head) is not None or _NUMBERED.match(head) is not None
    return dated and _RULE.search(head) is not None


def parse_room(stem: str) -> Place:
    """The room that a file such as "owner_repository" is of: names of owners, as GitHub has them, hold no "_"."""
    name = re.sub(r"_chatFormat$", "", stem).replace("_", "/", 1)
    return Place(name, name, "chat")


def parse_lines(lines: Iterable[str | None]) -> Iterator[Said | Skipped]:
    """Messages of a text log; lines without a header continue the message before. None is a line too long to hold."""
    begun: list[str] | None = None
    header, size = ("", ""), 0
    alike: dict[tuple[str, str], int] = {}
    for line in lines:
        found = HEADER.match(line) if line is not None else None
        if line is None:
            yield Skipped("line too long")
        elif found is None:
            size += len(line) + 1
            if begun is None or size > _MAX_TEXT:
                yield Skipped("no author")
            else:
                begun.append(line)
        else:
            if begun is not None:
                yield _said(header, begun, alike)
            if header[0] != found[1]:
                alike.clear()
            header, begun, size = (found[1], found[2]), [found[3]], len(found[3])
    if begun is not None:
        yield _said(header, begun, alike)


def _said(header: tuple[str, str], lines: list[str], alike: dict[tuple[str, str], int]) -> Said:
    words = "\n".join(lines).strip()
    turn = alike[header[1], words] = alike.get((header[1], words), -1) + 1
    return Said(*header, words, turn)


def parse_said(said: Said, room: Place, dates: Dates) -> SeenMessage:
    """A message of a text log. Logs carry no ids, so one is made of all that is known. Raises ``Unfit``."""
    known = "\n".join([room.remote_id, said.at, said.nick, said.words, str(said.turn)])
    return SeenMessage(
        remote_id=blake2b(known.encode(), digest_size=12).hexdigest(),
        at=dates.iso(said.at),
        author=Person(said.nick, said.nick, said.nick),
        text=said.words,
        raw={"sent": said.at, "nick": said.nick, "text": said.words},
    )


def parse_message(item: Mapping[str, Any], dates: Dates) -> SeenMessage:
    """A message as the API gives it. Raises ``Unfit``."""
    ident, parent = text(item.get("id")), text(item.get("parentId"))
    if not ident:
        raise Unfit("no id")
    author = parse_author(item)
    words, html, edited = text(item.get("text")), text(item.get("html")), item.get("editedAt")
    at = dates.iso(item.get("sent"))
    if not words and not html and edited:
        raise Unfit("deleted at the network")
    opens = bool(count(item.get("threadMessageCount")))
    return SeenMessage(
        remote_id=ident,
        at=at,
        author=author,
        text=words.strip() or to_text(html),
        html=html,
        kind="comment" if parent else "post" if opens else None,
        thread=parent or (ident if opens else None),
        parent=parent or None,
        edited_at=dates.iso(edited) if edited else None,
        raw=item,
    )


def parse_author(item: Mapping[str, Any]) -> Person:
    """Who wrote it: for a message bridged over from Matrix the person there, not the bridge. Raises ``Unfit``."""
    bridged, user = mapping(item.get("virtualUser")), mapping(item.get("fromUser"))
    if text(bridged.get("externalId")):
        ident = text(bridged["externalId"])
        return Person(ident, text(bridged.get("displayName")), ident, avatar=web_address(bridged.get("avatarUrl")))
    handle = text(user.get("username"))
    ident = text(user.get("id")) or handle
    if not ident:
        raise Unfit("no author")
    return Person(ident, text(user.get("displayName")) or handle, handle, avatar=web_address(user.get("avatarUrl")))
