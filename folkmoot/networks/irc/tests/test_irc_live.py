"""Against ngIRCd."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from time import monotonic

import pytest

from folkmoot.networks.acts import Invitation, Moderation, Publication, Reply
from folkmoot.networks.base import Batch, Place, Seen, SeenMessage, SeenMove
from folkmoot.networks.errors import Later, Reconnect, Refused, Unsure
from folkmoot.networks.irc.live_parse import OWN_SECONDS, own_at, wait
from folkmoot.networks.irc.session import IrcSession
from folkmoot.networks.irc.wire import read, write
from folkmoot.networks.live import Access
from servers.base import Running

pytestmark = pytest.mark.servers
_numbers = count(1)


class User:
    """Somebody else, with a socket alone."""

    def __init__(self, server: Running, nick: str) -> None:
        self.nick = nick
        self.socket = socket.create_connection(("127.0.0.1", int(server.details["port"])), timeout=20)
        self.file = self.socket.makefile("rb")
        for command in (("PASS", server.details["password"]), ("NICK", nick), ("USER", nick[:9], "0", "*", nick)):
            self.socket.sendall(write(*command))
        self.ask()

    def ask(self, *command: str) -> list[str]:
        """What the server answers, as commands."""
        if command:
            self.socket.sendall(write(*command))
        self.socket.sendall(write("PING", "done"))
        found = []
        for raw in self.file:
            wire = read(raw)
            assert wire is not None
            if wire.command == "PONG":
                break
            found.append(" ".join([wire.command, *wire.params]))
        return found

    def quit(self) -> None:
        self.socket.sendall(write("QUIT", "bye"))
        self.file.read()

    def say(self, channel: str, text: str) -> None:
        self.ask("PRIVMSG", channel, text)

    def close(self) -> None:
        self.file.close()
        self.socket.close()


class World:
    """Bo's channel, in which our listener is an operator, and Ann."""

    def __init__(self, server: Running, access: Callable[..., Access]) -> None:
        number = next(_numbers)
        self.server = server
        self.place = Place(f"#garden{number}", f"#Garden{number}")
        self.channel = self.place.name
        self.bo, self.ann = User(server, f"Bo{number}"), User(server, f"ann{number}")
        self.bo.ask("JOIN", self.channel)
        self.ann.ask("JOIN", self.channel)
        self.nick = f"keeper{number}"
        settings = {"server": "127.0.0.1", "port": server.details["port"], "tls": "no", "nick": self.nick}
        self.access = access(settings | {"channels": self.channel}, {"server_password": server.details["password"]})
        self.session, self.speaker = IrcSession(self.access), IrcSession(self.access)
        self.cursor = ""
        self.stream = self.session.stream([self.place], "", lambda: False)
        self.cursor = next(self.stream).cursor
        self.bo.ask("MODE", self.channel, "+o", self.nick)

    def listen(self, enough: Callable[[list[Seen]], bool]) -> list[Seen]:
        found: list[Seen] = []
        deadline = monotonic() + 30
        while not enough(found) and monotonic() < deadline:
            batch = next(self.stream)
            assert batch.place in (None, self.place)
            self.cursor = batch.cursor
            found += batch.seen
        return found

    def close(self) -> None:
        for one in (self.session, self.speaker, self.bo, self.ann):
            one.close()


@pytest.fixture
def world(server: Callable[[str], Running], access: Callable[..., Access]) -> Iterator[World]:
    made = World(server("irc"), access)
    yield made
    made.close()


def said(seen: list[Seen]) -> list[SeenMessage]:
    return [one for one in seen if isinstance(one, SeenMessage)]


def moved(seen: list[Seen]) -> list[SeenMove]:
    return [one for one in seen if isinstance(one, SeenMove)]


def test_an_account_says_where_it_is_and_whether_it_is_an_operator(world: World) -> None:
    found = world.speaker.check()
    assert found.account.remote_id == world.nick
    rights = {right.name: right for right in found.rights}
    assert rights["join"].granted
    assert rights["operate"].granted is False
    assert world.channel in rights["operate"].mend
    assert [place.remote_id for place in world.speaker.places()] == [world.place.remote_id]


def test_what_others_say_and_do_is_seen_once(world: World) -> None:
    world.bo.say(world.channel, "Привет 🌻")
    world.ann.say(world.channel, "\x01ACTION waves\x01")
    world.bo.say(world.channel, "\x02bold\x02 \x0304red\x03")
    world.bo.say(world.channel, "\x01VERSION\x01")
    world.ann.ask("NOTICE", world.channel, "same")
    world.ann.say(world.channel, "same")
    found = said(world.listen(lambda seen: len(said(seen)) >= 5))
    assert [(one.author.remote_id, one.text) for one in found] == [
        (world.bo.nick, "Привет 🌻"),
        (world.ann.nick, f"{world.ann.nick} waves"),
        (world.bo.nick, "bold red"),
        (world.ann.nick, "same"),
        (world.ann.nick, "same"),
    ]
    assert len({one.remote_id for one in found}) == 5
    assert not any(one.ours for one in found)


