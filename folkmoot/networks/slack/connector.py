"""Slack: apps in workspaces; Slack's own export (zip or folder), and the same as slackdump writes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from folkmoot.lib.archive import Archive, Entry, Unreadable, natural
from folkmoot.lib.json_stream import Broken, JsonStream
from folkmoot.networks.base import Batch, Facts, Format, Place, Seen, Skipped, gettext_noop
from folkmoot.networks.batches import Item, backfill
from folkmoot.networks.live import Begun, Field, Tokens
from folkmoot.networks.payload import Dates, mapping, text
from folkmoot.networks.reading import head, leave_out, numbered, objects
from folkmoot.networks.slack import signing_in
from folkmoot.networks.slack.client import SERVER
from folkmoot.networks.slack.facts import LIMITS
from folkmoot.networks.slack.parse import Names, parse_channel, parse_message, parse_person
from folkmoot.networks.slack.session import SlackSession
from folkmoot.networks.times import zone

_LISTS = {"channels.json": "channel", "groups.json": "channel", "dms.json": "direct", "mpims.json": "direct"}
_DAY = re.compile(r"(.*/)?(?P<folder>[^/]+)/\d{4}-\d\d-\d\d\.json")
_DUMP = re.compile(rb'\s*\{\s*"channel_id"\s*:\s*"(?P<id>[A-Z0-9]+)"\s*(,\s*"name"\s*:\s*"(?P<name>[^"\\]*)")?')
_LOOKED_AT = 20


class Slack:
    facts = Facts(
        slug="slack",
        name="Slack",
        icon="brand-slack",
        limits=LIMITS,
        formats=(
            Format("slack", "Slack export", "The zip that Slack gives, or its folder: users.json, channels.json, …"),
        ),
    )

    fields = (
        Field(
            "client_id",
            gettext_noop("Client ID of the app"),
            gettext_noop("To sign in. On the app's page Basic Information, at api.slack.com/apps."),
            required=False,
            example="12345.67890",
        ),
        Field(
            "client_secret",
            gettext_noop("Client secret of the app"),
            gettext_noop("To sign in. On the same page."),
            kind="secret",
            required=False,
            example="a-client-secret",
        ),
        Field(
            "signing_secret",
            gettext_noop("Signing secret of the app"),
            gettext_noop("For news at once (events). On the same page."),
            kind="secret",
            required=False,
            example="a-signing-secret",
        ),
        Field(
            "token",
            gettext_noop("Bot token"),
            gettext_noop("Instead of signing in: OAuth & Permissions, Bot User OAuth Token; begins with xoxb-."),
            kind="secret",
            required=False,
            example="xoxb-1-2-abc",
        ),
        Field(
            "server",
            gettext_noop("Address of the API"),
            gettext_noop("Leave it as it is, unless yours is GovSlack."),
            kind="url",
            required=False,
            default=SERVER,
        ),
    )
    session = SlackSession

    def begin(
        self, settings: Mapping[str, str], http: httpx.Client, *, callback: str, state: str, challenge: str
    ) -> Begun:
        """Slack takes the app's secret in the place of a challenge."""
        return signing_in.begin(settings, callback=callback, state=state)

    def finish(
        self,
        settings: Mapping[str, str],
        http: httpx.Client,
        *,
        kept: Mapping[str, str],
        callback: str,
        code: str,
        verifier: str,
    ) -> Tokens:
        return signing_in.finish(settings, http, kept=kept, callback=callback, code=code)

    def recognises(self, archive: Archive) -> str | None:
        days = any(_DAY.fullmatch(entry.name) for entry in archive.entries)
        lists = bool(archive.named("users.json")) and any(archive.named(name) for name in _LISTS)
        if lists or (days and any(archive.named(name) for name in _LISTS)):
            return "slack"
        if days and _talks_slack(archive):
            return "slack"
        return "slack" if any(_dump_head(archive, entry) for entry in archive.find(".json")[:_LOOKED_AT]) else None

    def backfill(
        self, archive: Archive, *, format: str, cursor: str = "", options: Mapping[str, str] | None = None
    ) -> Iterator[Batch]:
        export = _Export(archive, Dates(zone(options or {}), datetime.now(UTC)))
        leave_out(archive, export.entries)
        return backfill(
            archive,
            export.entries,
            export.read,
            cursor=cursor,
            nothing="no message of the Slack export could be read; choose the zip as Slack gave it, or its whole folder",
        )


@dataclass(frozen=True, slots=True)
class _Source:
    entry: Entry
    place: Place
    key: str = ""


class _Export:
    def __init__(self, archive: Archive, dates: Dates) -> None:
        self._archive = archive
        self._dates = dates
        self._names = _names(archive)
        plan = self._plan()
        self._sources = {source.entry.name: source for source in plan}
        self.entries = [source.entry for source in plan]

    def read(self, entry: Entry, offset: int) -> Iterator[Item]:
        source = self._sources[entry.name]
        found = objects(self._archive, entry, source.place, source.key)
        return numbered(found, entry, offset, self._parse)

    def _parse(self, place: Place, message: Any) -> Iterable[Seen | Skipped]:
        payload = mapping(message)
        yield parse_message(payload, place, self._names, self._dates)
        for reply in payload.get("slackdump_thread_replies") or ():
            if text(mapping(reply).get("ts")) != text(payload.get("ts")):
                yield parse_message(mapping(reply), place, self._names, self._dates)

    def _plan(self) -> list[_Source]:
        sources = []
        for entry in self._archive.find(".json"):
            day = _DAY.fullmatch(entry.name)
            if day:
                folder = day["folder"]
                sources.append(_Source(entry, self._names.places.get(folder) or Place(folder, folder)))
            elif len(entry.path.parts) <= 2 and (found := _dump_head(self._archive, entry)):
                ident, name = found["id"].decode(), (found["name"] or found["id"]).decode(errors="replace")
                place = self._names.places.get(ident) or Place(ident, name, "direct" if ident[0] == "D" else "chat")
                sources.append(_Source(entry, place, "messages"))
        return sorted(sources, key=lambda source: (natural(source.place.remote_id), natural(source.entry.name)))


def _names(archive: Archive) -> Names:
    """Who and what the ids stand for, as the export's own lists say; a damaged list is done without."""
    people = {person.remote_id: person for user in _listed(archive, "users.json") if (person := parse_person(user))}
    places: dict[str, Place] = {}
    for basename, kind in _LISTS.items():
        for channel in _listed(archive, basename):
            found = parse_channel(channel, people, direct=kind == "direct")
            if found is not None:
                # Folders are named after the channel, those of direct messages after the id.
                places[found.remote_id] = found
                places.setdefault(text(channel.get("name")) or found.remote_id, found)
    return Names(people, places)


def _listed(archive: Archive, basename: str) -> Iterator[Mapping[str, Any]]:
    for entry in archive.named(basename)[:1]:
        try:
            with archive.open(entry.name) as stream:
                for item in JsonStream(stream).array():
                    yield mapping(item)
        except (Broken, Unreadable):
            return


def _dump_head(archive: Archive, entry: Entry) -> re.Match[bytes] | None:
    return _DUMP.match(head(archive, entry, 400) or b"")


def _talks_slack(archive: Archive) -> bool:
    for entry in archive.entries:
        if _DAY.fullmatch(entry.name):
            start = head(archive, entry) or b""
            return re.search(rb'"ts"\s*:\s*"\d{10}\.\d{6}"', start) is not None
    return False
