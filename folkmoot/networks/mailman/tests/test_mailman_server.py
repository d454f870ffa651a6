"""Against a real Mailman 3, with Exim and Dovecot."""

from __future__ import annotations

import imaplib
import smtplib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import make_msgid

import httpx
import pytest

from folkmoot.lib import fetching
from folkmoot.networks.acts import Deletion, Invitation, Moderation, Publication, Reply
from folkmoot.networks.base import Batch, Place, SeenMessage
from folkmoot.networks.errors import Reconnect, Refused
from folkmoot.networks.live import Access
from folkmoot.networks.mailman import Mailman
from folkmoot.networks.mailman.session import MailmanSession
from servers.base import Running

pytestmark = pytest.mark.servers


@pytest.fixture(scope="session")
def lists(server: Callable[[str], Running]) -> Running:
    running = server("mailman")
    fetching.trust().load_verify_locations(running.details["authority"])
    return running


@pytest.fixture
def connect(lists: Running, access: Callable[..., Access]) -> Callable[..., MailmanSession]:
    def made(*, rest: bool = True, rest_password: str = "") -> MailmanSession:
        details = lists.details
        settings = {"address": "keeper@example.test", "sender": "Garden", "rest_user": details["user"]}
        settings |= {"rest": details["rest"]} if rest else {}
        for kind in ("imap", "smtp"):
            settings |= {f"{kind}_host": "127.0.0.1", f"{kind}_port": details[f"{kind}s"], f"{kind}_security": "tls"}
        secrets = {"password": details["password"], "rest_password": rest_password or details["rest_password"]}
        return Mailman.session(access(settings, secrets))

    return made


@pytest.fixture
def session(connect: Callable[..., MailmanSession]) -> MailmanSession:
    return connect()


@pytest.fixture
def place(session: MailmanSession) -> Place:
    [only] = session.places()
    return only


@pytest.fixture
def rest(lists: Running) -> Iterator[httpx.Client]:
    proof = (lists.details["user"], lists.details["rest_password"])
    with httpx.Client(base_url=lists.details["rest"], auth=proof, trust_env=False, timeout=60) as client:
        yield client


