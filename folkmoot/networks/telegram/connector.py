"""Telegram: bots; Telegram Desktop's export as JSON, and channels saved as one JSON list of posts each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from folkmoot.lib.archive import Archive, Entry
from folkmoot.lib.json_stream import Broken, JsonStream
from folkmoot.networks.base import Batch, Facts, Format, Place, Seen, Skipped, gettext_noop
from folkmoot.networks.batches import Item, backfill
from folkmoot.networks.errors import Refused
from folkmoot.networks.live import Field
from folkmoot.networks.payload import Dates, mapping
from folkmoot.networks.reading import WHOLE, head, leave_out, located, numbered
from folkmoot.networks.telegram.chats import messages
from folkmoot.networks.telegram.client import SERVER
from folkmoot.networks.telegram.facts import LIMITS
from folkmoot.networks.telegram.parse import parse_chat, parse_message, parse_post
from folkmoot.networks.telegram.session import TelegramSession
from folkmoot.networks.times import zone

_CHAT = re.compile(
    rb'"type"\s*:\s*"(personal_chat|bot_chat|saved_messages|(private|public)_(group|supergroup|channel))"'
)
_ACCOUNT = re.compile(rb'"(chats|left_chats|personal_information)"\s*:\s*\{')
_POST_KEYS = (b'"message_id"', b'"sender_id"', b'"channel"')
_PAGE = re.compile(r"(.*/)?messages\d*\.html")
_LOOKED_AT = 50
_AGAIN = (
    "this is Telegram's export as web pages, which can't be read; export the chat again "
    "and choose “Machine-readable JSON” as its format"
)


class Telegram:
    facts = Facts(
        slug="telegram",
        name="Telegram",
        icon="brand-telegram",
        limits=LIMITS,
        formats=(
            Format("telegram", "Telegram Desktop export", "result.json, or the folder or zip it lies in"),
            Format("telegram-posts", "Telegram channels, one JSON list of posts each", "123_messages.json, …"),
        ),
    )

    fields = (
        Field(
            "token",
            gettext_noop("Token of the bot"),
            gettext_noop("As @BotFather gave it, such as 123456:ABC-def."),
            kind="secret",
            example="123456:ABC-def",
        ),
        Field(
            "chats",
            gettext_noop("Groups and channels"),
            gettext_noop(
                "Their @names or numbers, with spaces between. Others are offered once somebody speaks there."
            ),
            required=False,
            example="@gardenclub -1001234567890",
        ),
        Field(
            "server",
            gettext_noop("Own Bot API server"),
            gettext_noop("Only if you run one; else leave it as it is."),
            kind="url",
            required=False,
            default=SERVER,
        ),
    )
    session = TelegramSession

    def recognises(self, archive: Archive) -> str | None:
        for entry in archive.find(".json")[:_LOOKED_AT]:
            start = head(archive, entry) or b""
            if _is_export(start):
                return "telegram"
            if _is_posts(start):
                return "telegram-posts"
        return "telegram" if _has_pages(archive) else None

    def backfill(
        self, archive: Archive, *, format: str, cursor: str = "", options: Mapping[str, str] | None = None
    ) -> Iterator[Batch]:
        dates = Dates(zone(options or {}), datetime.now(UTC))
        if format == "telegram-posts":
            entries = _entries(archive, _is_posts)
            read = _Posts(archive, dates).read
        else:
            entries = _entries(archive, _is_export)
            read = _Export(archive, dates).read
            if not entries and _has_pages(archive):
                raise Refused(_AGAIN)
        leave_out(archive, entries)
        return backfill(
            archive,
            entries,
            read,
            cursor=cursor,
            nothing="no message of the Telegram export could be read; export it again as “Machine-readable JSON”",
        )


class _Export:
    def __init__(self, archive: Archive, dates: Dates) -> None:
        self._archive, self._dates = archive, dates

    def read(self, entry: Entry, offset: int) -> Iterator[Item]:
        return numbered(self._objects(entry), entry, offset, self._parse)

    def _objects(self, entry: Entry) -> Iterator[tuple[Place, Any]]:
        header: Mapping[str, Any] | None = None
        with self._archive.open(entry.name) as stream:
            for chat, message in messages(stream):
                if chat is not header:
                    header, place = chat, parse_chat(chat, entry.path.parent.name or self._archive.name)
                yield place, message

    def _parse(self, place: Place, message: Any) -> Iterable[Seen | Skipped]:
        return parse_message(mapping(message), place, self._dates)


class _Posts:
    def __init__(self, archive: Archive, dates: Dates) -> None:
        self._archive, self._dates = archive, dates

    def read(self, entry: Entry, offset: int) -> Iterator[Item]:
        with self._archive.open(entry.name) as stream:
            try:
                for number, post in enumerate(JsonStream(stream).array(), 1):
                    if number > offset:
                        place, what = parse_post(mapping(post), self._dates)
                        yield Item(located(what, entry, number), place, number)
            except Broken as error:
                yield Item(Skipped(error.reason, where=entry.name), None, WHOLE)


def _entries(archive: Archive, wanted: Callable[[bytes], bool]) -> list[Entry]:
    starts = ((entry, head(archive, entry)) for entry in archive.find(".json"))
    return [entry for entry, start in starts if start is None or wanted(start)]


def _is_chat(start: bytes) -> bool:
    return not _is_account(start) and _CHAT.search(start) is not None and b'"messages"' in start


def _is_account(start: bytes) -> bool:
    found = _ACCOUNT.search(start)
    return found is not None and b'"messages"' not in start[: found.start()]


def _is_posts(start: bytes) -> bool:
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[") and all(key in start for key in _POST_KEYS)


def _is_export(start: bytes) -> bool:
    return _is_chat(start) or _is_account(start)


def _has_pages(archive: Archive) -> bool:
    pages = [entry for entry in archive.find(".html") if _PAGE.fullmatch(entry.name)]
    return bool(pages) and b"page_wrap" in (head(archive, pages[0]) or b"")
