"""Against a real mail server: Exim and Dovecot."""

from __future__ import annotations

import imaplib
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import make_msgid

import pytest

from folkmoot.lib import fetching
from folkmoot.networks.acts import Deletion, Media, Moderation, Publication, Reply, Sent
from folkmoot.networks.base import Batch, Place, SeenMessage
from folkmoot.networks.email import Email
from folkmoot.networks.email.account import Account
from folkmoot.networks.email.compose import message_id
from folkmoot.networks.email.imap import mailbox
from folkmoot.networks.email.session import EmailSession
from folkmoot.networks.errors import Later, Reconnect, Refused, Unsure
from folkmoot.networks.live import Access
from servers.base import Running

pytestmark = pytest.mark.servers

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def post(server: Callable[[str], Running]) -> Running:
    running = server("mail")
    fetching.trust().load_verify_locations(running.details["authority"])
    return running


@pytest.fixture
def connect(post: Running, access: Callable[..., Access]) -> Callable[..., EmailSession]:
    def made(name: str = "keeper", *, security: str = "tls", **secrets: str) -> EmailSession:
        ports = {"tls": ("imaps", "smtps")}.get(security, ("imap", "smtp"))
        settings = {
            "address": f"{name.title()}@Example.test",
            "sender": "Сад и огород",
            "aliases": "Garden@example.test",
        }
        for kind, port in zip(("imap", "smtp"), ports, strict=True):
            settings |= {f"{kind}_host": "127.0.0.1", f"{kind}_port": post.details[port], f"{kind}_security": security}
        return Email.session(access(settings, secrets or {"password": post.details["password"]}))

    return made


@pytest.fixture
def session(connect: Callable[..., EmailSession]) -> EmailSession:
    return connect()


@pytest.fixture
def place(session: EmailSession) -> Place:
    [only] = session.places()
    return only


@pytest.fixture
def write(post: Running) -> Callable[..., str]:
    """Somebody writes a mail: ``write("Words", subject=…)``; its id."""

    def sent(text: str = "Hello", to: str = "keeper", sender: str = "Ann <ann@example.test>", **heads: str) -> str:
        mail = EmailMessage()
        heads.setdefault("Message-ID", make_msgid(domain="example.test"))
        mail["From"], mail["To"], mail["Subject"] = sender, f"{to}@example.test", heads.pop("subject", "Beans")
        for name, value in heads.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        hand_in(post, mail, sender)
        return heads["Message-ID"].strip("<>")

    return sent


def hand_in(post: Running, mail: EmailMessage, sender: str) -> None:
    with smtplib.SMTP("127.0.0.1", int(post.details["smtp"]), local_hostname="example.test") as smtp:
        smtp.send_message(mail)


@pytest.fixture
def look(post: Running) -> Iterator[Callable[..., imaplib.IMAP4_SSL]]:
    """Another program at somebody's mailbox."""
    opened = []

    def made(name: str = "keeper", folder: str = "INBOX") -> imaplib.IMAP4_SSL:
        context = ssl.create_default_context(cafile=post.details["authority"])
        box = imaplib.IMAP4_SSL("127.0.0.1", int(post.details["imaps"]), ssl_context=context)
        opened.append(box)
        box.login(name, post.details["password"])
        box.select(folder)
        return box

    yield made
    for box in opened:
        box.logout()


class Hearing:
    """What a stream brings, asked for until something is there."""

    def __init__(self, session: EmailSession, place: Place, cursor: str = "") -> None:
        self.cursor = cursor
        self.seen: dict[str, SeenMessage] = {}
        self.times: dict[str, int] = {}
        self.skipped: list[str] = []
        self._over = False
        self._batches = session.stream([place], cursor, lambda: self._over)

    def step(self) -> Batch:
        batch = next(self._batches)
        self.cursor = batch.cursor
        self.skipped += [one.reason for one in batch.skipped]
        for one in batch.seen:
            assert isinstance(one, SeenMessage)
            self.seen[one.remote_id] = one
            self.times[one.remote_id] = self.times.get(one.remote_id, 0) + 1
        return batch

    def until(self, wanted: str) -> SeenMessage:
        end = time.monotonic() + 20
        while wanted not in self.seen and time.monotonic() < end:
            self.step()
        return self.seen[wanted]

    def stop(self) -> None:
        self._over = True
        assert not [seen for batch in self._batches for seen in batch.seen]


@pytest.fixture
def hear(session: EmailSession, place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hearing]:
    monkeypatch.setattr("folkmoot.networks.email.listening._WAIT", 3)
    made = Hearing(session, place)
    assert made.step().place is None
    yield made
    made.stop()