def post(lists: Running, sender: str, text: str, **heads: str) -> str:
    """Somebody writes to the list; the mail's id."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = (
        f"{sender.title()} <{sender}@example.test>",
        lists.details["list"],
        "Beans",
    )
    mail["Message-ID"] = message = make_msgid(domain="example.test")
    for name, value in heads.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    with smtplib.SMTP("127.0.0.1", int(lists.details["smtp"]), local_hostname="example.test") as smtp:
        smtp.send_message(mail)
    return message.strip("<>")


class Hearing:
    def __init__(self, session: MailmanSession, place: Place) -> None:
        self.seen: dict[str, SeenMessage] = {}
        self._over = False
        self._batches = session.stream([place], "", lambda: self._over)
        next(self._batches)

    def until(self, wanted: str) -> SeenMessage:
        end = time.monotonic() + 60
        while wanted not in self.seen and time.monotonic() < end:
            batch = next(self._batches)
            self.seen |= messages(batch)
        return self.seen[wanted]

    def stop(self) -> None:
        self._over = True
        list(self._batches)


def messages(batch: Batch) -> dict[str, SeenMessage]:
    return {seen.remote_id: seen for seen in batch.seen if isinstance(seen, SeenMessage)}


@pytest.fixture
def hear(session: MailmanSession, place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hearing]:
    monkeypatch.setattr("folkmoot.networks.email.listening._WAIT", 3)
    made = Hearing(session, place)
    yield made
    made.stop()


def held(session: MailmanSession, place: Place, message: str) -> SeenMessage:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = messages(session.poll(place, "held", ""))
        if message in found:
            return found[message]
        time.sleep(0.3)
    raise AssertionError(f"{message} is not held")


def waiting(session: MailmanSession, place: Place) -> set[str]:
    return set(messages(session.poll(place, "held", "")))


def test_an_account_is_checked_and_its_lists_are_found(
    connect: Callable[..., MailmanSession], lists: Running, hear: Hearing
) -> None:
    rights = {right.name: right.granted for right in connect().check().rights}
    assert rights == {"inbox": True, "smtp": True, "sent": True, "idle": True, "rest": True}
    assert not {right.name: right.granted for right in connect(rest=False).check().rights}["rest"]
    with pytest.raises(Reconnect, match="REST"):
        connect(rest_password="wrong").check()
    [place] = connect().places()
    assert (place.remote_id, place.name, place.kind) == ("garden.lists.example.test", "Garden", "list")
    hear.until(post(lists, "ann", "Hello"))
    [found] = connect(rest=False).places()
    assert (found.remote_id, found.kind) == (place.remote_id, "list")
    assert connect(rest=False).verbs(place) == frozenset()
    assert list(connect(rest=False).kinds(place)) == []
    with pytest.raises(Refused, match="REST"):
        connect(rest=False).moderate(Moderation(place, "ban", person="bo@example.test"), "k")


def test_a_post_is_seen_in_the_list_without_tag_and_footer(hear: Hearing, lists: Running, place: Place) -> None:
    first = post(lists, "ann", "Коли сіяти? 🌱")
    seen = hear.until(first)
    assert (seen.text, seen.thread_title, seen.kind) == ("Коли сіяти? 🌱", "Beans", "post")
    assert (seen.author.remote_id, seen.author.name, seen.ours) == ("ann@example.test", "Ann", False)
    answer = hear.until(post(lists, "ann", "Навесні", References=f"<{first}>", In_Reply_To=f"<{first}>"))
    assert (answer.kind, answer.thread, answer.parent) == ("reply", first, first)
    assert not [one for one in hear.seen.values() if "Welcome" in one.thread_title or "approval" in one.thread_title]


def test_a_held_mail_is_let_through_under_the_same_id(
    session: MailmanSession, place: Place, hear: Hearing, lists: Running
) -> None:
    assert [kind.name for kind in session.kinds(place)] == ["held"]
    message = post(lists, "bo", "May I? 🌻")
    before = held(session, place, message)
    assert (before.text, before.author.remote_id) == ("May I? 🌻", "bo@example.test")
    cursor = session.poll(place, "held", "").cursor
    assert messages(session.poll(place, "held", cursor)) == {}
    assert "approve" in session.verbs(place)
    session.moderate(Moderation(place, "approve", message), "k")
    after = hear.until(message)
    assert (after.remote_id, after.text, after.author.remote_id) == (
        before.remote_id,
        before.text,
        before.author.remote_id,
    )
    session.moderate(Moderation(place, "approve", message), "k")
    with pytest.raises(Refused, match="gone out"):
        session.moderate(Moderation(place, "spam", message), "k")
    with pytest.raises(Refused, match="gone out"):
        session.delete(Deletion(place, message), "k")


def test_a_held_mail_is_discarded_or_rejected_with_a_reason(
    session: MailmanSession, place: Place, lists: Running
) -> None:
    spam, odd, third = (post(lists, "bo", text) for text in ("Buy", "Off topic", "Gone"))
    for message in (spam, odd, third):
        held(session, place, message)
    for _ in range(2):
        session.moderate(Moderation(place, "spam", spam), "k")
        session.delete(Deletion(place, odd, reason="Not about gardens"), "k")
        session.delete(Deletion(place, third), "k")
    assert waiting(session, place).isdisjoint({spam, odd, third})
    with pytest.raises(Refused, match="discarded"):
        session.moderate(Moderation(place, "approve", spam), "k")
    box = imaplib.IMAP4("127.0.0.1", int(lists.details["imap"]))
    box.login("bo", lists.details["password"])
    box.select("INBOX")
    for _ in range(100):
        box.noop()
        found = box.search(None, 'BODY "Not about gardens"')[1][0].split()
        if found:
            break
        time.sleep(0.2)
    box.logout()
    assert len(found) == 1


def test_a_ban_keeps_an_address_from_writing(
    session: MailmanSession, place: Place, lists: Running, rest: httpx.Client
) -> None:
    def bans() -> list[str]:
        return [one["email"] for one in rest.get(f"/lists/{place.remote_id}/bans").json().get("entries", [])]

    for _ in range(2):
        session.moderate(Moderation(place, "ban", person="troll@example.test"), "k")
        assert bans() == ["troll@example.test"]
    refused = post(lists, "troll", "Ha")
    shown = post(lists, "bo", "Behind it")
    held(session, place, shown)
    assert refused not in waiting(session, place)
    session.moderate(Moderation(place, "spam", shown), "k")
    for _ in range(2):
        session.moderate(Moderation(place, "unban", person="troll@example.test"), "k")
        assert bans() == []
    with pytest.raises(Refused, match="address"):
        session.moderate(Moderation(place, "ban", person="Ann Only"), "k")
    with pytest.raises(Refused):
        session.moderate(Moderation(place, "pin", "x"), "k")


def test_a_member_is_invited_muted_and_removed(
    session: MailmanSession, place: Place, lists: Running, rest: httpx.Client
) -> None:
    joined = {"list_id": place.remote_id, "subscriber": "bo@example.test"}
    ready = {"pre_verified": "true", "pre_confirmed": "true", "pre_approved": "true"}
    session.invite(Invitation(place, "listening@example.test"), "k")
    box = imaplib.IMAP4("127.0.0.1", int(lists.details["imap"]))
    box.login("listening", lists.details["password"])
    box.select("INBOX")
    for _ in range(100):
        box.noop()
        if box.search(None, "ALL")[1][0]:
            break
        time.sleep(0.2)
    assert b"garden" in repr(box.fetch("1", "(BODY.PEEK[HEADER])")).encode()
    box.logout()
    rest.post("/members", data=joined | ready).raise_for_status()
    session.invite(Invitation(place, "bo@example.test"), "k")  # is there already
    for _ in range(2):
        session.moderate(Moderation(place, "mute", person="bo@example.test"), "k")
    message = post(lists, "bo", "Muted")
    held(session, place, message)
    session.moderate(Moderation(place, "spam", message), "k")
    session.moderate(Moderation(place, "unmute", person="bo@example.test"), "k")
    for _ in range(2):
        session.moderate(Moderation(place, "kick", person="bo@example.test"), "k")
    assert not rest.get("/members/find", params=joined | {"role": "member"}).json().get("entries")
    with pytest.raises(Refused, match="not on the list"):
        session.moderate(Moderation(place, "mute", person="bo@example.test"), "k")


def test_an_answer_goes_to_the_list_is_ours_and_found_again(
    session: MailmanSession, place: Place, hear: Hearing, lists: Running
) -> None:
    question = post(lists, "ann", "When?")
    hear.until(question)
    key, began = make_msgid(), datetime.now(UTC)
    act = Reply(place, question, question, "В травні 🌞")
    assert session.find_own(act, key, since=began) is None
    sent = session.reply(act, key)
    assert sent.seen is not None
    assert (sent.seen.kind, sent.seen.thread, sent.seen.parent, sent.seen.ours) == ("reply", question, question, True)
    back = hear.until(sent.remote_id)
    assert (back.ours, back.thread, back.parent, back.text) == (True, question, question, "В травні 🌞")
    found = session.find_own(act, key, since=began)
    assert found is not None
    assert found.remote_id == sent.remote_id
    new = session.publish(Publication(place, "Hello all", "News"), make_msgid())
    assert hear.until(new.remote_id).thread_title == "News"
    lost = session.reply(Reply(place, "old@x", "gone@x", "Late", title="Old"), make_msgid())
    assert hear.until(lost.remote_id).thread == "old@x"
    session.close()


def test_the_past_of_a_list_is_recalled_from_the_mailbox(
    session: MailmanSession, place: Place, hear: Hearing, lists: Running
) -> None:
    message = post(lists, "ann", "Before")
    hear.until(message)
    found, cursor = set[str](), ""
    for _ in range(20):
        part = session.recall(place, cursor, since=datetime.now(UTC) - timedelta(days=1))
        found |= set(messages(part.batch))
        cursor = part.batch.cursor
        if not part.batch.more:
            break
    assert message in found
    assert not messages(session.recall(Place("other.lists", "x", "list"), "", since=datetime.now(UTC)).batch)
