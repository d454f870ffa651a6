from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from folkmoot.networks.acts import Deletion, Invitation, Moderation
from folkmoot.networks.base import Place
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused, Unsure
from folkmoot.networks.live import Access
from folkmoot.networks.mailman.session import MailmanSession

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
PLACE = Place("garden.lists.example.org", "Garden", "list")
MAIL = "From: Ann <ann@example.org>\nDate: Mon, 2 Mar 2026 10:00:00 +0000\nMessage-ID: <m{0}@x>\nSubject: Beans\n\nСлова {0}\n"


def held(number: int, **changed: Any) -> dict[str, Any]:
    return {"request_id": number, "message_id": f"<m{number}@x>", "msg": MAIL.format(number)} | changed


def session(respond: Callable[[httpx.Request], httpx.Response]) -> MailmanSession:
    def dial(*_: object, **__: object) -> Any:
        raise Later("nobody", retry_after=1)

    http = httpx.Client(transport=httpx.MockTransport(respond))
    settings = {
        "address": "keeper@example.org",
        "rest": "http://mailman.example.org:8001/3.1/",
        "rest_user": "restadmin",
    }
    return MailmanSession(Access(settings, {"rest_password": "p"}, http, dial, lambda: NOW))


def listing(*entries: dict[str, Any]) -> Callable[[httpx.Request], httpx.Response]:
    """All held mails, page by page, as Mailman gives them."""

    def respond(request: httpx.Request) -> httpx.Response:
        size, page = int(request.url.params["count"]), int(request.url.params["page"])
        found = {"start": 0, "total_size": len(entries), "entries": list(entries[(page - 1) * size : page * size])}
        return httpx.Response(200, json=found)

    return respond


def test_held_mails_are_read_over_all_pages_and_told_once() -> None:
    reading = session(listing(*(held(number) for number in range(1, 121))))
    first = reading.poll(PLACE, "held", "")
    assert [one.remote_id for one in first.seen] == [f"m{number}@x" for number in range(1, 121)]
    assert list(reading.poll(PLACE, "held", first.cursor).seen) == []
    for odd in ("nonsense", "{}", '["x"]'):
        assert len(reading.poll(PLACE, "held", odd).seen) == 120


def test_what_can_not_be_read_is_left_out_with_a_reason() -> None:
    batch = session(listing(held(1, msg="no mail"), held(2, msg=None), held(3), {})).poll(PLACE, "held", "")
    assert [one.remote_id for one in batch.seen] == ["m3@x"]
    assert {one.reason for one in batch.skipped} == {"not a mail"}


def test_a_list_that_holds_nothing_has_no_entries_at_all() -> None:
    batch = session(lambda request: httpx.Response(200, json={"start": 0, "total_size": 0})).poll(PLACE, "held", "")
    assert (list(batch.seen), batch.more) == ([], False)


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, Reconnect, "mailman.cfg"),
        (403, Refused, "refuses"),
        (404, Refused, "knows no such"),
        (500, Unsure, "500"),
        (503, Later, "503"),
        (429, Later, "429"),
    ],
)
def test_what_mailman_refuses_is_told_by_what_to_do(status: int, error: type[NetworkError], words: str) -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"entries": [], "total_size": 0})
        return httpx.Response(status, json={"title": "No", "description": "<b>No</b>"} if status < 429 else None)

    with pytest.raises(error, match=words) as raised:
        session(respond).invite(Invitation(PLACE, "ann@example.org"), "k")
    assert "<" not in str(raised.value)


def test_silence_behind_an_act_is_unsure() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return listing(held(1))(request)
        raise httpx.ReadTimeout("silence", request=request)

    with pytest.raises(Unsure):
        session(respond).moderate(Moderation(PLACE, "approve", "m1@x"), "k")
    with pytest.raises(Unsure):
        session(respond).delete(Deletion(PLACE, "m1@x"), "k")


def test_somebody_who_was_quicker_is_no_mistake() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        return listing(held(1))(request) if request.method == "GET" else httpx.Response(404, json={"title": "404"})

    assert session(respond).moderate(Moderation(PLACE, "spam", "m1@x"), "k").remote_id == "m1@x"


def test_the_password_goes_with_each_question_to_the_right_address() -> None:
    asked = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return listing()(request)

    session(respond).poll(PLACE, "held", "")
    assert str(asked[0].url).startswith("http://mailman.example.org:8001/3.1/lists/garden.lists.example.org/held?")
    assert asked[0].headers["authorization"] == "Basic cmVzdGFkbWluOnA="
