"""What Slack tells by events, and what it says when something can't be done, without a server."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Never

import httpx
import pytest

from folkmoot.networks.acts import Deletion, Edit, Media, Publication
from folkmoot.networks.base import BATCH_SIZE, Place, SeenDeletion, SeenMessage, SeenMove, SeenReaction
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused, Unsure
from folkmoot.networks.live import Access, Hook
from folkmoot.networks.slack import Slack
from folkmoot.networks.slack.session import SlackSession

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
PLACE = Place("C1", "general")
SECRET = "signing"
SHAPES = Path(__file__).parents[5] / "shared/data/fixtures/slack/json-logs/samples/events"
Answer = Callable[[httpx.Request], httpx.Response]


def nowhere(host: str, port: int, *, tls: bool, seconds: float = 20.0) -> Never:
    raise AssertionError("everything goes by HTTP")


ME = {"ok": True, "user_id": "U9", "user": "folk", "bot_id": "B9", "team": "Garden"}


def session(answer: Answer, **secrets: str) -> SlackSession:
    def respond(request: httpx.Request) -> httpx.Response:
        method = request.url.path.rpartition("/")[2]
        if method == "users.info":
            ident = dict(httpx.QueryParams(request.content.decode()))["user"]
            return httpx.Response(200, json={"ok": True, "user": {"id": ident, "name": ident.lower()}})
        if method == "auth.test":
            return httpx.Response(200, json=ME, headers={"X-OAuth-Scopes": "chat:write,channels:history"})
        if method == "conversations.info":
            return httpx.Response(200, json={"ok": True, "channel": {"id": "C1", "name": "general"}})
        return answer(request)

    http = httpx.Client(transport=httpx.MockTransport(respond))
    known = {"token": "xoxb-SECRET", "signing_secret": SECRET, "client_secret": "app", **secrets}
    return SlackSession(Access({"client_id": "1.2"}, known, http, nowhere, lambda: NOW))


def saying(**body: Any) -> Answer:
    return lambda request: httpx.Response(200, json=body)


def never(request: httpx.Request) -> httpx.Response:
    raise AssertionError(request.url.path)


def signed(payload: Any, *, at: datetime = NOW, secret: str = SECRET) -> Hook:
    body = json.dumps(payload).encode()
    stamp = str(int(at.timestamp()))
    proof = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return Hook("POST", {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={proof}"}, {}, body, NOW)


def event(**fields: Any) -> Hook:
    inner = {"type": "message", "channel": "C1", "event_ts": "1767600000.000100", **fields}
    return signed({"type": "event_callback", "event_id": "Ev1", "event": inner})


def heard(**fields: Any) -> Any:
    (batch,) = session(never).hear(event(**fields))
    return batch.seen[0] if batch.seen else batch.skipped[0]


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ("invalid_auth", Reconnect, "connect the workspace again"),
        ("token_revoked", Reconnect, "token_revoked"),
        ("token_expired", Reconnect, "token_expired"),
        ("account_inactive", Reconnect, "again"),
        ("not_in_channel", Refused, "/invite"),
        ("channel_not_found", Refused, "/invite"),
        ("is_archived", Refused, "archived"),
        ("restricted_action", Refused, "administrator"),
        ("msg_too_long", Refused, "40,000"),
        ("something_new", Refused, "something_new"),
        ("ratelimited", Later, "slow down"),
        ("service_unavailable", Later, "now"),
        ("fatal_error", Unsure, "failed"),
        ("internal_error", Unsure, "failed"),
    ],
)
def test_every_error_says_what_to_do_next(error: str, kind: type[NetworkError], words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        session(saying(ok=False, error=error)).publish(Publication(PLACE, "hello"), "k")
    assert "SECRET" not in str(caught.value)


def test_a_missing_scope_is_named_with_where_to_add_it() -> None:
    with pytest.raises(Refused, match=r"scope pins:write; at api\.slack\.com"):
        session(saying(ok=False, error="missing_scope", needed="pins:write")).poll(PLACE, "history", "")


def test_how_long_to_wait_is_honoured_to_the_second() -> None:
    def slow(request: httpx.Request) -> httpx.Response:
        return httpx.Response(429, headers={"Retry-After": "17"}, json={"ok": False, "error": "ratelimited"})

    with pytest.raises(Later) as caught:
        session(slow).poll(PLACE, "history", "")
    assert caught.value.retry_after == 17
    assert caught.value.everywhere


def test_silence_before_slack_was_asked_is_later_and_after_it_unsure() -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("no connection", request=request)

    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("no answer", request=request)

    with pytest.raises(Later):
        session(unreachable).publish(Publication(PLACE, "hello"), "k")
    with pytest.raises(Unsure):
        session(silent).publish(Publication(PLACE, "hello"), "k")
    with pytest.raises(Unsure):
        session(lambda request: httpx.Response(200, text='{"ok": tr')).edit(Edit(PLACE, "1.2", "x"), "k")
    with pytest.raises(Later):
        session(silent).poll(PLACE, "changes", "")
    with pytest.raises(Later):
        session(lambda request: httpx.Response(502, text="<html>")).poll(PLACE, "history", "")


def test_deleting_what_is_gone_is_done() -> None:
    assert session(saying(ok=False, error="message_not_found")).delete(Deletion(PLACE, "1.2"), "k").remote_id == "1.2"
    with pytest.raises(Refused, match="said itself"):
        session(saying(ok=False, error="cant_delete_message")).delete(Deletion(PLACE, "1.2"), "k")


def test_what_slack_would_cut_off_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(Refused, match="100000"):
        session(never).publish(Publication(PLACE, "x" * 100_000), "k")
    files = tuple(Media(f"{n}.png", "image/png", b"x") for n in range(11))
    with pytest.raises(Refused, match="10 files"):
        session(never).publish(Publication(PLACE, "x", media=files), "k")


def test_files_that_slack_works_on_are_waited_for() -> None:
    made = session(saying(ok=True, file={"id": "F1", "shares": {}}))
    assert made.finish(Publication(PLACE, "x"), '["F1"]', "k").retry_after  # type: ignore[union-attr]
    with pytest.raises(Refused):
        made.finish(Publication(PLACE, "x"), "{", "k")


@pytest.mark.parametrize(
    ("hook", "why"),
    [
        (signed({"a": 1}, secret="other"), "not signed"),
        (signed({"a": 1}, at=NOW - timedelta(minutes=6)), "too long ago"),
        (signed({"a": 1}, at=NOW + timedelta(minutes=6)), "too long ago"),
        (Hook("POST", {}, {}, b"{}", NOW), "not signed"),
        (
            Hook("POST", {"x-slack-request-timestamp": "soon", "x-slack-signature": "v0=1"}, {}, b"{}", NOW),
            "not signed",
        ),
    ],
)
def test_requests_that_are_not_slacks_are_turned_away(hook: Hook, why: str) -> None:
    with pytest.raises(Refused, match=why):
        session(never).answer(hook)


def test_the_signature_is_that_of_slacks_own_example() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    proof = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    headers = {"x-slack-request-timestamp": "1531420618", "x-slack-signature": proof}
    hook = Hook("POST", headers, {}, body, datetime.fromtimestamp(1531420618, UTC))
    made = session(never, signing_secret="8f742231b10e8888abcd99yyyzzz85a5")
    assert made.answer(hook).status == 400  # signed well; only it is no JSON


def test_the_address_is_confirmed_and_deliveries_have_slacks_own_id() -> None:
    made = session(never)
    confirmed = made.answer(signed({"type": "url_verification", "challenge": "abc"}))
    assert (confirmed.status, confirmed.body, confirmed.keep) == (200, b"abc", False)
    kept = made.answer(event(user="U1", text="hi", ts="1767600000.000100"))
    assert (kept.keep, kept.key) == (True, "Ev1")
    assert not made.answer(signed({"type": "app_rate_limited"})).keep


def test_a_message_by_event_is_the_same_as_by_asking() -> None:
    message = {"type": "message", "user": "U1", "text": "hi <@U2>", "ts": "1767600000.000100"}
    told = heard(**message)
    asked = session(saying(ok=True, messages=[message])).poll(PLACE, "history", "").seen[0]
    assert isinstance(told, SeenMessage)
    assert told == asked
    assert (told.text, told.author.handle, told.remote_id) == ("hi @u2", "u1", "1767600000.000100")


def test_edits_deletions_reactions_joins_and_our_own_words_are_told() -> None:
    new = {"type": "message", "user": "U1", "text": "new", "ts": "1767600000.000100",
           "edited": {"user": "U1", "ts": "1767600050.000000"}}  # fmt: skip
    edited = heard(subtype="message_changed", message=new, event_ts="1767600051.000000")
    assert isinstance(edited, SeenMessage)
    assert edited.edited_at == datetime.fromtimestamp(1767600050, UTC)
    counted = heard(subtype="message_changed", message={**new, "edited": None}, event_ts="1767600060.000000")
    assert isinstance(counted, SeenMessage) and counted.as_of == datetime.fromtimestamp(1767600060, UTC)
    gone = heard(subtype="message_deleted", deleted_ts="1767600000.000100")
    assert isinstance(gone, SeenDeletion) and gone.remote_id == "1767600000.000100"
    buried = heard(subtype="message_changed", message={**new, "subtype": "tombstone"})
    assert isinstance(buried, SeenDeletion)
    given = heard(type="reaction_removed", user="U1", reaction="wave", channel=None,
                  item={"type": "message", "channel": "C1", "ts": "1767600000.000100"})  # fmt: skip
    assert isinstance(given, SeenReaction) and (given.value, given.taken_back) == (":wave:", True)
    move = heard(subtype="channel_join", user="U1", text="joined", ts="1767600000.000200")
    assert isinstance(move, SeenMove) and move.kind == "join"
    own = heard(bot_id="B9", username="folk", text="x", ts="1767600000.000300", subtype="bot_message")
    assert isinstance(own, SeenMessage) and own.ours


def test_what_is_told_of_other_things_is_skipped_and_said() -> None:
    assert heard(type="pin_added").reason == "event of another kind"
    assert (
        heard(type="reaction_added", user="U1", item={"type": "file", "channel": "C1"}).reason
        == "reaction to something else"
    )
    assert session(never).hear(signed({"event": {"type": "team_join"}})) == []


@pytest.mark.archives
def test_the_recorded_shapes_of_events_are_understood_or_skipped() -> None:
    if not SHAPES.exists():
        pytest.skip("the recorded shapes are not beside this checkout")
    for path in sorted(SHAPES.glob("*.json")):
        payload = json.loads(path.read_text())
        payload["event"] = {**payload.get("event", {}), "channel": "C1"}
        session(never).hear(signed(payload))


def test_a_long_page_fits_a_batch_and_answers_in_threads_are_not_skipped() -> None:
    roots = [
        {"type": "message", "user": "U1", "text": f"{n}", "ts": f"{1767600000 + n}.000000", "reply_count": 1,
         "thread_ts": f"{1767600000 + n}.000000", "latest_reply": f"{1767700000 + n}.000000"}
        for n in range(200)
    ]  # fmt: skip

    def respond(request: httpx.Request) -> httpx.Response:
        form = dict(httpx.QueryParams(request.content.decode()))
        if request.url.path.endswith("replies"):
            number = int(form["ts"].split(".")[0]) - 1767600000
            answer = {
                "type": "message",
                "user": "U2",
                "text": "re",
                "ts": f"{1767700000 + number}.000000",
                "thread_ts": form["ts"],
            }
            return httpx.Response(200, json={"ok": True, "messages": [roots[number], answer]})
        return httpx.Response(200, json={"ok": True, "messages": roots[::-1]})

    made = session(respond)
    cursor, found, more = json.dumps({"replies": "1767700149.500000"}), set(), True
    while more:
        batch = made.poll(PLACE, "changes", cursor)
        assert len(batch.seen) <= BATCH_SIZE
        found |= {one.remote_id for one in batch.seen}
        cursor, more = batch.cursor, batch.more
    assert {f"{1767700000 + n}.000000" for n in range(150, 200)} <= found


def test_scopes_tell_what_is_granted() -> None:
    rights = {right.name: right.granted for right in session(never).check().rights}
    assert (rights["chat:write"], rights["pins:write"]) == (True, False)


def test_signing_in_asks_for_what_is_needed_and_a_token_that_ends_is_renewed() -> None:
    filled = {"client_id": "1.2", "client_secret": "app"}
    http = httpx.Client(transport=httpx.MockTransport(never))
    begun = Slack().begin(filled, http, callback="https://f.example", state="s", challenge="c")
    assert begun.url.startswith("https://slack.com/oauth/v2/authorize?client_id=1.2&scope=channels%3Ahistory")
    with pytest.raises(Refused, match="Basic Information"):
        Slack().begin({}, http, callback="https://f.example", state="s", challenge="c")
    answer = saying(ok=True, access_token="xoxe.new", refresh_token="xoxe-2", expires_in=43200)
    tokens = session(answer, renewal_token="xoxe-1").renew()
    assert (tokens.secrets["token"], tokens.secrets["renewal_token"]) == ("xoxe.new", "xoxe-2")
    assert tokens.expires_at
    with pytest.raises(Reconnect):
        session(never).renew()
    with pytest.raises(Reconnect, match="begin again"):
        session(saying(ok=False, error="invalid_refresh_token"), renewal_token="x").renew()
