from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from random import Random

import pytest
from django.db import connection
from django.db.models import Sum

from conftest import Make
from folkmoot.channels.models import Channel
from folkmoot.conversations import asks
from folkmoot.conversations.models import Ask, Conversation, Message
from folkmoot.flow import intake, settling
from folkmoot.members.models import Identity, Member, Unsettled
from folkmoot.networks.base import Batch, Person, Place, Seen, SeenDeletion
from folkmoot.workspaces.models import Workspace

BATCHES = 15


@pytest.fixture
def workspace(transactional_db: None) -> Workspace:
    return Workspace.objects.create(slug="moot", name="Moot")


def _talk(make: Make, channel: Channel) -> list[list[Seen]]:
    """The same few people in the same few threads, in disorder, under changing names; some of it deleted later on."""
    rng = Random(channel.remote_id)
    said: list[list[Seen]] = []
    for number in range(BATCHES):
        batch: list[Seen] = []
        for _ in range(40):
            who = rng.randrange(12)
            seen = make.seen(
                f"p{who}", f"words {rng.random()}", minute=rng.randrange(2000), thread=f"t{rng.randrange(9)}"
            )
            batch.append(type(seen)(seen.remote_id, seen.at, Person(f"p{who}", f"P{who} {number}"), seen.text,
                                    thread=seen.thread))  # fmt: skip
        if said and rng.random() < 0.5:
            gone = rng.choice(said[-1])
            batch.append(SeenDeletion(gone.remote_id, datetime.now(UTC)))
        said.append(batch)
    return said


def _read(channel: Channel, said: list[list[Seen]]) -> None:
    try:
        for seen in said:
            place = Place(channel.remote_id, channel.name)
            intake.receive(channel, Batch(place, seen, ""), now=datetime.now(UTC), past=True)
    finally:
        connection.close()


def _asks() -> set[tuple[int, int | None]]:
    return set(Ask.objects.values_list("message_id", "answer_id"))


@pytest.mark.django_db(transaction=True)
def test_reading_and_settling_at_once_never_block_each_other_and_count_everything_once(
    workspace: Workspace, make: Make
) -> None:
    channels = [make.channel(workspace, name, kind="forum") for name in ("one", "two")]
    talks = [_talk(make, channel) for channel in channels]
    with ThreadPoolExecutor(2) as readers, settling.Beside() as beside:
        reading = [readers.submit(_read, channel, talk) for channel, talk in zip(channels, talks, strict=True)]
        while not all(one.done() for one in reading):
            beside.settle(workspace.pk)
        for one in reading:
            one.result()
        beside.settle(workspace.pk)
        beside.finish()

    assert not Unsettled.objects.exists()
    messages = Message.objects.count()
    assert messages == 2 * BATCHES * 40
    assert Member.objects.aggregate(Sum("message_count"))["message_count__sum"] == messages
    assert Identity.objects.aggregate(Sum("message_count"))["message_count__sum"] == messages
    found = _asks()
    asks.reckon(list(Conversation.objects.values_list("pk", flat=True)))
    assert found == _asks()


@pytest.mark.django_db(transaction=True)
def test_what_goes_wrong_beside_is_told_to_whoever_waits(
    workspace: Workspace, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_workspace_id: int) -> int:
        raise ValueError("no room")

    monkeypatch.setattr(settling, "settle", fail)
    with settling.Beside() as beside:
        beside.settle(workspace.pk)
        with pytest.raises(ValueError, match="no room"):
            beside.finish()
