"""Against the AT Protocol's development network: a real PDS, AppView and moderation service."""

from __future__ import annotations

import json
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.sync.server import ServerConnection, serve

from folkmoot.networks.acts import Deletion, Media, Moderation, Publication, Reply, Sent
from folkmoot.networks.base import Batch, Place, SeenDeletion, SeenMessage, SeenMove, SeenReaction
from folkmoot.networks.bluesky.session import BlueskySession
from folkmoot.networks.errors import Reconnect, Refused
from folkmoot.networks.live import Access
from servers.base import Running

pytestmark = pytest.mark.servers
POST = "app.bsky.feed.post"


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PIXELS = b"\x89PNG\r\n\x1a\n" + b"".join(
    (
        _chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)),
        _chunk(b"IDAT", zlib.compress((b"\0" + b"\xff\0\0" * 8) * 8)),
        _chunk(b"IEND", b""),
    )
)


class Fan:
    """Somebody else, by the server's own API."""

    def __init__(self, address: str, name: str) -> None:
        self.http = httpx.Client(base_url=f"{address}/xrpc/", trust_env=False, timeout=20)
        given = {"identifier": f"{name}.test", "password": "password"}
        made = self.http.post("com.atproto.server.createSession", json=given).raise_for_status().json()
        self.did = made["did"]
        self.http.headers["Authorization"] = f"Bearer {made['accessJwt']}"

    def get(self, method: str, **params: Any) -> Any:
        return self.http.get(method, params=params).raise_for_status().json()

    def post(self, method: str, **body: Any) -> Any:
        return self.http.post(method, json=body).raise_for_status().json()

    def make(self, collection: str, **record: Any) -> dict[str, str]:
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        whole = {"$type": collection, "createdAt": at, **record}
        made = self.post("com.atproto.repo.createRecord", repo=self.did, collection=collection, record=whole)
        return {"uri": made["uri"], "cid": made["cid"]}

    def say(self, words: str, to: str = "", **more: Any) -> str:
        if to:
            parent = self.reference(to)
            above = self.get("app.bsky.feed.getPosts", uris=[to])["posts"][0]["record"].get("reply")
            more["reply"] = {"root": above["root"] if above else parent, "parent": parent}
        return self.make(POST, text=words, **more)["uri"]

    def reference(self, uri: str) -> dict[str, str]:
        view = shown(self, uri)
        return {"uri": view["uri"], "cid": view["cid"]}

    def drop(self, uri: str) -> None:
        _, collection, rkey = uri.removeprefix("at://").split("/")
        self.post("com.atproto.repo.deleteRecord", repo=self.did, collection=collection, rkey=rkey)


def until(ask: Callable[..., Any], *given: Any, seconds: float = 60) -> Any:
    """The AppView shows what was written a moment later."""
    end = time.monotonic() + seconds
    while not (found := ask(*given)) and time.monotonic() < end:
        time.sleep(0.2)
    assert found
    return found


def shown(fan: Fan, uri: str) -> dict[str, Any]:
    return dict(until(lambda: fan.get("app.bsky.feed.getPosts", uris=[uri])["posts"])[0])


@pytest.fixture
def network(server: Callable[[str], Running]) -> Running:
    return server("bluesky")


@pytest.fixture
def fan(network: Running) -> Iterator[Fan]:
    made = Fan(network.address, "fan")
    yield made
    made.http.close()


@pytest.fixture
def third(network: Running) -> Iterator[Fan]:
    made = Fan(network.address, "third")
    yield made
    made.http.close()


@pytest.fixture
def session(network: Running, access: Callable[..., Access]) -> BlueskySession:
    settings = {"server": network.address, "handle": "@brand.test", "searches": "#meetup"}
    return BlueskySession(access(settings, {"app_password": "password"}))


def page(session: BlueskySession) -> Place:
    return session.places()[0]


def messages(batch: Batch) -> dict[str, SeenMessage]:
    return {seen.remote_id: seen for seen in batch.seen if isinstance(seen, SeenMessage)}


