"""Against mastodon-mock: connected, heard, answered, changed and moderated."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from folkmoot.networks.acts import Deletion, Edit, Media, Moderation, Publication, Reply, Sent
from folkmoot.networks.base import Batch, Place, Seen, SeenDeletion, SeenMessage, SeenMove, SeenReaction
from folkmoot.networks.errors import Later, Refused, Unsure
from folkmoot.networks.live import Access
from folkmoot.networks.mastodon import Mastodon
from folkmoot.networks.mastodon.session import MastodonSession
from servers.base import Running

pytestmark = pytest.mark.servers
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc000000301010018dd8db0"
    "0000000049454e44ae426082"
)


class Fan:
    """Somebody else, by the server's own API."""

    def __init__(self, address: str, token: str) -> None:
        self.http = httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, trust_env=False)
        self.id = self.get("api/v1/accounts/verify_credentials")["id"]

    def get(self, path: str, **params: Any) -> Any:
        return self.http.get(path, params=params).raise_for_status().json()

    def post(self, path: str, **body: Any) -> Any:
        return self.http.post(path, json=body).raise_for_status().json()

    def say(self, words: str, **more: Any) -> str:
        return str(self.post("api/v1/statuses", status=words, **more)["id"])


@pytest.fixture
def mock(server: Callable[[str], Running]) -> Running:
    running = server("mastodon")
    httpx.delete(f"{running.address}/api/v1/_mock/faults", trust_env=False)
    return running


@pytest.fixture
def fan(mock: Running) -> Iterator[Fan]:
    made = Fan(mock.address, mock.details["token of fan"])
    yield made
    made.http.close()


@pytest.fixture
def session(mock: Running, access: Callable[..., Access]) -> MastodonSession:
    return MastodonSession(access({"server": mock.address}, {"token": mock.details["token of brand"]}))


def page(session: MastodonSession) -> Place:
    return session.places()[0]


def messages(batch: Batch) -> dict[str, SeenMessage]:
    return {seen.remote_id: seen for seen in batch.seen if isinstance(seen, SeenMessage)}


def published(session: MastodonSession, words: str, **options: str) -> Sent:
    sent = session.publish(Publication(page(session), words, options=options), str(uuid4()))
    assert isinstance(sent, Sent)
    return sent


def ordered(mock: Running, **rule: Any) -> None:
    httpx.post(f"{mock.address}/api/v1/_mock/faults", json=rule, trust_env=False).raise_for_status()


def test_it_says_who_we_are_and_what_can_be_connected(session: MastodonSession, fan: Fan) -> None:
    checkup = session.check()
    assert checkup.account.handle.startswith("brand@")
    assert checkup.account.remote_id == checkup.account.handle
    assert {right.name: right.granted for right in checkup.rights} == {"read": None, "write": None}
    own, direct = session.places()[:2]
    assert (own.kind, direct.kind) == ("page", "direct")
    assert own.remote_id == f"@{checkup.account.handle}"


def test_what_somebody_writes_is_seen_once_with_all_that_belongs_to_it(session: MastodonSession, fan: Fan) -> None:
    place, since = page(session), datetime.now(UTC)
    first = session.poll(place, "mentions", "")
    ours = published(session, "Who comes on Friday?")
    file = fan.http.post("api/v2/media", files={"file": ("a.png", PIXEL)}, data={"description": "a cat"}).json()
    reply = fan.say(
        "@brand Привет, я приду 😀", in_reply_to_id=ours.remote_id, media_ids=[file["id"]], spoiler_text="meetup"
    )
    fan.post(f"api/v1/statuses/{ours.remote_id}/favourite")
    fan.post(f"api/v1/statuses/{ours.remote_id}/reblog")
    second = session.poll(place, "mentions", first.cursor)

    seen = messages(second)[reply]
    assert seen.author.handle.startswith("fan@")
    assert seen.text == "meetup\n\n@brand Привет, я приду 😀"
    assert (seen.thread, seen.parent, seen.kind, seen.ours) == (ours.remote_id, ours.remote_id, "comment", False)
    assert [(file.kind, file.name) for file in seen.attachments] == [("image", "a cat")]
    assert since - timedelta(seconds=5) < seen.at
    assert {one.value for one in second.seen if isinstance(one, SeenReaction)} >= {"favourite", "boost"}
    third = session.poll(place, "mentions", second.cursor)
    assert len([one for one in third.seen if one == seen]) <= 1
    assert session.measure(place, [ours.remote_id, "1"]) == {ours.remote_id: {"likes": 1, "shares": 1, "comments": 1}}


