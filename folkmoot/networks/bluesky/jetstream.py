"""Jetstream: all public posts of the network as they are made, over one WebSocket; what concerns us is picked out.

It makes news faster and is not relied on: lists are asked all the same, and fill whatever it missed. Without an address
for it the stream only shows that it lives.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any, Literal

import httpx

from folkmoot.networks.base import Batch, Place, SeenDeletion
from folkmoot.networks.bluesky.account import Account
from folkmoot.networks.bluesky.parse import POST, concerns, did_of, parse_post, tags
from folkmoot.networks.bluesky.reading import SEARCH
from folkmoot.networks.errors import NetworkError, Refused
from folkmoot.networks.payload import Unfit, count, mapping, text
from folkmoot.networks.sockets import connected, received

_WAIT = 1.0
_SIGN_OF_LIFE = 15.0
_MOST_KNOWN = 50_000
_BACK = 5_000_000  # microseconds that are heard again after an interruption
_LONGEST_BACK = 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Commit:
    """Something written to, or taken out of, somebody's repository; ``at`` in microseconds since 1970."""

    at: int
    operation: Literal["create", "update", "delete"]
    uri: str
    cid: str = ""
    record: Mapping[str, Any] | None = None


def parse_frame(frame: str | bytes) -> Commit | None:
    """A message of Jetstream; None for whatever is not about a record (identities, accounts) or not understood."""
    try:
        event = mapping(json.loads(frame))
    except (ValueError, RecursionError):
        return None
    commit, did, at = mapping(event.get("commit")), text(event.get("did")), count(event.get("time_us"))
    operation = text(commit.get("operation"))
    named = [text(commit.get(one)) for one in ("collection", "rkey")]
    if event.get("kind") != "commit" or at is None or not did.startswith("did:") or not all(named):
        return None
    uri = "/".join(["at:/", did, *named])
    if operation == "delete":
        return Commit(at, "delete", uri)
    record = mapping(commit.get("record"))
    if operation in ("create", "update") and record:
        return Commit(at, "create" if operation == "create" else "update", uri, text(commit.get("cid")), record)
    return None


class Stream:
    def __init__(self, account: Account, places: Sequence[Place], cursor: str, stopped: Callable[[], bool]) -> None:
        self._account = account
        self._places = places
        self._stopped = stopped
        self._cursor = count(cursor) or 0
        self._known: dict[str, None] = {}

    def batches(self) -> Iterator[Batch]:
        address = self._account.access.settings.get("jetstream", "").strip()
        if not address:
            yield from self._idle()
            return
        with connected(self._account.access, self._url(address)) as connection:
            shown_at = 0.0
            while not self._stopped():
                if monotonic() - shown_at > _SIGN_OF_LIFE:
                    shown_at = monotonic()
                    yield self._nothing()
                if (frame := received(connection, _WAIT)) is not None:
                    yield from self.heard(frame)

    def _idle(self) -> Iterator[Batch]:
        while not self._stopped():
            yield self._nothing()
            until = monotonic() + _SIGN_OF_LIFE
            while monotonic() < until and not self._stopped():
                sleep(_WAIT)

    def _nothing(self) -> Batch:
        return Batch(None, [], str(self._cursor) if self._cursor else "", more=False)

    def _url(self, address: str) -> str:
        url = httpx.URL(address if "://" in address else f"wss://{address}")
        if url.scheme not in ("ws", "wss"):
            raise Refused("Jetstream's address begins with wss://")
        path = url.path if url.path.strip("/") else "/subscribe"
        params: dict[str, str | int] = {"wantedCollections": POST}
        now = int(self._account.access.now().timestamp() * 1_000_000)
        if self._cursor and now - self._cursor < _LONGEST_BACK:
            params["cursor"] = self._cursor - _BACK
        return str(url.copy_with(path=path, params=params))

    def heard(self, frame: str | bytes) -> Iterator[Batch]:
        """What a message tells of our places."""
        commit = parse_frame(frame)
        if commit is None:
            return
        self._cursor = max(self._cursor, commit.at)
        if commit.operation == "delete":
            yield from self._deleted(commit)
        elif commit.operation == "create" and f"/{POST}/" in commit.uri:
            for place in [place for place in self._places if self._belongs(commit, place)]:
                yield from self._said(commit, place)

    def _deleted(self, commit: Commit) -> Iterator[Batch]:
        """Of all the posts that are deleted anywhere, those that were heard here, or are ours."""
        if commit.uri in self._known or did_of(commit.uri) == self._account.did:
            for place in self._places:
                yield Batch(place, [SeenDeletion(commit.uri, self._account.access.now())], str(self._cursor))

    def _belongs(self, commit: Commit, place: Place) -> bool:
        record = commit.record or {}
        if place.remote_id.startswith(SEARCH):
            wanted = place.remote_id.removeprefix(SEARCH).strip().lower()
            return wanted.startswith("#") and wanted[1:] in tags(record)
        own = place.remote_id == self._account.did
        return own and (did_of(commit.uri) == self._account.did or concerns(record, self._account.did))

    def _said(self, commit: Commit, place: Place) -> Iterator[Batch]:
        try:
            seen = parse_post(self._view(commit), self._account.did, place, self._account.dates)
        except Unfit:
            return
        while len(self._known) >= _MOST_KNOWN:
            self._known.pop(next(iter(self._known)))
        self._known[commit.uri] = None
        yield Batch(place, [seen], str(self._cursor))

    def _view(self, commit: Commit) -> Mapping[str, Any]:
        """As the AppView shows it; it may not have heard of it yet, and then who wrote it has no name for now."""
        try:
            return self._account.post(commit.uri)
        except NetworkError:
            author = {"did": did_of(commit.uri)}
            return {"uri": commit.uri, "cid": commit.cid, "record": commit.record, "author": author}
