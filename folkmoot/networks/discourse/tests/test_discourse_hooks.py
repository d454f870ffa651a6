"""Webhooks, made up here after Discourse's source: no real forum was asked."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from folkmoot.networks.base import Batch, Place, SeenDeletion
from folkmoot.networks.discourse import Discourse
from folkmoot.networks.discourse.session import DiscourseSession
from folkmoot.networks.errors import Later, Refused
from folkmoot.networks.live import Access, Hook

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FORUM = Place("forum.example.org", "Garden", "forum", "https://forum.example.org")


def said(**more: Any) -> dict[str, Any]:
    made = {
        "id": 11, "topic_id": 3, "post_number": 2, "username": "ann", "user_id": 5, "name": "Ann", "version": 1,
        "created_at": "2026-03-02T10:00:00.000Z", "updated_at": "2026-03-02T10:00:00.000Z", "post_type": 1,
        "cooked": "<p>hello</p>", "raw": "hello", "topic_title": "Beans", "topic_slug": "beans",
    }  # fmt: skip
    return made | more


class Fake:
    """A forum that answers by method and path, and keeps what it was asked."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = dict(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(200, json=self.answers[f"{request.method} {request.url.path}"])

    def sent(self, line: str) -> list[Any]:
        return [json.loads(one.content) for one in self.asked if f"{one.method} {one.url.path}" == line]


def made(fake: Fake, **secrets: str) -> DiscourseSession:
    def dial(*_: object, **__: object) -> Any:
        raise Later("nobody", retry_after=1)

    http = httpx.Client(transport=httpx.MockTransport(fake))
    settings = {"server": "forum.example.org", "user": "keeper"}
    return Discourse.session(Access(settings, {"api_key": "secret"} | secrets, http, dial, lambda: NOW))


def gone(batch: Batch) -> set[str]:
    return {seen.remote_id for seen in batch.seen if isinstance(seen, SeenDeletion)}


def hook(body: Mapping[str, Any], event: str, *, by: str = "hush", kind: str = "post") -> Hook:
    sent = json.dumps(body).encode()
    signature = "sha256=" + hmac.new(by.encode(), sent, hashlib.sha256).hexdigest()
    headers = {"x-discourse-event-signature": signature, "x-discourse-event-id": "5"}
    return Hook("POST", headers | {"x-discourse-event": event, "x-discourse-event-type": kind}, {}, sent, NOW)


def test_only_what_the_forum_signed_is_listened_to() -> None:
    session = made(Fake({}), hook_secret="hush")
    answer = session.answer(hook({"post": said()}, "post_created"))
    assert (answer.status, answer.keep, answer.key) == (200, True, "5")
    assert not session.answer(hook({"ping": "OK"}, "", kind="ping")).keep
    with pytest.raises(Refused):
        session.answer(hook({"post": said()}, "post_created", by="guess"))
    with pytest.raises(Refused):
        made(Fake({})).answer(hook({"post": said()}, "post_created", by=""))


def test_news_by_webhook_is_the_same_as_by_asking() -> None:
    session = made(Fake({"GET /posts.json": {"latest_posts": [said()]}}), hook_secret="hush")
    [batch] = session.hear(hook({"post": said()}, "post_created"))
    polled = session.poll(FORUM, "posts", "")
    assert (batch.place, list(batch.seen)) == (
        Place("forum.example.org", "forum.example.org", "forum", FORUM.url),
        list(polled.seen),
    )
    assert session.hear(hook({"post": said(topic_archetype="private_message")}, "post_edited")) == []
    [lost] = session.hear(hook({"post": said(deleted_at="2026-03-02T11:00:00Z")}, "post_destroyed"))
    assert list(lost.seen) == [SeenDeletion("3/2", datetime(2026, 3, 2, 11, tzinfo=UTC))]
    [topic] = session.hear(hook({"topic": {"id": 3}}, "topic_destroyed", kind="topic"))
    assert gone(topic) == {"3/1"}
    assert session.hear(hook({"topic": {"id": 3}}, "topic_edited", kind="topic")) == []
    assert session.hear(hook({"post": {"id": 3}}, "post_created")) == []


@pytest.mark.parametrize(
    ("extras", "numbers"),
    [
        (
            {"grouped_event_types": {"post": [{"id": 201}, {"id": 202}], "topic": [{"id": 101}], "user": [{"id": 3}]}},
            [201, 202, 101],
        ),
        ({"event_types": [{"id": 1, "name": "topic"}, {"id": 2, "name": "post"}, {"id": 3, "name": "user"}]}, [1, 2]),
        ({}, [1, 2]),
    ],
)
def test_the_forum_is_asked_to_call_us_once(extras: Mapping[str, Any], numbers: list[int]) -> None:
    path = "/admin/api/web_hooks"
    fake = Fake({f"GET {path}.json": {"web_hooks": [], "extras": extras}, f"POST {path}.json": {}})
    session = made(fake)
    tokens = session.subscribe("https://us.example/h", [FORUM])
    [asked] = fake.sent(f"POST {path}.json")
    assert asked["web_hook"]["web_hook_event_type_ids"] == numbers
    assert tokens.secrets == {"hook_secret": asked["web_hook"]["secret"]}
    assert tokens.settings == {"title": "Garden"}
    there = {"web_hooks": [{"id": 6, "payload_url": "https://us.example/h"}], "extras": extras}
    fake.answers |= {f"GET {path}.json": there, f"PUT {path}/6.json": {}, f"DELETE {path}/6.json": None}
    again = made(fake, **tokens.secrets)
    assert again.subscribe("https://us.example/h", [FORUM]).secrets == tokens.secrets
    again.unsubscribe("https://us.example/h")
    assert [f"{one.method} {one.url.path}" for one in fake.asked if one.method != "GET"] == [
        f"POST {path}.json", f"PUT {path}/6.json", f"DELETE {path}/6.json",
    ]  # fmt: skip
