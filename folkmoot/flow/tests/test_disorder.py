"""News that comes late, twice and in any order ends as if it had come once, in order."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from conftest import NOON, Make
from folkmoot.channels.models import Channel
from folkmoot.conversations import early
from folkmoot.conversations.models import Conversation, Early, Message
from folkmoot.flow import intake, settling
from folkmoot.members.models import Activity, Identity
from folkmoot.networks.base import Batch, Person, Place, Reaction, Seen, SeenDeletion, SeenMessage, SeenReaction
from folkmoot.workspaces.actions import create_workspace

pytestmark = pytest.mark.django_db
PEOPLE = ("ada", "bo", "gil", "zoe")


def at(minute: float) -> datetime:
    return NOON + timedelta(minutes=minute)


def said(number: int, text: str, *, edited: float | None = None) -> SeenMessage:
    written = at(number)
    return SeenMessage(
        f"m{number}",
        written,
        Person(PEOPLE[number % 4], PEOPLE[number % 4].title()),
        text,
        kind="reply" if number >= 7 else "post",
        thread=f"t{number % 7}",
        parent=f"m{number - 7}" if number >= 7 else None,
        edited_at=at(edited) if edited else None,
        as_of=at(edited) if edited else written,
    )


def life(count: int) -> list[Seen]:
    """What happens to ``count`` messages: a third is edited twice, a tenth goes, many are reacted to and some not after
    all."""
    told: list[Seen] = []
    for number in range(count):
        told.append(said(number, f"first {number}"))
        if number % 3 == 0:
            told.append(said(number, f"second {number}", edited=number + 1))
            told.append(said(number, f"third {number}", edited=number + 2))
        if number % 2 == 0:
            told += [reaction(number, person, 3) for person in PEOPLE[: number % 4]]
        if number % 4 == 0:
            told.append(reaction(number, "bo", 5, taken_back=True))
        if number % 12 == 0:
            told.append(reaction(number, "bo", 6))
        if number % 10 == 0:
            told.append(SeenDeletion(f"m{number}", at(number + 9)))
    return told


def reaction(number: int, person: str, minute: float, *, taken_back: bool = False) -> SeenReaction:
    return SeenReaction(f"m{number}", at(number + minute), Person(person, person.title()), "👍", taken_back)


def take_in(channel: Channel, told: Sequence[Seen], size: int) -> None:
    place = Place(channel.remote_id, channel.name)
    for start in range(0, len(told), size):
        batch = Batch(place, told[start : start + size], str(start))
        intake.receive(channel, batch, now=at(10_000), mark=lambda _received: None)
    settling.settle(channel.workspace_id)


def state(channel: Channel) -> dict[str, Any]:
    messages = Message.objects.filter(channel=channel)
    return {
        "messages": sorted(
            messages.values_list(
                "remote_id", "text", "deleted_at", "edited_at", "author__remote_id", "parent__remote_id",
                "conversation__remote_id", "kind",
            ),
            key=str,
        ),
        "reactions": dict(messages.filter(deleted_at=None).values_list("remote_id", "reactions")),
        "conversations": sorted(
            Conversation.objects.filter(channel=channel).values_list("remote_id", "message_count", "first_at", "last_at")
        ),
        "people": sorted(
            Identity.objects.filter(workspace=channel.workspace_id).values_list(
                "remote_id", "message_count", "reaction_count", "first_seen_at"
            )
        ),
        "activities": sorted(
            Activity.objects.filter(workspace=channel.workspace_id, kind="reaction").values_list(
                "identity__remote_id", "at", "value"
            )
        ),
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", [1, 13, 500])
def test_doubled_and_shuffled_news_ends_like_news_in_order(make: Make, seed: int, size: int) -> None:
    told = life(60)
    orderly = make.channel(create_workspace(slug="orderly", name="Orderly"))
    take_in(orderly, told, 500 if size == 500 else 7)
    jumbled = make.channel(create_workspace(slug="jumbled", name="Jumbled"))
    disorder = told * 2
    random.Random(seed).shuffle(disorder)
    take_in(jumbled, disorder, size)
    ended, wanted = state(jumbled), state(orderly)
    for what, rows in wanted.items():
        assert [row for row in ended[what] if row not in rows] == []
        assert len(ended[what]) == len(rows)
    assert ended["reactions"] == wanted["reactions"]
    assert not Early.objects.exists()


def test_what_is_told_of_a_message_that_never_comes_waits_for_it(make: Make) -> None:
    channel = make.channel(create_workspace(slug="harbour", name="Harbour"))
    take_in(channel, [SeenDeletion("m3", at(9)), reaction(3, "bo", 1)], 5)
    assert Early.objects.count() == 2
    take_in(channel, [said(3, "hello")], 5)
    message = Message.objects.get()
    assert (message.text, message.deleted_at) == ("", at(9))
    assert not Early.objects.exists()


def test_a_reaction_that_is_taken_back_is_counted_out(make: Make) -> None:
    channel = make.channel(create_workspace(slug="harbour", name="Harbour"))
    take_in(channel, [said(0, "hello"), reaction(0, "bo", 1), reaction(0, "gil", 1)], 5)
    assert Message.objects.get().reactions == {"👍": 2}
    take_in(channel, [reaction(0, "bo", 2, taken_back=True)], 5)
    assert Message.objects.get().reactions == {"👍": 1}
    counts = dict(Identity.objects.values_list("remote_id", "reaction_count"))
    assert counts == {"ada": 0, "bo": 0, "gil": 1}


def test_what_is_told_of_messages_that_never_come_is_forgotten_some_day(make: Make) -> None:
    channel = make.channel(create_workspace(slug="harbour", name="Harbour"))
    take_in(channel, [SeenDeletion("m3", at(0)), reaction(4, "bo", 60)], 5)
    assert early.forget(before=at(30)) == 1
    assert Early.objects.get().remote_id == "m4"


def test_single_reactions_add_to_what_a_network_had_counted(make: Make) -> None:
    channel = make.channel(create_workspace(slug="harbour", name="Harbour"))
    bo = Person("bo", "Bo")
    take_in(channel, [replace(said(0, "hello"), reactions=(Reaction("👍", 3, (bo,)),))], 5)
    take_in(channel, [reaction(0, "bo", 1), reaction(0, "gil", 1)], 5)
    assert Message.objects.get().reactions == {"👍": 4}
    take_in(channel, [reaction(0, "bo", 2, taken_back=True)], 5)
    assert Message.objects.get().reactions == {"👍": 3}