def told(session: BlueskySession, uri: str, kind: str = "notifications", cursor: str = "") -> SeenMessage:
    seen: SeenMessage = until(lambda: messages(session.poll(page(session), kind, cursor)).get(uri))
    return seen


def published(session: BlueskySession, words: str, **options: str) -> Sent:
    return session.publish(Publication(page(session), words, options=options), str(uuid4()))


def test_it_says_who_we_are_and_what_can_be_connected(session: BlueskySession, network: Running) -> None:
    checkup = session.check()
    assert (checkup.account.remote_id, checkup.account.handle) == (network.details["brand"], "brand.test")
    assert checkup.expires_at
    assert checkup.expires_at > datetime.now(UTC)
    own, search = session.places()[:2]
    assert (own.remote_id, own.kind, search.remote_id, search.kind) == (
        network.details["brand"],
        "page",
        "search:#meetup",
        "feed",
    )


def test_a_wrong_app_password_asks_to_connect_again(network: Running, access: Callable[..., Access]) -> None:
    wrong = BlueskySession(access({"server": network.address, "handle": "brand.test"}, {"app_password": "guess"}))
    with pytest.raises(Reconnect, match="app password"):
        wrong.check()


def test_tokens_are_renewed_and_serve_without_the_password(
    session: BlueskySession, network: Running, access: Callable[..., Access]
) -> None:
    settings = {"server": network.address, "handle": "brand.test"}
    first = session.renew()
    assert first.expires_at
    again = BlueskySession(access(settings, {**first.secrets, "app_password": "none"})).renew()
    assert again.secrets["refresh_jwt"] != first.secrets["refresh_jwt"]
    assert BlueskySession(access(settings, dict(again.secrets))).check().account.handle == "brand.test"


def test_what_somebody_writes_is_seen_once_with_all_that_belongs_to_it(session: BlueskySession, fan: Fan) -> None:
    place = page(session)
    ours = published(session, "Кто придёт в пятницу? 😀 #meetup")
    shown(fan, ours.remote_id)
    first = session.poll(place, "notifications", "")
    blob = fan.http.post("com.atproto.repo.uploadBlob", content=PIXELS, headers={"Content-Type": "image/png"}).json()
    pictures = {"$type": "app.bsky.embed.images", "images": [{"alt": "a red square", "image": blob["blob"]}]}
    reply = fan.say("Я приду 🎉", to=ours.remote_id, embed=pictures)
    reference = fan.reference(ours.remote_id)
    fan.make("app.bsky.feed.like", subject=reference)
    fan.make("app.bsky.feed.repost", subject=reference)
    seen = told(session, reply, cursor=first.cursor)
    assert (seen.text, seen.thread, seen.parent) == ("Я приду 🎉", ours.remote_id, ours.remote_id)
    assert (seen.kind, seen.ours, seen.author.remote_id, seen.author.handle) == ("comment", False, fan.did, "fan.test")
    assert [(file.kind, file.name) for file in seen.attachments] == [("image", "a red square")]
    assert seen.attachments[0].url.startswith("http")

    def reactions() -> set[str]:
        batch = session.poll(place, "notifications", first.cursor)
        return {one.value for one in batch.seen if isinstance(one, SeenReaction) and one.remote_id == ours.remote_id}

    assert until(lambda: reactions() == {"like", "repost"})
    last = session.poll(place, "notifications", "")
    again = session.poll(place, "notifications", last.cursor)
    assert [one.remote_id for one in again.seen].count(reply) == 1
    figures = until(lambda: session.measure(place, [ours.remote_id]))[ours.remote_id]
    assert figures == {"likes": 1, "shares": 1, "comments": 1}


