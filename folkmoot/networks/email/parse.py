"""A mail's bytes to what was said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from hashlib import blake2b

from folkmoot.networks.base import Place, SeenMessage, Skipped
from folkmoot.networks.email import headers
from folkmoot.networks.email.body import contents
from folkmoot.networks.times import believable

_LONGEST_FROM = 500
_FROM_LINE = re.compile(rb"From (?:\S.*?)?\s+(\w{3},? +\w{3} +\d\d? +\d\d?:\d\d(?::\d\d)?(?: +[\w+-]+){0,2} +\d{4}.*)$")
_HEADER = re.compile(rb"[!-9;-~]+:|[ \t]")
_ESCAPED = re.compile(rb"^>(>*From )", re.M)
_KEPT = ("From", "Date", "Subject", "Message-ID", "In-Reply-To", "References", "List-Id", "Archived-At")


def envelope_date(first_line: bytes) -> str:
    """The date in an mbox's separator, in the order of mail headers ("Wed Dec  1 08:26:40 2010" has its own)."""
    found = _FROM_LINE.match(first_line.rstrip()) if len(first_line) < _LONGEST_FROM else None
    return found[1].decode("ascii", "replace") if found else ""


def message(raw: bytes, fallback: Place, *, envelope: str = "", now: datetime) -> tuple[Place, SeenMessage] | Skipped:
    """The mail and the list it was on (``fallback`` where it names none), or why it can't be taken."""
    if not _HEADER.match(raw):
        return Skipped("not a mail")
    try:
        mail = message_from_bytes(raw)
        return _message(mail, fallback, envelope, now)
    except (MessageError, RecursionError):
        return Skipped("not a mail")


def unescaped(raw: bytes) -> bytes:
    """An mbox writes '>From ' for lines that would look like its separators."""
    return _ESCAPED.sub(rb"\1", raw) if b"\n>" in raw else raw


def place_of(found: tuple[str, str]) -> Place:
    return Place(found[0], found[1], "list")


def _message(mail: Message, fallback: Place, envelope: str, now: datetime) -> tuple[Place, SeenMessage] | Skipped:
    head = headers.Head(mail.raw_items())
    person = headers.author(head)
    if person is None:
        return Skipped("no author")
    if headers.is_automatic_reply(head):
        return Skipped("automatic reply")
    at = _at(head, envelope, now)
    if isinstance(at, Skipped):
        return at
    stated = headers.list_of(head)
    place = place_of(stated) if stated else fallback
    text, html, attachments = contents(mail)
    subject = head.text("Subject")
    own, parents = _ids(head, person.remote_id, at, subject + text)
    return place, SeenMessage(
        own,
        at,
        person,
        text,
        html,
        kind="reply" if parents else "post",
        thread=parents[0] if parents else own,
        thread_title=headers.title(subject, _tags(place)),
        parent=parents[-1] if parents else None,
        url=head.text("Archived-At").strip("<>"),
        attachments=attachments,
        raw=_raw(head),
    )


def _at(head: headers.Head, envelope: str, now: datetime) -> datetime | Skipped:
    try:
        at = headers.sent_at(head, envelope)
    except ValueError:
        return Skipped("date out of range")
    if at is None:
        return Skipped("no date")
    return at.astimezone(UTC) if believable(at, now) else Skipped("date out of range")


def _ids(head: headers.Head, author: str, at: datetime, words: str) -> tuple[str, list[str]]:
    """The mail's own id, a digest where it has none, and its ancestors': the first of its thread to the one it answers."""
    own = headers.own_id(head)
    if not own:
        parts = "\x1f".join((author, at.isoformat(), words))
        own = blake2b(parts.encode("utf-8", "replace"), digest_size=16).hexdigest()
    answered = headers.ids(head, "In-Reply-To")[:1]
    ancestors = [*headers.ids(head, "References")[:1], *(answered or headers.ids(head, "References")[-1:])]
    return own, [ancestor for ancestor in ancestors if ancestor != own]


def _tags(place: Place) -> frozenset[str]:
    return frozenset({place.name.lower(), place.remote_id, place.remote_id.partition(".")[0]})


def _raw(head: headers.Head) -> Mapping[str, str]:
    return {name: head.text(name) for name in _KEPT if name in head}
