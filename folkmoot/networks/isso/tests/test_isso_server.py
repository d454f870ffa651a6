"""Against a real Isso."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import pytest

from folkmoot.networks.acts import Deletion, Edit, Moderation, Publication, Reply
from folkmoot.networks.base import Batch, Place, SeenDeletion, SeenMessage
from folkmoot.networks.errors import Reconnect, Refused
from folkmoot.networks.isso import Isso
from folkmoot.networks.isso.session import IssoSession
from folkmoot.networks.live import Access
from servers.base import Running

pytestmark = pytest.mark.servers

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PAGES = count(1)


@pytest.fixture
def isso(server: Callable[[str], Running]) -> Running:
    return server("isso")


@pytest.fixture
def connect(isso: Running, access: Callable[..., Access]) -> Callable[..., IssoSession]:
    def made(password: str = "", **changed: str) -> IssoSession:
        settings = {"server": isso.address, "name": "Garden team", "email": "Team@example.org"}
        settings |= {"timezone": isso.details["timezone"]} | changed
        return Isso.session(access(settings, {"password": password or isso.details["password"]}))

    return made


@pytest.fixture
def session(connect: Callable[..., IssoSession]) -> IssoSession:
    return connect()


@pytest.fixture
def place(session: IssoSession) -> Place:
    [only] = session.places()
    return only


@pytest.fixture
def page() -> str:
    return f"/beans-{next(PAGES)}/"


@pytest.fixture
def say(isso: Running) -> Callable[..., int]:
    """A visitor's comment, which Isso holds: ``say("/page/", "words")`` is its number."""

    def made(uri: str, words: str, **more: Any) -> int:
        ann = {"text": words, "author": "Ann & Õnne", "email": "Ann@example.org", "title": "Beans & more"}
        answer = httpx.post(f"{isso.address}/new", params={"uri": uri}, json=ann | more, trust_env=False)
        assert answer.status_code in (201, 202), answer.text
        return int(answer.json()["id"])

    return made


@pytest.fixture
def public(isso: Running) -> Callable[[str], dict[int, str]]:
    """What readers of a page are shown."""

    def asked(uri: str) -> dict[int, str]:
        found = httpx.get(isso.address, params={"uri": uri, "plain": 1}, trust_env=False).json()["replies"]
        return {one["id"]: one["text"] for top in found for one in (top, *top["replies"])}

    return asked


def messages(batch: Batch) -> dict[int, SeenMessage]:
    found = [seen for seen in batch.seen if isinstance(seen, SeenMessage)]
    return {int(seen.remote_id.partition("-")[0]): seen for seen in found}


def gone(batch: Batch) -> set[str]:
    return {seen.remote_id for seen in batch.seen if isinstance(seen, SeenDeletion)}


def test_the_administration_is_one_place_and_grants_everything(session: IssoSession, isso: Running) -> None:
    found = session.check()
    assert (found.account.name, found.account.remote_id) == ("Garden team", "team@example.org")
    assert [right.granted for right in found.rights] == [True]
    [place] = session.places()
    assert (place.remote_id, place.kind) == (isso.address.removeprefix("http://"), "page")
    assert [kind.name for kind in session.kinds(place)] == ["comments"]
    session.close()


def test_a_wrong_password_asks_to_connect_again(connect: Callable[..., IssoSession]) -> None:
    with pytest.raises(Reconnect, match="password"):
        connect("nope").check()


def test_a_held_comment_is_seen_approved_and_deleted(
    session: IssoSession, place: Place, page: str, say: Callable[..., int], public: Callable[[str], dict[int, str]]
) -> None:
    start = session.poll(place, "comments", "")
    number = say(page, "Коли *сіяти* <b>боби</b>? 🌱")
    batch = session.poll(place, "comments", start.cursor)
    held = messages(batch)[number]
    assert (held.text, held.thread, held.thread_title) == ("Коли *сіяти* <b>боби</b>? 🌱", page, "Beans & more")
    assert (held.author.remote_id, held.author.name, held.ours) == ("ann@example.org", "Ann & Õnne", False)
    assert timedelta(0) <= datetime.now(UTC) - held.at < timedelta(minutes=2)
    assert held.raw["mode"] == "pending"
    assert number not in public(page)
    assert session.verbs(place) == {"approve"}
    for _ in range(2):
        session.moderate(Moderation(place, "approve", held.remote_id), "k")
    assert number in public(page)
    shown = messages(session.poll(place, "comments", batch.cursor))[number]
    assert (shown.remote_id, shown.raw["mode"]) == (held.remote_id, "valid")
    for _ in range(2):
        assert session.delete(Deletion(place, held.remote_id), "k").remote_id == held.remote_id
    assert number not in public(page)
    assert held.remote_id in gone(session.poll(place, "comments", batch.cursor))
    with pytest.raises(Refused, match="not there"):
        session.moderate(Moderation(place, "approve", held.remote_id), "k")
    with pytest.raises(Refused, match="nothing else"):
        session.moderate(Moderation(place, "ban", person="ann@example.org"), "k")


