"""News as it happens, over one WebSocket, which Mastodon's relatives have too; what it misses is asked for.

The cursor moves only by asking: what was heard and not stored is then asked for again. A server without live news is
asked every minute.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from time import monotonic, sleep
from typing import Any

import httpx
from websockets.sync.client import ClientConnection

from folkmoot.networks.base import Batch, Place, SeenDeletion
from folkmoot.networks.errors import Refused
from folkmoot.networks.live import Kind
from folkmoot.networks.mastodon.account import Account
from folkmoot.networks.mastodon.parse import is_direct, list_of, tag_of
from folkmoot.networks.mastodon.reading import MENTIONS, POSTS, TIMELINE, Gathered, Reader, kinds
from folkmoot.networks.payload import mapping, text
from folkmoot.networks.sockets import connected, received, said

_WAIT = 1.0
_SIGN_OF_LIFE = 15.0
# How much more seldom is asked for what also comes by itself
_CALM = 5.0

Marks = dict[str, dict[str, str]]


class Stream:
    def __init__(self, account: Account, places: Sequence[Place], cursor: str, stopped: Callable[[], bool]) -> None:
        self._account = account
        self._reader = Reader(account)
        self._places = places
        self._stopped = stopped
        self._marks = _marks(cursor)
        self._due: dict[tuple[str, str], float] = {}
        self._live = False

    def batches(self) -> Iterator[Batch]:
        with ExitStack() as stack:
            connection = None
            with suppress(Refused):
                connection = stack.enter_context(connected(self._account.access, self._url()))
                self._subscribe(connection)
                self._live = True
            yield self._nothing()
            heard_at = monotonic()
            while not self._stopped():
                for batch in (*self._sweep(), *self._listen(connection)):
                    heard_at = monotonic()
                    yield batch
                if monotonic() - heard_at > _SIGN_OF_LIFE:
                    heard_at = monotonic()
                    yield self._nothing()

    def _nothing(self) -> Batch:
        return Batch(None, [], json.dumps(self._marks), more=False)

    def _url(self) -> str:
        named = self._account.configuration("urls", "streaming")
        named = text(named) or text(mapping(self._account.instance().get("urls")).get("streaming_api"))
        base = httpx.URL(self._account.api.base)
        own = str(base.copy_with(scheme="wss" if base.scheme == "https" else "ws"))
        # A server of https may not lead its token out in the open
        there = named if named.startswith("wss://") or (named and base.scheme == "http") else own
        token = self._account.access.secrets.get("token", "")
        return str(httpx.URL(f"{there.rstrip('/')}/api/v1/streaming", params={"stream": "user", "access_token": token}))

    def _subscribe(self, connection: ClientConnection) -> None:
        said(connection, json.dumps({"type": "subscribe", "stream": "direct"}))
        for place in self._places:
            if tag := tag_of(place):
                said(connection, json.dumps({"type": "subscribe", "stream": "hashtag", "tag": tag}))
            elif ident := list_of(place):
                said(connection, json.dumps({"type": "subscribe", "stream": "list", "list": ident}))

    def _sweep(self) -> Iterator[Batch]:
        """Asks for what is due; the first time that is the gap. Of a place without a mark, from now on."""
        for place in self._places:
            for kind in kinds(place):
                yield from self._asked(place, kind)

    def _asked(self, place: Place, kind: Kind) -> Iterator[Batch]:
        key = (place.remote_id, kind.name)
        more = self._due.get(key, 0.0) <= monotonic()
        while more and not self._stopped():
            known = self._marks.setdefault(place.remote_id, {}).get(kind.name, "")
            batch = self._reader.poll(place, kind.name, known)
            self._marks[place.remote_id][kind.name] = batch.cursor
            self._due[key] = monotonic() + kind.seconds * (_CALM if self._live else 1.0)
            more = batch.more
            yield Batch(place, batch.seen if known else [], json.dumps(self._marks), more, batch.skipped)

    def _listen(self, connection: ClientConnection | None) -> Iterator[Batch]:
        if connection is None:
            sleep(_WAIT)
            return
        if (frame := received(connection, _WAIT)) is not None:
            yield from self.heard(frame)

    def heard(self, frame: str | bytes) -> Iterator[Batch]:
        """What a message of the connection tells."""
        try:
            event = mapping(json.loads(frame))
            payload = event.get("payload")
            name = text(event.get("event"))
            data = json.loads(payload) if isinstance(payload, str) and name != "delete" else payload
        except (ValueError, RecursionError):
            return
        stream = event.get("stream") if isinstance(event.get("stream"), list) else ["user"]
        if name == "delete":
            yield from self._deleted(text(data))
        elif name == "notification":
            yield from self._told(MENTIONS, mapping(data), self._own(mapping(mapping(data).get("status"))))
        elif name == "conversation":
            status = mapping(mapping(data).get("last_status"))
            yield from self._told(POSTS, status, self._own(status))
        elif name in ("update", "status.update", "status_update"):
            yield from self._updated(mapping(data), stream or ["user"])

    def _updated(self, status: Mapping[str, Any], stream: Sequence[Any]) -> Iterator[Batch]:
        if stream[0] in ("hashtag", "list") and len(stream) > 1:
            yield from self._told(TIMELINE, status, self._feed(text(stream[1])))
        elif self._reader.concerns(status):
            yield from self._told(POSTS, status, self._own(status))

    def _told(self, kind: str, item: Mapping[str, Any], place: Place | None) -> Iterator[Batch]:
        if place is None or not item:
            return
        gathered = Gathered()
        self._reader.take(place, kind, item, gathered)
        if gathered.seen:
            yield gathered.batch(place, json.dumps(self._marks))

    def _deleted(self, ident: str) -> Iterator[Batch]:
        """The server does not say where it was."""
        for place in self._places if ident else ():
            yield Batch(place, [SeenDeletion(ident, self._account.access.now())], json.dumps(self._marks))

    def _own(self, status: Mapping[str, Any]) -> Place | None:
        home = self._account.home()
        wanted = home.direct if is_direct(status) else home.page
        return next((place for place in self._places if place.remote_id == wanted.remote_id), None)

    def _feed(self, name: str) -> Place | None:
        return next((place for place in self._places if name.lower() in (tag_of(place), list_of(place).lower())), None)


def _marks(cursor: str) -> Marks:
    with suppress(ValueError, AttributeError):
        return {
            text(place): {text(kind): text(mark) for kind, mark in mapping(kinds).items()}
            for place, kinds in json.loads(cursor).items()
        }
    return {}