def test_a_reply_to_a_reply_is_in_the_same_conversation(session: MastodonSession, fan: Fan) -> None:
    ours = published(session, "A thread begins")
    reply = fan.say("@brand one", in_reply_to_id=ours.remote_id)
    deeper = fan.say("@brand two", in_reply_to_id=reply)
    seen = messages(session.poll(page(session), "mentions", ""))[deeper]
    assert (seen.thread, seen.parent, seen.kind) == (ours.remote_id, reply, "reply")


def test_replies_that_name_nobody_are_found_below_our_post_and_so_is_what_goes(
    session: MastodonSession, fan: Fan
) -> None:
    ours = published(session, "Speak freely")
    quiet = fan.say("not naming anybody", in_reply_to_id=ours.remote_id)
    first = session.poll_thread(page(session), ours.remote_id, "")
    assert set(messages(first)) == {ours.remote_id, quiet}
    fan.http.put(f"api/v1/statuses/{quiet}", json={"status": "reworded"}).raise_for_status()
    second = session.poll_thread(page(session), ours.remote_id, first.cursor)
    assert messages(second)[quiet].text == "reworded"
    assert messages(second)[quiet].edited_at
    fan.http.delete(f"api/v1/statuses/{quiet}").raise_for_status()
    third = session.poll_thread(page(session), ours.remote_id, second.cursor)
    assert [one.remote_id for one in third.seen if isinstance(one, SeenDeletion)] == [quiet]


def test_an_answer_names_whom_it_answers_and_is_read_back_as_ours(session: MastodonSession, fan: Fan) -> None:
    asked = fan.say("@brand @third when?", visibility="unlisted", spoiler_text="time")
    place = page(session)
    thread = messages(session.poll(place, "mentions", ""))[asked].thread or ""
    act, since = Reply(place, thread, asked, "В семь! 😀"), datetime.now(UTC)
    assert session.find_own(act, "k", since=since) is None
    key = str(uuid4())
    sent = session.reply(act, key)
    again = session.reply(act, key)
    assert isinstance(sent, Sent)
    assert isinstance(again, Sent)
    assert again.remote_id == sent.remote_id
    assert sent.seen
    assert (sent.seen.ours, sent.seen.thread, sent.seen.parent) == (True, asked, asked)
    assert sent.seen.text.endswith("@fan @third В семь! 😀")
    raw = fan.get(f"api/v1/statuses/{sent.remote_id}")
    assert (raw["visibility"], raw["spoiler_text"]) == ("unlisted", "time")
    back = messages(session.poll(place, "posts", ""))[sent.remote_id]
    assert (back.ours, back.author, back.text) == (True, sent.seen.author, sent.seen.text)
    found = session.find_own(act, "k", since=since)
    assert found
    assert found.remote_id == sent.remote_id


def test_a_post_has_its_pictures_its_warning_and_its_poll(session: MastodonSession, fan: Fan) -> None:
    place, since = page(session), datetime.now(UTC)
    act = Publication(place, "Look", media=(Media("cat.png", "image/png", PIXEL, "a black cat"),))
    sent = session.publish(act, str(uuid4()))
    assert isinstance(sent, Sent)
    raw = fan.get(f"api/v1/statuses/{sent.remote_id}")
    assert [file["description"] for file in raw["media_attachments"]] == ["a black cat"]
    found = session.find_own(act, "k", since=since)
    assert found
    assert found.remote_id == sent.remote_id
    polled = published(session, "Which?", poll="Tea\nCoffee", poll_hours="2", warning="drinks", visibility="unlisted")
    assert polled.seen
    assert polled.seen.text == "drinks\n\nWhich?\n\n○ Tea\n○ Coffee"
    edited = session.edit(Edit(place, polled.remote_id, "Which one?"), "k")
    assert edited.seen
    assert edited.seen.text == "drinks\n\nWhich one?\n\n○ Tea\n○ Coffee"
    with pytest.raises(Refused, match="one of"):
        session.publish(Publication(place, "x", options={"visibility": "friends"}), "k")