def arrived(box: imaplib.IMAP4_SSL, message: str) -> bytes:
    """The number of a mail, once it is there."""
    for _ in range(100):
        box.noop()
        found = box.uid("SEARCH", f'HEADER Message-ID "{message}"')[1][0]
        if found:
            return bytes(found.split()[-1])
        time.sleep(0.1)
    raise AssertionError(f"{message} did not arrive")


@pytest.mark.parametrize("security", ["tls", "starttls", "none"])
def test_an_account_signs_in_by_each_kind_of_encryption(connect: Callable[..., EmailSession], security: str) -> None:
    found = connect(security=security).check()
    assert found.account.remote_id == "keeper@example.test"
    assert {right.name: right.granted for right in found.rights} == {
        "inbox": True,
        "smtp": True,
        "sent": True,
        "idle": True,
    }


def test_a_token_is_taken_in_place_of_a_password(connect: Callable[..., EmailSession], post: Running) -> None:
    assert connect(token=post.details["token"]).check().account.handle == "keeper@example.test"
    with pytest.raises(Reconnect):
        connect(token="spoilt").check()


def test_a_wrong_password_asks_to_connect_again(connect: Callable[..., EmailSession]) -> None:
    with pytest.raises(Reconnect, match="password"):
        connect(password="wrong").check()


