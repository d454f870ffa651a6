"""What other programs send, by a mapping that people fill in, and what is sent to them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Never

import httpx
import pytest

from folkmoot.networks.acts import Deletion, Edit, Media, Publication, Reply
from folkmoot.networks.base import Person, Place, SeenDeletion, SeenMessage
from folkmoot.networks.errors import Later, NetworkError, Refused, Unsure
from folkmoot.networks.live import Access, Hook
from folkmoot.networks.webhook import Webhook
from folkmoot.networks.webhook.mapping import look
from folkmoot.networks.webhook.session import WebhookSession
from folkmoot.networks.webhook.signing import signed

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
WORD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PLACE = Place("Shop", "Shop", "forum")
DEFAULTS = {one.name: one.default for one in Webhook.fields if one.kind != "secret"} | {"channel": "Shop"}
MESSAGE = {"id": "41", "text": "Де замовлення? 📦", "author": {"id": "u7", "name": "Олена"}, "time": "2026-03-02T11:00:00Z",
           "thread": "order-9", "title": "Order 9", "url": "https://shop.example/9"}  # fmt: skip
Answer = Callable[[httpx.Request], httpx.Response]


def nowhere(host: str, port: int, *, tls: bool, seconds: float = 20.0) -> Never:
    raise AssertionError("everything goes by HTTP")


def never(request: httpx.Request) -> httpx.Response:
    raise AssertionError(request.url)


def session(respond: Answer = never, /, **settings: str) -> WebhookSession:
    http = httpx.Client(transport=httpx.MockTransport(respond))
    return WebhookSession(Access({**DEFAULTS, **settings}, {"secret": WORD}, http, nowhere, lambda: NOW))


def sending(respond: Answer, /, **settings: str) -> WebhookSession:
    return session(respond, answers="https://shop.example/folkmoot", **settings)


def hook(payload: Any, changed: dict[str, str] | None = None, *, at: datetime = NOW) -> Hook:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    seconds, ident = int(at.timestamp()), "msg_1"
    proof = {
        "webhook-id": ident,
        "webhook-timestamp": str(seconds),
        "webhook-signature": signed(WORD, ident, seconds, body),
    }
    return Hook("POST", {**proof, **(changed or {})}, {}, body, NOW)


def heard(payload: Any, **settings: str) -> Any:
    (batch,) = session(**settings).hear(hook(payload))
    return batch.seen[0] if batch.seen else batch.skipped[0]


def test_the_signature_is_that_of_the_specification() -> None:
    # The example of the reference libraries of Standard Webhooks
    body = b'{"test": 2432232314}'
    made = signed(WORD, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_request_that_is_signed_well_is_kept_by_its_id() -> None:
    made = session()
    answer = made.answer(hook(MESSAGE))
    assert (answer.status, answer.keep, answer.key) == (200, True, "msg_1")
    old = hook(MESSAGE)
    rotated = f"v1,{base64.b64encode(b'x' * 32).decode()} {old.headers['webhook-signature']}"
    assert made.answer(hook(MESSAGE, {"webhook-signature": rotated})).keep
    assert made.answer(hook(b"<html>")).status == 400


@pytest.mark.parametrize(
    "wrong",
    [
        hook(MESSAGE, at=NOW - timedelta(minutes=6)),
        hook(MESSAGE, at=NOW + timedelta(minutes=6)),
        hook(MESSAGE, {"webhook-id": "msg_2"}),
        hook(MESSAGE, {"webhook-timestamp": "soon"}),
        hook(MESSAGE, {"webhook-signature": "v1,"}),
        hook(MESSAGE, {"webhook-signature": "прапор"}),
        Hook("POST", {}, {}, b"{}", NOW),
    ],
)
def test_what_is_not_signed_or_too_old_is_turned_away(wrong: Hook) -> None:
    with pytest.raises(Refused):
        session().answer(wrong)


def test_a_body_alone_can_be_signed_in_a_header_of_any_name() -> None:
    body = json.dumps(MESSAGE).encode()
    proof = hmac.new(base64.b64decode(WORD.removeprefix("whsec_")), body, hashlib.sha256).hexdigest()
    made = session(scheme="plain", header="X-Shop-Signature")
    for value in (proof, f"sha256={proof}", f"SHA256={proof.upper()}"):
        assert made.answer(Hook("POST", {"x-shop-signature": value}, {}, body, NOW)).keep
    with pytest.raises(Refused):
        made.answer(Hook("POST", {"x-shop-signature": proof}, {}, body + b" ", NOW))


def test_json_as_it_is_offered_is_understood_without_any_change() -> None:
    message = heard(MESSAGE)
    assert isinstance(message, SeenMessage)
    assert (message.remote_id, message.text, message.author) == ("41", "Де замовлення? 📦", Person("u7", "Олена"))
    assert (message.thread, message.thread_title, message.parent) == ("order-9", "Order 9", None)
    assert (message.at, message.url) == (datetime(2026, 3, 2, 11, tzinfo=UTC), "https://shop.example/9")
    assert session().places() == [PLACE]


def test_a_mapping_finds_things_wherever_they_stand() -> None:
    payload = {
        "room": {"id": 7, "name": "Лавка"},
        "events": [
            {"data": {"n": 1, "says": ["hi"], "who": "ann", "ms": 1772449200000}},
            {"data": {"n": 2, "says": ["yo"], "who": "bo", "ms": 1772449200}},
        ],
    }
    paths = {"items": "events", "ident": "data.n", "text": "data.says.0", "author": "data.who", "author_name": "",
             "time": "data.ms", "place": "/room.id", "place_name": "/room.name"}  # fmt: skip
    made = session(**paths)
    assert made.places() == []
    (batch,) = made.hear(hook(payload))
    assert batch.place and (batch.place.remote_id, batch.place.name) == ("7", "Лавка")
    first, second = batch.seen
    assert isinstance(first, SeenMessage) and isinstance(second, SeenMessage)
    assert (first.remote_id, first.text, first.author, first.at) == ("1", "hi", Person("ann", "ann"), second.at)
    assert look([{"a": [1, 2]}], "0.a.1") == 2
    assert look({"a": 1}, "a.b") is None


def test_edits_and_deletions_end_the_same_in_whatever_order_they_come() -> None:
    edited = heard({**MESSAGE, "text": "new", "edited": "2026-03-02T11:30:00Z"})
    first = heard(MESSAGE)
    assert first.as_of < edited.edited_at
    gone = heard({"id": "41", "deleted": True, "time": "2026-03-02T11:40:00Z"})
    assert gone == SeenDeletion("41", datetime(2026, 3, 2, 11, 40, tzinfo=UTC))
    requests = [hook({**MESSAGE, "id": str(n % 50)}) for n in range(200)]
    random.Random(1).shuffle(requests)
    made = session()
    assert len({batch.seen[0].remote_id for one in requests for batch in made.hear(one)}) == 50


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"text": ""}, "no text"),
        ({"author": None}, "no author"),
        ({"time": "yesterday"}, "date not understood"),
        ({"time": 10**30}, "date out of range"),
        ({"id": None, "deleted": 1}, "no id"),
    ],
)
def test_what_cant_be_taken_says_why(more: dict[str, Any], reason: str) -> None:
    assert heard({**MESSAGE, **more}).reason == reason


def test_what_is_left_out_has_sensible_stand_ins() -> None:
    bare = heard({"text": "x" * 100_000}, author="", author_name="")
    assert (bare.author, bare.at, len(bare.text)) == (Person("Shop", "Shop", bot=True), NOW, 100_000)
    assert bare.remote_id == heard({"text": "x" * 100_000}, author="", author_name="").remote_id
    assert heard(7).reason == "not an object"
    assert heard({**MESSAGE, "author": {"id": "support"}}, own_author="support").ours


def test_answers_go_out_signed_with_the_same_key_on_every_attempt() -> None:
    asked: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"id": "42", "url": "https://shop.example/9#42"})

    made = sending(respond, own_author="support")
    act = Reply(PLACE, "order-9", "41", "Вже в дорозі 🚚", person="u7")
    for _ in range(2):
        sent = made.reply(act, "key-1")
    assert sent.seen and (sent.remote_id, sent.seen.ours, sent.seen.thread) == ("42", True, "order-9")
    assert sent.seen.author.remote_id == "support"
    for request in asked:
        headers = request.headers
        proof = signed(WORD, "key-1", int(headers["webhook-timestamp"]), request.content)
        assert (headers["webhook-id"], headers["webhook-signature"]) == ("key-1", proof)
    said = json.loads(asked[0].content)
    assert (said["type"], said["key"], said["data"]["text"], said["data"]["person"]) == (
        "reply",
        "key-1",
        act.text,
        "u7",
    )
    made.publish(Publication(PLACE, "Spring", title="News"), "k")
    made.edit(Edit(PLACE, "42", "new"), "k")
    made.delete(Deletion(PLACE, "42"), "k")
    assert [json.loads(one.content)["type"] for one in asked[2:]] == ["publish", "edit", "delete"]


def test_without_an_id_in_the_answer_our_key_stands_for_it() -> None:
    sent = sending(lambda request: httpx.Response(204)).reply(Reply(PLACE, "t", "", "hi"), "key-2")
    assert sent.remote_id == "folkmoot:key-2"
    assert sending(never, once="yes").keeps_keys_for() == timedelta(days=1)
    assert not sending(never).keeps_keys_for()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(401), Refused),
        (httpx.Response(404), Refused),
        (httpx.Response(422, text="no"), Refused),
        (httpx.Response(301, headers={"Location": "https://elsewhere.example"}), Refused),
        (httpx.Response(429, headers={"Retry-After": "9"}), Later),
        (httpx.Response(503, headers={"Retry-After": "9"}), Later),
        (httpx.Response(500), Unsure),
    ],
)
def test_every_refusal_says_what_to_do_next(answer: httpx.Response, kind: type[NetworkError]) -> None:
    with pytest.raises(kind) as caught:
        sending(lambda request: answer).reply(Reply(PLACE, "t", "", "hi"), "k")
    if isinstance(caught.value, Later):
        assert caught.value.retry_after == 9


def test_silence_before_it_was_asked_is_later_and_after_it_unsure() -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("no connection", request=request)

    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("no answer", request=request)

    with pytest.raises(Later):
        sending(unreachable).reply(Reply(PLACE, "t", "", "hi"), "k")
    with pytest.raises(Unsure):
        sending(silent).reply(Reply(PLACE, "t", "", "hi"), "k")


def test_what_is_gone_is_deleted_and_what_cant_go_out_is_refused() -> None:
    assert sending(lambda request: httpx.Response(410)).delete(Deletion(PLACE, "42"), "k").remote_id == "42"
    with pytest.raises(Refused, match="no address"):
        session().reply(Reply(PLACE, "t", "", "hi"), "k")
    with pytest.raises(Refused, match="files"):
        sending(never).publish(Publication(PLACE, "x", media=(Media("a.png", "image/png", b"x"),)), "k")


def test_checking_pings_the_other_side_where_there_is_one() -> None:
    asked: list[Any] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content)["type"])
        return httpx.Response(200, text="ok")

    assert sending(respond).check().account.name == "Shop"
    assert asked == ["ping"]
    made = session()
    assert made.check().rights[0].granted is None
    made.close()
    with pytest.raises(Later):
        sending(lambda request: httpx.Response(500)).check()
