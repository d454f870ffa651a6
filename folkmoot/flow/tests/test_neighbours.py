from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from django.db import connection

from conftest import Make
from folkmoot.conversations.models import Message
from folkmoot.flow import neighbours, reading, topics
from folkmoot.lib import bulk
from folkmoot.networks.base import SeenDeletion
from folkmoot.understanding.neighbours import actions, meaning, queries, store
from folkmoot.understanding.neighbours.meaning import Meanings, meanings
from folkmoot.understanding.neighbours.store import Standing
from folkmoot.workspaces.models import AuditEntry, Rank, Role, User, Workspace

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
LOST = "How do I reset my password if I no longer have the old e-mail?"
LOST_TOO = "I lost access to my mailbox, how can I reset the password of my account?"
LOUD = "Yesterday we baked bread with walnuts and it was delicious"

pytestmark = pytest.mark.usefixtures("words_are_read")


@pytest.fixture
def workspace(db: None) -> Workspace:
    return Workspace.objects.create(slug="moot", name="River Moot")


@pytest.fixture
def mira(workspace: Workspace) -> User:
    user = User.objects.create(email="mira@example.org", name="Mira")
    Role.objects.create(workspace=workspace, user=user, rank=Rank.OWNER)
    return user


@pytest.fixture
def able(db: None) -> None:
    if not store.standing().offered:
        pytest.skip(f"this PostgreSQL has no pgvector that can be used: {store.standing().value}")


@pytest.fixture
def said(workspace: Workspace, make: Make, able: None) -> Message:
    """A question that was asked twice in other words, and something else."""
    lounge = make.channel(workspace)
    make.talk(lounge, ("ada", LOST), ("bo", "Ask the office."), thread="a")
    make.talk(lounge, ("cy", LOST_TOO), thread="b")
    make.talk(lounge, ("di", LOUD), thread="c")
    settle(workspace)
    return Message.objects.get(text=LOST_TOO)


def settle(workspace: Workspace) -> None:
    reading.read(workspace.pk)
    topics.follow(workspace.pk, now=NOW)
    while neighbours.follow(workspace.pk):
        pass


def stored() -> set[str]:
    rows = bulk.fetch("SELECT m.text FROM neighbours.vector v JOIN conversations_message m ON m.id = v.message_id", [])
    return {text for (text,) in rows}


def texts(user: User, message: Message) -> list[str]:
    return [one.message.text for one in queries.near(Role.objects.get(user=user), message)]


def test_a_question_finds_how_it_was_asked_before(mira: User, said: Message) -> None:
    [near] = queries.near(Role.objects.get(user=mira), said)
    assert near.message.text == LOST
    assert near.answer == Message.objects.get(text="Ask the office.").pk


def test_short_messages_are_not_stored(said: Message) -> None:
    assert stored() == {LOST, LOST_TOO, LOUD}  # not the answer


def test_what_bots_say_is_not_stored(workspace: Workspace, make: Make, said: Message) -> None:
    make.receive(make.channel(workspace), [make.seen("bot", LOST + " Ask here!", bot=True, thread="z")])
    settle(workspace)
    assert stored() == {LOST, LOST_TOO, LOUD}


def test_the_same_words_are_told_once(workspace: Workspace, make: Make, mira: User, said: Message) -> None:
    for thread in "xyz":
        make.talk(make.channel(workspace), ("eve", LOST.upper()), thread=thread)
    settle(workspace)
    [near] = queries.near(Role.objects.get(user=mira), said)
    assert (near.times, near.answer is not None) == (4, True)


def test_what_is_new_edited_or_gone_follows(workspace: Workspace, make: Make, mira: User, said: Message) -> None:
    lounge = make.channel(workspace)
    make.receive(lounge, [make.seen("fay", "Can somebody tell me how to reset my password?", id="new", thread="n")])
    settle(workspace)
    assert "Can somebody tell me how to reset my password?" in texts(mira, said)
    edited = make.seen("fay", "Which printer would you recommend for a beginner?", id="new", thread="n")
    make.receive(lounge, [edited])
    settle(workspace)
    assert texts(mira, said) == [LOST]
    assert edited.text in stored()
    make.receive(lounge, [SeenDeletion("new", NOW)])
    settle(workspace)
    assert edited.text not in stored()


def test_a_deleted_message_is_not_shown_even_before_its_direction_goes(mira: User, said: Message) -> None:
    Message.objects.filter(text=LOST).update(deleted_at=NOW)
    assert texts(mira, said) == []


