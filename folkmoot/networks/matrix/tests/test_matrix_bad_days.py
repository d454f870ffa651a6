"""What is made of a homeserver's errors, of its silence, and of events in odd shapes. No server is asked here."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from folkmoot.networks.acts import Deletion, Edit, Media, Moderation, Publication
from folkmoot.networks.base import Place, SeenDeletion, SeenMessage, SeenReaction
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused, Unsure
from folkmoot.networks.live import Access
from folkmoot.networks.matrix.live_parse import Memory, Position, Reader, Told
from folkmoot.networks.matrix.parse import Relations
from folkmoot.networks.matrix.rooms import Levels, creators
from folkmoot.networks.matrix.session import MatrixSession

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
US, BO, ROOM = "@us:example.org", "@bo:example.org", "!r:example.org"
PLACE = Place(ROOM, "Garden")
SECRET = "syt_secret"
Respond = Callable[[httpx.Request], httpx.Response]


def session(respond: Respond, token: str = SECRET) -> MatrixSession:
    def dial(*_: object, **__: object) -> Any:
        raise AssertionError("Matrix is asked by HTTP")

    settings = {"server": "https://matrix.example", "user": US}
    http = httpx.Client(transport=httpx.MockTransport(respond))
    return MatrixSession(Access(settings, {"token": token, "password": "pw"}, http, dial, lambda: NOW))


def answers(*, send: Respond | httpx.Response, **others: Any) -> Respond:
    """A server that knows us and the room; ``send`` answers what changes something."""

    def respond(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if "/state/" in path and request.method == "GET":
            return httpx.Response(404, json={"errcode": "M_NOT_FOUND", "error": "no state"})
        if path.endswith("/whoami"):
            return httpx.Response(200, json={"user_id": US})
        if "/profile/" in path:
            return httpx.Response(200, json={"displayname": "Us"})
        for part, answer in others.items():
            if f"/{part}" in path:
                return httpx.Response(200, json=answer)
        return send(request) if callable(send) else send

    return respond


def error(code: str, status: int = 400, **more: Any) -> httpx.Response:
    return httpx.Response(status, json={"errcode": code, "error": "<b>why</b> it is so", **more})


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (error("M_UNKNOWN_TOKEN", 401), Reconnect, "signed out"),
        (error("M_MISSING_TOKEN", 401), Reconnect, "access token"),
        (error("M_USER_DEACTIVATED", 403), Reconnect, "deactivated"),
        (error("M_USER_LOCKED", 401, soft_logout=True), Reconnect, "locked"),
        (error("M_USER_SUSPENDED", 403), Refused, "suspended"),
        (error("M_FORBIDDEN", 403), Refused, "Roles & Permissions"),
        (error("M_GUEST_ACCESS_FORBIDDEN", 403), Refused, "registered"),
        (error("M_TOO_LARGE", 413), Refused, "shorter"),
        (error("M_CONSENT_NOT_GIVEN", 403, consent_uri="https://matrix.example/terms"), Refused, "/terms"),
        (error("M_RESOURCE_LIMIT_EXCEEDED", 403), Later, "limit of its own"),
        (error("M_UNRECOGNIZED", 404), Refused, "address"),
        (error("M_NOT_FOUND", 404), Refused, "not there"),
        (error("M_BAD_JSON"), Refused, "why it is so"),
        (error("ORG.EXAMPLE.ODD", 418), Refused, "ORG.EXAMPLE.ODD"),
        (httpx.Response(404, text="<html>nginx</html>"), Refused, "404"),
        (httpx.Response(500, json={"errcode": "M_UNKNOWN", "error": "Internal server error"}), Unsure, "failed"),
        (httpx.Response(502, text="<html>bad gateway</html>"), Unsure, "502"),
        (httpx.Response(503, text="away", headers={"Retry-After": "5"}), Later, "away"),
        (httpx.Response(200, text="<html>Welcome</html>"), Unsure, "JSON"),
        (httpx.Response(200, text='{"event_id": "$x'), Unsure, "JSON"),
        (httpx.Response(200, json={"event": "$x"}), Unsure, "became"),
    ],
)
def test_every_error_says_what_to_do_next(answer: httpx.Response, kind: type[NetworkError], words: str) -> None:
    with pytest.raises(kind, match=words) as raised:
        session(answers(send=answer)).publish(Publication(PLACE, "hello"), "k")
    assert "<" not in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"Retry-After": "7"}, {}, 7.0),
        ({}, {"retry_after_ms": 2500}, 2.5),
        ({"Retry-After": "9"}, {"retry_after_ms": 2500}, 9.0),
        ({"Retry-After": "Mon, 02 Mar 2026 12:00:11 GMT"}, {}, 11.0),
        ({}, {}, 30.0),
        ({}, {"retry_after_ms": 10**12}, 24 * 3600.0),
    ],
)
def test_a_server_that_asks_to_slow_down_is_heeded_to_the_second(
    headers: dict[str, str], body: dict[str, Any], seconds: float
) -> None:
    answer = httpx.Response(429, headers=headers, json={"errcode": "M_LIMIT_EXCEEDED", "error": "slow"} | body)
    with pytest.raises(Later) as raised:
        session(answers(send=answer)).publish(Publication(PLACE, "hello"), "k")
    assert (raised.value.retry_after, raised.value.everywhere) == (seconds, True)


@pytest.mark.parametrize(
    ("silence", "kind"),
    [
        (httpx.ConnectTimeout, Later),
        (httpx.ConnectError, Later),
        (httpx.ReadTimeout, Unsure),
        (httpx.RemoteProtocolError, Unsure),
    ],
)
def test_silence_after_an_act_was_sent_is_not_a_failure(
    silence: type[httpx.TransportError], kind: type[NetworkError]
) -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise silence("nothing", request=request)

    own = session(answers(send=silent))
    with pytest.raises(kind):
        own.publish(Publication(PLACE, "hello"), "k")
    with pytest.raises(kind):
        own.delete(Deletion(PLACE, "$x"), "k")
    with pytest.raises(kind):
        own.moderate(Moderation(PLACE, "ban", person=BO), "k")


def test_once_a_message_is_sent_no_question_can_fail() -> None:
    sent: list[str] = []

    def send(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/upload"):
            return httpx.Response(200, json={"content_uri": "mxc://example.org/abc"})
        sent.append(request.url.path)
        return httpx.Response(200, json={"event_id": "$new"})

    respond = answers(send=send, versions={"versions": ["v1.11"]})

    def mute_afterwards(request: httpx.Request) -> httpx.Response:
        assert not sent, f"asked {request.url} after it was sent"
        return respond(request)

    act = Publication(PLACE, "", media=(Media("a b.png", "image/png", b"x", "a garden"),))
    made = session(mute_afterwards).publish(act, "key/1")
    assert made.remote_id == "$new"
    assert made.seen is not None
    assert made.seen.attachments[0].url == "https://matrix.example/_matrix/client/v1/media/download/example.org/abc"
    assert (made.seen.text, made.seen.author.name) == ("a garden", "Us")


def test_a_hundred_thousand_letters_and_none_are_sent_as_they_are() -> None:
    bodies = []

    def send(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content)["body"])
        return httpx.Response(200, json={"event_id": f"${len(bodies)}"})

    own = session(answers(send=send))
    own.publish(Publication(PLACE, "ж" * 100_000), "a")
    own.publish(Publication(PLACE, ""), "b")
    assert [len(body) for body in bodies] == [100_000, 0]


def test_a_deleted_message_of_ours_leaves_it_unsure_whether_it_was_the_one() -> None:
    def page(*events: dict[str, Any]) -> dict[str, Any]:
        return {"chunk": list(events)}

    def own(events: dict[str, Any]) -> Any:
        found = session(answers(send=httpx.Response(500), messages=events))
        return found.find_own(Publication(PLACE, "x"), "k", since=NOW)

    gone = said("$1", sender=US) | {"content": {}}
    assert own(page()) is None
    assert own(page(said("$2", sender=US, **KEYED))).remote_id == "$2"
    assert own(page(gone | {"unsigned": {"transaction_id": "k"}})).remote_id == "$1"
    with pytest.raises(Unsure, match="deleted"):
        own(page(gone))


def test_a_server_of_another_kind_is_refused_with_a_hint() -> None:
    with pytest.raises(Refused, match="address"):
        session(lambda _: httpx.Response(200, json={"ok": True})).check()
    with pytest.raises(Refused, match="sign-in"):
        session(lambda _: httpx.Response(200, json={"ok": True}), "").check()
    with pytest.raises(Later):
        session(lambda _: httpx.Response(200, text="<html>")).places()


def test_editing_what_is_gone_is_refused() -> None:
    with pytest.raises(Refused, match="gone"):
        session(answers(send=httpx.Response(500), event=said("$1") | {"content": {}})).edit(Edit(PLACE, "$1", "x"), "k")


def test_a_forgotten_token_is_looked_for_in_the_past_and_ends_where_we_were() -> None:
    asked: list[str] = []

    def send(request: httpx.Request) -> httpx.Response:
        asked.append(
            request.url.path.rpartition("/")[2]
            + "?"
            + str(request.url.params.get("since") or request.url.params.get("from"))
        )
        if request.url.path.endswith("/messages"):
            return httpx.Response(200, json={"chunk": [said("$old", at=NOW - timedelta(hours=1))], "end": "more"})
        if request.url.params.get("since") == "gone":
            return error("M_UNKNOWN")
        timeline = {"events": [said("$new")], "limited": True, "prev_batch": "p1"}
        rooms = {"join": {ROOM: {"timeline": timeline, "state": {"events": []}}}}
        return httpx.Response(200, json={"next_batch": "n1", "rooms": rooms})

    respond = answers(send=send, joined_rooms={"joined_rooms": [ROOM]}, filter={"filter_id": "1"})
    cursor = str(Position("gone", int((NOW - timedelta(minutes=20)).timestamp() * 1000)))
    stream = session(respond).stream([PLACE], cursor, lambda: False)
    first, second = next(stream), next(stream)
    assert [[one.remote_id for one in batch.seen] for batch in (first, second)] == [["$old"], ["$new"]]
    assert first.cursor == cursor
    assert Position.read(second.cursor) == Position("n1", int(NOW.timestamp() * 1000))
    assert asked == ["sync?gone", "sync?None", "messages?p1"]


def test_a_room_that_shows_no_past_does_not_end_the_news_of_others() -> None:
    def send(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/messages"):
            return error("M_FORBIDDEN", 403)
        timeline = {"events": [said("$new")], "limited": True, "prev_batch": "p1"}
        return httpx.Response(200, json={"next_batch": "n1", "rooms": {"leave": {ROOM: {"timeline": timeline}}}})

    respond = answers(send=send, joined_rooms={"joined_rooms": [ROOM]}, filter={"filter_id": "1"})
    stream = session(respond).stream([PLACE], str(Position("s0", 0)), lambda: False)
    first, second = next(stream), next(stream)
    assert [one.reason for one in first.skipped] == ["not heard while disconnected"]
    assert [one.remote_id for one in second.seen] == ["$new"]


# Events

KEYED: Any = {"org.folkmoot.key": "k"}


def said(ident: str, *, sender: str = BO, at: datetime = NOW, **content: Any) -> dict[str, Any]:
    return {
        "type": "m.room.message",
        "event_id": ident,
        "sender": sender,
        "origin_server_ts": int(at.timestamp() * 1000),
        "content": {"msgtype": "m.text", "body": ident} | content,
    }


def redaction(gone: str, sender: str = BO) -> dict[str, Any]:
    return said("$redaction", sender=sender) | {"type": "m.room.redaction", "content": {"redacts": gone}}


KNOWN: Any = {"1": said("$1")}


def reader(memory: Memory | None = None, **originals: dict[str, Any]) -> Reader:
    return Reader(ROOM, US, NOW, memory or Memory(), lambda ident: originals.get(ident.removeprefix("$")))


def news(events: list[Any], *, memory: Memory | None = None, **originals: dict[str, Any]) -> Told:
    return reader(memory, **originals).news(events, Relations())


def test_our_own_and_strange_events_are_told_apart() -> None:
    odd: list[dict[str, Any]] = [
        said("$1", sender=US),
        said("$2") | {"type": "m.room.encrypted"},
        said("$3") | {"type": "m.poll.start"},
        said("$4") | {"sender": None},
        said("$5") | {"origin_server_ts": "yesterday"},
        said("$6") | {"origin_server_ts": 99_999_999_999_999},
        said("$7") | {"content": {}},
        said("") | {"type": "m.reaction"},
        said("$9") | {"content": "text"},
        {},
    ]
    told = news(odd)
    assert [(one.remote_id, one.ours) for one in told.seen if isinstance(one, SeenMessage)] == [("$1", True)]
    assert {reason: one.count for reason, one in told.skipped.items()} == {
        "encrypted": 1, "service message": 1, "no author": 1, "no date": 1, "date out of range": 1,
        "deleted at the network": 3, "no id": 1,
    }  # fmt: skip


def test_an_edit_counts_only_from_the_author_and_only_where_the_message_is_known() -> None:
    relation: Any = {
        "m.relates_to": {"rel_type": "m.replace", "event_id": "$1"},
        "m.new_content": {"msgtype": "m.text", "body": "new"},
    }
    assert [one.text for one in news([said("$e", **relation)], **KNOWN).seen] == ["new"]  # type: ignore[union-attr]
    stranger = news([said("$e", sender="@eve:x", **relation)], **KNOWN).seen
    assert [one.text for one in stranger] == ["$1"]  # type: ignore[union-attr]
    assert set(news([said("$e", **relation)]).skipped) == {"edit of a message that can't be read"}


def test_an_edit_that_is_taken_back_gives_the_words_from_before() -> None:
    memory = Memory()
    relation: Any = {
        "m.relates_to": {"rel_type": "m.replace", "event_id": "$1"},
        "m.new_content": {"msgtype": "m.text", "body": "new"},
    }
    news([said("$e", **relation)], memory=memory, **KNOWN)
    [again] = news([redaction("$e")], memory=memory, **KNOWN).seen
    assert isinstance(again, SeenMessage)
    assert (again.remote_id, again.text, again.edited_at) == ("$1", "$1", None)


def test_a_reaction_taken_back_is_its_givers_whoever_deletes_it() -> None:
    memory = Memory()
    reaction = said("$r") | {
        "type": "m.reaction",
        "content": {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$1", "key": "👍"}},
    }
    [given] = news([reaction], memory=memory).seen
    [back] = news([redaction("$r", sender=US)], memory=memory).seen
    assert isinstance(given, SeenReaction)
    assert isinstance(back, SeenReaction)
    assert (back.remote_id, back.person, back.value, back.taken_back) == ("$1", given.person, "👍", True)
    assert news([redaction("$r")]).seen == [SeenDeletion("$r", NOW)]


def test_memory_of_reactions_has_an_end() -> None:
    memory = Memory()
    for number in range(20_010):
        memory.keep(f"${number}", "$1", "👍")
    assert len(memory.said) == 20_000
    assert "$0" not in memory.said


def test_power_is_counted_as_the_rooms_version_says() -> None:
    levels = Levels(
        {"users": {BO: "50", US: 10}, "users_default": 1, "events": {"m.room.pinned_events": 20}, "kick": None}
    )
    assert [levels.of(user) for user in (BO, US, "@x:y")] == [50, 10, 1]
    assert levels.allows(BO, "kick")
    assert not levels.allows(US, "m.room.pinned_events")
    assert levels.needed("m.room.message") == 0
    assert Levels(creators=creators({"room_version": "12"}, US)).allows(US, "m.room.power_levels")
    assert not creators({"room_version": "11"}, US)


@pytest.mark.parametrize("cursor", ["", "nonsense", "[]", "[1, 2]", '["", 2]', '["s1", null]', "{}", "null"])
def test_a_cursor_that_can_not_be_read_is_none(cursor: str) -> None:
    assert Position.read(cursor) is None


def test_the_past_of_a_room_takes_up_its_invitation_where_nobody_did_yet() -> None:
    joined: list[str] = []

    def send(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/joined_rooms"):
            return httpx.Response(200, json={"joined_rooms": joined})
        if "/join/" in path:
            joined.append(ROOM)
            return httpx.Response(200, json={"room_id": ROOM})
        return httpx.Response(200, json={"chunk": [said("$old")]}) if joined else error("M_FORBIDDEN", 403)

    recalled = session(answers(send=send)).recall(PLACE, "", since=NOW - timedelta(days=30))
    assert [one.remote_id for one in recalled.batch.seen] == ["$old"]
    assert joined == [ROOM]
