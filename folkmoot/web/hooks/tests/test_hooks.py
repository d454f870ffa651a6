from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import httpx
import pytest
from django.db import OperationalError, connections
from django.db import connection as database
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from folkmoot import networks
from folkmoot.channels import connecting, sessions
from folkmoot.channels.connecting import Filled
from folkmoot.channels.models import Connection, KeptHook
from folkmoot.networks.base import Batch, Facts, Person, Place
from folkmoot.networks.errors import Refused
from folkmoot.networks.live import Access, Answer, Checkup, Field, Hook
from folkmoot.web.hooks.accepting import Acceptance, Arrived
from folkmoot.web.hooks.door import MOST_BYTES, Door
from folkmoot.workspaces.models import User, Workspace

pytestmark = pytest.mark.django_db
for_real = pytest.mark.django_db(transaction=True)
made: list[str] = []


class Session:
    """Signs with HMAC-SHA256 of the body; a delivery may name itself."""

    def __init__(self, access: Access) -> None:
        self.key = access.secrets["key"]
        made.append(self.key)

    def check(self) -> Checkup:
        return Checkup(Person("acct", "Account"))

    def places(self) -> Sequence[Place]:
        return []

    def close(self) -> None:
        made.remove(self.key)

    def answer(self, hook: Hook) -> Answer:
        if hook.method == "GET":
            return Answer(body=hook.query.get("challenge", "").encode(), keep="event" in hook.query)
        if hook.body == b"poison":
            raise KeyError("poison")
        if not hmac.compare_digest(hook.headers.get("x-signature", ""), signed(self.key, hook.body)):
            raise Refused("not signed")
        return Answer(status=202, key=hook.headers.get("x-delivery", ""))

    def hear(self, hook: Hook) -> Sequence[Batch]:
        return []


def signed(key: str, body: bytes) -> str:
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


class Shouting:
    facts = Facts("shouting", "Shouting")
    fields = (Field("key", "Key", kind="secret"),)
    session = Session


@pytest.fixture(autouse=True)
def shouting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "connectors", lambda: {"shouting": Shouting()})
    made.clear()


@pytest.fixture
def account(workspace: Workspace, mira: User) -> Connection:
    return connected(workspace, mira, "k1")


def connected(workspace: Workspace, by: User, key: str) -> Connection:
    filled = Filled("shouting", {}, {"key": key})
    now = Workspace.objects.get(pk=workspace.pk).created_at
    return connecting.connect(workspace, filled, Checkup(Person("acct", "Account")), by=by, now=now)


@pytest.fixture
def served() -> Iterator[Door]:
    async def pages(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": HttpResponse("a page").content})

    opened = Door(pages)
    shared = database.in_atomic_block
    if shared:  # the door's thread works within the transaction of the test, which waits meanwhile
        ours = connections["default"]
        ours.inc_thread_sharing()
        opened._thread.submit(lambda: connections.__setitem__("default", ours)).result()
        yield opened
        opened._thread.submit(lambda: connections.__delitem__("default")).result()
        ours.dec_thread_sharing()
    else:
        yield opened
        opened.close()


Call = Callable[..., list[httpx.Response]]


@pytest.fixture
def call(served: Door) -> Call:
    """Sends requests all at once: (address, body, headers) of each."""

    def send(*wanted: tuple[str, bytes, Mapping[str, str]], method: str = "POST") -> list[httpx.Response]:
        async def ask() -> list[httpx.Response]:
            transport = httpx.ASGITransport(app=served)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url="http://moot.example") as client:
                return await asyncio.gather(
                    *(
                        client.request(method, f"/hooks/{address}", content=body, headers=headers)
                        for address, body, headers in wanted
                    )
                )

        return asyncio.run(ask())

    return send


def delivery(account: Connection, body: bytes, **headers: str) -> tuple[str, bytes, dict[str, str]]:
    return (
        f"{account.address}/",
        body,
        {"X-Signature": signed("k1", body)} | {name.replace("_", "-"): value for name, value in headers.items()},
    )


def test_a_signed_request_is_kept_as_it_came(account: Connection, call: Call) -> None:
    address, body, headers = delivery(account, '{"said":"Привет"}'.encode())
    [answer] = call((address + "?from=1", body, headers))
    assert answer.status_code == 202
    kept = KeptHook.objects.get(connection=account)
    assert (kept.method, bytes(kept.body), kept.query) == ("POST", body, {"from": "1"})
    assert kept.headers["x-signature"] == signed("k1", body)
    assert kept.heard_at is None
    assert len(kept.key) == 64


@for_real
def test_listeners_are_told_once_for_all_that_came_together(account: Connection, call: Call) -> None:
    with database.cursor() as cursor:
        cursor.execute("LISTEN folkmoot_hooks")
    call(delivery(account, b"a"), delivery(account, b"b"))
    told = [notice.payload for notice in database.connection.notifies(timeout=1, stop_after=1)]
    assert told == [str(account.pk)]
    call(delivery(account, b"a"))
    assert not list(database.connection.notifies(timeout=0.2))


def test_doubled_and_shuffled_deliveries_leave_the_same_rows(account: Connection, call: Call) -> None:
    bodies = [json.dumps({"n": n}).encode() for n in range(150)]
    wanted = [delivery(account, body) for body in bodies] * 2
    random.Random(7).shuffle(wanted)
    assert {answer.status_code for answer in call(*wanted)} == {202}
    assert sorted(bytes(row.body) for row in KeptHook.objects.all()) == sorted(bodies)