def test_what_we_said_is_changed_and_taken_back(session: MastodonSession, fan: Fan) -> None:
    place, sent = page(session), published(session, "Helo")
    edited = session.edit(Edit(place, sent.remote_id, "Hello"), "k")
    assert edited.seen
    assert (edited.seen.text, edited.remote_id) == ("Hello", sent.remote_id)
    assert edited.seen.edited_at
    for _ in range(2):
        assert session.delete(Deletion(place, sent.remote_id), "k").remote_id == sent.remote_id
    assert fan.http.get(f"api/v1/statuses/{sent.remote_id}").status_code == 404
    theirs = fan.say("@brand mine to delete")
    with pytest.raises(Refused, match="only its author"):
        session.delete(Deletion(place, theirs), "k")
    with pytest.raises(Refused, match="only the author"):
        session.edit(Edit(place, theirs, "changed"), "k")


def test_private_mentions_are_a_place_of_their_own(session: MastodonSession, fan: Fan) -> None:
    own, direct = session.places()[:2]
    asked = fan.say("@brand between us", visibility="direct")
    assert asked not in messages(session.poll(own, "mentions", ""))
    seen = messages(session.poll(direct, "mentions", ""))[asked]
    assert (seen.kind, seen.thread) == ("direct", asked)
    sent = session.reply(Reply(direct, asked, asked, "of course"), str(uuid4()))
    assert isinstance(sent, Sent)
    assert sent.seen
    assert sent.seen.kind == "direct"
    assert fan.get(f"api/v1/statuses/{sent.remote_id}")["visibility"] == "direct"
    assert sent.remote_id in messages(session.poll(direct, "posts", ""))
    assert sent.remote_id not in messages(session.poll(own, "posts", ""))


def test_people_are_muted_blocked_reported_and_let_back(session: MastodonSession, fan: Fan, mock: Running) -> None:
    place, spam = page(session), fan.say("@brand buy now")
    person = messages(session.poll(place, "mentions", ""))[spam].author.remote_id

    def relation() -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {mock.details['token of brand']}"}
        asked = httpx.get(
            f"{mock.address}/api/v1/accounts/relationships", params={"id[]": fan.id}, headers=headers, trust_env=False
        )
        return dict(asked.json()[0])

    assert session.verbs(place) >= {"mute", "unmute", "ban", "unban", "spam", "kick"}
    for verb, key, wanted in (
        ("mute", "muting", True),
        ("unmute", "muting", False),
        ("ban", "blocking", True),
        ("unban", "blocking", False),
    ):
        for _ in range(2):
            session.moderate(Moderation(place, verb, person=person), "k")  # type: ignore[arg-type]
        assert relation()[key] is wanted
    fan.post(f"api/v1/accounts/{session.check().account.remote_id and session._account.home().ident}/follow")
    assert relation()["followed_by"] is True
    session.moderate(Moderation(place, "kick", person=person), "k")
    assert relation()["followed_by"] is False
    assert session.moderate(Moderation(place, "spam", message=spam, reason="an advertisement"), "k").remote_id
    with pytest.raises(Refused):
        session.moderate(Moderation(place, "lock", message=spam), "k")


def test_a_moderator_of_the_server_limits_and_suspends(mock: Running, access: Callable[..., Access], fan: Fan) -> None:
    session = MastodonSession(
        access({"server": mock.address, "moderation": "server"}, {"token": mock.details["token of brand"]})
    )
    third = Fan(mock.address, mock.details["token of third"])
    place = page(session)
    person = f"third@{place.remote_id.rpartition('@')[2]}"
    for verb, key, wanted in (("mute", "silenced", True), ("unmute", "silenced", False), ("ban", "suspended", True)):
        for _ in range(2):
            session.moderate(Moderation(place, verb, person=person), "k")  # type: ignore[arg-type]
        assert session._account.api.read(f"api/v1/admin/accounts/{third.id}").data[key] is wanted
    assert third.http.post("api/v1/statuses", json={"status": "still here?"}).status_code == 403
    session.moderate(Moderation(place, "unban", person=person), "k")
    assert third.http.post("api/v1/statuses", json={"status": "back"}).status_code == 200
    third.http.close()