def test_a_role_finds_only_what_lies_in_its_channels(
    workspace: Workspace, make: Make, mira: User, said: Message
) -> None:
    hall = make.channel(workspace, "hall")
    make.talk(hall, ("gus", LOST + " Help!"), thread="h")
    settle(workspace)
    assert len(texts(mira, said)) == 2
    Role.objects.filter(user=mira).update(channel_ids=[said.channel_id])
    assert texts(mira, said) == [LOST]


def test_other_workspaces_are_not_compared(make: Make, mira: User, said: Message) -> None:
    other = Workspace.objects.create(slug="other", name="Other")
    make.talk(make.channel(other), ("hal", LOST), thread="o")
    settle(other)
    assert texts(mira, said) == [LOST]


def test_another_version_is_never_compared_and_replaces_the_old(
    workspace: Workspace, mira: User, said: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = meanings()
    after = Meanings(before._model, -before._projection, -before._level)
    assert actions.number(after) != actions.number(before)
    monkeypatch.setattr(neighbours, "meanings", lambda: after)
    assert neighbours.waiting() == [workspace.pk]
    first = Message.objects.get(text=LOST)
    actions._place(workspace.pk, [actions._Said(said.pk, said.channel_id, said.at, said.text)], after)
    assert texts(mira, said) == []
    settle(workspace)
    assert texts(mira, said) == [first.text]
    assert bulk.fetch("SELECT DISTINCT version FROM neighbours.vector", []) == [(actions.number(after),)]


def test_words_that_did_not_change_are_not_worked_out_again(
    workspace: Workspace, said: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def vectors(_self: Meanings, texts: list[str]) -> meaning.Floats:
        asked.extend(texts)
        return np.empty((len(texts), meaning.WIDTH), dtype=np.float32)

    monkeypatch.setattr(Meanings, "vectors", vectors)
    actions.note(workspace.pk, [said.pk])
    settle(workspace)
    assert asked == []


def test_reading_goes_first(workspace: Workspace, make: Make, able: None) -> None:
    make.talk(make.channel(workspace), ("ada", LOST))
    assert not neighbours.follow(workspace.pk)
    assert stored() == set()
    settle(workspace)
    assert stored() == {LOST}


def test_switched_off_nothing_is_kept(workspace: Workspace, make: Make, mira: User, said: Message) -> None:
    actions.switch(workspace, False, by=mira)
    make.talk(make.channel(workspace), ("ada", LOST + " Thanks!"), thread="q")
    settle(workspace)
    assert stored() == set()
    assert bulk.fetch("SELECT count(*) FROM neighbours.note", []) == [(0,)]
    assert neighbours.waiting() == []
    actions.switch(workspace, True, by=mira)
    assert neighbours.waiting() == [workspace.pk]
    settle(workspace)
    assert stored() == {LOST, LOST_TOO, LOUD, LOST + " Thanks!"}
    assert list(
        AuditEntry.objects.filter(act__startswith="neighbours").order_by("pk").values_list("act", flat=True)
    ) == ["neighbours.off", "neighbours.on"]


def test_only_the_newest_are_kept(
    workspace: Workspace, make: Make, said: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "KEPT", 1)
    make.receive(make.channel(workspace), [make.seen("ada", "Where can I download the recording?", minute=90)])
    settle(workspace)
    assert len(stored()) == 4
    neighbours.tidy()
    assert stored() == {"Where can I download the recording?"}


def test_what_lost_its_message_goes_at_night(workspace: Workspace, said: Message) -> None:
    Workspace.objects.filter(pk=workspace.pk).delete()
    neighbours.tidy()
    assert bulk.fetch(
        "SELECT (SELECT count(*) FROM neighbours.vector) + (SELECT count(*) FROM neighbours.walk)", []
    ) == [(0,)]


def test_nothing_is_stored_where_the_database_can_not(workspace: Workspace, make: Make, mira: User) -> None:
    if store.standing() is not Standing.MISSING:
        pytest.skip("this PostgreSQL has pgvector")
    make.talk(make.channel(workspace), ("ada", LOST))
    settle(workspace)
    assert not store.prepare()
    assert neighbours.waiting() == []
    assert queries.state(workspace).standing is Standing.MISSING
    neighbours.tidy()
    actions.switch(workspace, False, by=mira)


def test_without_rights_to_set_it_up_it_is_not_offered(able: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE plain_for_test")
        cursor.execute("GRANT USAGE ON SCHEMA public TO plain_for_test")
        cursor.execute("SET LOCAL ROLE plain_for_test")
    assert store.standing() is Standing.REFUSED
    assert not store.prepare()
