"""A feed's bytes to its entries, however broken they are.

An entry is known by its id (``guid``, ``id``), else by its link, else by a digest of its words. Where one id is given to
several entries of a feed, their links tell them apart.
"""

from __future__ import annotations

import json
from calendar import timegm
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from io import BytesIO
from typing import Any
from urllib.parse import urljoin

import feedparser

from folkmoot.lib.html import to_text
from folkmoot.networks.base import Attachment, Person, SeenMessage
from folkmoot.networks.payload import attachment_kind, count, mapping, mappings, text, web_address
from folkmoot.networks.times import believable

MOST_ENTRIES = 500
_KEPT = ("id", "link", "title", "published", "updated", "author")


@dataclass(frozen=True, slots=True)
class Entry:
    """``at`` is None where the feed does not say when it was written, or nothing that can be true."""

    remote_id: str
    author: Person
    title: str
    html: str
    text: str
    at: datetime | None
    edited_at: datetime | None
    url: str
    attachments: tuple[Attachment, ...]
    raw: Mapping[str, Any] = field(compare=False, repr=False)

    def seen(self, first_seen: datetime) -> SeenMessage:
        at = self.at or first_seen
        return SeenMessage(
            remote_id=self.remote_id,
            at=at,
            author=self.author,
            text=self.text or self.title,
            html=self.html,
            kind="post",
            thread=self.remote_id,
            thread_title=self.title,
            edited_at=self.edited_at if self.edited_at and self.edited_at > at else None,
            url=self.url,
            attachments=self.attachments,
            raw=self.raw,
        )

    @property
    def digest(self) -> str:
        """Changes when the entry does."""
        return _digest(self.title, self.text, self.url)


@dataclass(frozen=True, slots=True)
class Feed:
    """``hub`` and ``topic`` are where news of it can be had at once (WebSub), ``older`` the page behind (RFC 5005).

    ``more`` is how many entries were left out, being more than ``MOST_ENTRIES``.
    """

    title: str
    url: str
    hub: str
    topic: str
    older: str
    entries: tuple[Entry, ...]
    more: int = 0


def parse(body: bytes, address: str, headers: Mapping[str, str], *, now: datetime) -> Feed | None:
    """The feed, its newest entries first as a rule; None for what is none."""
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    found = _json_feed(body, address, now) if start == b"{" else _xml_feed(body, address, headers, now)
    if found is None:
        return None
    linked = _links_of(headers.get("link", ""), address)
    return Feed(
        found.title,
        found.url,
        linked.get("hub") or found.hub,
        linked.get("self") or found.topic,
        found.older,
        found.entries,
        found.more,
    )


def _xml_feed(body: bytes, address: str, headers: Mapping[str, str], now: datetime) -> Feed | None:
    told = {"content-type": headers.get("content-type", "")}
    # A stream, because it would take bytes for the name of a file. No address: ids would be completed by it, and change
    # with it. Markup is made safe where it is shown
    read = feedparser.parse(BytesIO(body), response_headers=told, sanitize_html=False, resolve_relative_uris=False)
    if not read.get("version") and not read.entries:
        return None
    head = read.feed
    title = to_text(text(head.get("title")))
    links = {text(link.get("rel")): _joined(address, link.get("href")) for link in head.get("links", ())}
    author = _xml_author(head) or Person(address, title or address)
    raw = list(read.entries)
    entries = _told_apart([_xml_entry(item, author, address, now) for item in raw[:MOST_ENTRIES]])
    older = links.get("prev-archive", "") or links.get("next", "")
    more = max(len(raw) - MOST_ENTRIES, 0)
    return Feed(
        title, _joined(address, head.get("link")), links.get("hub", ""), links.get("self", ""), older, entries, more
    )


def _xml_entry(item: Any, feed: Person, address: str, now: datetime) -> Entry:
    contents = item.get("content") or ()
    html = text(contents[0].get("value")) if contents else text(item.get("summary"))
    title, url = to_text(text(item.get("title"))), _joined(address, item.get("link"))
    words = to_text(html)
    # Asked for when it is not there, the library would give the other date, and warn of it
    updated = item["updated_parsed"] if "updated_parsed" in item else None  # noqa: SIM401
    return Entry(
        remote_id=(text(item.get("id")).strip() or url or _digest(title, words))[:1000],
        author=_xml_author(item) or feed,
        title=title,
        html=html,
        text=words,
        at=_date(item.get("published_parsed") or updated, now),
        edited_at=_date(updated, now),
        url=url,
        attachments=_enclosures(item, address),
        raw={name: text(item.get(name)) for name in _KEPT if name in item},
    )


def _xml_author(item: Any) -> Person | None:
    told = item.get("author_detail") or {}
    name, address = text(told.get("name")).strip(), text(told.get("email")).strip().lower()
    name = name or text(item.get("author")).strip()
    uri = web_address(told.get("href"))
    known = uri or address or name
    return Person(known[:500], name or address or uri, address) if known else None


