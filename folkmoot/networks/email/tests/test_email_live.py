from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import httpx
import pytest

from folkmoot.lib.archive import open_archive
from folkmoot.networks.acts import Media, Publication, Reply
from folkmoot.networks.base import Place, SeenMessage, Skipped
from folkmoot.networks.email import Email
from folkmoot.networks.email.account import Account, Server
from folkmoot.networks.email.compose import Draft, answer, answered, compose, message_id, reply_subject
from folkmoot.networks.email.headers import Head
from folkmoot.networks.email.imap import _folder, mailbox
from folkmoot.networks.email.live_parse import seen
from folkmoot.networks.email.notices import bounce, is_automatic
from folkmoot.networks.email.parse import unescaped
from folkmoot.networks.email.smtp import _dotted, outgoing
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused, Unsure
from folkmoot.networks.live import Access

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
PLACE = Place("keeper@example.org", "keeper@example.org", "direct")
OWN = frozenset({"keeper@example.org", "garden@example.org"})
FIXTURES = Path(__file__).parent.parent / "fixtures"
REAL = next((up / "shared/data/fixtures/mail" for up in Path(__file__).parents if (up / "shared").is_dir()), None)

DSN = b"""From: Mail Delivery System <MAILER-DAEMON@mx.example.org>
To: keeper@example.org
Subject: Undelivered
Date: Mon, 2 Mar 2026 10:00:00 +0000
Message-ID: <dsn@mx.example.org>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I am sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; ann@example.org
Action: ACTION
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such
 person

--b
COPY
--b--
"""
COPIES = {
    "whole": b"Content-Type: message/rfc822\n\nFrom: keeper@example.org\nMessage-ID: <ours@example.org>\n\nHello",
    "head": b"Content-Type: text/rfc822-headers\n\nFrom: keeper@example.org\nMessage-ID:\n <ours@example.org>\nReferences: <root@x>\n <mid@x>\n",
    "none": b"Content-Type: text/plain\n\nnothing",
}


def access(settings: dict[str, str] | None = None, dial: object = None) -> Access:
    filled = {"address": "keeper@example.org", "sender": "Õunap, Garden", "aliases": "garden@example.org"}
    http = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(500)))
    return Access(filled | (settings or {}), {"password": "p"}, http, dial, lambda: NOW)  # type: ignore[arg-type]


ACCOUNT = Account.read(access())


def mail(**changed: str) -> bytes:
    head = {"From": "Ann <ann@example.org>", "Date": "Mon, 2 Mar 2026 10:00:00 +0000", "Message-ID": "<m@x>"}
    head |= {name.replace("_", "-"): value for name, value in changed.items()}
    body = head.pop("body", "Hello")
    return "".join(f"{name}: {value}\n" for name, value in head.items() if value).encode() + b"\n" + body.encode()


def taken(raw: bytes, place: Place = PLACE) -> SeenMessage:
    found = seen(raw, place, OWN, received="2 Mar 2026 11:00:00 +0000", now=NOW)
    assert isinstance(found, SeenMessage)
    return found


@pytest.mark.parametrize(("copy", "about"), [("whole", "ours@example.org"), ("head", "ours@example.org"), ("none", "")])
def test_a_report_says_which_mail_did_not_reach_whom_and_why(copy: str, about: str) -> None:
    raw = DSN.replace(b"COPY", COPIES[copy]).replace(b"ACTION", b"failed")
    found = bounce(message_from_bytes(raw))
    assert found is not None
    assert (found.message_id, found.address, found.final) == (about, "ann@example.org", True)
    message = taken(raw)
    assert message.text == "The mail did not reach ann@example.org: 550 5.1.1 no such person"
    assert (message.author.bot, message.ours, message.kind) == (True, False, "direct")
    thread = {"whole": about, "head": "root@x", "none": "dsn@mx.example.org"}[copy]
    assert (message.parent, message.thread) == (about or None, thread)
    assert message.raw["Bounced"] == "ann@example.org"


