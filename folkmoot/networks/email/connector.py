"""Mailing lists and mailboxes as files: mbox, list archives by month, folders of .eml."""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from io import BufferedIOBase, BufferedReader
from typing import NamedTuple

from folkmoot.lib.archive import Archive, Entry, Unreadable
from folkmoot.networks.base import Batch, Facts, Format, Limits, Option, Place, SeenMessage, Skipped, gettext_noop
from folkmoot.networks.batches import Item, backfill
from folkmoot.networks.email import headers, parse
from folkmoot.networks.email.account import FIELDS
from folkmoot.networks.email.session import EmailSession
from folkmoot.networks.encodings import decode
from folkmoot.networks.reading import leave_out

MAX_MAIL = 25 * 1024**2
_LINE = 64 * 1024
_SAMPLE = 64 * 1024
# What a packed file inside the archive may grow to.
_RATIO, _RATIO_FROM = 200, 256 * 1024**2
_FIRST_HEADER = re.compile(
    rb"(?:Return-Path|Received|Delivered-To|From|To|Date|Message-ID|Subject|MIME-Version|X-[\w-]+|Reply-To|"
    rb"DKIM-Signature|ARC-[\w-]+|Content-Type|In-Reply-To|Authentication-Results|Sender): ?",
    re.I,
)
_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
# What archives by month, week or quarter add to a list's name.
_PERIOD = re.compile(rf"[-_. ]*(?:(?:19|20)\d\d[-_. ]?(?:q[1-4]|week-?\w+|{_MONTHS}|\d\d)?)(?=$|[-_. ])", re.I)
_ENDING = re.compile(r"(?:\.(?:mbox|mbx|txt|eml|gz|mail))+$", re.I)
_NOTHING = "no mail in this archive could be read; export the list or mailbox again as mbox"