def test_a_certificate_nobody_vouches_for_is_not_trusted(
    connect: Callable[..., EmailSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = ssl.create_default_context()
    monkeypatch.setattr(fetching, "trust", lambda: strict)
    monkeypatch.setattr("folkmoot.networks.email.imap.trust", lambda: strict)
    for security in ("tls", "starttls"):
        with pytest.raises(Later, match=r"(?i)certificate"):
            connect(security=security).check()


def test_a_mailbox_is_one_place(place: Place) -> None:
    assert (place.remote_id, place.kind) == ("keeper@example.test", "direct")


def test_a_mail_is_seen_at_once_and_once(
    hear: Hearing, session: EmailSession, place: Place, write: Callable[..., str], post: Running
) -> None:
    began = time.monotonic()
    question = write("Де мої огірки? 🥒\n\n-- \nAnn", subject="Замовлення")
    seen = hear.until(question)
    assert time.monotonic() - began < 10
    assert (seen.text, seen.thread_title, seen.kind) == ("Де мої огірки? 🥒", "Замовлення", "direct")
    assert (seen.author.remote_id, seen.author.name, seen.ours) == ("ann@example.test", "Ann", False)
    assert (seen.thread, seen.parent) == (question, None)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = (
        "Bo <bo@example.test>",
        "keeper@example.test",
        "Re: x",
        make_msgid(),
    )
    mail["References"] = mail["In-Reply-To"] = f"<{question}>"
    mail.set_content("Sent it.\n\nOn Monday Ann wrote:\n> Where?\n")
    mail.add_attachment(b"beans", maintype="application", subtype="pdf", filename="рахунок.pdf")
    hand_in(post, mail, "bo@example.test")
    answer = hear.until(str(mail["Message-ID"]).strip("<>"))
    assert (answer.text, answer.thread, answer.parent) == ("Sent it.", question, question)
    assert [(one.name, one.mime) for one in answer.attachments] == [("рахунок.pdf", "application/pdf")]
    hear.step()
    assert set(hear.times.values()) == {1}


def test_reading_goes_on_from_the_cursor_and_what_came_between_is_not_lost(
    session: EmailSession, place: Place, hear: Hearing, write: Callable[..., str]
) -> None:
    first = write("one")
    hear.until(first)
    hear.stop()
    missed = [write(f"number {number}") for number in range(60)]
    again = Hearing(session, place, hear.cursor)
    again.until(missed[-1])
    again.stop()
    assert set(missed) <= set(again.seen)
    assert first not in again.seen
    assert set(again.times.values()) == {1}


def test_a_mailbox_that_counts_anew_is_read_by_date(
    session: EmailSession, place: Place, hear: Hearing, write: Callable[..., str]
) -> None:
    known = write("before")
    hear.until(known)
    hear.stop()
    missed = write("between")
    renumbered = hear.cursor.replace('"validity": ', '"validity": 9')
    again = Hearing(session, place, renumbered)
    again.until(missed)
    again.stop()
    assert known in again.seen  # seen again, which is harmless
    assert '"validity": 9' not in again.cursor


@pytest.mark.parametrize("cursor", ["nonsense", "[]", '{"INBOX": 7}', '{"INBOX": {"validity": "x"}}'])
def test_a_cursor_that_can_not_be_read_means_from_now_on(session: EmailSession, place: Place, cursor: str) -> None:
    hearing = Hearing(session, place, cursor)
    assert hearing.step().seen == []
    hearing.stop()


def test_stopping_takes_no_longer_than_two_seconds(session: EmailSession, place: Place) -> None:
    hearing = Hearing(session, place)
    hearing.step()
    began = time.monotonic()
    hearing.stop()
    assert time.monotonic() - began < 2


def test_an_answer_goes_out_once_is_kept_and_found_again(
    session: EmailSession,
    place: Place,
    hear: Hearing,
    write: Callable[..., str],
    look: Callable[..., imaplib.IMAP4_SSL],
) -> None:
    question = write(
        "Where?", subject="Замовлення", References="<root@example.test>", In_Reply_To="<root@example.test>"
    )
    hear.until(question)
    key = make_msgid()
    act = Reply(
        place,
        "root@example.test",
        question,
        "Тут 🌱\n\n.\nОсь",
        "ann@example.test",
        media=(Media("b.png", "image/png", b"\x89PNG"),),
    )
    began = datetime.now(UTC)
    assert session.find_own(act, key, since=began) is None
    sent = session.reply(act, key)
    assert session.reply(act, key).remote_id == sent.remote_id
    box = look("ann")
    number = arrived(box, sent.remote_id)
    assert len(box.uid("SEARCH", f'HEADER Message-ID "{sent.remote_id}"')[1][0].split()) == 1
    raw = box.uid("FETCH", number.decode(), "(BODY.PEEK[])")[1][0][1].decode().replace("\r\n ", " ")
    assert f"In-Reply-To: <{question}>\r\n" in raw
    assert f"References: <root@example.test> <{question}>\r\n" in raw
    assert "Auto-Submitted" not in raw
    ours = hear.until(sent.remote_id)
    assert (ours.ours, ours.thread, ours.parent, ours.text) == (True, "root@example.test", question, "Тут 🌱\n\n.\nОсь")
    assert sent.seen is not None
    assert (sent.seen.text, sent.seen.thread, sent.seen.ours) == (ours.text, ours.thread, True)
    assert ours.author.name == "Сад и огород"
    found = session.find_own(act, key, since=began)
    assert found is not None
    assert found.remote_id == sent.remote_id
    drafts = look("keeper", "Drafts")
    assert drafts.uid("SEARCH", f'HEADER Message-ID "{sent.remote_id}"')[1][0] == b""


def test_a_mail_of_which_nobody_knows_whether_it_left_waits_in_drafts(
    session: EmailSession, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = Publication(place, "Hello", "News", options={"to": "ann@example.test"})
    key = make_msgid()

    with monkeypatch.context() as patched:
        patched.setattr("folkmoot.networks.email.smtp._dotted", lambda raw: b"half of it")
        patched.setattr("folkmoot.networks.email.smtp._SILENCE", 1)
        with pytest.raises(Unsure):
            session.publish(act, key)
    with pytest.raises(Unsure, match="Drafts"):
        session.find_own(act, key, since=datetime.now(UTC))
    assert session.publish(act, key).remote_id  # a person decided to send it
    assert session.find_own(act, key, since=datetime.now(UTC)) is not None


@pytest.mark.parametrize(
    ("whom", "error", "words"), [("nobody", Refused, "no such person"), ("later", Later, "come back")]
)
def test_what_the_server_refuses_is_surely_not_sent(
    session: EmailSession,
    place: Place,
    whom: str,
    error: type[Exception],
    words: str,
    look: Callable[..., imaplib.IMAP4_SSL],
) -> None:
    act, key = Publication(place, "Hello", "News", options={"to": f"{whom}@example.test"}), make_msgid()
    with pytest.raises(error, match=words):
        session.publish(act, key)
    assert session.find_own(act, key, since=LONG_AGO) is None


def test_a_mail_too_large_for_the_server_is_refused(session: EmailSession, place: Place) -> None:
    large = Media("a.bin", "application/octet-stream", b"x" * 3_000_000)
    with pytest.raises(Refused):
        session.publish(Publication(place, "x", media=(large,), options={"to": "ann@example.test"}), make_msgid())


def test_a_bounce_is_news_in_its_conversation_and_is_never_answered(
    session: EmailSession, place: Place, hear: Hearing
) -> None:
    sent = session.publish(Publication(place, "Hello", "News", options={"to": "bounce@example.test"}), make_msgid())
    hear.until(sent.remote_id)
    end = time.monotonic() + 20
    while not (bounces := [one for one in hear.seen.values() if one.author.bot]) and time.monotonic() < end:
        hear.step()
    [bounce] = [one for one in bounces if one.parent == sent.remote_id]
    assert bounce.thread == sent.remote_id
    assert "did not reach bounce@example.test" in bounce.text
    with pytest.raises(Refused, match="machine"):
        session.reply(Reply(place, str(bounce.thread), bounce.remote_id, "Thanks", bounce.author.remote_id), "k")


def test_an_absence_notice_is_left_out_and_never_answered(
    session: EmailSession, place: Place, hear: Hearing, write: Callable[..., str]
) -> None:
    away = write("I am away", Auto_Submitted="auto-replied")
    behind = write("A real one")
    hear.until(behind)
    assert away not in hear.seen
    assert "automatic reply" in hear.skipped
    with pytest.raises(Refused, match="machine"):
        session.reply(Reply(place, away, away, "Thanks", "ann@example.test"), "k")


def test_an_answer_to_a_mail_that_is_gone_goes_to_its_author(
    session: EmailSession, place: Place, look: Callable[..., imaplib.IMAP4_SSL]
) -> None:
    sent = session.reply(Reply(place, "old@x", "gone@x", "Late", "bo@example.test", title="Beans"), make_msgid())
    box = look("bo")
    raw = (
        box.uid("FETCH", arrived(box, sent.remote_id).decode(), "(BODY.PEEK[HEADER])")[1][0][1]
        .decode()
        .replace("\r\n ", " ")
    )
    assert "Subject: Re: Beans" in raw
    assert "References: <old@x> <gone@x>" in raw
    with pytest.raises(Refused):
        session.reply(Reply(place, "old@x", "gone@x", "Late"), "k")


def test_what_colleagues_send_from_other_programs_is_ours(
    hear: Hearing, look: Callable[..., imaplib.IMAP4_SSL]
) -> None:
    box, message = look("keeper"), make_msgid(domain="example.test")
    mail = f"From: garden@example.test\r\nTo: ann@example.test\r\nSubject: x\r\nMessage-ID: {message}\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\n\r\nFrom a phone\r\n"
    box.append('"&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-"', r"(\Seen)", "", mail.encode())
    assert hear.until(message.strip("<>")).ours


def test_a_mail_is_moved_to_spam_and_back_and_to_the_bin(
    session: EmailSession, place: Place, write: Callable[..., str], look: Callable[..., imaplib.IMAP4_SSL]
) -> None:
    message = write("Buy")
    arrived(look(), message)

    def inside(folder: str) -> bool:
        return bool(look("keeper", folder).uid("SEARCH", f'HEADER Message-ID "{message}"')[1][0])

    assert session.verbs(place) == {"spam", "approve"}
    for _ in range(2):
        session.moderate(Moderation(place, "spam", message), "k")
        assert (inside("INBOX"), inside("Junk")) == (False, True)
    for _ in range(2):
        session.moderate(Moderation(place, "approve", message), "k")
        assert (inside("INBOX"), inside("Junk")) == (True, False)
    for _ in range(2):
        assert session.delete(Deletion(place, message), "k") == Sent(message)
        assert (inside("INBOX"), inside("Trash")) == (False, True)
    with pytest.raises(Refused, match="neither"):
        session.moderate(Moderation(place, "spam", message), "k")
    with pytest.raises(Refused):
        session.moderate(Moderation(place, "ban", person="ann@example.test"), "k")
    session.close()


def test_the_past_is_recalled_newest_first(
    connect: Callable[..., EmailSession],
    write: Callable[..., str],
    look: Callable[..., imaplib.IMAP4_SSL],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("folkmoot.networks.email.listening._AT_ONCE", 2)
    session = connect("listening")
    [place] = session.places()
    messages = [write(f"number {number}", to="listening") for number in range(5)]
    for message in messages:
        arrived(look("listening"), message)
    found, cursor, done = [], "", list[float]()
    for _ in range(20):
        part = session.recall(place, cursor, since=datetime.now(UTC) - timedelta(days=1))
        found += [one.remote_id for one in part.batch.seen]
        cursor = part.batch.cursor
        done.append(part.done or 0)
        if not part.batch.more:
            break
    assert sorted(found) == sorted(messages)
    assert done == sorted(done)
    assert done[-1] == 1.0
    later = session.recall(place, "", since=datetime.now(UTC) + timedelta(days=3))
    assert later.batch.seen == []


def test_of_a_huge_mail_the_beginning_is_read(
    connect: Callable[..., EmailSession],
    write: Callable[..., str],
    look: Callable[..., imaplib.IMAP4_SSL],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("folkmoot.networks.email.imap.LARGE", 5_000)
    monkeypatch.setattr("folkmoot.networks.email.imap._BEGINNING", 3_000)
    message = write("words " * 10_000, to="bo")
    number = int(arrived(look("bo"), message))
    session = connect("bo")
    with mailbox(Account.read(session._access)) as box:
        box.enter("INBOX")
        [mail] = box.mails([number])
    assert len(mail.raw) == 3_000


def test_keys_make_ids_that_last() -> None:
    assert message_id("k", "x.test") == message_id("k", "x.test") != message_id("l", "x.test")
