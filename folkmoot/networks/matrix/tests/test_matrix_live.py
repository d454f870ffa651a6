"""Against Synapse."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from folkmoot.lib.archive import open_archive
from folkmoot.networks.acts import Deletion, Edit, Invitation, Media, Moderation, Publication, Reply, Sent
from folkmoot.networks.base import (
    Batch,
    Place,
    Seen,
    SeenDeletion,
    SeenMessage,
    SeenMove,
    SeenReaction,
)
from folkmoot.networks.errors import Moved, Reconnect, Refused
from folkmoot.networks.live import Access
from folkmoot.networks.matrix import Matrix
from folkmoot.networks.matrix.session import MatrixSession
from servers.base import Running
from servers.matrix import PASSWORD, register

pytestmark = pytest.mark.servers
_numbers = count(1)
PIXEL = bytes.fromhex("89504e470d0a1a0a")


@dataclass
class User:
    """Somebody else, with the API alone."""

    address: str
    ident: str
    token: str
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def ask(self, method: str, path: str, body: object = None, *, root: str = "v3", status: int = 200) -> Any:
        answer = httpx.request(
            method,
            f"{self.address}/_matrix/client/{root}/{path}",
            json={} if body is None and method != "GET" else body,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=60,
            trust_env=False,
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    def send(self, room: str, content: dict[str, Any], kind: str = "m.room.message") -> str:
        path = f"rooms/{quote(room)}/send/{kind}/t{next(self.numbers)}"
        return str(self.ask("PUT", path, content)["event_id"])

    def say(self, room: str, text: str, **more: Any) -> str:
        return self.send(room, {"msgtype": "m.text", "body": text, **more})

    def redact(self, room: str, event: str) -> str:
        path = f"rooms/{quote(room)}/redact/{quote(event)}/t{next(self.numbers)}"
        return str(self.ask("PUT", path, {})["event_id"])

    def room(self, **more: Any) -> str:
        return str(self.ask("POST", "createRoom", {"preset": "public_chat", "name": "Сад", **more})["room_id"])

    def membership(self, room: str, user: str) -> str:
        return str(self.ask("GET", f"rooms/{quote(room)}/state/m.room.member/{quote(user)}")["membership"])


@dataclass
class World:
    """Bo's room in which our account is a moderator, and Ann."""

    session: MatrixSession
    us: str
    bo: User
    ann: User
    place: Place
    cursor: str = ""

    @property
    def room(self) -> str:
        return self.place.remote_id

    def listen(
        self, until: Callable[[list[Seen]], bool] = bool, *, session: MatrixSession | None = None
    ) -> list[Batch]:
        """Batches from where we were, until what was seen is enough; the cursor is kept as a listener does."""
        found: list[Batch] = []
        stream = (session or self.session).stream([self.place], self.cursor, lambda: False)
        for batch in stream:
            found.append(batch)
            self.cursor = batch.cursor
            if until(seen_in(found)) and batch.place is not None:
                break
        stream.close()  # type: ignore[attr-defined]
        return found

    def begin(self) -> None:
        stream = self.session.stream([self.place], "", lambda: False)
        self.cursor = next(stream).cursor
        stream.close()  # type: ignore[attr-defined]


def seen_in(batches: list[Batch]) -> list[Seen]:
    return [one for batch in batches for one in batch.seen]


def messages(batches: list[Batch]) -> list[SeenMessage]:
    return [one for one in seen_in(batches) if isinstance(one, SeenMessage)]


def with_text(text: str) -> Callable[[list[Seen]], bool]:
    return lambda seen: any(isinstance(one, SeenMessage) and one.text == text for one in seen)


@pytest.fixture
def synapse(server: Callable[[str], Running]) -> Running:
    return server("matrix")


@pytest.fixture
def account(synapse: Running) -> Callable[[str], User]:
    def made(name: str) -> User:
        known = register(synapse.address, f"{name}{next(_numbers)}x{datetime.now(UTC).timestamp():.0f}")
        return User(synapse.address, known["user_id"], known["access_token"])

    return made


@pytest.fixture
def opened(
    synapse: Running, account: Callable[[str], User], access: Callable[..., Access]
) -> Iterator[tuple[MatrixSession, User]]:
    us = account("keeper")
    session = MatrixSession(access({"server": synapse.address}, {"token": us.token}))
    yield session, us
    session.close()