def test_mentions_quotes_and_deeper_answers_are_in_their_conversations(
    session: BlueskySession, fan: Fan, third: Fan
) -> None:
    ours = published(session, "A thread begins")
    shown(fan, ours.remote_id)
    reply = fan.say("one", to=ours.remote_id)
    shown(third, reply)
    deeper = third.say("two", to=reply)
    seen = told(session, deeper)
    assert (seen.thread, seen.parent, seen.kind) == (ours.remote_id, reply, "reply")
    quote = fan.say("look", embed={"$type": "app.bsky.embed.record", "record": fan.reference(ours.remote_id)})
    assert told(session, quote).parent == ours.remote_id
    words, did = "Спасибо @brand.test!", page(session).remote_id
    start = len("Спасибо ".encode())
    facet = {
        "index": {"byteStart": start, "byteEnd": start + len("@brand.test")},
        "features": [{"$type": "app.bsky.richtext.facet#mention", "did": did}],
    }
    mention = told(session, fan.say(words, facets=[facet]))
    assert (mention.kind, mention.thread) == ("mention", mention.remote_id)
    assert f'Спасибо <a href="https://bsky.app/profile/{did}">@brand.test</a>!' == mention.html


def test_a_thread_is_read_whole_and_what_goes_is_told(session: BlueskySession, fan: Fan, third: Fan) -> None:
    place, ours = page(session), published(session, "Speak freely")
    shown(fan, ours.remote_id)
    reply = fan.say("here", to=ours.remote_id)
    shown(third, reply)
    deeper = third.say("there", to=reply)
    shown(fan, deeper)
    first = until(lambda: len((read := session.poll_thread(place, ours.remote_id, "")).seen) == 3 and read)
    assert set(messages(first)) == {ours.remote_id, reply, deeper}
    third.drop(deeper)

    def gone() -> list[str]:
        batch = session.poll_thread(place, ours.remote_id, first.cursor)
        return [one.remote_id for one in batch.seen if isinstance(one, SeenDeletion)]

    assert until(gone) == [deeper]
    session.delete(Deletion(place, ours.remote_id), "k")
    until(lambda: not fan.get("app.bsky.feed.getPosts", uris=[ours.remote_id])["posts"])
    assert ours.remote_id in {one.remote_id for one in session.poll_thread(place, ours.remote_id, first.cursor).seen}


def test_an_answer_is_read_back_as_ours_and_never_doubled(session: BlueskySession, fan: Fan) -> None:
    place, words = page(session), "@brand.test когда?"
    asked = fan.say(words)
    shown(fan, asked)
    act, key = Reply(place, asked, asked, "В семь, @fan.test! https://example.org/место 😀 #meetup"), str(uuid4())
    since = datetime.now(UTC) - timedelta(minutes=1)
    assert session.find_own(act, key, since=since) is None
    sent = session.reply(act, key)
    again = session.reply(act, key)
    assert again.remote_id == sent.remote_id
    assert session.find_own(act, key, since=since) == again
    assert sent.seen
    assert (sent.seen.ours, sent.seen.thread, sent.seen.parent) == (True, asked, asked)
    back = told(session, sent.remote_id, "posts")
    assert (back.ours, back.text, back.author, back.url) == (True, act.text, sent.seen.author, sent.seen.url)
    assert (back.thread, back.parent, back.at) == (asked, asked, sent.seen.at)
    facets = shown(fan, sent.remote_id)["record"]["facets"]
    whole = act.text.encode()
    marked = {whole[one["index"]["byteStart"] : one["index"]["byteEnd"]].decode(): one["features"][0] for one in facets}
    assert marked["@fan.test"]["did"] == fan.did
    assert marked["https://example.org/место"]["uri"] == "https://example.org/место"
    assert marked["#meetup"]["tag"] == "meetup"
    assert len(fan.get("app.bsky.feed.getPostThread", uri=asked)["thread"]["replies"]) == 1


def test_a_post_has_its_pictures_its_quote_and_those_who_may_answer(session: BlueskySession, fan: Fan) -> None:
    place, quoted = page(session), fan.say("quote me")
    shown(fan, quoted)
    act = Publication(
        place,
        "Look",
        media=(Media("red.png", "image/png", PIXELS, "a red square"),),
        options={"quote": quoted, "replies": "nobody", "language": "en, uk"},
    )
    sent = session.publish(act, str(uuid4()))
    view = shown(fan, sent.remote_id)
    assert view["embed"]["media"]["images"][0]["alt"] == "a red square"
    assert view["embed"]["record"]["record"]["uri"] == quoted
    assert view["record"]["langs"] == ["en", "uk"]
    assert until(lambda: shown(fan, sent.remote_id)["viewer"].get("replyDisabled"))
    assert sent.seen
    assert [file.name for file in sent.seen.attachments] == ["a red square"]
    linked = published(session, "Read", link="https://example.org/", link_title="Example", warning="graphic-media")
    card = shown(fan, linked.remote_id)
    assert card["embed"]["external"]["title"] == "Example"
    assert card["labels"][0]["val"] == "graphic-media"


