"""Against a Bot API of our own making: connected, heard, answered, changed and moderated."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from folkmoot.networks.acts import Deletion, Edit, Media, Moderation, Publication, Reply, Sent
from folkmoot.networks.base import Batch, Place, Seen, SeenMessage, SeenMove, SeenReaction
from folkmoot.networks.errors import Moved, Refused
from folkmoot.networks.live import Access, Hook
from folkmoot.networks.telegram.session import TelegramSession
from servers.base import Running

pytestmark = pytest.mark.servers

GARDEN, NEWS, TALK, FORUM, SMALL = -1001000000001, -1001000000002, -1001000000003, -1001000000004, -55
PLACE = Place("channel1000000001", "Сад", "chat", "https://t.me/gardenclub")
OLENA = {"id": 11, "is_bot": False, "first_name": "Олена", "username": "olena"}
BO = {"id": 12, "is_bot": False, "first_name": "Bo"}


class People:
    def __init__(self, address: str) -> None:
        self.address = address

    def do(self, deed: str, **given: Any) -> Any:
        answer = httpx.post(f"{self.address}/people/{deed}", json=given, trust_env=False).json()
        assert answer["ok"], answer
        return answer["result"]

    def say(self, words: str, *, chat: int = GARDEN, **more: Any) -> dict[str, Any]:
        return dict(self.do("say", chat=chat, **({"from": OLENA, "text": words} | more)))

    def world(self) -> Any:
        return self.do("world")


@pytest.fixture
def telegram(server: Callable[[str], Running]) -> Running:
    return server("telegram")


@pytest.fixture
def session(telegram: Running, access: Callable[..., Access]) -> TelegramSession:
    made = TelegramSession(
        access({"server": telegram.address, "chats": "@gardenclub @nowhere"}, {"token": telegram.details["token"]})
    )
    made.unsubscribe("")
    return made


@pytest.fixture
def people(telegram: Running, session: TelegramSession) -> People:
    made = People(telegram.address)
    heard(session)
    return made


def heard(session: TelegramSession, cursor: str = "", places: tuple[Place, ...] = ()) -> list[Batch]:
    """What waits, until there is nothing more."""
    batches: list[Batch] = []
    quiet = time.monotonic()

    def stopped() -> bool:
        return time.monotonic() - quiet > 1.0

    for batch in session.stream(places, cursor, stopped):
        if batch.place:
            quiet = time.monotonic()
        batches.append(batch)
    return batches


def seen(batches: list[Batch], place: str = PLACE.remote_id) -> list[Seen]:
    return [one for batch in batches if batch.place and batch.place.remote_id == place for one in batch.seen]


def only(batches: list[Batch], place: str = PLACE.remote_id) -> Any:
    (one,) = seen(batches, place)
    return one


def test_it_says_which_bot_it_is_and_what_it_may_where(session: TelegramSession) -> None:
    checkup = session.check()
    assert (checkup.account.remote_id, checkup.account.handle, checkup.account.bot) == ("user700", "folk_bot", True)
    assert {right.name for right in checkup.rights if right.granted} >= {"read all messages", "can_delete_messages"}
    assert any("deletions" in note for note in checkup.notes)
    assert any("no @nowhere" in note for note in checkup.notes)
    assert session.places() == [PLACE]
    session.close()


def test_what_somebody_says_is_seen_once_and_on_from_the_cursor(session: TelegramSession, people: People) -> None:
    people.say("Коли збираємось? 🌱")
    batches = heard(session)
    message = only(batches)
    assert (message.text, message.author.remote_id, message.author.name) == ("Коли збираємось? 🌱", "user11", "Олена")
    assert (message.thread, message.parent, message.ours) == (None, None, False)
    answer = people.do("say", chat=GARDEN, text="У суботу", answers=int(message.remote_id), **{"from": BO})
    again = heard(session, batches[-1].cursor)
    reply = only(again)
    assert (reply.remote_id, reply.parent) == (str(answer["message_id"]), message.remote_id)
    assert seen(heard(session, again[-1].cursor)) == []


def test_what_was_not_stored_is_told_again(session: TelegramSession, people: People) -> None:
    people.say("one")
    people.say("two", chat=FORUM)
    stream = session.stream([], "", lambda: False)
    batches = [batch for _, batch in zip(range(3), stream, strict=False) if batch.place]
    assert [batch.cursor == "" for batch in batches] == [True, False]
    stream.close()  # type: ignore[attr-defined]
    assert len(seen(heard(session))) == 1


def test_pictures_sent_together_are_one_message(session: TelegramSession, people: People) -> None:
    photo = [{"file_id": "a", "file_unique_id": "a", "width": 90, "height": 60, "file_size": 900}]
    first = people.say("", text=None, caption="Троянди", photo=photo, media_group_id="g1")
    people.say("", text=None, photo=photo, media_group_id="g1")
    album = only(heard(session))
    assert (album.remote_id, album.text, len(album.attachments)) == (str(first["message_id"]), "Троянди", 2)


def test_a_post_and_its_comments_are_a_thread_in_the_discussion_group(session: TelegramSession, people: People) -> None:
    post = people.say("New bed!", chat=NEWS)
    people.say("lovely", chat=TALK, answers=post["forwarded_as"], message_thread_id=post["forwarded_as"])
    batches = heard(session)
    posted, comment = seen(batches, "channel1000000003")
    assert isinstance(posted, SeenMessage) and isinstance(comment, SeenMessage)
    assert (posted.kind, posted.thread, posted.author.remote_id) == ("post", posted.remote_id, "channel1000000002")
    assert (comment.kind, comment.thread, comment.parent) == ("comment", posted.remote_id, posted.remote_id)
    own = only(batches, "channel1000000002")
    assert (own.kind, own.thread, own.author.remote_id) == ("post", str(post["message_id"]), "channel1000000002")
    sent = session.reply(Reply(Place("channel1000000003", "News talk"), posted.remote_id, "", "thanks"), "k")
    assert isinstance(sent, Sent) and sent.seen
    assert (sent.seen.thread, sent.seen.ours) == (posted.remote_id, True)


def test_a_topic_of_a_forum_is_a_thread(session: TelegramSession, people: People) -> None:
    topic = people.say("", chat=FORUM, text=None, forum_topic_created={"name": "Seeds"}, is_topic_message=True)
    number = topic["message_id"]
    people.say("I have some", chat=FORUM, answers=number, is_topic_message=True, message_thread_id=number)
    batches = heard(session)
    said = only(batches, "channel1000000004")
    assert (said.thread, said.thread_title, said.parent) == (str(number), "Seeds", None)
    place = Place("channel1000000004", "Forum")
    sent = session.reply(Reply(place, str(number), "", "me too"), "k")
    assert isinstance(sent, Sent) and sent.seen and sent.seen.thread == str(number)
    published = session.publish(Publication(place, "seeds!", options={"topic": str(number), "silent": "yes"}), "k")
    assert isinstance(published, Sent) and published.seen and published.seen.thread == str(number)


def test_an_edit_and_an_anonymous_administrator_are_seen_as_they_are(session: TelegramSession, people: People) -> None:
    said = people.say("old words", anonymous=True)
    people.do("edit", chat=GARDEN, id=said["message_id"], text="new words")
    first, edited = seen(heard(session))
    assert isinstance(first, SeenMessage) and isinstance(edited, SeenMessage)
    assert first.author.remote_id == PLACE.remote_id
    assert (edited.remote_id, edited.text) == (first.remote_id, "new words")
    assert edited.edited_at and edited.edited_at > first.at


def test_reactions_are_told_by_person_and_in_channels_as_totals(session: TelegramSession, people: People) -> None:
    said, post = people.say("hello"), people.say("post", chat=NEWS)
    old, new = {"type": "emoji", "emoji": "👍"}, {"type": "emoji", "emoji": "🔥"}
    change = {"chat": GARDEN, "message_id": said["message_id"], "user": BO}
    people.do("tell", kind="message_reaction", payload=change | {"old_reaction": [old], "new_reaction": [new]})
    total = {"chat": NEWS, "message_id": post["message_id"], "reactions": [{"type": new, "total_count": 7}]}
    people.do("tell", kind="message_reaction_count", payload=total)
    batches = heard(session)
    _, taken, given = seen(batches)
    assert isinstance(taken, SeenReaction) and isinstance(given, SeenReaction)
    assert (taken.value, taken.taken_back, given.value, given.person.remote_id) == ("👍", True, "🔥", "user12")
    counted = seen(batches, "channel1000000002")[-1]
    assert isinstance(counted, SeenMessage)
    assert [(one.value, one.count) for one in counted.reactions] == [("🔥", 7)]


def test_who_comes_is_told_once_and_who_asks_to_join_can_be_let_in(session: TelegramSession, people: People) -> None:
    people.say("", text=None, new_chat_members=[BO])
    out, member = {"user": BO, "status": "left"}, {"user": BO, "status": "member"}
    people.do("tell", kind="chat_member", payload={"chat": GARDEN, "old_chat_member": out, "new_chat_member": member})
    people.do("tell", kind="chat_join_request", payload={"chat": GARDEN, "from": OLENA, "bio": "I grow roses"})
    move, asks = seen(heard(session))
    assert isinstance(move, SeenMove) and isinstance(asks, SeenMessage)
    assert (move.kind, move.person.remote_id) == ("join", "user12")
    assert asks.text == "Asks to join.\nI grow roses"
    for _ in range(2):
        session.moderate(Moderation(PLACE, "approve", message=asks.remote_id), "k")
    assert people.world()["members"][f"{GARDEN}/11"]["status"] == "member"


def test_in_a_small_group_a_note_tells_who_came_and_numbers_are_the_bots_own(
    session: TelegramSession, people: People
) -> None:
    people.say("", chat=SMALL, text=None, new_chat_members=[BO])
    said = people.say("hi", chat=SMALL)
    move, message = seen(heard(session), "chat55")
    assert isinstance(move, SeenMove)
    assert move.remote_id.endswith(":0")
    assert message.remote_id == f"bot:{said['message_id']}"
    sent = session.reply(Reply(Place("chat55", "Small"), "", message.remote_id, "hello"), "k")
    assert isinstance(sent, Sent) and sent.seen
    assert (sent.remote_id[:4], sent.seen.parent) == ("bot:", message.remote_id)


def test_answers_edits_and_deletions_reach_the_chat(session: TelegramSession, people: People) -> None:
    said = people.say("чи є насіння?")
    sent = session.reply(Reply(PLACE, "", str(said["message_id"]), "Так 🌻"), "k")
    assert isinstance(sent, Sent) and sent.seen
    assert (sent.seen.remote_id, sent.seen.ours, sent.seen.parent) == (sent.remote_id, True, str(said["message_id"]))
    for _ in range(2):
        session.edit(Edit(PLACE, sent.remote_id, "Так, є"), "k")
    there = {one["message_id"]: one.get("text") for one in people.world()["messages"][str(GARDEN)]}
    assert there[int(sent.remote_id)] == "Так, є"
    for _ in range(2):
        session.delete(Deletion(PLACE, sent.remote_id), "k")
    there = {one["message_id"]: one for one in people.world()["messages"][str(GARDEN)]}
    assert int(sent.remote_id) not in there
    with pytest.raises(Refused, match="is gone"):
        session.reply(Reply(PLACE, "", sent.remote_id, "hello?"), "k")


def test_pictures_and_polls_are_published(session: TelegramSession, people: People) -> None:
    one, two = Media("a.png", "image/png", b"\x89PNG1"), Media("b.jpg", "image/jpeg", b"\xff\xd82")
    album = session.publish(Publication(PLACE, "Сад", title="Весна", media=(one, two)), "k")
    single = session.publish(Publication(PLACE, "paper", media=(Media("a.pdf", "application/pdf", b"%PDF"),)), "k")
    poll = session.publish(Publication(PLACE, "When?", options={"poll": "Mon\nFri"}), "k")
    assert isinstance(album, Sent) and isinstance(single, Sent) and isinstance(poll, Sent)
    assert album.seen and single.seen and poll.seen
    assert (album.seen.text, len(album.seen.attachments)) == ("Весна\n\nСад", 2)
    assert [file.kind for file in single.seen.attachments] == ["file"]
    assert poll.seen.text == "When?\n• Mon\n• Fri"
    assert 4 in people.world()["files"].values()
    edited = session.edit(Edit(PLACE, album.remote_id, "Літо"), "k")
    assert edited.seen and edited.seen.text == "Літо"


def test_moderating_takes_effect_and_may_be_repeated(session: TelegramSession, people: People) -> None:
    said = people.say("spam")
    number = str(said["message_id"])
    until = datetime.now(UTC) + timedelta(hours=1)

    def do(verb: Any, **more: Any) -> Any:
        assert verb in session.verbs(PLACE)
        for _ in range(2):
            session.moderate(Moderation(PLACE, verb, **more), "k")
        return people.world()["members"].get(f"{GARDEN}/12", {}).get("status")

    do("pin", message=number)
    assert int(number) in people.world()["pinned"][str(GARDEN)]
    people.do("stand", chat=GARDEN, user=BO, status="member")
    assert do("mute", person="user12", until=until) == "restricted"
    assert people.world()["members"][f"{GARDEN}/12"]["until_date"] == int(until.timestamp())
    assert do("unmute", person="user12") == "member"
    assert do("ban", person="user12") == "kicked"
    assert do("unban", person="user12") == "left"
    assert do("kick", person="user12") == "left"
    session.moderate(Moderation(PLACE, "ban", person="channel77"), "k")
    assert people.world()["members"][f"{GARDEN}/-1000000000077"]["status"] == "kicked"
    people.do("stand", chat=GARDEN, user=OLENA, status="administrator")
    with pytest.raises(Refused, match="administrators"):
        session.moderate(Moderation(PLACE, "ban", person="user11"), "k")


def test_a_group_that_became_a_supergroup_is_told_by_the_stream_and_by_acts(
    telegram: Running, session: TelegramSession, people: People
) -> None:
    small = Place("chat55", "Small")
    people.say("before", chat=SMALL)
    people.do("migrate", chat=SMALL, to=-1001000000055)
    batches: list[Batch] = []
    with pytest.raises(Moved) as caught:
        batches.extend(session.stream([small], "", lambda: False))
    assert (caught.value.was, caught.value.remote_id) == ("chat55", "channel1000000055")
    assert only(batches, "chat55").text == "before"
    with pytest.raises(Moved) as caught:
        session.publish(Publication(small, "hello"), "k")
    assert caught.value.remote_id == "channel1000000055"
    with pytest.raises(Refused, match="before the group became"):
        session.delete(Deletion(Place("channel1000000055", "Small"), "bot:5"), "k")


def test_a_webhook_is_set_checked_and_heard_in_any_order(
    session: TelegramSession, telegram: Running, access: Any
) -> None:
    people = People(telegram.address)
    url = "https://folk.example/hooks/1"
    tokens = session.subscribe(url, [PLACE])
    hook = people.world()["hook"]
    assert (hook["url"], hook["secret_token"]) == (url, tokens.secrets["hook_secret"])
    settings = {"server": telegram.address, **tokens.settings}
    ours = TelegramSession(access(settings, {"token": telegram.details["token"], **tokens.secrets}))
    assert ours.subscribe(url, []).secrets == tokens.secrets
    assert [batch.seen for batch in heard(ours)] == [()]
    body = {
        "update_id": 5,
        "message": {
            "message_id": 9,
            "date": 1767600000,
            "chat": {"id": GARDEN, "type": "supergroup", "title": "Сад"},
            "from": BO,
            "text": "hi",
        },
    }
    at = datetime(2026, 3, 2, tzinfo=UTC)
    request = Hook(
        "POST", {"x-telegram-bot-api-secret-token": tokens.secrets["hook_secret"]}, {}, json.dumps(body).encode(), at
    )
    assert ours.answer(request).key == "5"
    assert {only(list(ours.hear(request))).remote_id for _ in range(2)} == {"9"}
    with pytest.raises(Refused):
        ours.answer(Hook("POST", {"x-telegram-bot-api-secret-token": "wrong"}, {}, request.body, at))
    with pytest.raises(Refused, match="another address"):
        heard(session)
    ours.unsubscribe(url)
    assert people.world()["hook"] == {}
