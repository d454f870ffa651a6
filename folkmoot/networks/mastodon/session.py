"""One account on Mastodon, or on a server that speaks its API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from folkmoot.networks.acts import Act, Deletion, Edit, Moderation, Pending, Publication, Reply, Sent, Verb
from folkmoot.networks.base import Batch, Limits, Place, gettext_noop
from folkmoot.networks.errors import Later, NetworkError, Refused
from folkmoot.networks.live import Access, Checkup, Kind, Recalled, Right, Tokens
from folkmoot.networks.mastodon import reports, signing_in
from folkmoot.networks.mastodon.account import Account
from folkmoot.networks.mastodon.errors import Gone
from folkmoot.networks.mastodon.facts import LIMITS
from folkmoot.networks.mastodon.moderating import SERVER, Moderator, verbs
from folkmoot.networks.mastodon.parse import figures, parse_person
from folkmoot.networks.mastodon.posting import Author
from folkmoot.networks.mastodon.reading import Reader, kinds
from folkmoot.networks.mastodon.recalling import recall
from folkmoot.networks.mastodon.streaming import Stream
from folkmoot.networks.payload import count, mapping, mappings, text

_KEEPS_KEYS = frozenset({"Mastodon", "Pleroma", "Akkoma"})
_ASKED_AT_ONCE = 20
_MEND = gettext_noop(
    "Connect the account again, and allow what is asked. Of an own token: tick it under Preferences → Development."
)
_NEEDED = {
    "read": gettext_noop("To see posts, mentions and private mentions."),
    "write": gettext_noop("To post, answer, upload, report, mute and block."),
}
_ADMIN = {
    "admin:read:accounts": gettext_noop("To see which accounts are limited or suspended."),
    "admin:write:accounts": gettext_noop("To limit and suspend accounts for the whole server."),
    "admin:read:reports": gettext_noop("To see what people report to the moderators."),
    "admin:write:reports": gettext_noop("To mark a report as settled."),
}
_FORGETS = gettext_noop("This server forgets the keys of what was sent; what is unsure is looked for among the posts.")
_LOCKED = gettext_noop("The account confirms its followers by hand; requests wait at the server.")


class MastodonSession:
    def __init__(self, access: Access) -> None:
        self._account = Account(access)
        self._reader = Reader(self._account)
        self._author = Author(self._account)
        self._many = True

    def check(self) -> Checkup:
        me = self._account.me(anew=True)
        person = parse_person(me, self._account.home())
        software = self._account.software()
        notes = [f"{software} {text(self._account.instance().get('version')).partition(' ')[0]}"]
        if software not in _KEEPS_KEYS:
            notes.append(_FORGETS)
        if me.get("locked") is True:
            notes.append(_LOCKED)
        return Checkup(person, tuple(self._rights()), notes=tuple(notes))

    def _rights(self) -> Iterator[Right]:
        scopes = self._scopes()
        for name, why in _NEEDED.items():
            yield Right(name, why, _granted(scopes, name), mend=_MEND)
        if self._account.settings.get("moderation") == SERVER:
            for name, why in _ADMIN.items():
                yield Right(name, why, _granted(scopes, name), needed=False, mend=_MEND)

    def _scopes(self) -> frozenset[str]:
        """What the token may; empty where the server does not tell."""
        if known := self._account.settings.get("scopes"):
            return frozenset(known.split())
        with suppress(NetworkError):
            app = mapping(self._account.api.read("api/v1/apps/verify_credentials").data)
            if isinstance(found := app.get("scopes"), list):
                return frozenset(text(one) for one in found)
        return frozenset()

    def places(self) -> Sequence[Place]:
        home = self._account.home()
        tags = [text(tag.get("name")) for tag in self._optional("api/v1/followed_tags")]
        tags += [word.strip("#,;") for word in self._account.settings.get("hashtags", "").split()]
        lists = self._optional("api/v1/lists")
        moderates = self._account.settings.get("moderation") == SERVER
        return [
            home.page,
            home.direct,
            *([reports.place(home)] if moderates else []),
            *(home.tag(tag) for tag in dict.fromkeys(tag.lower() for tag in tags if tag)),
            *(home.list(text(one.get("id")), text(one.get("title"))) for one in lists if text(one.get("id"))),
        ]

    def _optional(self, path: str) -> list[Mapping[str, Any]]:
        """A list that not every server has."""
        with suppress(Refused):
            return mappings(self._account.api.read(path).data)
        return []

    def close(self) -> None:
        """Nothing is held but while streaming."""

    def kinds(self, place: Place) -> Sequence[Kind]:
        return kinds(place)

    def poll(self, place: Place, kind: str, cursor: str) -> Batch:
        return self._reader.poll(place, kind, cursor)

    def poll_thread(self, place: Place, thread: str, cursor: str) -> Batch:
        return self._reader.poll_thread(place, thread, cursor)

    def stream(self, places: Sequence[Place], cursor: str, stopped: Callable[[], bool]) -> Iterator[Batch]:
        return Stream(self._account, places, cursor, stopped).batches()

    def recall(self, place: Place, cursor: str, *, since: datetime) -> Recalled:
        return recall(self._account, place, cursor, since=since)

    def reply(self, act: Reply, key: str) -> Sent | Pending:
        return self._author.reply(act, key)

    def publish(self, act: Publication, key: str) -> Sent | Pending:
        return self._author.publish(act, key)

    def finish(self, act: Act, handle: str, key: str) -> Sent | Pending:
        return self._author.finish(act, handle, key)

    def edit(self, act: Edit, key: str) -> Sent:
        return self._author.edit(act)

    def delete(self, act: Deletion, key: str) -> Sent:
        return self._author.delete(act)

    def verbs(self, place: Place) -> frozenset[Verb]:
        return verbs(place)

    def moderate(self, act: Moderation, key: str) -> Sent:
        return Moderator(self._account).moderate(act)

    def find_own(self, act: Reply | Publication, key: str, *, since: datetime) -> Sent | None:
        return self._author.find_own(act, since=since)

    def keeps_keys_for(self) -> timedelta:
        """An hour, where the server is known to; what it is may have to be asked first."""
        known = self._account.settings.get("software") or self._account.software()
        return timedelta(hours=1) if known in _KEEPS_KEYS else timedelta(0)

    def measure(self, place: Place, remote_ids: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        found: dict[str, Mapping[str, int]] = {}
        for start in range(0, len(remote_ids), _ASKED_AT_ONCE):
            for status in self._statuses(remote_ids[start : start + _ASKED_AT_ONCE]):
                found[text(status.get("id"))] = figures(status)
        return {ident: found[ident] for ident in remote_ids if ident in found}

    def _statuses(self, idents: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """Many at once, where the server can (Mastodon 4.3)."""
        if self._many:
            try:
                yield from mappings(self._account.api.read("api/v1/statuses", {"id[]": list(idents)}).data)
            except Later:
                raise
            except Refused:
                self._many = False
        if not self._many:
            for ident in idents:
                with suppress(Gone):
                    yield self._account.status(ident)

    def limits(self, place: Place) -> Limits:
        """What sign-in, or an earlier question, told of this server."""
        most = count(self._account.settings.get("most_characters"))
        return replace(LIMITS, text=most) if most else LIMITS

    def renew(self) -> Tokens:
        return signing_in.renew(self._account)


def _granted(scopes: frozenset[str], wanted: str) -> bool | None:
    """Whether the scopes hold one, or one that it is part of; None where nothing is known."""
    if not scopes:
        return None
    parts = wanted.split(":")
    return any(":".join(parts[:end]) in scopes for end in range(1, len(parts) + 1))