def test_a_post_is_as_long_as_bluesky_counts(session: BlueskySession, fan: Fan) -> None:
    family = "👨‍👩‍👧‍👦"
    with pytest.raises(Refused, match="has 301"):
        published(session, "я" * 301)
    assert shown(fan, published(session, "я" * 200 + family * 60).remote_id)
    with pytest.raises(Refused, match="bytes"):
        published(session, family * 299)


def test_what_we_said_is_taken_back(session: BlueskySession, fan: Fan) -> None:
    place, sent = page(session), published(session, "Helo")
    shown(fan, sent.remote_id)
    for _ in range(2):
        session.delete(Deletion(place, sent.remote_id), "k")
    assert until(lambda: not fan.get("app.bsky.feed.getPosts", uris=[sent.remote_id])["posts"])
    theirs = fan.say("mine to delete")
    with pytest.raises(Refused, match="only its author"):
        session.delete(Deletion(place, theirs), "k")


def test_answers_are_hidden_and_threads_closed(session: BlueskySession, fan: Fan) -> None:
    place, ours = page(session), published(session, "Discuss")
    shown(fan, ours.remote_id)
    rude = fan.say("rude", to=ours.remote_id)
    shown(fan, rude)

    def gate() -> dict[str, Any]:
        found = fan.get("app.bsky.feed.getPostThread", uri=ours.remote_id).get("threadgate", {"record": {}})
        return dict(found["record"])

    for verb, hidden in (("hide", [rude]), ("unhide", [])):
        for _ in range(2):
            session.moderate(Moderation(place, verb, message=rude), "k")  # type: ignore[arg-type]
        until(lambda wanted: gate().get("hiddenReplies") == wanted, hidden)
    for verb, disabled in (("lock", True), ("unlock", False)):
        for _ in range(2):
            session.moderate(Moderation(place, verb, message=rude), "k")  # type: ignore[arg-type]
        until(lambda wanted: shown(fan, ours.remote_id)["viewer"].get("replyDisabled", False) is wanted, disabled)
    other = fan.say("not our thread")
    with pytest.raises(Refused, match="only threads"):
        session.moderate(Moderation(place, "hide", message=other), "k")
    with pytest.raises(Refused, match="first post"):
        session.moderate(Moderation(place, "hide", message=ours.remote_id), "k")


def test_people_are_muted_blocked_and_reported(session: BlueskySession, third: Fan) -> None:
    place = page(session)

    def viewer() -> dict[str, Any]:
        found = session._account.read("app.bsky.actor.getProfile", {"actor": third.did})
        return dict(found["viewer"])

    for verb, key, wanted in (("mute", "muted", True), ("unmute", "muted", False)):
        for _ in range(2):
            session.moderate(Moderation(place, verb, person=third.did), "k")  # type: ignore[arg-type]
        until(lambda name, state: viewer()[name] is state, key, wanted)
    said = third.say("buy now")
    shown(third, said)
    report = session.moderate(Moderation(place, "spam", message=said, reason="an advertisement"), "k")
    assert int(report.remote_id) > 0
    for verb, wanted in (("ban", True), ("unban", False)):
        for _ in range(2):
            session.moderate(Moderation(place, verb, person=third.did), "k")  # type: ignore[arg-type]
            until(lambda state: bool(viewer().get("blocking")) is state, wanted)
    with pytest.raises(Refused):
        session.moderate(Moderation(place, "kick", person=third.did), "k")


def test_our_posts_can_be_pinned(session: BlueskySession) -> None:
    place, sent = page(session), published(session, "Read me first")
    profile = f"at://{place.remote_id}/app.bsky.actor.profile/self"
    session.moderate(Moderation(place, "pin", message=sent.remote_id), "k")
    assert session._account.record(profile)["value"]["pinnedPost"]["uri"] == sent.remote_id
    session.moderate(Moderation(place, "unpin", message=sent.remote_id), "k")
    assert "pinnedPost" not in session._account.record(profile)["value"]