@pytest.fixture
def world(opened: tuple[MatrixSession, User], account: Callable[[str], User]) -> World:
    session, us = opened
    bo, ann = account("bo"), account("ann")
    room = bo.room(power_level_content_override={"users": {us.ident: 90}}, invite=[us.ident])
    bo.ask("PUT", f"profile/{quote(bo.ident)}/displayname", {"displayname": "Бо"})
    us.ask("POST", f"join/{quote(room)}")
    ann.ask("POST", f"join/{quote(room)}")
    made = World(session, us.ident, bo, ann, Place(room, "Сад", "chat"))
    made.begin()
    return made


def test_an_account_says_who_it_is_where_it_is_and_what_it_may(world: World) -> None:
    found = world.session.check()
    assert found.account.remote_id == world.us
    assert {right.name: right.granted for right in found.rights} == {
        "read": True, "delete": True, "kick": True, "ban": True, "mute": False, "pin": True, "invite": True,
    }  # fmt: skip
    assert [right.name for right in found.rights if right.needed] == ["read"]
    assert "Сад" in next(right.mend for right in found.rights if right.name == "mute")
    assert [place.name for place in world.session.places()] == ["Сад"]


def test_a_password_is_exchanged_for_a_lasting_token(synapse: Running, access: Callable[..., Access]) -> None:
    settings = {"server": synapse.address, "user": synapse.details["user"]}
    session = MatrixSession(access(settings, {"password": PASSWORD}))
    assert session.check().expires_at is not None
    assert not session.keeps_keys_for()
    tokens = session.renew()
    session.close()
    lasting = MatrixSession(access(settings, dict(tokens.secrets)))
    assert lasting.check().expires_at is None
    assert lasting.keeps_keys_for() == timedelta(minutes=30)
    with pytest.raises(Reconnect, match="password"):
        MatrixSession(access(settings, {"password": "wrong"})).check()
    with pytest.raises(Reconnect, match="signed out"):
        MatrixSession(access(settings, {"token": "syt_none"})).check()


def test_what_others_say_is_seen_once_with_its_thread_and_parent(world: World) -> None:
    root = world.bo.say(world.room, "Привет 🌻")
    answer = world.ann.say(world.room, "hello", **{"m.relates_to": {"m.in_reply_to": {"event_id": root}}})
    thread = {"rel_type": "m.thread", "event_id": root, "is_falling_back": True, "m.in_reply_to": {"event_id": root}}
    inside = world.ann.say(world.room, "in a thread", **{"m.relates_to": thread})
    found = messages(world.listen(with_text("in a thread")))
    assert [(one.remote_id, one.author.remote_id, one.text) for one in found] == [
        (root, world.bo.ident, "Привет 🌻"),
        (answer, world.ann.ident, "hello"),
        (inside, world.ann.ident, "in a thread"),
    ]
    assert found[0].author.name == "Бо"
    assert (found[1].thread, found[1].parent) == (None, root)
    assert (found[2].thread, found[2].parent) == (root, root)
    assert not any(one.ours for one in found)
    world.ann.say(world.room, "later")
    assert [one.text for one in messages(world.listen(with_text("later")))] == ["later"]


def test_edits_reactions_and_deletions_are_told_as_they_come(world: World) -> None:
    first, other = world.bo.say(world.room, "draft"), world.bo.say(world.room, "away with it")
    reaction = world.ann.send(
        world.room, {"m.relates_to": {"rel_type": "m.annotation", "event_id": first, "key": "👍"}}, "m.reaction"
    )
    world.listen(lambda seen: any(isinstance(one, SeenReaction) for one in seen))
    relation = {"rel_type": "m.replace", "event_id": first}
    world.bo.say(
        world.room, "* final", **{"m.relates_to": relation, "m.new_content": {"msgtype": "m.text", "body": "final"}}
    )
    world.bo.redact(world.room, other)
    world.ann.redact(world.room, reaction)
    found = world.listen(lambda seen: any(isinstance(one, SeenReaction) for one in seen))
    [edited] = messages(found)
    assert (edited.remote_id, edited.text, edited.author.remote_id) == (first, "final", world.bo.ident)
    assert edited.edited_at is not None
    assert edited.edited_at > edited.at
    assert [one.remote_id for one in seen_in(found) if isinstance(one, SeenDeletion)] == [other]
    [back] = [one for one in seen_in(found) if isinstance(one, SeenReaction)]
    assert (back.remote_id, back.person.remote_id, back.value, back.taken_back) == (first, world.ann.ident, "👍", True)


def test_a_gap_that_one_answer_can_not_hold_is_filled(world: World) -> None:
    said = [world.bo.say(world.room, f"n{number}") for number in range(230)]
    edit = {"rel_type": "m.replace", "event_id": said[3]}
    world.bo.say(world.room, "* e", **{"m.relates_to": edit, "m.new_content": {"msgtype": "m.text", "body": "edited"}})
    before = world.cursor
    found = world.listen(lambda seen: len(seen) >= 231)
    assert [batch.cursor for batch in found if batch.place][:-1] == [before] * (len(found) - 1)
    assert {one.remote_id for one in messages(found)} == set(said)
    assert {one.text for one in messages(found) if one.remote_id == said[3]} == {"edited"}
    assert world.cursor != before