def test_what_people_report_is_a_place_for_moderators(mock: Running, access: Callable[..., Access], fan: Fan) -> None:
    session = MastodonSession(
        access({"server": mock.address, "moderation": "server"}, {"token": mock.details["token of brand"]})
    )
    third = Fan(mock.address, mock.details["token of third"])
    said = third.say("buy my coins")
    third.http.close()
    told = {"account_id": third.id, "status_ids": [said], "comment": "Опять реклама", "category": "spam"}
    ident = fan.post("api/v1/reports", **told)["id"]
    place = next(place for place in session.places() if place.remote_id.startswith("reports:"))
    (kind,) = session.kinds(place)
    seen = messages(session.poll(place, kind.name, ""))
    report = seen[f"report/{ident}"]
    assert report.author.handle.startswith("fan@")
    assert report.text.startswith("spam: @third@")
    assert report.text.endswith("Опять реклама")
    assert (seen[said].thread, seen[said].parent) == (report.remote_id, report.remote_id)
    assert seen[said].author.handle.startswith("third@")
    assert report.remote_id in messages(session.recall(place, "", since=datetime(2020, 1, 1, tzinfo=UTC)).batch)
    for _ in range(2):
        session.moderate(Moderation(place, "approve", message=report.remote_id), "k")
    assert session._account.api.read(f"api/v1/admin/reports/{ident}").data["action_taken"] is True
    with pytest.raises(Refused, match="can't be answered"):
        session.reply(Reply(place, report.remote_id, report.remote_id, "thank you"), "k")
    with pytest.raises(Refused, match="only a report"):
        session.moderate(Moderation(place, "approve", message=said), "k")


def test_our_posts_can_be_pinned(session: MastodonSession, fan: Fan) -> None:
    place, sent = page(session), published(session, "Read me first")
    session.moderate(Moderation(place, "pin", message=sent.remote_id), "k")
    assert session._account.status(sent.remote_id)["pinned"] is True
    session.moderate(Moderation(place, "unpin", message=sent.remote_id), "k")
    assert session._account.status(sent.remote_id)["pinned"] is False


def test_the_past_is_read_with_what_was_said_below_our_posts(session: MastodonSession, fan: Fan) -> None:
    place, since = page(session), datetime.now(UTC) - timedelta(seconds=2)
    ours = [published(session, f"Old post {number}").remote_id for number in range(3)]
    quiet = fan.say("below, naming nobody", in_reply_to_id=ours[0])
    named = fan.say("@brand out of the blue")
    cursor, seen, done = "", dict[str, SeenMessage](), 0.0
    for _ in range(20):
        recalled = session.recall(place, cursor, since=since)
        seen |= messages(recalled.batch)
        cursor, done = recalled.batch.cursor, recalled.done or 0
        if not recalled.batch.more:
            break
    assert set(seen) >= {*ours, quiet, named}
    assert done == 1.0
    assert seen[quiet].thread == ours[0]


def test_hashtags_and_lists_can_be_followed(mock: Running, access: Callable[..., Access], fan: Fan) -> None:
    token = mock.details["token of brand"]
    session = MastodonSession(access({"server": mock.address, "hashtags": "#Meetup"}, {"token": token}))
    tag = next(place for place in session.places() if place.name == "#meetup")
    said = fan.say("Everyone to the #meetup")
    seen = messages(session.poll(tag, session.kinds(tag)[0].name, ""))[said]
    assert (seen.kind, seen.ours) == ("post", False)


def heard(
    session: MastodonSession, place: Place, cursor: str, do: Callable[[], str], seconds: float = 15
) -> SeenMessage:
    """What the stream brings of what ``do`` writes after the stream began."""
    until, wanted = time.monotonic() + seconds, ""
    for batch in session.stream([place], cursor, lambda: time.monotonic() > until):
        if batch.place is None and not wanted:
            wanted = do()
        for seen in batch.seen:
            if isinstance(seen, SeenMessage) and seen.remote_id == wanted:
                return seen
    raise AssertionError("nothing was heard")


def gathered(session: MastodonSession, place: Place, cursor: str, wanted: str) -> list[Seen]:
    found: list[Seen] = []
    for batch in session.stream([place], cursor, lambda: False):
        found += batch.seen
        if any(seen.remote_id == wanted for seen in batch.seen):
            break
    return found


def test_news_comes_by_itself_and_what_was_missed_comes_first(session: MastodonSession, fan: Fan) -> None:
    place = page(session)
    seen = heard(session, place, "", lambda: fan.say("@brand Слышно? 😀"))
    assert (seen.text, seen.kind) == ("@brand Слышно? 😀", "mention")
    began = next(iter(session.stream([place], "", lambda: False)))
    assert began.place is None
    cursor = ""
    for batch in session.stream([place], "", lambda: False):
        cursor = batch.cursor
        if batch.place is None:
            continue
        assert not batch.seen
        if cursor.count("behind") == 2:
            break
    missed = fan.say("@brand while you were away")
    assert any(seen.remote_id == missed for seen in gathered(session, place, cursor, missed))


