"""Against Prosody."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from time import monotonic
from typing import Any

import pytest

from folkmoot.lib import fetching
from folkmoot.networks.acts import Deletion, Edit, Invitation, Moderation, Publication, Reply
from folkmoot.networks.base import Batch, Place, Seen, SeenDeletion, SeenMessage, SeenMove, SeenReaction
from folkmoot.networks.errors import Later, Reconnect, Refused, Unsure
from folkmoot.networks.live import Access
from folkmoot.networks.xmpp.link import Link
from folkmoot.networks.xmpp.live_parse import REACTIONS, REPLY, RETRACT, ROOM, Position
from folkmoot.networks.xmpp.session import XmppSession
from folkmoot.networks.xmpp.stanzas import Element, tag
from servers.base import Running

pytestmark = pytest.mark.servers
_numbers = count(1)
OWNER = "http://jabber.org/protocol/muc#owner"
ADMIN = "http://jabber.org/protocol/muc#admin"


class User:
    """Somebody else: a connection, and stanzas by hand."""

    def __init__(self, access: Access, room: str, nick: str) -> None:
        self.link, self.room, self.nick = Link(access), room, nick
        self.jid = self.link.account
        self.link.open()
        self.enter()

    def enter(self) -> Element:
        if self.link.jid:
            self.link.ping()
            self.link.hear(0)
        self.link.send(
            tag(
                "presence",
                {"to": f"{self.room}/{self.nick}"},
                tag("x", {"xmlns": ROOM}, tag("history", {"maxstanzas": "0"})),
            )
        )
        wanted = f"{self.room}/{self.nick}"
        return self.link.wait(lambda one: one.name == "presence" and one.get("from") == wanted)

    def leave(self) -> None:
        self.link.send(tag("presence", {"to": f"{self.room}/{self.nick}", "type": "unavailable"}))
        self.link.ping()

    def send(self, *inside: str) -> Element:
        """The message as the room gives it back, or its refusal."""
        ident = f"u{next(_numbers)}"
        self.link.send(tag("message", {"to": self.room, "type": "groupchat", "id": ident}, *inside))
        return self.link.wait(lambda one: one.name == "message" and one.get("id") == ident)

    def say(self, text: str, *more: str) -> Element:
        return self.send(tag("body", text=text), *more)

    def affiliate(self, jid: str, affiliation: str) -> None:
        self.link.ask(
            "set", tag("query", {"xmlns": ADMIN}, tag("item", {"jid": jid, "affiliation": affiliation})), to=self.room
        )

    def configure(self, **fields: str) -> None:
        values = [tag("field", {"var": name}, tag("value", text=value)) for name, value in fields.items()]
        kind = tag(
            "field",
            {"var": "FORM_TYPE", "type": "hidden"},
            tag("value", text="http://jabber.org/protocol/muc#roomconfig"),
        )
        form = tag("x", {"xmlns": "jabber:x:data", "type": "submit"}, kind, *values)
        self.link.ask("set", tag("query", {"xmlns": OWNER}, form), to=self.room)


def sid(stanza: Element) -> str:
    found = stanza.child("stanza-id")
    assert found is not None
    return found.get("id")


class World:
    """Bo's room in which our account is an administrator, and Ann."""

    def __init__(self, server: Running, access: Callable[..., Access]) -> None:
        details, room = server.details, f"garden{next(_numbers)}@{server.details['rooms']}"
        self.place = Place(room, "Сад", "chat")
        self.settings = {"server": "127.0.0.1", "port": details["port"], "tls": "no"}

        def made(user: str, **more: str) -> Access:
            settings = self.settings | {"account": f"{user}@{details['host']}"} | more
            return access(settings, {"password": details["password"]})

        self.made = made
        self.bo = User(made("bo"), room, "Бо")
        self.ann = User(made("ann"), room, "ann")
        self.us = f"keeper@{details['host']}"
        self.bo.affiliate(self.us, "admin")
        self.access = made("keeper", rooms=room, nick="keeper")
        self.session, self.speaker = XmppSession(self.access), XmppSession(self.access)
        self.stream = self.session.stream([self.place], "", lambda: False)
        self.cursor = next(self.stream).cursor

    def listen(self, enough: Callable[[list[Seen]], bool]) -> list[Batch]:
        found: list[Batch] = []
        deadline = monotonic() + 30
        while not enough(seen_in(found)) and monotonic() < deadline:
            batch = next(self.stream)
            self.cursor = batch.cursor
            found.append(batch)
        return found

    def again(self) -> None:
        """A listener that goes on from the cursor."""
        self.session.close()
        self.session = XmppSession(self.access)
        self.stream = self.session.stream([self.place], self.cursor, lambda: False)

    def close(self) -> None:
        for one in (self.session, self.speaker, self.bo.link, self.ann.link):
            one.close()