def test_the_networks_own_name_of_a_delivery_counts_more_than_its_words(account: Connection, call: Call) -> None:
    call(delivery(account, b"one", X_Delivery="d1"), delivery(account, b"other", X_Delivery="d1"))
    call(delivery(account, b"one", X_Delivery="d" * 300))
    assert KeptHook.objects.count() == 2


def test_what_is_signed_wrongly_is_refused_and_not_kept(account: Connection, call: Call) -> None:
    [answer] = call((account.address, b"hello", {"X-Signature": signed("another", b"hello")}))
    assert answer.status_code == 403
    assert not KeptHook.objects.exists()


def test_secrets_are_not_kept_with_a_request(account: Connection, call: Call) -> None:
    call(delivery(account, b"hello", Authorization="Bearer x", X_Token="k1"))
    kept = KeptHook.objects.get()
    assert "authorization" not in kept.headers
    assert "k1" not in kept.headers.values()


@pytest.mark.parametrize("address", ["0" * 48, "../admin", "a" * 65, ""])
def test_an_unknown_address_is_not_found(address: str, account: Connection, call: Call) -> None:
    [answer] = call((address, b"hello", {}))
    assert answer.status_code in (404, 299)
    assert not KeptHook.objects.exists()


def test_a_paused_account_still_keeps_what_it_is_told(account: Connection, mira: User, call: Call) -> None:
    connecting.pause(account, by=mira)
    assert call(delivery(account, b"hello"))[0].status_code == 202
    assert KeptHook.objects.count() == 1


def test_a_disconnected_account_is_not_found(account: Connection, mira: User, call: Call) -> None:
    assert call(delivery(account, b"hello"))[0].status_code == 202
    connecting.disconnect(account, by=mira)
    assert call(delivery(account, b"again"))[0].status_code == 404


def test_too_much_is_refused_whether_its_size_was_told_or_not(account: Connection, served: Door, call: Call) -> None:
    assert call(delivery(account, b"x" * (MOST_BYTES + 1)))[0].status_code == 413
    assert call(delivery(account, b"x" * MOST_BYTES))[0].status_code == 202

    async def drip() -> int:
        parts = [b"x" * 100_000] * 11
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": parts.pop(), "more_body": bool(parts)}

        async def send(event: Any) -> None:
            sent.append(event)

        scope = {"type": "http", "method": "POST", "path": f"/hooks/{account.address}/", "headers": []}
        await served({**scope, "query_string": b""}, receive, send)
        return int(sent[0]["status"])

    assert asyncio.run(drip()) == 413


def test_only_get_and_post_are_answered(account: Connection, call: Call) -> None:
    assert call(delivery(account, b""), method="PUT")[0].status_code == 405


def test_a_networks_question_is_answered_and_not_kept(account: Connection, call: Call) -> None:
    [answer] = call((f"{account.address}/?challenge=4711", b"", {}), method="GET")
    assert (answer.status_code, answer.text) == (200, "4711")
    assert not KeptHook.objects.exists()
    call((f"{account.address}/?event=1", b"", {}), method="GET")
    assert KeptHook.objects.get().method == "GET"


def test_a_new_secret_is_used_at_once(account: Connection, workspace: Workspace, mira: User, call: Call) -> None:
    assert call(delivery(account, b"hello"))[0].status_code == 202
    connected(workspace, mira, "k2")
    assert call(delivery(account, b"hello again"))[0].status_code == 403
    assert made == ["k2"]  # the session with the old one is closed


def test_an_account_that_hears_nothing_is_not_found(
    account: Connection, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent:
        def __init__(self, access: Access) -> None: ...

        def close(self) -> None: ...

    monkeypatch.setattr(Shouting, "session", Silent)
    assert call(delivery(account, b"hello"))[0].status_code == 404


def test_secrets_that_no_key_opens_ask_the_network_to_come_again(account: Connection, call: Call) -> None:
    Connection.objects.filter(pk=account.pk).update(secrets="gibberish")
    assert call(delivery(account, b"hello"))[0].status_code == 503


def test_one_that_breaks_its_connector_does_not_harm_the_others(account: Connection, call: Call) -> None:
    answers = call(
        delivery(account, b"a"), delivery(account, b"poison"), delivery(account, b"b"), delivery(account, b"c")
    )
    assert [answer.status_code for answer in answers] == [202, 500, 202, 202]
    assert KeptHook.objects.count() == 3


@for_real
def test_a_database_that_is_away_asks_the_network_to_come_again(
    account: Connection, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_anything: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr("folkmoot.web.hooks.accepting.bulk.fetch", away)
    assert call(delivery(account, b"hello"))[0].status_code == 503


def test_the_database_is_asked_twice_however_many_come_together(account: Connection) -> None:
    accepting = Acceptance()
    hooks = [
        Hook("POST", {"x-signature": signed("k1", body)}, {}, body, account.created_at)
        for body in (b"1", b"2", b"3", b"4")
    ]
    arrived = [Arrived(account.address, hook) for hook in hooks]
    accepting.accept(arrived[:1])
    with CaptureQueriesContext(database) as asked:
        accepting.accept(arrived)
    assert len(asked) == 2
    accepting.close()


def test_other_addresses_are_pages(served: Door) -> None:
    async def ask() -> int:
        transport = httpx.ASGITransport(app=served)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://moot.example") as client:
            return (await client.get("/inbox/")).status_code

    assert asyncio.run(ask()) == 299


def test_what_is_kept_can_be_opened_by_the_listeners_session(account: Connection, call: Call) -> None:
    call(delivery(account, b"hello"))
    kept = KeptHook.objects.get()
    hook = Hook(kept.method, kept.headers, kept.query, bytes(kept.body), kept.at)
    with sessions.opened(account) as opened:
        assert isinstance(opened, Session)
        assert opened.answer(hook).status == 202
