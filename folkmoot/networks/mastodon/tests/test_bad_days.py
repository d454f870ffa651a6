"""Errors, silence and oddities, told by servers that are not there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from folkmoot.networks.acts import Deletion, Edit, Media, Moderation, Pending, Publication, Reply, Sent
from folkmoot.networks.base import BATCH_SIZE, Place, SeenMessage
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused, Unsure
from folkmoot.networks.live import Access
from folkmoot.networks.mastodon.reading import OVERLAP
from folkmoot.networks.mastodon.session import MastodonSession
from folkmoot.networks.mastodon.streaming import Stream

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ME = {"id": "1", "username": "brand", "acct": "brand", "display_name": "Brand"}
INSTANCE = {"version": "4.5.0", "domain": "social.example", "configuration": {"statuses": {"max_characters": 800}}}
Answer = Callable[[httpx.Request], httpx.Response]


def status(ident: int | str, **more: Any) -> dict[str, Any]:
    account = {"id": "2", "username": "mira", "acct": "mira", "display_name": "Mira"}
    at = "2026-03-01T10:00:00Z"
    return {"id": str(ident), "created_at": at, "account": account, "content": f"<p>{ident}</p>"} | more


def session(answer: Answer | None = None, paths: Mapping[str, Any] | None = None, **settings: str) -> MastodonSession:
    """At a server that knows us, answers ``paths`` with what stands there, and all else by ``answer``."""
    known: dict[str, Any] = {"/api/v1/accounts/verify_credentials": ME, "/api/v2/instance": INSTANCE, **(paths or {})}

    def respond(request: httpx.Request) -> httpx.Response:
        if request.method == "GET" and request.url.path in known:
            return httpx.Response(200, json=known[request.url.path])
        return answer(request) if answer else httpx.Response(404, json={"error": "Record not found"})

    def dial(host: str, port: int, *, tls: bool, seconds: float = 20.0) -> object:
        raise Refused("no live news here")

    http = httpx.Client(transport=httpx.MockTransport(respond))
    access = Access(
        {"server": "https://social.example"} | settings,
        {"token": "t", "renewal_token": "r", "client_secret": "s"},
        http,
        dial,  # type: ignore[arg-type]
        lambda: NOW,
    )
    return MastodonSession(access)


PAGE = Place("@brand@social.example", "Brand", "page")
TAG = Place("#meetup@social.example", "#meetup", "feed")


def answered(status: int, error: str, **headers: str) -> Answer:
    return lambda request: httpx.Response(status, json={"error": error}, headers=headers)


@pytest.mark.parametrize(
    ("status", "error", "kind", "words"),
    [
        (401, "The access token is invalid", Reconnect, "token"),
        (401, "The access token was revoked", Reconnect, "revoked"),
        (403, "This action is outside the authorized scopes", Refused, "connect the account again"),
        (403, "Your login is currently disabled", Reconnect, "sign in there"),
        (403, "Your login is missing a confirmed e-mail address", Reconnect, "sign in there"),
        (403, "This action is not allowed", Refused, "forbids"),
        (404, "Record not found", Refused, "not show it"),
        (410, "Gone", Refused, "not show it"),
        (422, "Validation failed: Text character limit of 500 exceeded", Refused, "500 exceeded"),
        (500, "An unexpected error occurred", Unsure, "failed"),
        (503, "Mastodon is down", Later, "503"),
    ],
)
def test_every_error_says_what_to_do_next(status: int, error: str, kind: type[NetworkError], words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        session(answered(status, error)).publish(Publication(PAGE, "hello"), "k")
    assert "Bearer" not in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X-RateLimit-Reset": "2026-03-02T12:01:40.5Z"}, 100.5),
        ({"X-RateLimit-Reset": str(int(NOW.timestamp()) + 30)}, 30),
        # The server's clock goes three minutes before ours
        ({"X-RateLimit-Reset": "2026-03-02T12:04:00Z", "Date": "Mon, 02 Mar 2026 12:03:00 GMT"}, 60),
        ({"X-RateLimit-Reset": "2026-03-02T11:00:00Z"}, 0),
        ({"Retry-After": "7"}, 7),
        ({"X-RateLimit-Reset": "soon", "Retry-After": "8"}, 8),
    ],
)
def test_how_long_to_wait_is_honoured_to_the_second(headers: dict[str, str], seconds: float) -> None:
    with pytest.raises(Later) as caught:
        session(answered(429, "Too many requests", **headers)).poll(PAGE, "mentions", "")
    assert caught.value.retry_after == seconds
    assert caught.value.everywhere


def test_silence_before_the_server_was_asked_is_later_and_after_it_unsure() -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("no connection", request=request)

    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("no answer", request=request)

    act = Publication(PAGE, "hello")
    with pytest.raises(Later):
        session(unreachable).publish(act, "k")
    with pytest.raises(Unsure):
        session(silent).publish(act, "k")
    with pytest.raises(Unsure):
        session(silent).delete(Deletion(PAGE, "5"), "k")
    with pytest.raises(Later):
        session(silent).poll(PAGE, "mentions", "")


@pytest.mark.parametrize("body", ["<html>Welcome</html>", '{"id": "1', "[1, null]", "{}", "null"])
def test_what_is_no_answer_leaves_an_act_unsure(body: str) -> None:
    with pytest.raises(Unsure):
        session(lambda request: httpx.Response(200, text=body)).publish(Publication(PAGE, "hello"), "k")


@pytest.mark.parametrize("body", ["<html>Welcome</html>", '[{"id": "1', "{}", "null"])
def test_what_is_no_answer_is_no_news(body: str) -> None:
    with pytest.raises(Later):
        session(lambda request: httpx.Response(200, text=body)).poll(PAGE, "mentions", "")


class Timeline:
    """A timeline as a server keeps one: ids ascending, asked for by min_id and max_id."""

    def __init__(self, *idents: int) -> None:
        self.idents = list(idents)
        self.asked = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        params = request.url.params
        most, least = int(params.get("max_id", 10**9)), int(params.get("min_id") or 0)
        found = [ident for ident in sorted(self.idents) if least < ident < most]
        size = int(params["limit"])
        page = found[:size] if "min_id" in params else found[-size:]
        return httpx.Response(200, json=[status(ident) for ident in reversed(page)])


def test_after_a_long_absence_nothing_is_skipped() -> None:
    timeline = Timeline(*range(100, 140))
    asked = session(timeline)
    batch = asked.poll(TAG, "timeline", "")
    timeline.idents += range(140, 1500)
    found, cursor, more = {seen.remote_id for seen in batch.seen}, batch.cursor, True
    while more:
        batch = asked.poll(TAG, "timeline", cursor)
        assert len(batch.seen) <= BATCH_SIZE
        found, cursor, more = found | {seen.remote_id for seen in batch.seen}, batch.cursor, batch.more
    assert found == {str(ident) for ident in range(100, 1500)}


def test_what_comes_late_among_older_posts_is_seen_all_the_same() -> None:
    timeline = Timeline(*range(100, 180, 2))
    asked = session(timeline)
    cursor = asked.poll(TAG, "timeline", "").cursor
    timeline.idents.append(141)
    batch = asked.poll(TAG, "timeline", cursor)
    assert "141" in {seen.remote_id for seen in batch.seen}
    timeline.idents += range(200, 200 + OVERLAP)
    batch = asked.poll(TAG, "timeline", batch.cursor)
    timeline.idents.append(205)
    assert "205" in {seen.remote_id for seen in asked.poll(TAG, "timeline", batch.cursor).seen}


def test_a_cursor_that_can_not_be_read_begins_anew() -> None:
    asked = session(Timeline(1, 2, 3))
    for cursor in ("nonsense", "[]", '{"behind": {}}', "7"):
        assert len(asked.poll(TAG, "timeline", cursor).seen) == 3
        assert len(asked.recall(TAG, cursor, since=NOW - timedelta(days=9)).batch.seen) == 3
        assert [seen.remote_id for seen in session().poll_thread(PAGE, "5", cursor).seen] == ["5"]


def test_a_server_that_does_not_know_min_id_is_not_asked_for_ever() -> None:
    def always(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=[status(ident) for ident in range(100, 140)])

    assert len(session(always).poll(TAG, "timeline", '{"behind": "50"}').seen) == 40


def test_what_is_not_understood_is_skipped_and_said() -> None:
    items = [status(1), status(2, account=None), status(3, reblog={"id": "1"}), status(4, account=None), 7, None]
    batch = session(lambda request: httpx.Response(200, json=items)).poll(TAG, "timeline", "")
    assert {(one.reason, one.count) for one in batch.skipped} == {("no author", 2), ("boost", 1)}
    assert len(batch.seen) == 1


def test_a_long_thread_comes_in_pieces() -> None:
    below = [status(ident, in_reply_to_id="5") for ident in range(6, 1206)]
    asked = session(
        paths={"/api/v1/statuses/5": status(5), "/api/v1/statuses/5/context": {"ancestors": [], "descendants": below}}
    )
    found, cursor, more = set[str](), "", True
    while more:
        batch = asked.poll_thread(PAGE, "5", cursor)
        assert len(batch.seen) <= BATCH_SIZE
        found, cursor, more = found | {seen.remote_id for seen in batch.seen}, batch.cursor, batch.more
    assert found == {str(ident) for ident in range(5, 1206)}


def test_the_past_of_a_long_thread_comes_in_pieces_too() -> None:
    below = [status(ident, in_reply_to_id="5") for ident in range(6, 1206)]
    posts = {"5": status(5, account=ME), "4": status(4, account=ME)}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v1/accounts/1/statuses":
            before = int(request.url.params.get("max_id", 100))
            return httpx.Response(200, json=[one for ident, one in posts.items() if int(ident) < before])
        if request.url.path.endswith("/context"):
            found = below if "/5/" in request.url.path else []
            return httpx.Response(200, json={"ancestors": [], "descendants": found})
        return httpx.Response(200, json=[])

    asked, found, cursor, more = session(answer), list[str](), "", True
    while more:
        recalled = asked.recall(PAGE, cursor, since=NOW - timedelta(days=30))
        assert len(recalled.batch.seen) <= BATCH_SIZE
        found += [seen.remote_id for seen in recalled.batch.seen if isinstance(seen, SeenMessage)]
        cursor, more = recalled.batch.cursor, recalled.batch.more
    assert sorted(found, key=int) == [str(ident) for ident in range(4, 1206)]
    assert recalled.done == 1.0


def test_a_film_that_the_server_still_works_on_is_waited_for() -> None:
    ready, posted = [206], list[dict[str, Any]]()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v2/media":
            return httpx.Response(202, json={"id": "70"})
        if request.url.path == "/api/v1/media/70":
            return httpx.Response(ready[0], json={"id": "70"})
        posted.append(json.loads(request.content) | {"key": request.headers["idempotency-key"]})
        return httpx.Response(200, json=status(80, account=ME))

    asked, act = session(answer), Publication(PAGE, "film", media=(Media("a.mp4", "video/mp4", b"x", "a film"),))
    pending = asked.publish(act, "k7")
    assert isinstance(pending, Pending)
    assert isinstance(asked.finish(act, pending.handle, "k7"), Pending)
    assert not posted
    ready[0] = 200
    sent = asked.finish(act, pending.handle, "k7")
    assert isinstance(sent, Sent)
    assert sent.remote_id == "80"
    assert [(one["media_ids"], one["key"]) for one in posted] == [(["70"], "k7")]
    with pytest.raises(Refused):
        asked.finish(act, "nonsense", "k7")


def test_an_answer_to_what_is_gone_is_refused() -> None:
    with pytest.raises(Refused, match="not show it"):
        session().reply(Reply(PAGE, "5", "5", "hello"), "k")
    with pytest.raises(Refused):
        session().moderate(Moderation(PAGE, "ban", person="x@y.example"), "k")
    with pytest.raises(Refused):
        session().edit(Edit(PAGE, "../x", "t"), "k")


def test_a_mute_ends_when_it_is_to() -> None:
    sent = list[dict[str, Any]]()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            sent.append(json.loads(request.content))
        return httpx.Response(200, json={"id": "2"})

    until = NOW + timedelta(hours=1)
    session(answer).moderate(Moderation(PAGE, "mute", person="mira@social.example", until=until), "k")
    assert sent == [{"duration": 3600}]


def test_a_token_that_ends_is_renewed_and_one_that_lasts_is_not() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert b"refresh_token=r" in request.content
        return httpx.Response(
            200, json={"access_token": "new", "refresh_token": "r2", "expires_in": 60, "scope": "read"}
        )

    tokens = session(answer).renew()
    assert dict(tokens.secrets) == {"token": "new", "client_secret": "s", "renewal_token": "r2"}
    assert tokens.expires_at == NOW + timedelta(seconds=60)
    with pytest.raises(Reconnect):
        session(answered(400, "invalid_grant")).renew()


def test_a_relative_is_told_by_what_it_says_of_itself() -> None:
    for version, source, name, hours in (
        ("2.7.2 (compatible; Pleroma 2.6.0)", "", "Pleroma", 1),
        ("2.7.2 (compatible; Akkoma 3.13.2)", "", "Akkoma", 1),
        ("0.19.1", "https://codeberg.org/superseriousbusiness/gotosocial", "GoToSocial", 0),
        ("4.5.0+glitch", "", "Mastodon", 1),
    ):
        asked = session(paths={"/api/v2/instance": {**INSTANCE, "version": version, "source_url": source}})
        assert asked.keeps_keys_for() == timedelta(hours=hours)
        assert any(name in note for note in asked.check().notes)


def test_an_old_server_is_asked_by_the_first_version_of_the_api() -> None:
    old = {"uri": "old.example", "version": "2.7.2 (compatible; Pleroma 2.4.0)"}
    me = {"/api/v1/accounts/verify_credentials": ME}

    def answer(request: httpx.Request) -> httpx.Response:
        found = {**me, "/api/v1/instance": old}.get(request.url.path)
        return httpx.Response(200 if found else 404, json=found or {"error": "Not found"})

    asked = session()
    asked._account.access = Access(
        {"server": "old.example"},
        {},
        httpx.Client(transport=httpx.MockTransport(answer)),
        asked._account.access.dial,
        lambda: NOW,
    )
    assert asked.check().account.remote_id == "brand@old.example"
    assert [place.kind for place in asked.places()] == ["page", "direct"]


def test_rights_are_told_where_the_server_tells_them() -> None:
    app = {"/api/v1/apps/verify_credentials": {"scopes": ["read", "write:statuses"]}}
    rights = {right.name: right.granted for right in session(paths=app, moderation="server").check().rights}
    assert rights == {
        "read": True,
        "write": False,
        "admin:write:accounts": False,
        "admin:read:accounts": False,
        "admin:read:reports": False,
        "admin:write:reports": False,
    }


def test_figures_are_asked_one_by_one_where_the_server_can_not_do_more() -> None:
    paths = {"/api/v1/statuses/5": status(5, favourites_count=3)}
    assert session(paths=paths).measure(PAGE, ["5", "6"]) == {"5": {"likes": 3}}


def test_what_this_server_takes_is_known_from_signing_in() -> None:
    assert session(most_characters="800").limits(PAGE).text == 800
    assert session().limits(PAGE).text == 500


def stream(asked: MastodonSession, *places: Place) -> Stream:
    return Stream(asked._account, places, "", lambda: False)


def frame(event: str, payload: Any, *streams: str) -> str:
    return json.dumps({"stream": list(streams) or ["user"], "event": event, "payload": payload})


def test_live_news_goes_to_its_place() -> None:
    live = stream(session(), PAGE, TAG)
    tagged = next(live.heard(frame("update", json.dumps(status(5)), "hashtag", "meetup")))
    assert (tagged.place, tagged.seen[0].remote_id) == (TAG, "5")
    assert not list(live.heard(frame("update", json.dumps(status(6)))))
    named = status(7, mentions=[{"id": "1", "acct": "brand"}])
    assert next(live.heard(frame("update", json.dumps(named)))).place == PAGE
    edited = status(8, account=ME, edited_at="2026-03-01T11:00:00Z")
    (batch,) = live.heard(frame("status.update", json.dumps(edited)))
    assert batch.place == PAGE
    assert [batch.place for batch in live.heard(frame("delete", "5"))] == [PAGE, TAG]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "7",
        frame("update", "{"),
        frame("update", "[]"),
        frame("filters_changed", ""),
        frame("", None),
    ],
)
def test_live_news_that_is_not_understood_is_no_end(text: str) -> None:
    assert list(stream(session(), PAGE).heard(text)) == []


def test_without_live_news_the_server_is_asked_every_minute() -> None:
    timeline = Timeline(1, 2)
    asked, turns = session(timeline), [0]

    def stopped() -> bool:
        turns[0] += 1
        return turns[0] > 3

    batches = list(asked.stream([TAG], '{"#meetup@social.example": {"timeline": "{\\"behind\\": \\"1\\"}"}}', stopped))
    assert [seen.remote_id for batch in batches for seen in batch.seen] == ["2"]
    assert json.loads(batches[-1].cursor)["#meetup@social.example"]["timeline"]


def test_what_was_sent_counts_as_sent_though_the_server_goes_away_behind_it() -> None:
    sent = list[str]()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            sent.append("post")
            return httpx.Response(200, json=status(80, account=ME, in_reply_to_id="77"))
        if sent:
            raise httpx.ReadTimeout("silence", request=request)
        return httpx.Response(404, json={"error": "Record not found"})

    asked = session(answer, {"/api/v1/statuses/5": status(5, in_reply_to_id="4")}).reply(
        Reply(PAGE, "5", "5", "hi"), "k"
    )
    assert isinstance(asked, Sent)
    assert asked.remote_id == "80"


def test_a_hashtag_of_any_script_is_asked_for() -> None:
    asked = list[str]()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode().partition("?")[0])
        return httpx.Response(200, json=[])

    session(answer).poll(Place("#ёл/ка@social.example", "#ёл/ка", "feed"), "timeline", "")
    assert asked == ["/api/v1/timelines/tag/%D1%91%D0%BB%2F%D0%BA%D0%B0"]
