"""The connector to ``servers.plaza``: every ability that the engine knows, as plainly as it can be written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from folkmoot import networks
from folkmoot.lib.fetching import Fetched
from folkmoot.networks.acts import Deletion, Edit, Moderation, Publication, Reply, Sent, Verb
from folkmoot.networks.api import Api
from folkmoot.networks.base import Batch, Facts, Limits, Person, Place, Seen, SeenDeletion, SeenMessage
from folkmoot.networks.errors import Moved, NetworkError, Refused
from folkmoot.networks.live import Access, Answer, Checkup, Field, Hook, Kind, Recalled, Right, Tokens

SLUG = "plaza"


class PlazaSession:
    def __init__(self, access: Access) -> None:
        token = {"Authorization": f"Bearer {access.secrets['token']}"}
        self._account = access.settings.get("account", "us")
        self._every = float(access.settings.get("every", "1"))
        self._breaks = access.settings.get("breaks", "").split()
        self._api = Api(access.http, access.settings["server"], token, judge=_judge, now=access.now)

    def check(self) -> Checkup:
        me = self._object(self._api.read("me", {"account": self._account}).data)
        return Checkup(Person(str(me.get("id")), str(me.get("name"))), (Right("speak", "To answer people.", True),))

    def places(self) -> Sequence[Place]:
        return [Place(one["id"], one["name"], "forum") for one in self._list(self._api.read("places").data)]

    def close(self) -> None:
        return None

    def kinds(self, place: Place) -> Sequence[Kind]:
        return [Kind("posts", self._every)]

    def poll(self, place: Place, kind: str, cursor: str) -> Batch:
        self._broken("poll")
        return self._batch(place, cursor, self._since(cursor, place))

    def recall(self, place: Place, cursor: str, *, since: datetime) -> Recalled:
        batch = self._batch(place, cursor, self._since(cursor, place))
        return Recalled(batch, None if batch.more else 1.0)

    def reply(self, act: Reply, key: str) -> Sent:
        self._broken("reply")
        return self._sent(
            {"place": act.place.remote_id, "thread": act.thread, "parent": act.parent, "text": act.text, "key": key}
        )

    def publish(self, act: Publication, key: str) -> Sent:
        return self._sent({"place": act.place.remote_id, "thread": key, "text": act.text, "key": key})

    def edit(self, act: Edit, key: str) -> Sent:
        self._api.act(f"posts/{act.remote_id}", method="PATCH", json={"text": act.text})
        return Sent(act.remote_id)

    def delete(self, act: Deletion, key: str) -> Sent:
        self._api.act(f"posts/{act.remote_id}", method="DELETE")
        return Sent(act.remote_id)

    def verbs(self, place: Place) -> frozenset[Verb]:
        return frozenset(("ban", "unban"))

    def moderate(self, act: Moderation, key: str) -> Sent:
        method = "POST" if act.verb == "ban" else "DELETE"
        self._api.act("bans", method=method, json={"person": act.person})
        return Sent()

    def find_own(self, act: Reply | Publication, key: str, *, since: datetime) -> Sent | None:
        found = self._list(self._api.read("own", {"key": key}).data)
        return Sent(str(found[0]["id"]), seen=_message(found[0])) if found else None

    def _broken(self, what: str) -> None:
        """A fault of the connector itself, where a test wants one."""
        if what in self._breaks:
            raise KeyError(what)

    def _sent(self, post: dict[str, str]) -> Sent:
        made = self._object(self._api.act("posts", json=post | {"author": "us"}).data)
        return Sent(str(made["id"]), seen=_message(made))

    def _since(self, cursor: str, place: Place) -> list[dict[str, Any]]:
        return self._list(self._api.read("posts", {"after": cursor or "0", "place": place.remote_id}).data)

    def _batch(self, place: Place, cursor: str, posts: list[dict[str, Any]]) -> Batch:
        end = str(posts[-1]["version"]) if posts else cursor
        return Batch(place, [_seen(post) for post in posts], end, more=len(posts) == 200)

    def _object(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise Refused("this is no plaza")
        return data

    def _list(self, data: Any) -> list[dict[str, Any]]:
        if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
            raise Refused("this is no plaza")
        return data


class StreamingSession(PlazaSession):
    """Tells by itself what happens, in place of being asked place by place."""

    kinds = poll = None  # type: ignore[assignment]

    def stream(self, places: Sequence[Place], cursor: str, stopped: Callable[[], bool]) -> Iterator[Batch]:
        known = {place.remote_id: place for place in places}
        self._broken("stream")
        while not stopped():
            asked = {"after": cursor or "0", "places": ",".join(known)}
            posts = self._list(self._api.read("stream", asked).data)
            told: dict[str, list[dict[str, Any]]] = {}
            for post in posts:
                told.setdefault(post["place"], []).append(post)
            before, cursor = cursor, str(posts[-1]["version"]) if posts else cursor
            for number, (name, own) in enumerate(told.items(), 1):
                last = number == len(told)
                place = known.get(name, Place(name, name, "forum"))
                yield Batch(place, [_seen(post) for post in own], cursor if last else before)
            if not posts:
                yield Batch(None, (), cursor)


class RenewingSession(PlazaSession):
    """Has tokens that end."""

    def renew(self) -> Tokens:
        return Tokens({"token": str(self._object(self._api.read("token").data)["token"])})


class HearingSession(PlazaSession):
    """Is told what happens by requests, a list of posts in each."""

    kinds = poll = None  # type: ignore[assignment]

    def answer(self, hook: Hook) -> Answer:
        return Answer()

    def hear(self, hook: Hook) -> Sequence[Batch]:
        self._broken("hear")
        posts = self._list(json.loads(hook.body))
        if any(post.get("look") for post in posts):
            self._api.read("me")
        return [Batch(Place(post["place"], post["place"], "forum"), [_seen(post)], "", more=False) for post in posts]


class Plaza:
    facts = Facts(SLUG, "Plaza", limits=Limits(text=5000, as_of="2026-11-01"))
    fields = (
        Field("server", "Server", kind="url", example="https://plaza.example.org"),
        Field("account", "Account", default="us", required=False),
        Field("every", "Seconds between questions", kind="number", default="1", required=False),
        Field("breaks", "What fails in the connector", required=False),
        Field("token", "Token", kind="secret", example="abc"),
    )
    session = PlazaSession


class StreamingPlaza(Plaza):
    facts = Facts("streaming-plaza", "Streaming plaza")
    session = StreamingSession


class RenewingPlaza(Plaza):
    facts = Facts("renewing-plaza", "Renewing plaza")
    session = RenewingSession


class HearingPlaza(Plaza):
    facts = Facts("hearing-plaza", "Hearing plaza")
    session = HearingSession


def register() -> None:
    """Makes them known to this process as networks."""
    networks.OWN[SLUG] = "servers.plaza_connector:Plaza"
    networks.OWN["streaming-plaza"] = "servers.plaza_connector:StreamingPlaza"
    networks.OWN["renewing-plaza"] = "servers.plaza_connector:RenewingPlaza"
    networks.OWN["hearing-plaza"] = "servers.plaza_connector:HearingPlaza"
    networks.connectors.cache_clear()


def _judge(fetched: Fetched, data: Any) -> NetworkError | None:
    if fetched.status == 410 and isinstance(data, dict):
        return Moved("the place has another name now", remote_id=str(data["moved"]), was=str(data["was"]))
    return None


def _seen(post: dict[str, Any]) -> Seen:
    if post["gone"]:
        return SeenDeletion(str(post["id"]), _moment(post["at"]))
    return _message(post)


def _message(post: dict[str, Any]) -> SeenMessage:
    return SeenMessage(
        str(post["id"]),
        _moment(post["at"]),
        Person(post["author"], post["author"].title()),
        post["text"],
        thread=post["thread"],
        parent=post["parent"] or None,
        edited_at=_moment(post["edited"]) if post["edited"] else None,
        as_of=_moment(post["edited"] or post["at"]),
        ours=post["author"] == "us",
        raw=post,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