def test_a_report_of_a_delay_says_that_it_is_tried_again_and_one_of_success_is_no_bounce() -> None:
    raw = DSN.replace(b"COPY", COPIES["whole"])
    assert "not reached ann@example.org yet" in taken(raw.replace(b"ACTION", b"delayed")).text
    assert bounce(message_from_bytes(raw.replace(b"ACTION", b"delivered"))) is None
    assert bounce(message_from_bytes(mail())) is None
    bare = bounce(message_from_bytes(mail(X_Failed_Recipients="ann@example.org")))
    assert bare is not None
    assert bare.address == "ann@example.org"


@pytest.mark.parametrize(
    ("head", "automatic"),
    [
        ({}, False),
        ({"Auto_Submitted": "no"}, False),
        ({"Precedence": "list"}, False),
        ({"Auto_Submitted": "auto-replied (vacation)"}, True),
        ({"Auto_Submitted": "auto-generated"}, True),
        ({"Precedence": "auto_reply"}, True),
        ({"X_Autoreply": "yes"}, True),
        ({"Return_Path": "<>"}, True),
        ({"From": "noreply@example.org"}, True),
        ({"From": "MAILER-DAEMON@example.org"}, True),
    ],
)
def test_what_a_machine_wrote_is_told_from_what_a_person_wrote(head: dict[str, str], automatic: bool) -> None:
    raw = mail(**head)
    assert is_automatic(Head(message_from_bytes(raw).raw_items())) == automatic
    if automatic:
        with pytest.raises(Refused, match="machine"):
            answer(answered(raw), "Hi", OWN)
    else:
        assert answer(answered(raw), "Hi", OWN).to == ("ann@example.org",)


def test_the_same_mail_has_the_same_id_author_and_conversation_as_in_an_archive() -> None:
    with open_archive(FIXTURES / "beans.mbox") as archive:
        [imported] = [list(batch.seen) for batch in Email().backfill(archive, format="mbox")]
    raws = [b"From " + part for part in (FIXTURES / "beans.mbox").read_bytes().split(b"\nFrom ")]
    live = [taken(unescaped(raw.split(b"\n", 1)[1])) for raw in raws]
    for one, other in zip(live, imported, strict=True):
        assert isinstance(other, SeenMessage)
        assert (one.remote_id, one.author, one.thread, one.parent) == (
            other.remote_id, other.author, other.thread, other.parent,
        )  # fmt: skip
        assert (one.text, one.at) == (other.text, other.at)


def test_ours_is_what_comes_from_any_of_our_addresses() -> None:
    assert taken(mail(From="Garden <Garden@Example.org>")).ours
    assert not taken(mail()).ours


def test_a_mail_without_a_date_takes_that_of_its_arrival() -> None:
    assert taken(mail(Date="")).at == datetime(2026, 3, 2, 11, tzinfo=UTC)


def test_a_list_keeps_who_posted_from_who_answered() -> None:
    place = Place("garden.example.org", "garden", "list")
    assert taken(mail(), place).kind == "post"
    assert taken(mail(In_Reply_To="<q@x>"), place).kind == "reply"


@pytest.mark.parametrize("raw", [b"", b"\0\0\0", b"no mail at all", mail(From=""), mail(body="x" * 100_000)])
def test_whatever_lies_in_a_mailbox_is_taken_or_left_out_with_a_reason(raw: bytes) -> None:
    found = seen(raw, PLACE, OWN, received="", now=NOW)
    assert isinstance(found, Skipped) or found.text


@pytest.mark.archives
@pytest.mark.skipif(REAL is None, reason="the real mails do not lie beside the checkout")
def test_real_mails_are_taken_or_left_out_with_a_reason() -> None:
    assert REAL is not None
    paths = sorted(REAL.rglob("*.eml"))
    found = [seen(path.read_bytes(), PLACE, OWN, received="2 Mar 2020 10:00:00 +0000", now=NOW) for path in paths]
    messages = [one for one in found if isinstance(one, SeenMessage)]
    assert len(messages) >= len(paths) - 2 > 10
    assert all(one.text or one.attachments or one.thread_title for one in messages)