def test_comings_and_goings_are_seen_under_the_nick_of_the_moment(world: World) -> None:
    world.ann.ask("NICK", f"{world.ann.nick}x")
    world.ann.quit()
    guest = User(world.server, f"guest{world.ann.nick}")
    guest.ask("JOIN", world.channel)
    guest.ask("PART", world.channel)
    guest.close()
    found = moved(world.listen(lambda seen: len(moved(seen)) >= 3))
    assert [(one.person.remote_id, one.kind) for one in found] == [
        (f"{world.ann.nick}x", "leave"),
        (guest.nick, "join"),
        (guest.nick, "leave"),
    ]


def test_an_answer_is_read_back_as_ours_by_the_listener(world: World) -> None:
    sent = world.speaker.reply(Reply(world.place, "", "", "сейчас 🌻", world.bo.nick), "k1")
    again = world.speaker.reply(Reply(world.place, "", "", "сейчас 🌻", world.bo.nick), "k2")
    found = said(world.listen(lambda seen: len(said(seen)) >= 2))
    assert [one.remote_id for one in found] == [sent.remote_id, again.remote_id]
    assert sent.remote_id != again.remote_id
    assert sent.seen is not None
    assert found[0].ours
    assert (found[0].text, found[0].author) == (sent.seen.text, sent.seen.author)
    assert found[0].text == f"{world.bo.nick}: сейчас 🌻"
    assert found[0].author.remote_id == world.nick
    assert any("сейчас" in line for line in world.bo.ask())


def test_a_long_text_goes_as_several_lines_of_which_each_arrives(world: World) -> None:
    world.bo.ask()
    text = "первая строка\n" + "слово " * 120
    sent = world.speaker.publish(Publication(world.place, text), "k")
    found = said(world.listen(lambda seen: sum(len(one.text) for one in said(seen)) > 700))
    assert found[0].remote_id == sent.remote_id
    assert " ".join(one.text for one in found).split() == text.split()
    heard = [line.partition(" ")[2].partition(" ")[2] for line in world.bo.ask() if line.startswith("PRIVMSG")]
    assert " ".join(heard).split() == text.split()


def test_people_are_removed_and_banned_by_a_connection_that_the_listener_makes_an_operator(world: World) -> None:
    world.speaker.publish(Publication(world.place, "here"), "k")
    world.listen(lambda seen: bool(said(seen)))
    assert f"MODE {world.channel} +o {world.nick}_" in world.bo.ask()
    world.speaker.moderate(Moderation(world.place, "kick", person=world.ann.nick, reason="spam"), "k1")
    world.speaker.moderate(Moderation(world.place, "kick", person=world.ann.nick, reason="spam"), "k2")
    assert f"KICK {world.channel} {world.ann.nick} spam" in world.ann.ask()
    assert (world.ann.nick, "leave") in {
        (one.person.remote_id, one.kind) for one in moved(world.listen(lambda seen: len(moved(seen)) >= 2))
    }
    world.ann.ask("JOIN", world.channel)
    for key in "ab":
        world.speaker.moderate(Moderation(world.place, "ban", person=world.ann.nick), key)
    assert any(line.startswith("474") for line in world.ann.ask("JOIN", world.channel))
    world.ann.ask("NICK", f"{world.ann.nick}other")
    assert any(line.startswith("474") for line in world.ann.ask("JOIN", world.channel))
    for key in "cd":
        world.speaker.moderate(Moderation(world.place, "unban", person=f"{world.ann.nick}other"), key)
    assert any(line.startswith("JOIN") for line in world.ann.ask("JOIN", world.channel))
    with pytest.raises(Refused, match="silence"):
        world.speaker.moderate(Moderation(world.place, "mute", person=world.bo.nick), "m")
    assert "ban" in world.speaker.verbs(world.place)


def test_who_is_unknown_to_the_server_can_not_be_told_from_the_list(world: World) -> None:
    world.speaker.publish(Publication(world.place, "here"), "k")
    world.listen(lambda seen: bool(said(seen)))
    world.speaker.moderate(Moderation(world.place, "unban", person="nobody"), "u")
    world.bo.ask("MODE", world.channel, "+b", "*!eve@example.org")
    with pytest.raises(Refused, match="eve@example"):
        world.speaker.moderate(Moderation(world.place, "unban", person="nobody"), "v")
    world.bo.ask("MODE", world.channel, "+b", "nobody!*@*")
    world.speaker.moderate(Moderation(world.place, "unban", person="nobody"), "w")
    assert [line.split()[3] for line in world.bo.ask("MODE", world.channel, "+b") if line.startswith("367")] == [
        "*!eve@example.org"
    ]


