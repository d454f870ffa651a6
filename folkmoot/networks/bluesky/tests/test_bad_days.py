"""Errors, silence and oddities, told by servers that are not there."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import httpx
import pytest
from websockets.sync.server import ServerConnection, serve

from folkmoot.networks.acts import Deletion, Media, Moderation, Publication, Reply
from folkmoot.networks.base import BATCH_SIZE, Place, SeenDeletion, SeenMessage
from folkmoot.networks.bluesky.session import BlueskySession
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused, Unsure
from folkmoot.networks.live import Access

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ME = {"did": "did:plc:brand", "handle": "brand.example", "displayName": "Brand"}
PAGE = Place("did:plc:brand", "Brand", "page")
SEARCH = Place("search:#meetup", "#meetup", "feed")
Answer = Callable[[httpx.Request], httpx.Response]


def token(ends: datetime = NOW + timedelta(hours=2), name: str = "t") -> str:
    said = base64.urlsafe_b64encode(json.dumps({"exp": int(ends.timestamp()), "name": name}).encode()).decode()
    return f"head.{said.rstrip('=')}.{name}"


def endpoint(request: httpx.Request) -> str:
    return request.url.path.removeprefix("/xrpc/")


def session(answer: Answer | None = None, known: Mapping[str, Any] | None = None, **settings: str) -> BlueskySession:
    """At a server that knows us, answers ``known`` with what stands there, and all else by ``answer``."""
    given: dict[str, Any] = {
        "com.atproto.server.getSession": ME,
        "app.bsky.actor.getProfile": ME,
        **(known or {}),
    }

    def respond(request: httpx.Request) -> httpx.Response:
        if endpoint(request) in given:
            return httpx.Response(200, json=given[endpoint(request)])
        return answer(request) if answer else failed(400, "InvalidRequest", "no")(request)

    def dial(host: str, port: int, *, tls: bool, seconds: float = 20.0) -> object:
        raise Later("nobody there", retry_after=30)

    return BlueskySession(
        Access(
            {"server": "https://pds.example", "handle": "brand.example"} | settings,
            {"app_password": "p", "access_jwt": token(), "refresh_jwt": "r"},
            httpx.Client(transport=httpx.MockTransport(respond)),
            dial,  # type: ignore[arg-type]
            lambda: NOW,
        )
    )


def failed(status: int, error: str, message: str = "", **headers: str) -> Answer:
    return lambda request: httpx.Response(status, json={"error": error, "message": message}, headers=headers)


def post(name: int | str, at: str = "2026-03-01T10:00:00Z", did: str = "did:plc:mira") -> dict[str, Any]:
    return {
        "uri": f"at://{did}/app.bsky.feed.post/{name}",
        "cid": "c",
        "author": {"did": did, "handle": "mira.example"},
        "record": {"text": str(name), "createdAt": at},
        "indexedAt": at,
    }


@pytest.mark.parametrize(
    ("status", "error", "message", "kind", "words"),
    [
        (400, "InvalidToken", "Token could not be verified", Reconnect, "app password"),
        (401, "AuthenticationRequired", "Invalid identifier or password", Reconnect, "app password"),
        (401, "AuthFactorTokenRequired", "A sign in code has been sent", Reconnect, "make an app password"),
        (400, "AccountTakedown", "Account has been taken down", Reconnect, "sign in at Bluesky"),
        (400, "AccountDeactivated", "Account is deactivated", Reconnect, "sign in at Bluesky"),
        (400, "InvalidRequest", "grapheme too big (maximum 300, got 301)", Refused, "301"),
        (400, "BlockedActor", "Requester has blocked actor", Refused, "blocks the other"),
        (400, "RecordNotFound", "Could not locate record", Refused, "any more"),
        (413, "BlobTooLarge", "request entity too large", Refused, "too large"),
        (501, "MethodNotImplemented", "Method Not Implemented", Unsure, "501"),
        (500, "InternalServerError", "Internal Server Error", Unsure, "500"),
        (502, "UpstreamFailure", "Upstream Failure", Later, "does not answer"),
        (503, "ServiceUnavailable", "", Later, "503"),
    ],
)
def test_every_error_says_what_to_do_next(
    status: int, error: str, message: str, kind: type[NetworkError], words: str
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if endpoint(request) == "com.atproto.repo.getRecord":
            return failed(400, "RecordNotFound")(request)
        return failed(status, error, message)(request)

    with pytest.raises(kind, match=words) as caught:
        session(answer).publish(Publication(PAGE, "hello"), "k")
    assert "head." not in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"ratelimit-reset": str(int(NOW.timestamp()) + 61)}, 61),
        # The server's clock goes three minutes before ours
        ({"ratelimit-reset": str(int(NOW.timestamp()) + 240), "Date": "Mon, 02 Mar 2026 12:03:00 GMT"}, 60),
        ({"ratelimit-reset": "1"}, 0),
        ({"Retry-After": "7"}, 7),
        ({"ratelimit-reset": "soon", "Retry-After": "8"}, 8),
    ],
)
def test_how_long_to_wait_is_honoured_to_the_second(headers: dict[str, str], seconds: float) -> None:
    answer = failed(429, "RateLimitExceeded", "Rate Limit Exceeded", **headers)
    with pytest.raises(Later) as caught:
        session(answer).poll(PAGE, "notifications", "")
    assert caught.value.retry_after == seconds
    assert caught.value.everywhere


def test_silence_before_the_server_was_asked_is_later_and_after_it_unsure() -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("no connection", request=request)

    def silent(request: httpx.Request) -> httpx.Response:
        if endpoint(request) == "com.atproto.repo.getRecord":
            return failed(400, "RecordNotFound")(request)
        raise httpx.ReadTimeout("no answer", request=request)

    with pytest.raises(Later):
        session(unreachable).publish(Publication(PAGE, "hello"), "k")
    with pytest.raises(Unsure):
        session(silent).publish(Publication(PAGE, "hello"), "k")
    with pytest.raises(Unsure):
        session(silent).delete(Deletion(PAGE, "at://did:plc:brand/app.bsky.feed.post/1"), "k")
    with pytest.raises(Later):
        session(silent).poll(PAGE, "notifications", "")
    with pytest.raises(Later):
        session(silent).publish(Publication(PAGE, "x", media=(Media("a.png", "image/png", b"x"),)), "k")


@pytest.mark.parametrize("text", ["<html>Welcome</html>", '{"results": [{'])
def test_a_post_whose_answer_was_lost_is_found_by_its_key(text: str) -> None:
    written = dict[str, Any]()

    def answer(request: httpx.Request) -> httpx.Response:
        if endpoint(request) == "com.atproto.repo.getRecord":
            return httpx.Response(200, json=written)
        asked = json.loads(request.content)["writes"][0]
        uri = f"at://did:plc:brand/{asked['collection']}/{asked['rkey']}"
        written.update(uri=uri, cid="c", value=asked["value"])
        return httpx.Response(200, text=text)

    asked = session(answer)
    sent = asked.publish(Publication(PAGE, "only once"), "k1")
    assert sent.remote_id == written["uri"]
    assert sent.seen
    assert sent.seen.text == "only once"
    found = asked.find_own(Publication(PAGE, "only once"), "k1", since=NOW)
    assert found == sent
    assert asked.keeps_keys_for() > timedelta(days=1)


def test_a_token_at_its_end_is_replaced_in_the_middle_of_things() -> None:
    asked = list[str]()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(endpoint(request))
        if endpoint(request) == "com.atproto.server.createSession":
            return httpx.Response(200, json={"accessJwt": token(name="new"), "refreshJwt": "r2", "did": ME["did"]})
        if request.headers["authorization"].endswith(".new"):
            return httpx.Response(200, json={"notifications": []})
        return failed(400, "ExpiredToken", "Token has expired")(request)

    assert not session(answer).poll(PAGE, "notifications", "").seen
    listing = "app.bsky.notification.listNotifications"
    assert asked == [listing, "com.atproto.server.createSession", listing]


def test_stored_tokens_are_renewed_and_old_ones_made_anew() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if endpoint(request) == "com.atproto.server.refreshSession":
            assert request.headers["authorization"] == "Bearer r"
            return failed(400, "ExpiredToken", "Token has been revoked")(request)
        return httpx.Response(200, json={"accessJwt": token(name="n"), "refreshJwt": "r2"})

    tokens = session(answer).renew()
    assert dict(tokens.secrets) == {"access_jwt": token(name="n"), "refresh_jwt": "r2"}
    assert tokens.expires_at == NOW + timedelta(hours=2)
    with pytest.raises(Reconnect, match="switched off"):
        session(
            lambda request: httpx.Response(200, json={"accessJwt": token(), "active": False, "status": "takendown"})
        ).renew()


class Listing:
    """Notifications as the AppView keeps them: newest first, asked for page by page."""

    def __init__(self, *minutes: int) -> None:
        self.minutes = list(minutes)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        params = request.url.params
        ordered = sorted(self.minutes, reverse=True)
        start = int(params.get("cursor", 0))
        page = ordered[start : start + int(params["limit"])]
        items = [self.item(minute) for minute in page]
        more = {"cursor": str(start + len(page))} if start + len(page) < len(ordered) else {}
        return httpx.Response(200, json={"notifications": items, **more})

    @staticmethod
    def item(minute: int) -> dict[str, Any]:
        at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=minute)
        return {
            "uri": f"at://did:plc:mira/app.bsky.graph.follow/{minute}",
            "author": {"did": "did:plc:mira", "handle": "mira.example"},
            "reason": "follow",
            "record": {},
            "indexedAt": at.isoformat(),
        }


def numbers(seen: Any) -> set[int]:
    return {int(one.remote_id.rpartition("/")[2]) for one in seen}


def test_after_a_long_absence_nothing_is_skipped() -> None:
    listing = Listing(*range(50))
    asked = session(listing)
    batch = asked.poll(PAGE, "notifications", "")
    assert numbers(batch.seen) == set(range(50))
    listing.minutes += range(50, 1400)
    found, cursor, more = numbers(batch.seen), batch.cursor, True
    while more:
        batch = asked.poll(PAGE, "notifications", cursor)
        assert len(batch.seen) <= BATCH_SIZE
        found, cursor, more = found | numbers(batch.seen), batch.cursor, batch.more
    assert found == set(range(1400))
    assert len(asked.poll(PAGE, "notifications", cursor).seen) <= 11


def test_what_is_shown_late_is_seen_all_the_same() -> None:
    listing = Listing(*range(0, 100, 2))
    asked = session(listing)
    cursor = asked.poll(PAGE, "notifications", "").cursor
    listing.minutes += [93]
    assert 93 in numbers(asked.poll(PAGE, "notifications", cursor).seen)


def test_a_cursor_that_can_not_be_read_begins_anew() -> None:
    for cursor in ("nonsense", "[]", "7", '{"behind": {}}', '{"behind": "yesterday"}', '{"behind": "2026-03-01"}'):
        assert numbers(session(Listing(1, 2)).poll(PAGE, "notifications", cursor).seen) == {1, 2}
        recalled = session(Listing(1), {"app.bsky.feed.getAuthorFeed": {"feed": []}}).recall(PAGE, cursor, since=NOW)
        assert recalled.batch.more


def test_what_is_not_understood_is_skipped_and_said() -> None:
    items = [Listing.item(1), Listing.item(2) | {"reason": "verified"}, Listing.item(3) | {"author": None}, 7]
    batch = session(lambda request: httpx.Response(200, json={"notifications": items})).poll(PAGE, "notifications", "")
    assert numbers(batch.seen) == {1}
    assert {(one.reason, one.count) for one in batch.skipped} == {("notification of another kind", 1), ("no author", 1)}


@pytest.mark.parametrize(
    "body", ["<html>Welcome</html>", '{"notifications": [', "[]", "{}", "null", '{"notifications": 7}']
)
def test_what_is_no_answer_is_no_news(body: str) -> None:
    with pytest.raises(Later):
        session(lambda request: httpx.Response(200, text=body)).poll(PAGE, "notifications", "")


def threaded(answers: int) -> dict[str, Any]:
    return {"thread": {"post": post(0), "replies": [{"post": post(number)} for number in range(1, answers + 1)]}}


def test_a_long_thread_comes_in_pieces() -> None:
    asked = session(known={"app.bsky.feed.getPostThread": threaded(1200)})
    found, cursor, more = set[int](), "", True
    while more:
        batch = asked.poll_thread(PAGE, "at://did:plc:mira/app.bsky.feed.post/0", cursor)
        assert len(batch.seen) <= BATCH_SIZE
        found, cursor, more = found | numbers(batch.seen), batch.cursor, batch.more
    assert found == set(range(1201))


def test_what_is_only_hidden_by_a_block_is_not_taken_for_deleted() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        gone = request.url.params["rkey"] == "2"
        return (
            failed(400, "RecordNotFound")(request) if gone else httpx.Response(200, json={"uri": "at://x", "cid": "c"})
        )

    first = session(answer, {"app.bsky.feed.getPostThread": threaded(3)}).poll_thread(PAGE, post(0)["uri"], "")
    known = {"app.bsky.feed.getPostThread": threaded(1)}
    second = session(answer, known).poll_thread(PAGE, post(0)["uri"], first.cursor)
    assert [one.remote_id for one in second.seen if isinstance(one, SeenDeletion)] == [post(2)["uri"]]
    whole = session(failed(400, "RecordNotFound"), {}).poll_thread(PAGE, post(0)["uri"], first.cursor)
    assert len(whole.seen) == 4


def test_the_past_of_a_long_thread_comes_in_pieces() -> None:
    feed = [{"post": post(0, did="did:plc:brand") | {"replyCount": 1200}}, {"post": post("older", did="did:plc:brand")}]
    known = {
        "app.bsky.feed.getAuthorFeed": {"feed": feed},
        "app.bsky.feed.getPostThread": threaded(1200),
        "app.bsky.notification.listNotifications": {"notifications": []},
    }
    asked, found, cursor, more = session(known=known), list[str](), "", True
    while more:
        recalled = asked.recall(PAGE, cursor, since=NOW - timedelta(days=30))
        assert len(recalled.batch.seen) <= BATCH_SIZE
        found += [seen.remote_id.rpartition("/")[2] for seen in recalled.batch.seen if isinstance(seen, SeenMessage)]
        cursor, more = recalled.batch.cursor, recalled.batch.more
    assert sorted(found) == sorted([*(str(number) for number in range(1201)), "older"])
    assert recalled.done == 1.0


def test_what_can_not_be_done_is_refused_with_a_reason() -> None:
    asked = session(failed(400, "RecordNotFound", "gone"), {"app.bsky.feed.getPosts": {"posts": []}})
    with pytest.raises(Refused, match="gone"):
        asked.reply(Reply(PAGE, post(1)["uri"], post(1)["uri"], "hello"), "k")
    with pytest.raises(Refused, match="no post"):
        asked.reply(Reply(PAGE, "", "", "hello"), "k")
    with pytest.raises(Refused, match="one film"):
        films = tuple(Media(f"{number}.mp4", "video/mp4", b"x") for number in range(2))
        asked.publish(Publication(PAGE, "x", media=films), "k")
    with pytest.raises(Refused, match="who may answer"):
        asked.publish(Publication(PAGE, "x", options={"replies": "friends"}), "k")
    with pytest.raises(Refused, match="warning"):
        asked.publish(Publication(PAGE, "x", options={"warning": "food"}), "k")
    with pytest.raises(Refused, match="say whom"):
        asked.moderate(Moderation(PAGE, "mute"), "k")
    with pytest.raises(Refused, match="only posts of this account"):
        asked.moderate(Moderation(PAGE, "pin", message=post(1)["uri"]), "k")
    assert asked.measure(PAGE, [post(1)["uri"], "7"]) == {}
    assert "hide" not in asked.verbs(SEARCH)


def test_a_record_that_is_changed_elsewhere_is_changed_again() -> None:
    root, swaps = "at://did:plc:brand/app.bsky.feed.post/1", list[str | None]()

    def answer(request: httpx.Request) -> httpx.Response:
        if endpoint(request) == "com.atproto.repo.getRecord":
            if request.url.params["collection"] == "app.bsky.feed.threadgate":
                gate = {"hiddenReplies": ["at://did:plc:x/app.bsky.feed.post/0"]}
                return httpx.Response(200, json={"uri": "u", "cid": f"c{len(swaps)}", "value": gate})
            return httpx.Response(200, json={"uri": "u", "cid": "c", "value": {"reply": {"root": {"uri": root}}}})
        body = json.loads(request.content)
        swaps.append(body["swapRecord"])
        if len(swaps) < 2:
            return failed(400, "InvalidSwap", "Record was at another")(request)
        assert body["record"]["hiddenReplies"] == ["at://did:plc:x/app.bsky.feed.post/0", post(5)["uri"]]
        return httpx.Response(200, json={"uri": "u", "cid": "c"})

    session(answer).moderate(Moderation(PAGE, "hide", message=post(5)["uri"]), "k")
    assert swaps == ["c0", "c1"]


@contextmanager
def jetstream(*frames: str) -> Iterator[tuple[str, list[str]]]:
    """A WebSocket server that tells these frames to whoever comes; its address, and what paths were asked for."""
    paths = list[str]()

    def tell(connection: ServerConnection) -> None:
        assert connection.request
        paths.append(connection.request.path)
        for frame in frames:
            connection.send(frame)
        for _ in connection:
            pass

    with serve(tell, "127.0.0.1", 0) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}", paths
        server.shutdown()
        thread.join()


def frame(did: str, name: str, at: int, **more: Any) -> str:
    commit = {"operation": "create", "collection": "app.bsky.feed.post", "rkey": name, **more}
    return json.dumps({"did": did, "time_us": at, "kind": "commit", "commit": commit})


def test_jetstream_is_heard_and_what_does_not_concern_us_passed_over(access: Callable[..., Access]) -> None:
    base = int(NOW.timestamp() * 1_000_000)
    answers = {
        "text": "yes!",
        "createdAt": "2026-03-01T10:00:00Z",
        "reply": {"root": {"uri": f"at://{PAGE.remote_id}/x/1"}},
    }
    tagged = {"text": "#meetup", "createdAt": "2026-03-01T10:00:00Z", "tags": ["meetup"]}
    frames = (
        "nonsense",
        frame("did:plc:x", "1", base + 1, record={"text": "of something else"}),
        frame("did:plc:mira", "2", base + 2, record=answers),
        frame("did:plc:mira", "3", base + 3, record=tagged),
        frame("did:plc:x", "9", base + 4, operation="delete"),
        frame("did:plc:mira", "2", base + 5, operation="delete"),
    )
    with jetstream(*frames) as (address, paths):
        live = session(jetstream=address)
        live._account.access = Access(
            live._account.access.settings,
            live._account.access.secrets,
            live._account.access.http,
            access({}).dial,
            lambda: NOW,
        )
        found = []
        for batch in live.stream([PAGE, SEARCH], str(base), lambda: False):
            found += [(batch.place, one.remote_id, type(one).__name__, batch.cursor) for one in batch.seen]
            if len(found) == 4:
                break
    assert [one[:3] for one in found] == [
        (PAGE, "at://did:plc:mira/app.bsky.feed.post/2", "SeenMessage"),
        (SEARCH, "at://did:plc:mira/app.bsky.feed.post/3", "SeenMessage"),
        (PAGE, "at://did:plc:mira/app.bsky.feed.post/2", "SeenDeletion"),
        (SEARCH, "at://did:plc:mira/app.bsky.feed.post/2", "SeenDeletion"),
    ]
    assert paths == [f"/subscribe?wantedCollections=app.bsky.feed.post&cursor={base - 5_000_000}"]


def test_without_jetstream_the_stream_only_lives_and_ends_soon() -> None:
    stopped = [False]
    stream = session().stream([PAGE], "", lambda: stopped[0])
    assert next(stream).place is None
    stopped[0] = True
    began = time.monotonic()
    assert not list(stream)
    assert time.monotonic() - began < 2


def test_jetstream_that_is_away_is_tried_later() -> None:
    with pytest.raises(Later):
        next(session(jetstream="wss://jetstream.example/subscribe").stream([PAGE], "", lambda: False))
    with pytest.raises(Refused):
        next(session(jetstream="https://jetstream.example").stream([PAGE], "", lambda: False))


def test_a_stored_token_at_its_end_is_not_used_and_a_clock_hours_ahead_does_not_sign_in_again_and_again() -> None:
    asked = list[str]()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(endpoint(request))
        if endpoint(request) == "com.atproto.server.createSession":
            return httpx.Response(200, json={"accessJwt": token(NOW - timedelta(hours=3)), "refreshJwt": "r2"})
        return httpx.Response(200, json={"notifications": []})

    connected = session(answer)
    connected._account._token = token(NOW - timedelta(hours=3))
    for _ in range(3):
        connected.poll(PAGE, "notifications", "")
    assert asked[0] == "com.atproto.server.createSession"
    assert asked.count("com.atproto.server.createSession") == 1


def test_an_act_stays_unsure_when_it_can_not_be_looked_for_either() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("no answer", request=request)

    with pytest.raises(Unsure):
        session(silent).publish(Publication(PAGE, "hello"), "k")


def test_a_thread_that_is_closed_to_us_is_not_answered() -> None:
    closed = post(1) | {"viewer": {"replyDisabled": True}}
    with pytest.raises(Refused, match="only some people"):
        session(known={"app.bsky.feed.getPosts": {"posts": [closed]}}).reply(Reply(PAGE, "", closed["uri"], "hi"), "k")


def test_a_repost_of_something_old_does_not_look_like_the_end_of_what_is_new() -> None:
    late = "2026-03-02T11:00:00Z"
    reposted = {"post": post("old", "2020-01-01T00:00:00Z"), "reason": {"$type": "x#reasonRepost", "indexedAt": late}}
    pages = {"": [reposted, {"post": post("one", late)}], "2": [{"post": post("two", "2026-03-02T10:00:00Z")}]}

    def answer(request: httpx.Request) -> httpx.Response:
        cursor = request.url.params.get("cursor", "")
        return httpx.Response(200, json={"feed": pages[cursor], **({} if cursor else {"cursor": "2"})})

    batch = session(answer).poll(PAGE, "posts", '{"behind": "2026-03-02T09:00:00+00:00"}')
    assert [one.remote_id.rpartition("/")[2] for one in batch.seen] == ["one", "two"]
    assert [one.reason for one in batch.skipped] == ["repost"]