def _enclosures(item: Any, address: str) -> tuple[Attachment, ...]:
    found = []
    for one in item.get("enclosures", ()):
        url = _joined(address, one.get("href"))
        if url:
            found.append(_attachment(url, text(one.get("type")), one.get("length")))
    return tuple(found)


def _json_feed(body: bytes, address: str, now: datetime) -> Feed | None:
    """https://www.jsonfeed.org/version/1.1/"""
    try:
        read = mapping(json.loads(body.decode("utf-8-sig", "replace")))
    except (ValueError, RecursionError):
        return None
    if "jsonfeed.org/version" not in text(read.get("version")):
        return None
    title, hubs = text(read.get("title")), mappings(read.get("hubs"))
    author = _json_author(read) or Person(address, title or address)
    raw = mappings(read.get("items"))
    entries = _told_apart([_json_entry(item, author, now) for item in raw[:MOST_ENTRIES]])
    hub = next((web_address(one.get("url")) for one in hubs if text(one.get("type")).lower() == "websub"), "")
    topic, older = web_address(read.get("feed_url")), web_address(read.get("next_url"))
    more = max(len(raw) - MOST_ENTRIES, 0)
    return Feed(title, web_address(read.get("home_page_url")), hub, topic, older, entries, more)


def _json_entry(item: Mapping[str, Any], feed: Person, now: datetime) -> Entry:
    html, plain = text(item.get("content_html")), text(item.get("content_text"))
    title, url = text(item.get("title")), web_address(item.get("url")) or web_address(item.get("external_url"))
    words = plain or to_text(html) or text(item.get("summary"))
    attached = mappings(item.get("attachments"))
    files = [
        _attachment(web_address(one.get("url")), text(one.get("mime_type")), one.get("size_in_bytes"))
        for one in attached
    ]
    return Entry(
        remote_id=(text(item.get("id")) or url or _digest(title, words))[:1000],
        author=_json_author(item) or feed,
        title=title,
        html=html,
        text=words,
        at=_iso(item.get("date_published") or item.get("date_modified"), now),
        edited_at=_iso(item.get("date_modified"), now),
        url=url,
        attachments=tuple(one for one in files if one.url),
        raw={name: value for name, value in item.items() if not name.startswith("content_")},
    )


def _json_author(item: Mapping[str, Any]) -> Person | None:
    for told in (*mappings(item.get("authors")), mapping(item.get("author"))):
        name, url = text(told.get("name")), web_address(told.get("url"))
        if name or url:
            return Person(url or name, name or url, avatar=web_address(told.get("avatar")))
    return None


def _attachment(url: str, mime: str, size: object) -> Attachment:
    name = url.split("?")[0].rpartition("/")[2]
    return Attachment(attachment_kind(mime, name), url, name[:255], mime[:120], count(size) or None)


def _told_apart(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Entries with ids of their own: some feeds give one to all, or repeat an entry."""
    given = Counter(
        entry.remote_id for entry in {(one.remote_id, one.url, one.digest): one for one in entries}.values()
    )
    found: dict[str, Entry] = {}
    for entry in entries:
        own = entry if given[entry.remote_id] == 1 else _renamed(entry)
        found.setdefault(own.remote_id, own)
    return tuple(found.values())


def _renamed(entry: Entry) -> Entry:
    told = {name: getattr(entry, name) for name in Entry.__slots__}
    return Entry(**told | {"remote_id": _digest(entry.remote_id, entry.url or entry.digest)})


def _date(parsed: Any, now: datetime) -> datetime | None:
    """From the nine numbers that the library makes of a date, in UTC."""
    if not parsed:
        return None
    try:
        return _believed(datetime.fromtimestamp(timegm(parsed), UTC), now)
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _iso(stated: object, now: datetime) -> datetime | None:
    value = text(stated)
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
        except (ValueError, TypeError, IndexError):
            return None
    try:
        return _believed((at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC), now)
    except OverflowError:
        return None


def _believed(at: datetime, now: datetime) -> datetime | None:
    return at if believable(at, now) else None


def _links_of(header: str, address: str) -> dict[str, str]:
    """Relations of a ``Link`` header (RFC 8288) to addresses; the first of each counts."""
    found: dict[str, str] = {}
    for url, told in _links(header):
        for name in told.split():
            found.setdefault(name.lower(), _joined(address, url))
    return found


def _links(header: str) -> Iterator[tuple[str, str]]:
    for part in header[:8000].split(",<" if ",<" in header else ", <"):
        url, _, rest = part.strip().lstrip("<").partition(">")
        for option in rest.split(";"):
            name, _, value = option.strip().partition("=")
            if name.strip().lower() == "rel":
                yield url, value.strip(' "')


def _joined(address: str, link: object) -> str:
    """A link as a whole web address, or nothing."""
    try:
        return web_address(urljoin(address, text(link).strip())) if link else ""
    except ValueError:
        return ""


def _digest(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=12).hexdigest()
