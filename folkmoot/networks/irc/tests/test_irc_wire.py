"""What is made of IRC's lines, and of servers with more to offer than ngIRCd: these are played here, by a socket pair."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import httpx
import pytest

from folkmoot.lib.archive import open_archive
from folkmoot.networks.base import SeenMessage, SeenMove
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused
from folkmoot.networks.irc import Irc
from folkmoot.networks.irc.link import Link
from folkmoot.networks.irc.live_parse import Ears, channels
from folkmoot.networks.irc.moderation import quieting
from folkmoot.networks.irc.wire import Wire, lines, read, write
from folkmoot.networks.live import Access

NOW = datetime(2026, 3, 2, 12, 0, 3, 250_000, tzinfo=UTC)
Answer = Callable[[Wire], list[str]]


@pytest.mark.parametrize(
    ("raw", "command", "params", "nick"),
    [
        (b":ann!~a@host PRIVMSG #c :hello there\r\n", "PRIVMSG", ("#c", "hello there"), "ann"),
        (b"PING :x y", "PING", ("x y",), ""),
        (b":srv 353 us = #c :@bo ann", "353", ("us", "=", "#c", "@bo ann"), "srv"),
        (b"@time=2026-03-02T11:59:58.123Z;+x=a\\sb\\:c :ann!a@h privmsg #c word", "PRIVMSG", ("#c", "word"), "ann"),
        (b":ann!a@h PRIVMSG #c ::)", "PRIVMSG", ("#c", ":)"), "ann"),
        (b":ann!a@h PRIVMSG #c :", "PRIVMSG", ("#c", ""), "ann"),
    ],
)
def test_a_line_is_read(raw: bytes, command: str, params: tuple[str, ...], nick: str) -> None:
    wire = read(raw)
    assert wire is not None
    assert (wire.command, wire.params, wire.nick) == (command, params, nick)


@pytest.mark.parametrize("raw", [b"", b"\r\n", b":", b"@tag", b":only.a.source", b"   ", b"\xff\xfe", b"@;= :x"])
def test_noise_is_no_line_or_no_harm(raw: bytes) -> None:
    wire = read(raw)
    assert wire is None or not Ears("us").hear(wire, NOW)


def test_tags_are_unescaped_and_breaks_never_written() -> None:
    wire = read(b"@a=1\\s2\\:3\\\\4\\n;b :n!u@h PRIVMSG #c :x")
    assert wire is not None
    assert dict(wire.tags) == {"a": "1 2;3\\4\n", "b": ""}
    assert write("PRIVMSG", "#c", "a\r\nQUIT :b\0c") == b"PRIVMSG #c :a QUIT :b c\r\n"


def test_long_texts_are_cut_between_words_within_the_bytes_of_a_line() -> None:
    text = "жёлтый " * 100 + "\n\n" + "x" * 900
    pieces = lines(text, "#garden")
    assert all(len(write("PRIVMSG", "#garden", piece)) <= 412 for piece in pieces)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "").replace("\n", "")
    assert lines(" \n", "#c") == []
    assert len(lines("a" * 100_000, "#c")) < 300


def test_channels_are_read_as_people_write_them() -> None:
    assert channels("#garden, staff key\n&local,,") == {"#garden": "", "#staff": "key", "&local": ""}


def hear(*raws: bytes, now: datetime = NOW) -> list[SeenMessage | SeenMove]:
    ears = Ears("us")
    return [seen for raw in raws if (wire := read(raw)) for _, seen in ears.hear(wire, now)]


def test_the_servers_time_counts_where_it_can_be_believed() -> None:
    def at(tag: bytes) -> datetime:
        return hear(b"@time=" + tag + b" :ann!a@h PRIVMSG #c :x")[0].at

    assert at(b"2026-03-02T11:00:00.500Z") == datetime(2026, 3, 2, 11, 0, 0, 500_000, tzinfo=UTC)
    for odd in (b"2036-01-01T00:00:00Z", b"yesterday", b"", b"1970-01-01T00:00:00Z"):
        assert at(odd) == NOW


def test_what_is_played_again_after_a_reconnect_has_the_same_ids() -> None:
    line = b"@time=2026-03-02T11:00:00.500Z :ann!a@h PRIVMSG #C :hello"
    [once], [again] = hear(line), hear(line, now=NOW + timedelta(hours=1))
    assert once == again
    assert len({one.remote_id for one in hear(line, line)}) == 2


def test_a_log_with_seconds_and_the_connection_give_the_same_ids(tmp_path: Path) -> None:
    path = tmp_path / "#garden.log"
    path.write_text(
        "[2026-03-02 12:00:01] *** Joins: Ann (~a@h)\n[2026-03-02 12:00:03] <Ann> Привет\n".replace(
            "[2026-03-02 ", "[2026-03-02T"
        ).replace("] ", "+0000] ")
        + "[2026-03-02T12:00:03+0000] <Ann> same\n[2026-03-02T12:00:03+0000] <Ann> same\n"
    )
    with open_archive(path) as archive:
        logged = [one for batch in Irc().backfill(archive, format="irc") for one in batch.seen]
    live = hear(b":Ann!~a@h JOIN #Garden", now=NOW - timedelta(seconds=2)) + hear(
        ":Ann!~a@h PRIVMSG #Garden :Привет".encode(),
        b":Ann!~a@h PRIVMSG #Garden :same",
        b":Ann!~a@h PRIVMSG #Garden :same",
    )
    assert [one.remote_id for one in live] == [one.remote_id for one in logged]


def test_requests_between_programs_and_words_to_one_person_are_not_messages() -> None:
    assert not hear(b":ann!a@h PRIVMSG #c :\x01VERSION\x01", b":ann!a@h PRIVMSG us :psst", b":srv NOTICE * :*** hello")
    [said] = hear(b":ann!a@h PRIVMSG @#c :to operators")
    assert isinstance(said, SeenMessage)


def test_who_quits_leaves_all_channels_and_none_that_they_were_not_in() -> None:
    found = hear(
        b":srv 353 us = #a :@ann bo",
        b":srv 353 us = #b :+ann",
        b":ann!a@h NICK anna",
        b":anna!a@h QUIT :bye",
        b":eve!e@h QUIT :bye",
    )
    assert [(one.person.remote_id, one.kind) for one in found if isinstance(one, SeenMove)] == [("anna", "leave")] * 2
    [kicked] = hear(b":bo!b@h KICK #a ann :out")
    assert isinstance(kicked, SeenMove)
    assert not hear(b":us_!u@h JOIN #a", b":bo!b@h KICK #a us :out")


def test_people_are_silenced_in_the_servers_own_way() -> None:
    assert quieting({"CHANMODES": "eIbq,k,flj,imnpst"}) == ("q", "")
    assert quieting({"CHANMODES": "beI,k", "EXTBAN": ",ACNOQRSTUcmprsz"}) == ("b", "m:")
    assert quieting({"EXTBAN": "~,qjncrRa"}) == ("b", "~q:")
    with pytest.raises(Refused, match=r"\+m"):
        quieting({"CHANMODES": "beI,k"})


# Servers with services


@pytest.fixture
def played() -> Iterator[Callable[..., Link]]:
    """A link to a server that answers each line as ``answer`` says."""
    ends: list[socket.socket] = []

    def made(answer: Answer, **settings: str) -> Link:
        here, there = socket.socketpair()
        ends.extend([here, there])
        Thread(target=_serve, args=(there, answer), daemon=True).start()
        filled = {"server": "irc.example", "nick": "folkmoot", "sign_in": "sasl"} | settings
        http = httpx.Client()
        ends.append(http)  # type: ignore[arg-type]
        return Link(Access(filled, {"password": "pass"}, http, lambda *_, **__: here, lambda: NOW))

    yield made
    for end in ends:
        end.close()


def _serve(there: socket.socket, answer: Answer) -> None:
    # The other end may be closed at any moment.
    with suppress(OSError), there.makefile("rb") as heard:
        for raw in heard:
            wire = read(raw)
            if wire is None or wire.command == "QUIT":
                return
            said = [f":srv PONG srv :{wire.last}"] if wire.command == "PING" else answer(wire)
            there.sendall("".join(f"{line}\r\n" for line in said).encode())


def services(*, accept: bool = True, offer: str = "sasl=PLAIN,EXTERNAL server-time batch") -> Answer:
    def answer(wire: Wire) -> list[str]:
        if wire.command == "CAP":
            return {
                "LS": [f":srv CAP * LS :{offer}"],
                "REQ": [f":srv CAP * ACK :{wire.last}"],
                "END": [":srv 001 folkmoot :hi"],
            }[wire.param(0)]
        if wire.command == "AUTHENTICATE" and wire.last != "PLAIN":
            right = base64.b64decode(wire.last) == b"keeper\0keeper\0pass"
            return [":srv 903 * :ok"] if accept and right else [":srv 904 * :no"]
        if wire.command == "PRIVMSG":
            said = "You are now identified" if accept else "Invalid password"
            return [f":NickServ!s@services NOTICE folkmoot :{said}"]
        return [":srv AUTHENTICATE +"] if wire.command == "AUTHENTICATE" else []

    return answer


def test_a_password_is_proved_by_sasl(played: Callable[..., Link]) -> None:
    link = played(services(), account="keeper")
    link.open()
    assert link.caps == {"server-time", "batch"}
    with pytest.raises(Reconnect, match="account and password"):
        played(services(accept=False), account="keeper").open()
    with pytest.raises(Refused, match="NickServ"):
        played(services(offer="multi-prefix")).open()


def test_a_password_is_told_to_nickserv(played: Callable[..., Link]) -> None:
    played(services(), sign_in="nickserv").open()
    with pytest.raises(Reconnect, match="NickServ"):
        played(services(accept=False), sign_in="nickserv").open()


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        (":srv 464 * :Bad password", Reconnect, "password"),
        (":srv 465 * :You are banned", Refused, "operators"),
        (":srv 432 * f :Erroneous nickname", Refused, "nick"),
        ("ERROR :Closing Link: throttled", Later, "throttled"),
        (":srv 433 * folkmoot :in use", Later, "in use"),
    ],
)
def test_why_we_are_not_let_in_says_what_to_do(
    line: str, kind: type[NetworkError], words: str, played: Callable[..., Link]
) -> None:
    with pytest.raises(kind, match=words):
        played(lambda wire: [line] if wire.command == "NICK" else [], sign_in="nickserv").open()


def test_a_port_that_is_none_is_said(played: Callable[..., Link]) -> None:
    with pytest.raises(Refused, match="number"):
        played(services(), port="many").open()