@pytest.fixture
def world(server: Callable[[str], Running], access: Callable[..., Access]) -> Iterator[World]:
    made = World(server("xmpp"), access)
    yield made
    made.close()


def seen_in(found: list[Batch]) -> list[Seen]:
    return [one for batch in found for one in batch.seen]


def said(found: list[Batch]) -> list[SeenMessage]:
    return [one for one in seen_in(found) if isinstance(one, SeenMessage)]


def texts(number: int) -> Callable[[list[Seen]], bool]:
    return lambda seen: sum(isinstance(one, SeenMessage) for one in seen) >= number


def kind(wanted: type) -> Callable[[list[Seen]], bool]:
    return lambda seen: any(isinstance(one, wanted) for one in seen)


def test_an_account_says_who_it_is_and_what_it_may(world: World) -> None:
    found = world.speaker.check()
    assert found.account.remote_id == world.us
    assert {right.name: right.granted for right in found.rights} == {
        "join": True, "history": True, "administer": True, "retract": False,
    }  # fmt: skip
    assert [place.remote_id for place in world.speaker.places()] == [world.place.remote_id]


def test_what_others_say_is_seen_once_with_who_said_it(world: World) -> None:
    first = world.bo.say("Привет 🌻 <b> & co")
    answer = world.ann.say(
        "> Привет\nhello",
        tag("reply", {"xmlns": REPLY, "id": sid(first)}),
        tag("fallback", {"xmlns": "urn:xmpp:fallback:0", "for": REPLY}, "<body start='0' end='9'/>"),
    )
    world.ann.say("/me waves")
    found = said(world.listen(texts(3)))
    assert [(one.remote_id, one.author.handle, one.author.name, one.text) for one in found] == [
        (sid(first), world.bo.jid, "Бо", "Привет 🌻 <b> & co"),
        (sid(answer), world.ann.jid, "ann", "hello"),
        (found[2].remote_id, world.ann.jid, "ann", "ann waves"),
    ]
    assert found[1].parent == sid(first)
    assert not any(one.ours for one in found)
    assert len({one.remote_id for one in found}) == 3


def test_corrections_reactions_and_deletions_are_told_as_they_come(world: World) -> None:
    first = world.bo.say("draft")
    world.listen(texts(1))
    world.bo.say("final", tag("replace", {"xmlns": "urn:xmpp:message-correct:0", "id": first.get("id")}))
    world.ann.say("forged", tag("replace", {"xmlns": "urn:xmpp:message-correct:0", "id": first.get("id")}))
    world.ann.send(tag("retract", {"xmlns": RETRACT, "id": sid(first)}), tag("body", text="gone"))
    world.ann.send(
        tag("reactions", {"xmlns": REACTIONS, "id": sid(first)}, tag("reaction", text="👍")),
        "<store xmlns='urn:xmpp:hints'/>",
    )
    world.ann.send(tag("reactions", {"xmlns": REACTIONS, "id": sid(first)}), "<store xmlns='urn:xmpp:hints'/>")
    world.bo.send(tag("retract", {"xmlns": RETRACT, "id": sid(first)}), tag("body", text="gone"))
    found = world.listen(kind(SeenDeletion))
    [edited] = said(found)
    assert (edited.remote_id, edited.text, edited.author.remote_id) == (sid(first), "final", edited.author.remote_id)
    assert edited.edited_at is not None
    reactions = [(one.remote_id, one.value, one.taken_back) for one in seen_in(found) if isinstance(one, SeenReaction)]
    assert reactions == [(sid(first), "👍", False), (sid(first), "👍", True)]
    assert [one.remote_id for one in seen_in(found) if isinstance(one, SeenDeletion)] == [sid(first)]
    assert {one.reason for batch in found for one in batch.skipped} == {
        "edit of a message that is not known", "deletion by somebody else than the author",
    }  # fmt: skip