def test_a_number_that_is_given_again_is_another_comment(
    session: IssoSession, place: Place, page: str, say: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = say(page, "Buy my beans")
    batch = session.poll(place, "comments", "")
    first = messages(batch)[number]
    session.delete(Deletion(place, first.remote_id), "k")
    assert say(page, "Real question") == number
    again = messages(session.poll(place, "comments", batch.cursor))[number]
    assert again.text == "Real question"
    old = f"{number}-202001010000"
    assert session.delete(Deletion(place, old), "k").remote_id == old
    assert messages(session.poll(place, "comments", batch.cursor))[number].text == "Real question"
    with pytest.raises(Refused, match="not there"):
        session.edit(Edit(place, old, "mine now"), "k")


def test_an_answer_is_public_at_once_read_back_as_ours_corrected_and_deleted(
    session: IssoSession, place: Place, page: str, say: Callable[..., int], public: Callable[[str], dict[int, str]]
) -> None:
    question = say(page, "When to sow?")
    asked = messages(session.poll(place, "comments", ""))[question]
    session.moderate(Moderation(place, "approve", asked.remote_id), "k")
    act = Reply(place, page, asked.remote_id, "In May 🌞,\n\nnot <b>before</b>")
    began = datetime.now(UTC)
    assert session.find_own(act, "k", since=began) is None
    sent = session.reply(act, "k")
    assert sent.seen
    assert (sent.seen.ours, sent.seen.kind, sent.seen.parent) == (True, "reply", asked.remote_id)
    number = int(sent.remote_id.partition("-")[0])
    assert public(page)[number] == act.text
    read = messages(session.poll(place, "comments", ""))[number]
    assert (read.remote_id, read.text, read.ours, read.parent) == (sent.remote_id, act.text, True, asked.remote_id)
    assert read.at == sent.seen.at
    assert read.author.remote_id == session.check().account.remote_id
    found = session.find_own(act, "k", since=began)
    assert found is not None
    assert found.remote_id == sent.remote_id
    assert session.find_own(act, "k", since=datetime.now(UTC) + timedelta(hours=1)) is None
    assert session.find_own(Publication(place, "x"), "k", since=began) is None
    for _ in range(2):
        edited = session.edit(Edit(place, sent.remote_id, "In June"), "k")
    assert edited.seen
    assert (edited.seen.text, public(page)[number]) == ("In June", "In June")
    # A comment that was answered keeps its place, without its words
    session.delete(Deletion(place, asked.remote_id), "k")
    assert asked.remote_id in gone(session.poll(place, "comments", ""))
    session.delete(Deletion(place, asked.remote_id), "k")
    session.delete(Deletion(place, sent.remote_id), "k")
    assert number not in public(page)


def test_the_zone_that_was_filled_in_wrongly_loses_no_answers(
    connect: Callable[..., IssoSession], place: Place, page: str, say: Callable[..., int]
) -> None:
    session = connect(timezone="America/Lima")
    number = say(page, "When to sow?")
    asked = messages(session.poll(place, "comments", ""))[number]
    session.moderate(Moderation(place, "approve", asked.remote_id), "k")
    sent = session.reply(Reply(place, page, asked.remote_id, "In May"), "k")
    assert sent.seen
    assert sent.seen.parent == asked.remote_id


def test_many_comments_and_answers_are_all_seen(
    session: IssoSession, place: Place, page: str, say: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = session.poll(place, "comments", "").cursor
    made = {say(page, f"number {n}") for n in range(60)}
    batch = session.poll(place, "comments", cursor)
    assert made <= set(messages(batch))
    for one in messages(batch).values():
        session.moderate(Moderation(place, "approve", one.remote_id), "k")
    parent = min(made)
    answers = {say(page, f"answer {n}", parent=parent) for n in range(60)}
    answered = session.poll(place, "comments", batch.cursor)
    for one in messages(answered).values():
        if one.raw["mode"] == "pending":
            session.moderate(Moderation(place, "approve", one.remote_id), "k")
    standing = messages(session.poll(place, "comments", cursor))
    assert made | answers <= set(standing)
    assert {standing[number].kind for number in answers} == {"reply"}
    recalled: dict[int, SeenMessage] = {}
    cursor, more, done = "", True, list[float]()
    while more:
        part = session.recall(place, cursor, since=LONG_AGO)
        recalled |= messages(part.batch)
        cursor, more = part.batch.cursor, part.batch.more
        done.append(part.done or 0)
    assert made | answers <= set(recalled)
    assert done == sorted(done)
    assert done[-1] == 1.0
    assert not session.recall(place, "", since=datetime.now(UTC) + timedelta(days=1)).batch.seen


def test_comments_that_can_not_be_are_refused_in_words(session: IssoSession, place: Place, page: str) -> None:
    with pytest.raises(Refused, match="less than three"):
        session.reply(Reply(place, page, "", "x"), "k")
    with pytest.raises(Refused, match="longer"):
        session.reply(Reply(place, page, "", "x" * 100_000), "k")
    with pytest.raises(Refused, match="can't open the page"):
        session.reply(Reply(place, "/nowhere/", "", "hello"), "k")
    with pytest.raises(Refused, match="which page"):
        session.reply(Reply(place, "", "", "hello"), "k")


def test_a_cursor_that_can_not_be_read_means_beginning_anew(session: IssoSession, place: Place) -> None:
    for cursor in ("nonsense", "[1]", '{"top": "x", "known": [7, "y"]}', '{"top": null, "known": 3}'):
        assert session.poll(place, "comments", cursor).place == place
