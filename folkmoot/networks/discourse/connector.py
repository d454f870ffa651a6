"""Discourse: posts as its API gives them, in whatever files they were put."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from folkmoot.lib.archive import Archive, Entry, Unreadable
from folkmoot.lib.json_stream import Broken, JsonStream
from folkmoot.networks import json_lines, reading
from folkmoot.networks.base import Batch, Facts, Format, Limits, Place, Rate, Seen, Skipped, gettext_noop
from folkmoot.networks.batches import Item, backfill
from folkmoot.networks.discourse.parse import find_host, is_post, newest, parse_post
from folkmoot.networks.discourse.session import DiscourseSession
from folkmoot.networks.first_look import first_look
from folkmoot.networks.live import Field
from folkmoot.networks.payload import Dates, Unfit, mapping, text
from folkmoot.networks.times import zone

_LOOKED_AT = 20
_HOST_LOOKED_FOR_IN = 200
_ENDINGS = (".json", ".jsonl", ".ndjson")
# One file a post: its number comes first, what follows changes with its author's name and its topic's title.
_NUMBERED = re.compile(r"(?P<post>(?:.*/)?\d+)-[^/]*\.json", re.I)
_NOTHING = (
    "no post of the Discourse forum could be read; choose JSON as its API gives it: a file for each post or topic, "
    "or lists of posts"
)


class Discourse:
    facts = Facts(
        slug="discourse",
        name="Discourse",
        icon="messages",
        limits=Limits(text=32_000, title=255, as_of="2026-06-01", rates=(Rate(60, 60),)),
        formats=(
            Format(
                "discourse",
                "Discourse posts (JSON)",
                "Posts or topics as Discourse's API gives them, in one file or many, also as JSON Lines",
            ),
        ),
    )

    fields = (
        Field(
            "server",
            gettext_noop("Address of the forum"),
            gettext_noop("As visitors see it, such as https://forum.example.org"),
            kind="url",
            example="https://forum.example.org",
        ),
        Field(
            "user",
            gettext_noop("User name"),
            gettext_noop("A moderator sees what waits for approval, and moderates."),
            example="keeper",
        ),
        Field(
            "api_key",
            gettext_noop("API key"),
            gettext_noop("Made at the forum under Admin → API → New API key, for that user."),
            kind="secret",
            example="0123456789abcdef",
        ),
    )
    session = DiscourseSession

    def recognises(self, archive: Archive) -> str | None:
        looked_at = archive.find(*_ENDINGS)[:_LOOKED_AT]
        return "discourse" if any(_talks_discourse(archive, entry) for entry in looked_at) else None

    def backfill(
        self, archive: Archive, *, format: str, cursor: str = "", options: Mapping[str, str] | None = None
    ) -> Iterator[Batch]:
        forum = _Forum(archive, Dates(zone(options or {}), datetime.now(UTC)))
        reading.leave_out(archive, archive.find(*_ENDINGS))
        yield from backfill(archive, forum.entries(), forum.read, cursor=cursor, nothing=_NOTHING)


@dataclass(frozen=True, slots=True)
class _Found:
    """An object of a file, with the title of the topic it was in, and whether a later copy of it was found."""

    item: Any
    title: str = ""
    outdated: bool = False


class _Forum:
    def __init__(self, archive: Archive, dates: Dates) -> None:
        self._archive = archive
        self._dates = dates
        self._host = _host(archive)
        name = self._host or archive.name
        self._place = Place(name, name, "forum", f"https://{self._host}" if self._host else "")
        self._copies: dict[str, list[Entry]] = {}
        for entry in archive.find(*_ENDINGS):
            numbered = _NUMBERED.fullmatch(entry.name)
            self._copies.setdefault(numbered["post"] if numbered else entry.name, []).append(entry)
        self._copies = {entries[0].name: entries for entries in self._copies.values()}

    def entries(self) -> list[Entry]:
        return [entries[0] for entries in self._copies.values()]

    def read(self, entry: Entry, offset: int) -> Iterator[Item]:
        copies = self._copies[entry.name]
        found = self._newest(copies) if len(copies) > 1 else self._objects(entry)
        return reading.numbered(((self._place, item) for item in found), entry, offset, self._parse)

    def _parse(self, _: Place, found: _Found) -> Iterable[Seen | Skipped]:
        if isinstance(found.item, Skipped):
            yield found.item
            return
        try:
            if found.outdated:
                raise Unfit("older copy of a post")
            yield parse_post(mapping(found.item), self._host, found.title, self._dates)
        except Unfit as unfit:
            yield Skipped(unfit.reason)

    def _newest(self, copies: list[Entry]) -> Iterator[_Found]:
        """Archivers keep the old file when a topic is renamed: only the last state of a post may stand."""
        found: list[_Found] = []
        for entry in copies:
            try:
                found += self._objects(entry)
            except (Broken, Unreadable) as error:
                found.append(_Found(Skipped(error.reason if isinstance(error, Broken) else "damaged file")))
        posts = [index for index, one in enumerate(found) if is_post(mapping(one.item))]
        same = {(found[index].item["topic_id"], found[index].item["post_number"]) for index in posts}
        last = posts[newest([found[index].item for index in posts])] if len(same) == 1 else None
        for index, one in enumerate(found):
            yield _Found(one.item, one.title, outdated=last is not None and index in posts and index != last)

    def _objects(self, entry: Entry) -> Iterator[_Found]:
        head = self._archive.head(entry.name)
        if json_lines.is_lines(entry, head):
            yield from (_Found(item) for item in json_lines.objects(self._archive, entry))
            return
        topic = b'"post_stream"' in head
        title = _title(self._archive, entry) if topic else ""
        with self._archive.open(entry.name) as stream:
            source = JsonStream(stream)
            if source.peek() == "[":
                yield from (_Found(item) for item in source.array())
            elif topic or b'"latest_posts"' in head:
                yield from _listed(source, title)
            else:
                yield _Found(source.value())


def _listed(source: JsonStream, title: str) -> Iterator[_Found]:
    """The posts of a topic, or of a list of the latest."""
    for key in source.members():
        if key == "latest_posts":
            yield from (_Found(item) for item in source.array())
        elif key == "post_stream":
            for part in source.members():
                if part == "posts":
                    yield from (_Found(item, title) for item in source.array())


def _title(archive: Archive, entry: Entry) -> str:
    """A topic's title stands behind its posts."""
    title = ""
    with first_look(archive), suppress(Broken, Unreadable), archive.open(entry.name) as stream:
        source = JsonStream(stream)
        for key in source.members():
            if key == "title":
                title = text(source.value())
    return title


def _host(archive: Archive) -> str:
    for entry in archive.find(*_ENDINGS)[:_HOST_LOOKED_FOR_IN]:
        try:
            host = find_host(archive.head(entry.name).decode(errors="replace"))
        except Unreadable:
            continue
        if host:
            return host
    return ""


def _talks_discourse(archive: Archive, entry: Entry) -> bool:
    try:
        head = archive.head(entry.name)
    except Unreadable:
        return False
    return all(key in head for key in (b'"post_number"', b'"topic_id"', b'"cooked"'))