def test_a_cursor_that_the_server_forgot_or_nobody_can_read_starts_anew(world: World) -> None:
    said = world.bo.say(world.room, "while away")
    world.cursor = f'["s0_nonsense", {int(datetime.now(UTC).timestamp() * 1000) - 60_000}]'
    assert said in {one.remote_id for one in messages(world.listen(with_text("while away")))}
    world.cursor = "nonsense"
    [batch] = [next(world.session.stream([world.place], world.cursor, lambda: False))]
    assert batch.place is None
    assert batch.cursor


def test_listening_ends_soon_after_it_is_stopped(world: World) -> None:
    began = datetime.now(UTC)
    assert not list(
        world.session.stream([world.place], world.cursor, lambda: datetime.now(UTC) - began > timedelta(seconds=1))
    )
    assert datetime.now(UTC) - began < timedelta(seconds=8)


def test_an_invitation_is_taken_up_when_its_room_is_listened_to(world: World) -> None:
    room = world.bo.room(name="Guests", preset="private_chat", invite=[world.us])
    assert "Guests" in {place.name for place in world.session.places()}
    world.place = Place(room, "Guests", "chat")
    stream = world.session.stream([world.place], world.cursor, lambda: False)
    world.bo.say(room, "welcome")
    assert "welcome" in {one.text for one in messages([next(stream)])}
    world.place = Place("!none:hs.test", "None", "chat")
    skipped = next(world.session.stream([world.place], world.cursor, lambda: False)).skipped
    assert [one.reason for one in skipped] == ["not a member of the room"]


def test_comings_and_goings_and_new_names_are_seen(world: World) -> None:
    world.ann.ask("POST", f"rooms/{quote(world.room)}/leave")
    world.bo.ask("PUT", f"rooms/{quote(world.room)}/state/m.room.name", {"name": "Garden"})
    found = world.listen(lambda seen: any(isinstance(one, SeenMove) for one in seen))
    found += world.listen() if not any(batch.place and batch.place.name == "Garden" for batch in found) else []
    [move] = [one for one in seen_in(found) if isinstance(one, SeenMove)]
    assert (move.person.remote_id, move.kind) == (world.ann.ident, "leave")
    assert "Garden" in {batch.place.name for batch in found if batch.place}