def test_a_gap_is_filled_from_the_archive_with_the_same_ids_and_people(world: World) -> None:
    world.ann.say("here")
    first = world.bo.say("before")
    heard = said(world.listen(texts(2)))
    sent = [sid(world.bo.say(f"n{number}")) for number in range(120)]
    world.ann.say("while away")
    world.bo.say("corrected", tag("replace", {"xmlns": "urn:xmpp:message-correct:0", "id": first.get("id")}))
    world.ann.leave()
    world.again()
    found = said(world.listen(lambda seen: any(isinstance(one, SeenMessage) and one.edited_at for one in seen)))
    assert [one.remote_id for one in found[:120]] == sent
    assert {one.author.remote_id for one in found[:120]} == {heard[1].author.remote_id}
    assert (found[120].text, found[120].author.remote_id) == ("while away", heard[0].author.remote_id)
    assert (found[-1].remote_id, found[-1].text) == (sid(first), "corrected")


def test_a_cursor_that_the_archive_forgot_or_nobody_can_read_starts_anew(world: World) -> None:
    world.bo.say("lately")
    before = datetime.now(UTC) - timedelta(minutes=2)
    world.cursor = str(Position({world.place.remote_id: "nonsense"}, before))
    world.again()
    assert "lately" in {one.text for one in said(world.listen(texts(1)))}
    world.cursor = str(Position({}, before))
    world.again()
    assert "lately" in {one.text for one in said(world.listen(texts(1)))}
    world.cursor = "nonsense"
    world.again()
    batch = next(world.stream)
    assert (batch.place, list(batch.seen)) == (None, [])


def test_comings_and_goings_are_seen_once_we_are_there(world: World) -> None:
    world.ann.leave()
    world.ann.enter()
    found = [
        one
        for one in seen_in(world.listen(lambda seen: len([one for one in seen if isinstance(one, SeenMove)]) >= 2))
        if isinstance(one, SeenMove)
    ]
    assert [(one.person.handle, one.kind) for one in found] == [(world.ann.jid, "leave"), (world.ann.jid, "join")]


def test_the_past_is_read_back_page_by_page(world: World) -> None:
    since = datetime.now(UTC) - timedelta(minutes=5)
    sent = [sid(world.bo.say(f"n{number}")) for number in range(130)]
    found, cursor, done = list[SeenMessage](), "", []
    for _page in range(5):
        recalled = world.speaker.recall(world.place, cursor, since=since)
        found += said([recalled.batch])
        cursor = recalled.batch.cursor
        done.append(recalled.done)
        if not recalled.batch.more:
            break
    assert len(done) > 1
    assert done[-1] == 1.0
    assert sorted(one.remote_id for one in found) == sorted(sent)
    assert {one.author.name for one in found} == {"Бо"}
    assert len({one.author.remote_id for one in found}) == 1
    assert world.speaker.recall(world.place, "nonsense", since=since).batch.seen
    assert not world.speaker.recall(world.place, "", since=datetime.now(UTC) + timedelta(hours=1)).batch.seen