class Email:
    facts = Facts(
        slug="email",
        name="E-mail",
        icon="mail",
        # What most providers take as attachments, as Gmail does (25 MB as it goes over the wire)
        limits=Limits(media=20, media_bytes=18_000_000, as_of="2026-11-21"),
        formats=(
            Format(
                "mbox",
                "Mailbox (mbox, .eml)",
                "Also the monthly text files of list archives. Option: list.",
                (Option("list", gettext_noop("Name of the list"), gettext_noop("Empty: as its mails name it.")),),
            ),
        ),
    )
    fields = FIELDS
    session = EmailSession

    def recognises(self, archive: Archive) -> str | None:
        entries = _candidates(archive)
        sample = entries[:: max(1, len(entries) // 12)][:12]
        return "mbox" if any(_kind(archive, entry) for entry in sample) else None

    def backfill(
        self, archive: Archive, *, format: str, cursor: str = "", options: Mapping[str, str] | None = None
    ) -> Iterator[Batch]:
        reader = _Reader(archive, (options or {}).get("list", ""))
        entries = _candidates(archive)
        leave_out(archive, entries)
        return backfill(archive, entries, reader.read, cursor=cursor, nothing=_NOTHING)


class _Mail(NamedTuple):
    """``raw`` is None for a mail too large to be taken; ``end`` is where the next one begins."""

    raw: bytes | None
    envelope: str
    end: int


def _candidates(archive: Archive) -> list[Entry]:
    if len(archive.entries) == 1:
        return archive.entries
    return [
        entry
        for entry in archive.entries
        if re.search(r"\.(mbox|mbx|eml|txt|mail)(\.gz)?$", entry.name, re.I) or not entry.path.suffix
    ]


def _kind(archive: Archive, entry: Entry) -> str:
    """'mbox', 'eml' or nothing."""
    try:
        head = _head(archive, entry, 4096).removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    except Unreadable:
        return ""
    if parse.envelope_date(head.split(b"\n", 1)[0]):
        return "mbox"
    mailish = entry.path.suffix.lower() in (".eml", ".mail", "") and _FIRST_HEADER.match(head)
    return "eml" if mailish else ""


def _head(archive: Archive, entry: Entry, size: int) -> bytes:
    if not entry.name.lower().endswith(".gz"):
        return archive.head(entry.name, size)
    try:
        return zlib.decompressobj(31).decompress(archive.head(entry.name, size), size)
    except zlib.error as error:
        raise Unreadable(f"{entry.name} is damaged: {error}") from error


class _Reader:
    def __init__(self, archive: Archive, chosen: str) -> None:
        self._archive = archive
        self._chosen = chosen
        self._now = datetime.now(UTC)

    def read(self, entry: Entry, offset: int) -> Iterator[Item]:
        kind = _kind(self._archive, entry)
        if not kind:
            self._archive.seen(entry.name)
            if entry.size and not offset:
                yield Item(Skipped("not a mailbox", where=entry.name), None, 1)
            return
        fallback = self._place(entry)
        with self._archive.open(entry.name) as packed:
            stream = _unpacked(packed, entry)
            for mail in _whole(stream) if kind == "eml" else _split(stream, offset):
                if mail.end > offset:
                    yield self._item(mail, fallback, entry)

    def _item(self, mail: _Mail, fallback: Place, entry: Entry) -> Item:
        if mail.raw is None:
            found: tuple[Place, SeenMessage] | Skipped = Skipped("message too large")
        else:
            found = parse.message(mail.raw, fallback, envelope=mail.envelope, now=self._now)
        if not isinstance(found, Skipped):
            return Item(found[1], found[0], mail.end)
        return Item(Skipped(found.reason, where=f"{entry.name}, before byte {mail.end}"), None, mail.end)

    def _place(self, entry: Entry) -> Place:
        """The list of mails that name none: chosen, or what most mails at the head of the file say, or the file's name."""
        if self._chosen:
            return Place(self._chosen.lower(), self._chosen, "list")
        head = decode(_head(self._archive, entry, _SAMPLE))
        stated = Counter(re.findall(r"^List-Id: *(.*(?:\n[ \t].*)*)", head, re.M | re.I)).most_common(1)
        found = headers.list_of(headers.Head(("List-Id", value) for value, _ in stated))
        if found and entry.path.suffix != ".eml":
            return parse.place_of(found)
        name = headers.usual_tag(head) or _list_name(self._archive, entry)
        return Place(name.lower(), name, "list")


def _list_name(archive: Archive, entry: Entry) -> str:
    """The file's name without dates and endings; the folder's, or the archive's, where nothing is left of it."""
    candidates = [] if entry.path.suffix.lower() == ".eml" else [entry.path.name]
    candidates += [parent.name for parent in entry.path.parents]
    candidates += [archive.path.resolve().name, archive.path.resolve().parent.name]
    for candidate in candidates:
        name = _PERIOD.sub("", _ENDING.sub("", candidate)).strip("-_. ")
        if name and not re.fullmatch(_MONTHS, name, re.I):
            return name
    return archive.name


def _unpacked(packed: BufferedReader, entry: Entry) -> BufferedIOBase:
    return _Gunzip(packed, entry) if entry.name.lower().endswith(".gz") else packed


class _Gunzip(gzip.GzipFile):
    """A packed file inside the archive, held to its bounds."""

    def __init__(self, packed: BufferedReader, entry: Entry) -> None:
        super().__init__(fileobj=packed, mode="rb")
        self._most = max(_RATIO * entry.size, _RATIO_FROM)
        self._called = entry.name

    def readline(self, size: int | None = -1) -> bytes:
        try:
            line = super().readline(size)
        except (OSError, EOFError, zlib.error) as error:
            raise Unreadable(f"{self._called} is damaged or cut off: {error}") from error
        if self.tell() > self._most:
            raise Unreadable(f"{self._called} unpacks to hundreds of times its size; it was refused")
        return line


def _whole(stream: BufferedIOBase) -> Iterator[_Mail]:
    """A file that is one mail."""
    raw = bytearray()
    while (line := stream.readline(_LINE)) and len(raw) <= MAX_MAIL:
        raw += line
    yield _Mail(bytes(raw) if len(raw) <= MAX_MAIL else None, "", 1)


def _split(stream: BufferedIOBase, offset: int) -> Iterator[_Mail]:
    """The mails of an mbox from ``offset`` on, where one begins, with never more than one of them in memory."""
    _skip(stream, offset)
    raw: list[bytes] = []
    size, position, blank, begun = 0, offset, True, False
    envelope = ""
    while line := stream.readline(_LINE):
        if blank and line.startswith(b"From ") and (date := parse.envelope_date(line)):
            if begun:
                yield _finished(raw, size, envelope, position)
            raw, size, envelope, begun = [], 0, date, True
        elif begun:
            size += len(line)
            if size <= MAX_MAIL:
                raw.append(line)
        blank = line in (b"\n", b"\r\n") or (blank and not begun)
        position += len(line)
    if begun:
        yield _finished(raw, size, envelope, position)


def _finished(raw: list[bytes], size: int, envelope: str, end: int) -> _Mail:
    if raw and raw[-1] in (b"\n", b"\r\n"):
        raw.pop()  # it belongs to the separator
    return _Mail(parse.unescaped(b"".join(raw)) if size <= MAX_MAIL else None, envelope, end)


def _skip(stream: BufferedIOBase, count: int) -> None:
    while count > 0 and (part := stream.readline(min(count, _LINE))):
        count -= len(part)