def test_encrypted_rooms_are_said_not_to_be_readable(world: World) -> None:
    encryption = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    room = world.bo.room(name="Secret", initial_state=[encryption], invite=[world.us])
    MatrixUser = User(world.bo.address, world.us, world.session._access.secrets["token"])
    MatrixUser.ask("POST", f"join/{quote(room)}")
    assert "Secret" in " ".join(world.session.check().notes)
    assert "Secret" not in {place.name for place in world.session.places()}
    world.place = Place(room, "Secret", "chat")
    world.bo.send(room, {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x"}, "m.room.encrypted")
    reasons = {one.reason for batch in world.listen(lambda seen: True) for one in batch.skipped}
    assert "encrypted" in reasons
    with pytest.raises(Refused, match="encrypted"):
        world.session.publish(Publication(world.place, "open words"), "k1")


def test_the_past_is_read_back_in_its_last_state(world: World) -> None:
    began = datetime.now(UTC) - timedelta(minutes=5)
    said = [world.bo.say(world.room, f"n{number}") for number in range(120)]
    relation = {"rel_type": "m.replace", "event_id": said[0]}
    world.bo.say(
        world.room, "* e", **{"m.relates_to": relation, "m.new_content": {"msgtype": "m.text", "body": "edited"}}
    )
    world.ann.send(
        world.room, {"m.relates_to": {"rel_type": "m.annotation", "event_id": said[0], "key": "🎉"}}, "m.reaction"
    )
    world.bo.redact(world.room, said[1])
    found, cursor, done = [], "", []
    for _page in range(10):
        recalled = world.session.recall(world.place, cursor, since=began)
        found.append(recalled.batch)
        cursor = recalled.batch.cursor
        done.append(recalled.done)
        if not recalled.batch.more:
            break
    assert done[-1] == 1.0
    assert len(found) > 1
    by_id = {one.remote_id: one for one in messages(found)}
    assert set(by_id) == set(said) - {said[1]}
    assert by_id[said[0]].text == "edited"
    [reaction] = by_id[said[0]].reactions
    assert (reaction.value, [person.remote_id for person in reaction.people]) == ("🎉", [world.ann.ident])
    assert {move.kind for move in seen_in(found) if isinstance(move, SeenMove)} == {"join"}
    assert not world.session.recall(world.place, "", since=datetime.now(UTC) + timedelta(hours=1)).batch.seen
    assert world.session.recall(world.place, "nonsense", since=began).batch.seen


def test_an_archive_and_the_account_see_the_same(world: World, tmp_path: Any) -> None:
    world.bo.say(world.room, "Привет")
    world.ann.say(world.room, "hello")
    live = messages(world.listen(with_text("hello")))
    events = world.bo.ask("GET", f"rooms/{quote(world.room)}/messages?dir=b&limit=50")
    path = tmp_path / "room.json"
    path.write_text(json.dumps(events["chunk"]))
    with open_archive(path) as archive:
        found = list(Matrix().backfill(archive, format="matrix"))
    archived = {one.remote_id: one for one in messages(found)}
    assert {batch.place.remote_id for batch in found if batch.place} == {world.room}
    for one in live:
        other = archived[one.remote_id]
        assert (one.at, one.author, one.text, one.thread, one.parent) == (
            other.at, other.author, other.text, other.thread, other.parent,
        )  # fmt: skip


def read_back(world: World, sent: Sent) -> SeenMessage:
    found = messages(world.listen(lambda seen: any(one.remote_id == sent.remote_id for one in seen)))
    seen = next(one for one in found if one.remote_id == sent.remote_id)
    assert seen.ours
    assert sent.seen is not None
    assert (sent.seen.thread, sent.seen.parent, sent.seen.author, sent.seen.text, sent.seen.ours, sent.seen.url) == (
        seen.thread, seen.parent, seen.author, seen.text, True, seen.url,
    )  # fmt: skip
    return seen


def test_an_answer_is_read_back_as_ours_where_it_belongs(world: World) -> None:
    root = world.bo.say(world.room, "why?")
    inside = world.bo.say(world.room, "and?", **{"m.relates_to": {"rel_type": "m.thread", "event_id": root}})
    sent = world.session.reply(Reply(world.place, "", root, "потому что 🌻", world.bo.ident), "key-1")
    seen = read_back(world, sent)
    assert (seen.text, seen.parent, seen.thread) == ("потому что 🌻", root, None)
    sent = world.session.reply(Reply(world.place, root, inside, "in there"), "key-2")
    seen = read_back(world, sent)
    assert (seen.parent, seen.thread) == (inside, root)
    assert world.session.reply(Reply(world.place, root, inside, "in there"), "key-2").remote_id == sent.remote_id


def test_a_post_with_a_picture_can_be_fetched_by_its_address(world: World) -> None:
    act = Publication(
        world.place, "см. картинку", title="News", media=(Media("сад.png", "image/png", PIXEL, "a garden"),)
    )
    seen = read_back(world, world.session.publish(act, "key-p"))
    assert seen.text == "News\n\nсм. картинку"
    [file] = seen.attachments
    assert (file.kind, file.name, file.mime, file.size) == ("image", "сад.png", "image/png", len(PIXEL))
    headers = {"Authorization": f"Bearer {world.bo.token}"}
    assert httpx.get(file.url, headers=headers, trust_env=False).content == PIXEL


def test_our_own_is_found_by_its_key_or_surely_not_there(world: World) -> None:
    since = datetime.now(UTC)
    act = Publication(world.place, "once")
    assert world.session.find_own(act, "key-f", since=since) is None
    sent = world.session.publish(act, "key-f")
    world.session.publish(Publication(world.place, "another"), "key-g")
    found = world.session.find_own(act, "key-f", since=since)
    assert found is not None
    assert found.remote_id == sent.remote_id
    assert world.session.find_own(act, "key-h", since=since) is None


def test_our_words_are_edited_and_deleted_and_that_twice_does_no_harm(world: World) -> None:
    sent = world.session.publish(Publication(world.place, "frist"), "key-e")
    world.listen(with_text("frist"))
    for key in ("key-e1", "key-e2"):
        edited = world.session.edit(Edit(world.place, sent.remote_id, "first"), key)
        assert edited.remote_id == sent.remote_id
        assert edited.seen is not None
        assert (edited.seen.text, edited.seen.ours) == ("first", True)
        assert edited.seen.edited_at is not None
    assert {one.text for one in messages(world.listen(with_text("first")))} == {"first"}
    theirs = world.bo.say(world.room, "mine")
    with pytest.raises(Refused, match="author"):
        world.session.edit(Edit(world.place, theirs, "yours"), "key-e3")
    for key in ("key-d1", "key-d2"):
        world.session.delete(Deletion(world.place, sent.remote_id, "oops"), key)
    world.session.delete(Deletion(world.place, theirs), "key-d3")
    world.session.delete(Deletion(world.place, "$none"), "key-d4")
    found = world.listen(lambda seen: any(one.remote_id == theirs and isinstance(one, SeenDeletion) for one in seen))
    assert sent.remote_id in {one.remote_id for one in seen_in(found) if isinstance(one, SeenDeletion)}
    with pytest.raises(Refused, match="gone"):
        world.session.edit(Edit(world.place, sent.remote_id, "again"), "key-e4")


@pytest.mark.parametrize("twice", [1, 2])
def test_people_are_muted_removed_and_banned_and_all_of_it_undone(world: World, twice: int) -> None:
    levels = world.bo.ask("GET", f"rooms/{quote(world.room)}/state/m.room.power_levels")
    levels["events"]["m.room.power_levels"] = 50
    world.bo.ask("PUT", f"rooms/{quote(world.room)}/state/m.room.power_levels", levels)
    ann, room = world.ann, world.room

    def do(verb: Any, message: str = "") -> None:
        for number in range(twice):
            act = Moderation(world.place, verb, message=message, person="" if message else ann.ident, reason="spam")
            assert isinstance(world.session.moderate(act, f"{verb}{number}"), Sent)

    path = f"rooms/{quote(room)}/send/m.room.message/"
    do("mute")
    assert (
        ann.ask("PUT", f"{path}m1{twice}", {"msgtype": "m.text", "body": "x"}, status=403)["errcode"] == "M_FORBIDDEN"
    )
    do("unmute")
    said = ann.say(room, "hello again")
    do("pin", said)
    assert ann.ask("GET", f"rooms/{quote(room)}/state/m.room.pinned_events")["pinned"] == [said]
    do("unpin", said)
    assert ann.ask("GET", f"rooms/{quote(room)}/state/m.room.pinned_events")["pinned"] == []
    do("kick")
    assert world.bo.membership(room, ann.ident) == "leave"
    do("ban")
    assert world.bo.membership(room, ann.ident) == "ban"
    with pytest.raises(Refused, match="Unban"):
        world.session.invite(Invitation(world.place, ann.ident), "inv0")
    do("unban")
    assert world.bo.membership(room, ann.ident) == "leave"
    for number in range(twice):
        world.session.invite(Invitation(world.place, ann.ident, "come back"), f"inv{number}")
    assert world.bo.membership(room, ann.ident) == "invite"
    assert {"mute", "ban", "kick", "pin"} < world.session.verbs(world.place)


def test_what_the_account_may_not_do_says_what_to_click(world: World) -> None:
    with pytest.raises(Refused, match="Roles & Permissions"):
        world.session.moderate(Moderation(world.place, "ban", person=world.bo.ident), "b")
    with pytest.raises(Refused, match="shorter"):
        world.session.publish(Publication(world.place, "x" * 100_000), "long")
    with pytest.raises(Refused, match="Matrix knows no"):
        world.session.moderate(Moderation(world.place, "lock", message="$x"), "l")


def test_a_room_that_was_replaced_says_where_it_is_now(world: World) -> None:
    made = world.bo.ask("POST", f"rooms/{quote(world.room)}/upgrade", {"new_version": "11"})
    with pytest.raises(Moved) as moved:
        world.session.publish(Publication(world.place, "anybody here?"), "m1")
    assert moved.value.remote_id == made["replacement_room"]
    with pytest.raises(Moved) as heard:
        world.listen(lambda seen: False)
    assert (heard.value.was, heard.value.remote_id) == (world.room, made["replacement_room"])
    world.place = Place(made["replacement_room"], "Сад", "chat")
    world.bo.say(world.place.remote_id, "here now")
    assert "here now" in {one.text for one in messages(world.listen(with_text("here now")))}


def test_being_removed_is_seen_and_said(world: World) -> None:
    asked = {"user_id": world.us}
    world.bo.say(world.room, "goodbye")
    world.bo.ask("POST", f"rooms/{quote(world.room)}/ban", asked)
    found = world.listen(lambda seen: any(isinstance(one, SeenMove) for one in seen))
    assert "goodbye" in {one.text for one in messages(found)}
    [move] = [one for one in seen_in(found) if isinstance(one, SeenMove)]
    assert (move.person.remote_id, move.kind) == (world.us, "leave")
    with pytest.raises(Refused):
        world.session.publish(Publication(world.place, "hello?"), "x1")
