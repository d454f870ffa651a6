"""What is made of stanzas, of servers' errors and of broken XML. No server is asked here but one that is played."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from threading import Thread

import httpx
import pytest

from folkmoot.networks.acts import Deletion
from folkmoot.networks.base import Place, Seen, SeenDeletion, SeenMessage, SeenMove, SeenReaction
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused
from folkmoot.networks.live import Access
from folkmoot.networks.payload import Unfit
from folkmoot.networks.xmpp.link import Link, Rejected, Silent, refused
from folkmoot.networks.xmpp.live_parse import MODERATE, OLD_MODERATE, Position, Room, rooms
from folkmoot.networks.xmpp.moderation import retract
from folkmoot.networks.xmpp.sasl import NotProved, Scram, choose
from folkmoot.networks.xmpp.stanzas import Element, Malformed, Stream, clean, read, tag

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ROOM, US = "garden@rooms.example", "us@example.org"
USER = "http://jabber.org/protocol/muc#user"


def room() -> Room:
    made = Room(Place(ROOM, "Garden"), US, "us")
    made.presence(presence("us", codes="110", jid=US), NOW)
    return made


def presence(nick: str, *, gone: bool = False, codes: str = "", jid: str = "", new: str = "") -> Element:
    kind = " type='unavailable'" if gone else ""
    status = "".join(f"<status code='{code}'/>" for code in codes.split())
    shown = f" jid='{jid}/phone'" if jid else ""
    renamed = f" nick='{new}'" if new else ""
    return read(
        f"<presence from='{ROOM}/{nick}'{kind}><x xmlns='{USER}'><item role='participant'{shown}{renamed}/>{status}</x></presence>"
    )


def said(inside: str, *, nick: str = "ann", ident: str = "m1", sid: str = "s1", occupant: str = "") -> Element:
    by = f"<stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}' id='{sid}'/>" if sid else ""
    who = f"<occupant-id xmlns='urn:xmpp:occupant-id:0' id='{occupant}'/>" if occupant else ""
    sender = f"{ROOM}/{nick}" if nick else ROOM
    return read(f"<message from='{sender}' type='groupchat' id='{ident}'>{inside}{by}{who}</message>")


def hear(one: Room, *stanzas: Element) -> list[Seen]:
    return [seen for stanza in stanzas for seen in one.message(stanza, NOW)]


def test_a_stream_is_read_in_whatever_pieces_it_comes() -> None:
    data = "<stream:stream xmlns='jabber:client' xmlns:stream='s'><message a='1'><body>Привет &amp; 🌻</body></message><presence/></stream:stream>".encode()
    for size in (1, 3, 1000):
        stream = Stream()
        found = [one for start in range(0, len(data), size) for one in stream.feed(data[start : start + size])]
        assert [(one.name, one.space, one.said("body")) for one in found] == [
            ("message", "jabber:client", "Привет & 🌻"),
            ("presence", "jabber:client", ""),
        ]
        assert stream.closed


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>",
        b"<x><y></x>",
        b"HTTP/1.1 400 Bad Request",
        b"<x>" + b"<y>" * 100,
        b"<x><y>" + b"z" * (4 * 1024**2),
    ],
)
def test_what_is_no_stream_or_could_unfold_ends_it(data: bytes) -> None:
    with pytest.raises(Malformed):
        Stream().feed(data)


def test_what_is_written_can_be_read_whatever_is_in_it() -> None:
    words = "<b> & \"quotes\" 'and' ]]> \n 🌻 " + "ж" * 100_000
    found = read(tag("message", {"to": words[:40], "type": ""}, tag("body", text=words + "\x00\x08\ufffe")))
    assert found.said("body") == words
    assert found.get("to") == words[:40].replace("\n", " ") or found.get("to") == words[:40]
    assert "type" not in found.attributes
    assert clean("\ud800a\x0b") == "a"


def test_scram_proves_as_in_the_specification_and_trusts_no_other_server() -> None:
    proof = Scram("user", "pencil", "sha1", nonce="fyko+d2lbbFgONRv9qkxdawL")
    challenge = b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"
    assert proof.first() == b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"
    assert proof.final(challenge).endswith(b"p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=")
    proof.check(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")
    for bad in (b"v=AAAA", b"", b"e=other-error"):
        with pytest.raises(NotProved):
            proof.check(bad)
    for bad in (b"", b"r=other,s=QSXC,i=1", b"r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXC,i=99999999", b"r=x,s=!,i=y"):
        with pytest.raises(NotProved):
            proof.final(bad)
    assert choose(["PLAIN", "SCRAM-SHA-1"], safe=True) == "SCRAM-SHA-1"
    assert (choose(["PLAIN"], safe=False), choose(["PLAIN"], safe=True)) == ("", "PLAIN")


def test_rooms_and_cursors_are_read_as_they_are_written() -> None:
    assert rooms("Garden@Rooms.Example, xmpp:b@c?join secret\n") == {"garden@rooms.example": "", "b@c": "secret"}
    position = Position({ROOM: "s1"}, NOW)
    assert Position.read(str(position)) == position
    for cursor in (
        "",
        "nonsense",
        "[]",
        "[1, 2]",
        '[{"a": 1}, "2026-03-02T12:00:00+00:00"]',
        '[{}, "2026-03-02T12:00:00"]',
    ):
        assert Position.read(cursor) is None


def test_only_the_rooms_own_id_counts_and_without_one_an_id_is_made() -> None:
    forged = "<stanza-id xmlns='urn:xmpp:sid:0' by='eve@example.org' id='forged'/>"
    [first], [again] = (
        hear(room(), said(f"<body>x</body>{forged}", sid="")),
        hear(room(), said("<body>x</body>", sid="")),
    )
    assert isinstance(first, SeenMessage)
    assert first.remote_id != "forged"
    assert isinstance(again, SeenMessage)
    assert first.remote_id == again.remote_id


def test_who_speaks_is_known_by_address_else_by_the_rooms_id_else_by_nick() -> None:
    one = room()
    one.presence(presence("bo", jid="bo@example.org"), NOW)
    found = hear(
        one,
        said("<body>a</body>", nick="bo"),
        said("<body>b</body>", nick="ann", occupant="o1", sid="s2"),
        said("<body>c</body>", nick="gil", sid="s3"),
        said("<body>d</body>", nick="us", sid="s4"),
    )
    assert [(seen.author.remote_id, seen.ours) for seen in found if isinstance(seen, SeenMessage)] == [
        ("bo@example.org", False), ("occupant:o1", False), ("gil", False), (US, True),
    ]  # fmt: skip


def test_encrypted_and_empty_messages_topics_and_errors_are_told_apart() -> None:
    with pytest.raises(Unfit, match="encrypted"):
        hear(
            room(), said("<encrypted xmlns='eu.siacs.conversations.axolotl'/><body>I sent you an OMEMO message</body>")
        )
    assert not hear(
        room(),
        said("<subject>topic</subject>"),
        said("<body></body>"),
        said("<composing xmlns='http://jabber.org/protocol/chatstates'/>"),
        said("<body>from the room itself</body>", nick=""),
        read("<message from='other@rooms.example/x' type='groupchat'><body>x</body></message>"),
        read(f"<message from='{ROOM}/x' type='error'><body>x</body></message>"),
    )


@pytest.mark.parametrize(
    "inside",
    [
        "<retract id='s1' xmlns='urn:xmpp:message-retract:1'><moderated xmlns='urn:xmpp:message-moderate:1'/></retract>",
        "<apply-to id='s1' xmlns='urn:xmpp:fasten:0'><moderated xmlns='urn:xmpp:message-moderate:0'><retract xmlns='urn:xmpp:message-retract:0'/></moderated></apply-to>",
    ],
)
def test_a_room_may_delete_anything_and_nobody_else_in_its_name(inside: str) -> None:
    one = room()
    hear(one, said("<body>bad</body>"))
    assert hear(one, said(inside, nick="", ident="r")) == [SeenDeletion("s1", NOW)]
    assert not [seen for seen in hear(one, said(inside, nick="eve", ident="r2")) if isinstance(seen, SeenDeletion)]


def test_old_retractions_count_from_the_author_alone() -> None:
    one, old = (
        room(),
        "<apply-to id='s1' xmlns='urn:xmpp:fasten:0'><retract xmlns='urn:xmpp:message-retract:0'/></apply-to>",
    )
    hear(one, said("<body>oops</body>"))
    with pytest.raises(Unfit, match="else"):
        hear(one, said(old, nick="eve"))
    assert hear(one, said(old)) == [SeenDeletion("s1", NOW)]


def test_a_change_of_nick_is_no_coming_and_going() -> None:
    one = room()
    assert [type(seen) for seen in one.presence(presence("ann"), NOW)] == [SeenMove]
    moves = [
        *one.presence(presence("ann", gone=True, codes="303", new="anna"), NOW),
        *one.presence(presence("anna"), NOW),
        *one.presence(presence("anna"), NOW),
    ]
    assert not moves
    assert [seen.kind for seen in one.presence(presence("anna", gone=True), NOW) if isinstance(seen, SeenMove)] == [
        "leave"
    ]
    one.presence(presence("us", gone=True, codes="110 307"), NOW)
    assert not one.entered


def test_reactions_come_whole_and_are_told_by_what_changed() -> None:
    one = room()

    def react(*given: str) -> list[tuple[str, bool]]:
        inside = "".join(f"<reaction>{value}</reaction>" for value in given)
        found = hear(one, said(f"<reactions id='s1' xmlns='urn:xmpp:reactions:0'>{inside}</reactions>"))
        return [(seen.value, seen.taken_back) for seen in found if isinstance(seen, SeenReaction)]

    assert react("👍", "🎉") == [("🎉", False), ("👍", False)]
    assert react("👍", "🌻") == [("🌻", False), ("🎉", True)]
    assert react() == [("🌻", True), ("👍", True)]


def test_files_by_their_address_are_attachments() -> None:
    [seen] = hear(
        room(),
        said("<body>https://up.example/a.jpg</body><x xmlns='jabber:x:oob'><url>https://up.example/a.jpg</url></x>"),
    )
    assert isinstance(seen, SeenMessage)
    assert [(one.kind, one.name) for one in seen.attachments] == [("image", "a.jpg")]


def test_an_error_of_a_room_says_what_to_do() -> None:
    error = "<error><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>no voice</text></error>"
    with pytest.raises(Rejected, match="administrator") as raised:
        refused(read(f"<iq type='error'>{error}</iq>"))
    assert raised.value.condition == "forbidden"
    with pytest.raises(Refused, match="refuses"):
        refused(read("<iq type='error'/>"))


# A server that is played


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Link]]:
    """Links on what counts as a secure connection; TLS itself is tested with a real server."""
    monkeypatch.setattr(Link, "_secure", lambda _link, _domain: None)
    ends: list[socket.socket | httpx.Client] = []

    def made(*answers: str) -> Link:
        """Each thing that we say is answered by the next of ``answers``."""
        here, there = socket.socketpair()
        http = httpx.Client()
        ends.extend([here, there, http])
        Thread(target=_serve, args=(there, answers), daemon=True).start()
        settings = {"account": "us@example.org", "tls": "direct"}
        return Link(Access(settings, {"password": "pass"}, http, lambda *_, **__: here, lambda: NOW))

    yield made
    for end in ends:
        end.close()


# What ends each thing that is said to a server, in this order
SAID = (b"xmlns:stream=", b"</auth>", b"xmlns:stream=", b"</iq>", b"</iq>")


def _serve(there: socket.socket, answers: tuple[str, ...]) -> None:
    heard = b""
    # The other end may be closed at any moment.
    with suppress(OSError):
        for end, answer in zip(SAID, answers, strict=False):
            while end not in heard:
                if not (data := there.recv(65536)):
                    return
                heard += data
            heard = heard.partition(end)[2]
            there.sendall(answer.encode())


HEAD = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
OFFER = f"{HEAD}<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>"
SASL = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"


def test_a_password_goes_plainly_only_on_a_secure_connection(played: Callable[..., Link]) -> None:
    bound = "<iq type='result' id='f1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>us@example.org/x</jid></bind></iq>"
    link = played(OFFER, f"<success {SASL}/>", f"{HEAD}<stream:features/>", bound)
    link.open()
    assert link.jid == "us@example.org/x"
    assert base64.b64encode(b"\0us\0pass")


@pytest.mark.parametrize(
    ("answers", "kind", "words"),
    [
        ((OFFER, f"<failure {SASL}><not-authorized/></failure>"), Reconnect, "password"),
        ((OFFER, f"<failure {SASL}><temporary-auth-failure/></failure>"), Later, "now"),
        ((f"{HEAD}<stream:features/>",), Refused, "signing in"),
        (
            (f"{HEAD}<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",),
            Later,
            "host-unknown",
        ),
        (("HTTP/1.1 400 Bad Request\r\n\r\n<html>",), Later, "XML"),
        ((f"{HEAD}</stream:stream>",), Later, "closed"),
    ],
)
def test_why_we_are_not_let_in_says_what_to_do(
    answers: tuple[str, ...], kind: type[NetworkError], words: str, played: Callable[..., Link]
) -> None:
    with pytest.raises(kind, match=words) as raised:
        played(*answers).open()
    assert "<html" not in str(raised.value)


def test_a_room_whose_server_is_silent_does_not_end_the_connection(played: Callable[..., Link]) -> None:
    bound = "<iq type='result' id='f1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
    link = played(OFFER, f"<success {SASL}/>", f"{HEAD}<stream:features/>", bound, "<iq type='result' id='f2'/>")
    link.open()
    with pytest.raises(Silent, match="room"):
        link.wait(lambda one: one.name == "presence", seconds=0.1, other=True)
    link.ping()


@pytest.mark.parametrize("manner", [MODERATE, OLD_MODERATE])
def test_messages_of_others_are_taken_back_in_the_manner_the_room_knows(
    manner: str, played: Callable[..., Link]
) -> None:
    bound = "<iq type='result' id='f1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
    gone = "<iq type='error' id='f2'><error><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
    link = played(OFFER, f"<success {SASL}/>", f"{HEAD}<stream:features/>", bound, gone)
    link.open()
    retract(link, Deletion(Place(ROOM, "Garden"), "s1", "spam"), manner)
    with pytest.raises(Refused, match="XEP-0425"):
        retract(link, Deletion(Place(ROOM, "Garden"), "s1"), "")