def test_an_answer_goes_to_whoever_asked_for_it_and_names_the_whole_thread() -> None:
    raw = mail(
        Reply_To="Desk <desk@example.org>", Subject="Re: Beans", References="<a@x> <b@x>", To="keeper@example.org"
    )
    draft = answer(answered(raw), "Hi", OWN)
    assert (draft.to, draft.subject, draft.references) == (("desk@example.org",), "Re: Beans", ("a@x", "b@x", "m@x"))
    again = answer(answered(mail(From="garden@example.org", To="Ann <ann@example.org>, keeper@example.org")), "Hi", OWN)
    assert again.to == ("ann@example.org",)
    with pytest.raises(Refused, match="no address"):
        answer(answered(mail(From="keeper@example.org", To="garden@example.org")), "Hi", OWN)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [("Beans", "Re: Beans"), ("RE: Beans", "RE: Beans"), ("AW: Beans", "Re: Beans"), ("", "Re:")],
)
def test_a_subject_is_marked_as_answered_once(subject: str, expected: str) -> None:
    assert reply_subject(subject) == expected


def test_a_mail_of_ours_can_be_read_by_others_and_says_nothing_by_line_breaks() -> None:
    ids = tuple(f"{number}@x" for number in range(50))
    draft = Draft(
        ("ann@example.org",),
        "Огірки\r\nBcc: all@x",
        "Тут 🌱\n.\nFrom here",
        ids,
        (Media("рахунок.pdf", "odd", b"%PDF"),),
    )
    raw = compose(ACCOUNT, draft, "key", NOW)
    read = message_from_bytes(raw, policy=default)
    assert raw.isascii()
    assert str(read["Subject"]) == "Огірки Bcc: all@x"
    assert read["Bcc"] is None
    assert str(read["From"]) == '"Õunap, Garden" <keeper@example.org>'
    assert read["Message-ID"] == f"<{message_id('key', 'example.org')}>"
    assert (read["In-Reply-To"], len(read["References"].split())) == ("<49@x>", 30)
    assert read["References"].split()[0] == "<0@x>"
    body = read.get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == "Тут 🌱\n.\nFrom here\n"
    [file] = read.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("рахунок.pdf", b"%PDF")
    for odd in ("nobody", "a@b\r\nBcc: x@y", "ann@example.org, bo@example.org"):
        with pytest.raises(Refused):
            compose(ACCOUNT, Draft((odd,), "x", "x"), "key", NOW)


def test_domains_in_other_letters_go_over_the_wire_in_plain_ones() -> None:
    raw = compose(ACCOUNT, Draft(("ann@пример.рф",), "x", "x"), "key", NOW)
    assert b"To: ann@xn--e1afmkfd.xn--p1ai\r\n" in raw
    for odd in ("аня@example.org", "ann@" + "x" * 80 + ".org"):
        with pytest.raises(Refused):
            compose(ACCOUNT, Draft((odd,), "x", "x"), "key", NOW)


def test_lines_that_begin_with_a_dot_go_over_the_wire_doubled() -> None:
    assert _dotted(b"a\r\n.\r\n..b\n") == b"a\r\n..\r\n...b\r\n.\r\n"


def test_folders_are_known_by_what_the_server_says_of_them() -> None:
    assert _folder(rb'(\HasNoChildren \Sent) "/" "Sent \"new\""').name == 'Sent "new"'
    assert _folder(rb"(\Sent) NIL INBOX.Sent").uses == {"sent"}
    assert _folder((rb'(\Junk) "/" {4}', b"Spam")).name == "Spam"
    assert _folder(b"nonsense").name == ""


def test_where_to_is_checked_before_anybody_is_called() -> None:
    assert Server.read({"imap_host": "x"}, "imap").port == 993
    assert Server.read({"smtp_host": "x", "smtp_security": "starttls"}, "smtp").port == 587
    for wrong in ({}, {"imap_host": "x", "imap_port": "99999999"}, {"imap_host": "x", "imap_security": "odd"}):
        with pytest.raises(Refused):
            Server.read(wrong, "imap")