def test_an_answer_is_read_back_as_ours_and_found_by_its_key(world: World) -> None:
    since, question = datetime.now(UTC), world.bo.say("why?")
    act = Reply(world.place, "", sid(question), "потому что 🌻")
    assert world.speaker.find_own(act, "k1", since=since) is None
    sent = world.speaker.reply(act, "k1")
    found = said(world.listen(texts(2)))[-1]
    assert (found.remote_id, found.ours, found.author.handle, found.parent) == (
        sent.remote_id,
        True,
        world.us,
        sid(question),
    )
    assert sent.seen is not None
    assert (sent.seen.text, sent.seen.author, sent.seen.parent, sent.seen.ours) == (
        found.text,
        found.author,
        found.parent,
        True,
    )
    own = world.speaker.find_own(act, "k1", since=since)
    assert own is not None
    assert own.remote_id == sent.remote_id
    assert world.speaker.find_own(act, "k2", since=since) is None


def test_our_words_are_corrected_and_deleted_and_that_twice_does_no_harm(world: World) -> None:
    sent = world.speaker.publish(Publication(world.place, "frist", title="News"), "k1")
    assert said(world.listen(texts(1)))[0].text == "News\n\nfrist"
    for worker in (world.speaker, XmppSession(world.access)):
        edited = worker.edit(Edit(world.place, sent.remote_id, "first"), f"e{id(worker)}")
        assert edited.remote_id == sent.remote_id
        assert edited.seen is not None
        assert (edited.seen.text, edited.seen.ours) == ("first", True)
        if worker is not world.speaker:
            worker.close()
    assert {(one.remote_id, one.text) for one in said(world.listen(texts(2)))} == {(sent.remote_id, "first")}
    for key in ("d1", "d2"):
        world.speaker.delete(Deletion(world.place, sent.remote_id), key)
    assert {one.remote_id for one in seen_in(world.listen(kind(SeenDeletion)))} == {sent.remote_id}
    theirs = world.bo.say("mine")
    with pytest.raises(Refused, match="itself"):
        world.speaker.edit(Edit(world.place, sid(theirs), "yours"), "e3")
    with pytest.raises(Refused, match="XEP-0425"):
        world.speaker.delete(Deletion(world.place, sid(theirs)), "d3")


@pytest.mark.parametrize("twice", [1, 2])
def test_people_are_muted_removed_and_banned_and_all_of_it_undone(world: World, twice: int) -> None:
    world.bo.configure(**{"muc#roomconfig_moderatedroom": "1"})

    def do(verb: Any) -> None:
        for number in range(twice):
            world.speaker.moderate(
                Moderation(world.place, verb, person=world.ann.jid, reason="spam"), f"{verb}{number}"
            )

    do("unmute")
    assert world.ann.say("allowed").get("type") == "groupchat"
    do("mute")
    assert world.ann.say("hush").get("type") == "error"
    do("unmute")
    assert world.ann.say("again").get("type") == "groupchat"
    do("kick")
    assert world.ann.say("out").get("type") == "error"
    do("ban")
    assert world.ann.enter().get("type") == "error"
    do("unban")
    assert world.ann.enter().get("type") != "error"
    world.ann.link.send("<presence/>")
    world.speaker.invite(Invitation(world.place, world.ann.jid, "come"), "i")
    invited = world.ann.link.wait(lambda one: one.name == "message" and one.child("x") is not None, seconds=10)
    assert invited.child("x")
    assert {"ban", "mute"} < world.speaker.verbs(world.place)


def test_without_rights_it_says_what_to_ask_for(world: World) -> None:
    world.bo.affiliate(world.us, "none")
    with pytest.raises(Refused, match="administrator"):
        world.speaker.moderate(Moderation(world.place, "ban", person=world.ann.jid), "b")
    with pytest.raises(Refused, match="hides"):
        world.speaker.moderate(Moderation(world.place, "ban", person="occupant:x"), "b2")
    with pytest.raises(Refused, match="words"):
        world.speaker.publish(Publication(world.place, " "), "e")
    world.bo.affiliate(world.us, "outcast")
    other = XmppSession(world.access)
    with pytest.raises(Refused, match="entered"):
        other.publish(Publication(world.place, "x"), "o")
    other.close()


