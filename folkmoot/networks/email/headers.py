"""What the head of a mail says: who, when, of what, in answer to what, on which list."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.utils import parseaddr, parsedate_to_datetime

from folkmoot.networks.base import Person
from folkmoot.networks.encodings import decode, known

_AT = r"(?:at|bei|chez|en|na|op|på|\(at\)|\[at\]|\(a\))"
_SPACED_AT = re.compile(rf"([^\s<>()\",;]+) +{_AT} +([^\s<>()\",;]+)", re.I)
_BRACKETED_AT = re.compile(r"([^\s<>()\",;]+) ?(?:\(at\)|\[at\]|\(a\)) ?([^\s<>()\",;]+)", re.I)
_COMMENT = re.compile(r"\((.*)\)\s*$", re.S)
_ADDRESS = re.compile(r"[^\s<>()\",;@]+@[^\s<>()\",;@]+")
_VIA = re.compile(r"\s+(?:via|через|przez|kaudu)\s+\S.*$", re.I)
_ID = re.compile(r"<([^<>\s]+)>")
_ANSWER = re.compile(
    r"(?:re|aw|sv|vs|ha|odp|antw|ynt|fwd?|wg|tr|rv|pd|на|отв|відп|fw|пересл)(?:\[\d+\])?\s*[:：]\s*", re.I
)
_TAG = re.compile(r"\[([^\[\]]{1,60})\]\s*")
# No honest header is longer, and no honest name and address.
_LONGEST, _LONGEST_NAME = 20_000, 1_000
_FOUR_DIGIT_YEAR = re.compile(r"\b[A-Za-z]{3,9}[ -](\d{4})\b")
_LIST_ID = re.compile(r"(.*?)<?([^<>\s]+)>?\s*$", re.S)
_ROBOTS = re.compile(r"(?:mailer-daemon|postmaster|double-bounce|bounces?|no-?reply|do-?not-?reply)(?:[+-].*)?@", re.I)


class Head:
    """The headers as they stand: ``Message`` itself would put question marks for bytes it can't decode."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name.lower(), []).append(str(value)[:_LONGEST].replace("\0", ""))

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._values

    def raw(self, name: str, index: int = 0) -> str:
        values = self._values.get(name.lower())
        return values[index] if values else ""

    def text(self, name: str) -> str:
        """Decoded, on one line; nothing where there is none."""
        return readable(self.raw(name))


def readable(value: str) -> str:
    """A raw header as people read it: RFC 2047 words decoded, bytes of unstated encodings guessed."""
    if not value.isascii():
        value = decode(value.encode("utf-8", "surrogateescape"))
    if "=?" in value:
        value = _words(value)
    return " ".join(value.split())


def _words(value: str) -> str:
    try:
        parts = decode_header(value)
    except (HeaderParseError, ValueError):
        return value
    return "".join(part if isinstance(part, str) else _charset(part, charset or "") for part, charset in parts)


def _charset(part: bytes, charset: str) -> str:
    name = known(charset)
    return part.decode(name, "replace") if name and name not in ("ascii", "us-ascii") else decode(part)


def author(head: Head) -> Person | None:
    """Who wrote it: the lower-cased address is the person, the exact name where there is no address.

    A list that writes itself into From ("Ann via List") names the writer elsewhere.
    """
    person = _person(head.raw("From"))
    if person is not None and _VIA.search(person.name):
        for name in ("X-Original-From", "Reply-To"):
            original = _person(head.raw(name))
            if original is not None and original.handle and original.handle != person.handle:
                shown = original.name if original.name != original.handle else _VIA.sub("", person.name)
                person = Person(original.remote_id, shown, original.handle)
                break
    if person is None:
        return None
    return Person(person.remote_id, person.name, person.handle, bot=_is_robot(head, person.remote_id))


def _person(stated: str) -> Person | None:
    stated = " ".join(stated[:_LONGEST_NAME].split())
    comment = _COMMENT.search(stated)
    plain = stated if "@" in stated else _without_disguise(stated)
    name, address = parseaddr(plain)
    if not _ADDRESS.fullmatch(address):
        found = _ADDRESS.search(plain)
        address = found[0] if found else ""
    address = readable(address).lower().strip(".“”\"'")
    if not name and comment:
        name = comment[1]
    if not name and not address:
        name = stated.strip(' <>"')
    name = readable(name).strip(" '\"") or address
    return Person(address or name, name, address) if name else None


def _without_disguise(stated: str) -> str:
    """'ann at example.org (Ann)', as list archives write it."""
    return (_BRACKETED_AT if re.search(r"[(\[]at?[)\]]", stated, re.I) else _SPACED_AT).sub(r"\1@\2", stated, count=1)


def _is_robot(head: Head, address: str) -> bool:
    if head.raw("Auto-Submitted").lower().startswith("auto-generated"):
        return True
    return bool(_ROBOTS.match(address))


def is_automatic_reply(head: Head) -> bool:
    """An absence notice: nobody wrote it, although a person's address sent it."""
    submitted = head.raw("Auto-Submitted").lower()
    precedence = head.raw("Precedence").lower().strip()
    return submitted.startswith("auto-replied") or precedence == "auto_reply" or "X-Autoreply" in head


def sent_at(head: Head, envelope: str) -> datetime | None:
    """When it was sent: by its Date, else by who received it first, else by the mbox's own line. Aware.

    Raises ``ValueError`` for a Date that is there and lies in no year of ours.
    """
    stated = head.text("Date")
    year = _FOUR_DIGIT_YEAR.search(stated)
    if year and int(year[1]) < 1970:  # the parser would take 0001 for 2001
        raise ValueError(stated)
    received = head.raw("Received", -1)
    for candidate in (stated, received.rpartition(";")[2], envelope):
        try:
            at = parsedate_to_datetime(candidate.strip())
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return None


def ids(head: Head, name: str) -> list[str]:
    return _ID.findall(head.text(name))


def own_id(head: Head) -> str:
    stated = head.text("Message-ID")
    found = _ID.search(stated)
    return found[1] if found else stated.strip(" <>")[:500]


def list_of(head: Head) -> tuple[str, str] | None:
    """The list's lasting id and its name, by what the list itself wrote."""
    if stated := head.text("List-Id"):
        found = _LIST_ID.match(stated[:_LONGEST_NAME])
        if found and found[2]:
            return found[2].lower(), found[1].strip(' "') or found[2].partition(".")[0]
    been = head.text("X-BeenThere").partition(",")[0].strip()
    return (been.lower().replace("@", "."), been.partition("@")[0]) if "@" in been else None


def title(subject: str, tags: frozenset[str]) -> str:
    """The subject without marks of answering and forwarding, and without the list's own ``tags`` in brackets."""
    left = subject
    while left:
        tag = _TAG.match(left)
        mark = _ANSWER.match(left)
        if mark:
            left = left[mark.end() :]
        elif tag and tag[1].lower() in tags:
            left = left[tag.end() :]
        else:
            break
    return left.strip() or subject


def usual_tag(head: str) -> str:
    """The bracketed word that most subjects in the head of an archive begin with, or nothing."""
    subjects = re.findall(r"^Subject: *(.*)$", head, re.M | re.I)
    tags = Counter(tag[1] for subject in subjects if (tag := _TAG.match(_ANSWER.sub("", subject, count=1) or subject)))
    common = tags.most_common(1)
    return common[0][0] if common and common[0][1] * 2 > len(subjects) else ""