def test_people_are_invited_by_their_nick(world: World) -> None:
    guest = User(world.server, f"gil{world.ann.nick}")
    world.bo.ask("MODE", world.channel, "+i")
    with pytest.raises(Refused, match="entered"):
        world.speaker.invite(Invitation(world.place, guest.nick), "i0")
    world.bo.ask("MODE", world.channel, "-i")
    world.speaker.invite(Invitation(world.place, guest.nick), "i1")
    assert any(line.startswith("INVITE") for line in guest.ask())
    world.speaker.invite(Invitation(world.place, world.ann.nick), "i2")
    with pytest.raises(Refused, match="on the network"):
        world.speaker.invite(Invitation(world.place, "nobody"), "i3")
    guest.close()


def test_without_rights_it_says_what_to_ask_for(world: World) -> None:
    world.bo.ask("MODE", world.channel, "-o", world.nick)
    with pytest.raises(Refused, match="ChanServ"):
        world.speaker.moderate(Moderation(world.place, "kick", person=world.bo.nick), "k")
    world.bo.ask("MODE", world.channel, "+m")
    with pytest.raises(Refused, match="voice"):
        world.speaker.publish(Publication(world.place, "hush"), "p")
    with pytest.raises(Refused, match="words"):
        world.speaker.publish(Publication(world.place, " \n "), "e")


def test_a_channel_that_can_not_be_entered_is_said_and_tried_again_after_removal(world: World) -> None:
    world.bo.ask("JOIN", "#closed")
    world.bo.ask("MODE", "#closed", "+k", "sesame")
    other = IrcSession(world.access)
    stream = other.stream([Place("#closed", "#closed")], "", lambda: False)
    assert [(one.reason, "key" in one.where) for one in next(stream).skipped] == [("channel not entered", True)]
    other.close()
    keyed = dict(world.access.settings) | {"channels": "#closed sesame"}
    other = IrcSession(Access(keyed, world.access.secrets, world.access.http, world.access.dial, world.access.now))
    assert next(other.stream([Place("#closed", "#closed")], "", lambda: False)).skipped == ()
    other.close()


def test_what_was_missed_while_away_is_said_and_a_cursor_of_no_use_starts_anew(world: World) -> None:
    def first(cursor: str) -> Batch:
        other = IrcSession(world.access)
        batch = next(other.stream([world.place], cursor, lambda: False))
        other.close()
        return batch

    before = datetime.now(UTC) - timedelta(hours=2)
    [gap] = first(f'["{before.isoformat()}"]').skipped
    assert (gap.reason, f"{before:%H:%M}" in gap.where) == ("not heard while disconnected", True)
    for cursor in ("nonsense", "[]", '["yesterday"]', '["2026-01-01T00:00:00"]', ""):
        batch = first(cursor) if not cursor else None
        if cursor:
            other = IrcSession(world.access)
            assert not list(other.stream([world.place], cursor, lambda: True))
            other.close()
        assert batch is None or (not batch.skipped and batch.cursor)


def test_listening_ends_soon_after_it_is_stopped_and_a_lost_connection_is_said(world: World) -> None:
    other = IrcSession(world.access)
    began = monotonic()
    assert list(other.stream([world.place], world.cursor, lambda: monotonic() - began > 1))[:1] is not None
    assert monotonic() - began < 8
    other.close()
    assert world.session._link._socket is not None
    world.session._link._socket.shutdown(socket.SHUT_RDWR)
    with pytest.raises(Later):
        world.listen(lambda _: False)


def test_a_worker_whose_connection_was_lost_connects_again_before_it_speaks(world: World) -> None:
    world.speaker.publish(Publication(world.place, "one"), "k1")
    assert world.speaker._link._socket is not None
    world.speaker._link._socket.shutdown(socket.SHUT_RDWR)
    world.speaker.publish(Publication(world.place, "two"), "k2")
    assert [one.text for one in said(world.listen(lambda seen: len(said(seen)) >= 2))] == ["one", "two"]


def test_a_wrong_password_of_the_server_is_said(world: World) -> None:
    wrong = Access(
        world.access.settings, {"server_password": "x"}, world.access.http, world.access.dial, world.access.now
    )
    with pytest.raises((Reconnect, Later), match=r"password|Bad"):
        IrcSession(wrong).check()


def test_what_we_say_falls_into_one_stretch_of_time_for_all() -> None:
    start = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)
    for tenths in range(600):
        at = start + timedelta(seconds=tenths / 10)
        then = at + timedelta(seconds=wait(at))
        assert own_at(then - timedelta(seconds=0.9)) == own_at(then) == own_at(then + timedelta(seconds=1.9))
        assert wait(at) <= 3
    assert OWN_SECONDS == 10
    assert issubclass(Unsure, Exception)