def test_a_follower_comes_and_searches_find(session: BlueskySession, fan: Fan) -> None:
    place, search = session.places()[:2]
    fan.make("app.bsky.graph.follow", subject=place.remote_id)

    def moves() -> list[SeenMove]:
        batch = session.poll(place, "notifications", "")
        return [one for one in batch.seen if isinstance(one, SeenMove)]

    assert until(moves)[0].person.remote_id == fan.did
    tag = {
        "index": {"byteStart": 8, "byteEnd": 15},
        "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "meetup"}],
    }
    said = fan.say("Come to #meetup", facets=[tag])
    found = until(lambda: messages(session.poll(search, session.kinds(search)[0].name, "")).get(said))
    assert found.kind == "post"


def test_a_list_of_people_is_a_place(session: BlueskySession, network: Running, fan: Fan) -> None:
    brand = Fan(network.address, "brand")
    made = brand.make("app.bsky.graph.list", name="Friends", purpose="app.bsky.graph.defs#curatelist")
    brand.make("app.bsky.graph.listitem", list=made["uri"], subject=fan.did)
    brand.http.close()
    place = until(lambda: next((one for one in session.places() if one.remote_id == made["uri"]), None))
    assert (place.name, place.kind) == ("Friends", "feed")
    said = fan.say("to my friends")
    assert until(lambda: messages(session.poll(place, "found", "")).get(said)).kind == "post"


def test_the_past_is_read_with_what_was_said_below_our_posts(session: BlueskySession, fan: Fan, third: Fan) -> None:
    place, since = page(session), datetime.now(UTC) - timedelta(seconds=2)
    ours = [published(session, f"Old post {number}").remote_id for number in range(3)]
    shown(fan, ours[0])
    reply = fan.say("below", to=ours[0])
    shown(third, reply)
    deeper = third.say("deeper below", to=reply)
    shown(fan, deeper)
    until(lambda: shown(fan, ours[0])["replyCount"] == 1)
    cursor, seen, done = "", dict[str, SeenMessage](), 0.0
    for _ in range(20):
        recalled = session.recall(place, cursor, since=since)
        seen |= messages(recalled.batch)
        cursor, done = recalled.batch.cursor, recalled.done or 0
        if not recalled.batch.more:
            break
    assert set(seen) >= {*ours, reply, deeper}
    assert done == 1.0


@contextmanager
def jetstream(*commits: dict[str, Any]) -> Iterator[str]:
    """A WebSocket server that tells these commits to whoever comes."""

    def tell(connection: ServerConnection) -> None:
        for commit in commits:
            connection.send(json.dumps(commit))
        for _ in connection:
            pass

    with serve(tell, "127.0.0.1", 0) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/subscribe"
        server.shutdown()
        thread.join()


def test_jetstream_tells_of_real_posts_with_their_authors(
    session: BlueskySession, network: Running, access: Callable[..., Access], fan: Fan
) -> None:
    place, ours = page(session), published(session, "Live")
    shown(fan, ours.remote_id)
    reply = fan.say("heard at once", to=ours.remote_id)
    record = shown(fan, reply)["record"]
    commit = {"operation": "create", "collection": POST, "rkey": reply.rpartition("/")[2], "record": record, "cid": "c"}
    told = {"did": fan.did, "time_us": 1_790_000_000_000_000, "kind": "commit", "commit": commit}
    with jetstream(told) as address:
        settings = {"server": network.address, "handle": "brand.test", "jetstream": address}
        live = BlueskySession(access(settings, {"app_password": "password"}))
        batches = live.stream([place], "", lambda: False)
        found = next(batch for batch in batches if batch.seen)
        assert found.place == place
        assert found.cursor == "1790000000000000"
        message = found.seen[0]
        assert isinstance(message, SeenMessage)
        assert (message.remote_id, message.author.handle, message.thread) == (reply, "fan.test", ours.remote_id)
