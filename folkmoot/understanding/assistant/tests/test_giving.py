"""What the reader is not sure of is asked about in the background, and what comes back stands until people know better."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from conftest import Make
from folkmoot.conversations.models import Message
from folkmoot.flow import assistant as flow
from folkmoot.flow import reading
from folkmoot.understanding import actions, codes, record
from folkmoot.understanding.assistant.models import Assistant, Opinion
from folkmoot.understanding.assistant.tests.speaking import Speaking
from folkmoot.understanding.vocabulary import actions as vocabulary
from folkmoot.understanding.vocabulary.draft import Draft
from folkmoot.workspaces.models import User, Workspace

NOW = timezone.now()


pytestmark = pytest.mark.usefixtures("words_are_read")


@pytest.fixture
def said(assistant: Assistant, make: Make) -> dict[str, Message]:
    make.talk(make.channel(assistant.workspace), ("ada", "perhaps nice"), ("bo", "nice"), ("cy", "perhaps awful"))
    Message.objects.update(at=NOW - timedelta(hours=1))
    reading.read(assistant.workspace_id)
    return {message.text: message for message in Message.objects.all()}


def labelled(body: dict[str, Any]) -> str:
    asked = json.loads(body["messages"][1]["content"])["messages"]
    answers = [{"n": one["n"], "labels": {"sentiment": "neg", "intent": "question"}} for one in asked]
    return json.dumps({"answers": answers})


def stands(message: Message) -> codes.Stands:
    return actions.stands([message.pk])[message.pk]


def test_only_doubtful_messages_are_asked_about_and_only_what_is_doubtful(
    assistant: Assistant, said: dict[str, Message], server: Speaking
) -> None:
    server.say = labelled
    assert flow.give_opinions(assistant.workspace_id, now=NOW) == 2
    [body] = server.asked
    asked = json.loads(body["messages"][1]["content"])["messages"]
    assert [(one["text"], one["ask"]) for one in asked] == [
        ("perhaps awful", ["sentiment", "intent", "toxic", "insult"]),
        ("perhaps nice", ["sentiment", "intent", "toxic", "insult"]),
    ]
    for text in ("perhaps nice", "perhaps awful"):
        stood = stands(said[text])
        assert stood.says & codes.MOODS == codes.BIT["neg"]
        assert stood.sure & codes.MOODS == codes.MOODS
        assert stood.says & codes.WANTS == codes.BIT["question"]
        assert (stood.corrected, stood.balance) == (0, -1000)
    assert stands(said["nice"]).says & codes.MOODS == codes.BIT["pos"]


def test_nothing_is_asked_twice(assistant: Assistant, said: dict[str, Message], server: Speaking) -> None:
    server.say = labelled
    flow.give_opinions(assistant.workspace_id, now=NOW)
    assert flow.give_opinions(assistant.workspace_id, now=NOW) == 0
    assert len(server.asked) == 1


def test_a_persons_word_wins(assistant: Assistant, said: dict[str, Message], server: Speaking, mira: User) -> None:
    server.say = labelled
    flow.give_opinions(assistant.workspace_id, now=NOW)
    message = said["perhaps nice"]
    actions.correct(assistant.workspace, [message.pk], "sentiment", "pos", by=mira, now=NOW)
    assert stands(message).says & codes.MOODS == codes.BIT["pos"]
    assert stands(message).says & codes.WANTS == codes.BIT["question"]


def test_reading_anew_keeps_the_opinion_and_an_edit_drops_it(
    assistant: Assistant, said: dict[str, Message], server: Speaking, make: Make
) -> None:
    server.say = labelled
    flow.give_opinions(assistant.workspace_id, now=NOW)
    message = said["perhaps nice"]
    with record.turn(assistant.workspace_id):
        record.note(assistant.workspace_id, [message.pk])
    reading.read(assistant.workspace_id)
    assert stands(message).says & codes.MOODS == codes.BIT["neg"]
    Message.objects.filter(pk=message.pk).update(text="perhaps lovely")
    with record.turn(assistant.workspace_id):
        record.note(assistant.workspace_id, [message.pk])
    reading.read(assistant.workspace_id)
    assert not stands(message).sure & codes.MOODS


@pytest.mark.parametrize("fault", ["500", "cut"])
def test_what_was_read_stands_when_the_model_fails(
    assistant: Assistant, said: dict[str, Message], server: Speaking, fault: str
) -> None:
    before = stands(said["perhaps nice"])
    server.fault = fault
    assert flow.give_opinions(assistant.workspace_id, now=NOW) == 0
    assert stands(said["perhaps nice"]) == before
    assert not Opinion.objects.exists()


def test_what_is_old_is_not_asked_about(assistant: Assistant, said: dict[str, Message], server: Speaking) -> None:
    assert flow.give_opinions(assistant.workspace_id, now=NOW + timedelta(days=3)) == 0
    assert server.asked == []


def test_whoever_did_not_agree_is_left_alone(assistant: Assistant, said: dict[str, Message], server: Speaking) -> None:
    Assistant.objects.update(reads=False)
    assert flow.agreed() == []
    assert flow.give_opinions(assistant.workspace_id, now=NOW) == 0
    assert server.asked == []


def test_the_mood_of_slang_counts_where_the_reader_cannot_tell(workspace: Workspace, mira: User, make: Make) -> None:
    drafts = [Draft("slang", "душнила", forms=("душнилы",), sentiment="neg"), Draft("slang", "кек", sentiment="pos")]
    vocabulary.put_all(workspace, drafts, by=mira, now=NOW)
    said = ["perhaps nice, но ты душнилы", "nice, но ты душнила", "perhaps nice", "perhaps кек, душнила"]
    make.talk(make.channel(workspace), *[("ada", text) for text in said])
    reading.read(workspace.pk)
    found = [stands(Message.objects.get(text=text)) for text in said]
    assert [bool(one.sure & codes.MOODS) for one in found] == [True, True, False, False]
    assert [one.says & codes.MOODS for one in found[:2]] == [codes.BIT["neg"], codes.BIT["pos"]]