def test_a_stream_ends_soon_when_it_is_to(session: MastodonSession, fan: Fan) -> None:
    place, stopped = page(session), [False]
    stream = session.stream([place], "", lambda: stopped[0])
    next(stream)
    stopped[0] = True
    began = time.monotonic()
    assert len(list(stream)) <= 2
    assert time.monotonic() - began < 2


def test_private_mentions_and_deletions_are_heard(session: MastodonSession, fan: Fan) -> None:
    own, direct = session.places()[:2]
    assert heard(session, direct, "", lambda: fan.say("@brand hush", visibility="direct")).kind == "direct"
    said = ""
    for batch in session.stream([own], "", lambda: False):
        if batch.place is None and not said:
            said = published(session, "soon gone").remote_id
            session.delete(Deletion(own, said), "k")
        if any(isinstance(seen, SeenDeletion) and seen.remote_id == said for seen in batch.seen):
            break


def test_a_follower_comes(session: MastodonSession, fan: Fan) -> None:
    ident = session._account.home().ident
    fan.post(f"api/v1/accounts/{ident}/unfollow")
    fan.post(f"api/v1/accounts/{ident}/follow")
    batch = session.poll(page(session), "mentions", "")
    moves = [seen for seen in batch.seen if isinstance(seen, SeenMove)]
    assert moves
    assert moves[-1].person.remote_id.startswith("fan@")


def test_the_server_asks_to_wait_and_how_long_is_told(session: MastodonSession, fan: Fan, mock: Running) -> None:
    place = page(session)
    ordered(mock, match={"path": "/api/v1/notifications"}, effect={"type": "ratelimit", "status": 429}, count=1)
    with pytest.raises(Later) as caught:
        session.poll(place, "mentions", "")
    assert 295 <= caught.value.retry_after <= 301
    assert caught.value.everywhere


def test_an_answer_that_is_cut_off_leaves_us_unsure_and_the_post_is_found(
    session: MastodonSession, fan: Fan, mock: Running
) -> None:
    place, since = page(session), datetime.now(UTC)
    act = Publication(place, "Only once, please")
    path = "/api/v1/statuses"
    ordered(mock, match={"methods": ["POST"], "path": path}, effect={"type": "malformed", "truncate": True}, count=1)
    with pytest.raises(Unsure):
        session.publish(act, "key-1")
    before = session.find_own(act, "key-1", since=since)
    sent = session.publish(act, "key-1")
    assert isinstance(sent, Sent)
    if before:
        assert before.remote_id == sent.remote_id
    said = [one for one in messages(session.poll(place, "posts", "")).values() if one.text == act.text]
    assert len(said) == 1


def test_a_server_in_trouble_is_asked_later_and_nothing_is_sure_of_an_act(
    session: MastodonSession, fan: Fan, mock: Running
) -> None:
    place = page(session)
    ordered(mock, match={"path": "/api/v1/notifications"}, effect={"type": "status", "status": 500}, count=1)
    with pytest.raises(Later):
        session.poll(place, "mentions", "")
    for status, error in ((500, Unsure), (503, Later)):
        ordered(
            mock,
            match={"methods": ["POST"], "path": "/api/v1/statuses"},
            effect={"type": "status", "status": status},
            count=1,
        )
        with pytest.raises(error):
            session.publish(Publication(place, "trouble"), str(uuid4()))


def test_signing_in_in_the_browser_connects_an_account(mock: Running, access: Callable[..., Access], fan: Fan) -> None:
    mastodon, way = Mastodon(), access({})
    settings = {"server": mock.address}
    callback = "http://127.0.0.1:9/callback"
    begun = mastodon.begin(settings, way.http, callback=callback, state="st", challenge="ch")
    asked = httpx.URL(begun.url)
    assert asked.params["code_challenge_method"] == "S256"
    assert (asked.params["state"], asked.params["redirect_uri"]) == ("st", callback)
    tokens = mastodon.finish(
        settings, way.http, kept=begun.kept, callback=callback, code="mockcode_brand", verifier="verifier"
    )
    assert tokens.settings["software"] == "Mastodon"
    assert tokens.settings["most_characters"] == "500"
    session = MastodonSession(access({**settings, **tokens.settings}, dict(tokens.secrets)))
    assert session.check().account.handle.startswith("brand@")
    assert all(right.granted for right in session.check().rights)
    assert session.keeps_keys_for() == timedelta(hours=1)
    assert session.limits(page(session)).text == 500