# Servers with bad days


@pytest.fixture(autouse=True)
def _nobody_is_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("imap", "smtp"):
        monkeypatch.setattr(f"folkmoot.networks.email.{name}._SILENCE", 1)


@contextmanager
def talking(*lines: bytes) -> Iterator[Callable[..., socket.socket]]:
    """A dial to a server that says its lines in turn, the next one after each line it hears (TAG is that line's), and hangs up."""
    here, there = socket.socketpair()

    def talk() -> None:
        with there, there.makefile("rb") as heard:
            for index, line in enumerate(lines):
                said = heard.readline() if index else b"-"
                if not said:
                    return
                there.sendall(line.replace(b"TAG", said.split()[0]))

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield lambda host, port, *, tls, seconds=20.0: here
    finally:
        here.close()
        thread.join()


def imap(dial: object) -> Account:
    return Account.read(access({"imap_host": "x", "smtp_host": "x"}, dial))


GREETING = b"* OK ready\r\n"


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ((b"",), Later),
        ((b"* BYE too busy\r\n",), (Later, Refused)),
        ((b"<html>", b""), (Later, Refused)),
        ((GREETING,), Later),
        ((GREETING, b"* CAPABILITY IMAP4rev1\r\n", b""), Later),
    ],
)
def test_a_server_that_breaks_off_is_asked_again(lines: tuple[bytes, ...], error: type[NetworkError]) -> None:
    with talking(*lines) as dial, pytest.raises(error), mailbox(imap(dial)):
        pass


def signing_in(answer: bytes) -> tuple[bytes, ...]:
    return GREETING, b"* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n", answer


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"TAG NO [AUTHENTICATIONFAILED] no\r\n", Reconnect),
        (b"TAG NO [ALERT] Application-specific password required\r\n", Reconnect),
        (b"TAG NO [UNAVAILABLE] maintenance\r\n", Later),
        (b"TAG NO [LIMIT] too many connections\r\n", Later),
    ],
)
def test_who_is_not_let_in_is_told_whether_to_wait(answer: bytes, error: type[NetworkError]) -> None:
    with talking(*signing_in(answer)) as dial, pytest.raises(error), mailbox(imap(dial)):
        pass


HELLO = (b"220 ready\r\n", b"250 fine\r\n")


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ((b"554 go away\r\n",), Refused),
        ((b"421 busy\r\n",), Later),
        ((*HELLO, b"530 sign in\r\n"), Reconnect),
        ((*HELLO, b"250 ok\r\n", b"450 greylisted\r\n"), Later),
        ((*HELLO, b"250 ok\r\n", b"550 no such person\r\n"), Refused),
        ((*HELLO, b"250 ok\r\n", b"250 ok\r\n", b"452 too full\r\n"), Later),
        ((*HELLO, b"250 ok\r\n", b"250 ok\r\n"), Later),
        ((*HELLO, b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"), Unsure),
        ((*HELLO, b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"552 too large\r\n"), Refused),
        ((*HELLO, b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"451 later\r\n"), Later),
    ],
)
def test_how_far_a_mail_came_is_known(lines: tuple[bytes, ...], error: type[NetworkError]) -> None:
    with talking(*lines) as dial, pytest.raises(error), outgoing(imap(dial)) as out:
        out.send(b"x", "keeper@example.org", ["ann@example.org"])


def test_a_new_mail_needs_somebody_to_go_to() -> None:
    session = Email.session(access({"imap_host": "x", "smtp_host": "x"}))
    with pytest.raises(Refused, match="whom"):
        session.publish(Publication(PLACE, "x"), "k")
    assert session.verbs(PLACE)
    assert [place.remote_id for place in session.places()] == ["keeper@example.org"]
    assert isinstance(Reply(PLACE, "", "", ""), Reply)