def test_people_are_banned_by_the_id_they_are_known_by(world: World) -> None:
    world.ann.say("spam")
    [seen] = said(world.listen(texts(1)))
    assert seen.author.remote_id.startswith("occupant:")
    world.speaker.moderate(Moderation(world.place, "ban", person=seen.author.remote_id), "b1")
    world.speaker.moderate(Moderation(world.place, "ban", person=seen.author.remote_id), "b2")
    assert world.ann.enter().get("type") == "error"
    other = XmppSession(world.access)
    with pytest.raises(Refused, match=world.ann.jid):
        other.moderate(Moderation(world.place, "unban", person=seen.author.remote_id), "u0")
    other.close()
    world.speaker.moderate(Moderation(world.place, "unban", person=seen.author.remote_id), "u1")
    assert world.ann.enter().get("type") != "error"


def test_in_a_room_that_hides_nobody_people_are_known_by_their_addresses(world: World) -> None:
    world.bo.configure(**{"muc#roomconfig_whois": "anyone"})
    world.again()
    next(world.stream)
    world.ann.say("hello")
    assert {one.author.remote_id for one in said(world.listen(texts(1)))} == {world.ann.jid}
    world.ann.say("while away")
    world.ann.leave()
    world.again()
    assert {one.author.remote_id for one in said(world.listen(texts(1)))} == {world.ann.jid}


def test_a_room_without_an_archive_says_what_it_can_not_tell(world: World) -> None:
    world.bo.configure(**{"muc#roomconfig_enablearchiving": "0"})
    with pytest.raises(Unsure, match="archive"):
        session = XmppSession(world.access)
        try:
            session.find_own(Publication(world.place, "x"), "k", since=datetime.now(UTC))
        finally:
            session.close()


def test_wrong_passwords_and_addresses_are_said(world: World, access: Callable[..., Access]) -> None:
    for settings, secret, error, words in (
        ({}, "wrong", Reconnect, "password"),
        ({"account": "nobody"}, "x", Refused, "e-mail"),
        ({"port": "many"}, "x", Refused, "number"),
        ({"port": "1"}, "x", Later, "1"),
        ({"account": "keeper@elsewhere.test"}, "x", Later, "host-unknown"),
    ):
        given = access({**world.access.settings, **settings}, {"password": secret})
        with pytest.raises(error, match=words):
            XmppSession(given).check()


def test_connections_are_made_secure_and_only_with_whom_they_are_meant_for(
    world: World, access: Callable[..., Access], server: Callable[[str], Running]
) -> None:
    running = server("xmpp")
    password = {"password": running.details["password"]}
    secure = {**world.access.settings, "tls": "starttls"}
    direct = secure | {"tls": "direct", "port": running.details["tls_port"]}
    for settings in (secure, direct):
        with pytest.raises(Later, match=r"(?i)certificate"):
            XmppSession(access(settings, password)).check()
    fetching.trust().load_verify_locations(running.details["authority"])
    for settings in (secure, direct):
        session = XmppSession(access(settings, password))
        assert session.check().account.remote_id == world.us
        assert isinstance(session._link._socket, ssl.SSLSocket)
        session.close()


def test_listening_ends_soon_after_it_is_stopped_and_workers_connect_again(world: World) -> None:
    began, other = monotonic(), XmppSession(world.access)
    list(other.stream([world.place], world.cursor, lambda: monotonic() - began > 1))
    assert monotonic() - began < 8
    other.close()
    world.speaker.publish(Publication(world.place, "one"), "k1")
    assert world.speaker._link._socket is not None
    world.speaker._link._socket.close()
    world.speaker.publish(Publication(world.place, "two"), "k2")
    assert [one.text for one in said(world.listen(texts(2)))] == ["one", "two"]
