"""A network of our own that does everything, and asks nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import httpx
import pytest
from django.utils import timezone

from folkmoot import networks
from folkmoot.channels import connecting
from folkmoot.channels.connecting import Filled
from folkmoot.channels.models import Channel, Connection
from folkmoot.networks.acts import Deletion, Edit, Moderation, Reply, Sent, Verb
from folkmoot.networks.base import Batch, Facts, Limits, Person, Place
from folkmoot.networks.errors import Reconnect, Refused
from folkmoot.networks.live import (
    Access,
    Answer,
    Begun,
    Checkup,
    Field,
    Hook,
    Kind,
    Recalled,
    Right,
    Tokens,
)
from folkmoot.workspaces.models import User, Workspace

SQUARE = Place("square", "The Square", "chat", "https://village.example/square")
HALL = Place("hall", "The Hall", "forum")


class Village:
    """What the test's network answers; changed by the test."""

    def __init__(self) -> None:
        self.account = Person("a1", "Village voice", "voice@village")
        self.rights: tuple[Right, ...] = (
            Right("read", "Read what is said", True),
            Right("ban", "Ban people", False, needed=False, mend="Ask the elder."),
            Right("see", "See everybody", None, needed=False),
        )
        self.places: list[Place] = [SQUARE, HALL]
        self.refusal = ""
        self.asked: list[Mapping[str, str]] = []
        self.subscribed: list[str] = []


class Session:
    village: Village

    def __init__(self, access: Access) -> None:
        self.access = access

    def check(self) -> Checkup:
        self.village.asked.append({**self.access.settings, **self.access.secrets})
        if self.village.refusal:
            raise Reconnect(self.village.refusal)
        return Checkup(self.village.account, self.village.rights, notes=("The gate closes at ten.",))

    def places(self) -> Sequence[Place]:
        return self.village.places

    def close(self) -> None: ...

    def kinds(self, place: Place) -> Sequence[Kind]:
        return [Kind("messages")]

    def poll(self, place: Place, kind: str, cursor: str) -> Batch:
        return Batch(place, [], cursor, more=False)

    def recall(self, place: Place, cursor: str, *, since: datetime) -> Recalled:
        return Recalled(Batch(place, [], cursor, more=False), 1.0)

    def answer(self, hook: Hook) -> Answer:
        return Answer()

    def hear(self, hook: Hook) -> Sequence[Batch]:
        return []

    def subscribe(self, url: str, places: Sequence[Place]) -> Tokens:
        self.village.subscribed.append(url)
        return Tokens({})

    def unsubscribe(self, url: str) -> None: ...

    def reply(self, act: Reply, key: str) -> Sent:
        return Sent("r1")

    def edit(self, act: Edit, key: str) -> Sent:
        return Sent()

    def delete(self, act: Deletion, key: str) -> Sent:
        return Sent()

    def verbs(self, place: Place) -> frozenset[Verb]:
        return frozenset({"hide", "unhide", "pin", "mute", "ban", "unban"})

    def moderate(self, act: Moderation, key: str) -> Sent:
        return Sent()


class Plain:
    """A connector that asks for a name and a secret."""

    facts = Facts("village", "Village", limits=Limits(text=40))
    fields = (
        Field("server", "Gate", "Where the gate is.", kind="url", example="https://village.example"),
        Field("name", "Name", required=False),
        Field("word", "Watchword", kind="secret", example="sesame"),
        Field("door", "Door", kind="choice", default="front", choices=(("front", "Front"), ("back", "Back"))),
    )
    session = Session


class Signing:
    """A connector whose accounts sign in at the network."""

    facts = Facts("city", "City")
    fields = (
        Field("server", "Gate", kind="url", example="https://city.example"),
        Field("token", "Token", kind="secret", required=False, example="t"),
    )
    session = Session
    refusal = ""
    finished: list[dict[str, str]]

    def begin(
        self, settings: Mapping[str, str], http: httpx.Client, *, callback: str, state: str, challenge: str
    ) -> Begun:
        if self.refusal:
            raise Refused(self.refusal)
        query = httpx.QueryParams({"state": state, "challenge": challenge, "redirect_uri": callback})
        return Begun(f"{settings['server']}/authorize?{query}", {"client": "c1"})

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
        self.finished.append({"code": code, "verifier": verifier, **kept})
        return Tokens({"token": f"token-for-{code}"}, {"client": kept["client"]}, timezone.now() + timedelta(days=40))


class Silent:
    """A connector that reads archives alone."""

    facts = Facts("archive", "Archive")


@pytest.fixture
def village(monkeypatch: pytest.MonkeyPatch) -> Iterator[Village]:
    made = Village()
    Session.village = made
    city = Signing()
    city.finished = []
    monkeypatch.setattr(networks, "connectors", lambda: {"village": Plain(), "city": city, "archive": Silent()})
    yield made
    del Session.village


@pytest.fixture
def city(village: Village) -> Signing:
    found = networks.connectors()["city"]
    assert isinstance(found, Signing)
    return found


Connect = Callable[..., Connection]


@pytest.fixture
def connect(village: Village) -> Connect:
    """An account that is connected, with its places."""

    def made(workspace: Workspace, by: User, *places: Place, personal: bool = False, account: str = "a1") -> Connection:
        settings = {"server": "https://village.example", "door": "front"}
        filled = Filled("village", settings, {"word": "sesame"}, personal=personal)
        found = Checkup(Person(account, f"Voice {account}"), village.rights)
        connection = connecting.connect(workspace, filled, found, by=by, now=timezone.now())
        connecting.choose(connection, places, since=None, by=by, now=timezone.now())
        return connection

    return made


@pytest.fixture
def square(connect: Connect, workspace: Workspace, mira: User) -> Channel:
    return connect(workspace, mira, SQUARE).channels.get()
