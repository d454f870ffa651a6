"""What calls for an answer, and what counts as one."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from conftest import Make
from folkmoot.conversations import asks
from folkmoot.conversations.models import Ask, Conversation
from folkmoot.members.models import Member
from folkmoot.workspaces.models import Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace(db: None) -> Workspace:
    return Workspace.objects.create(slug="moot", name="Moot")


def answers() -> dict[str, str | None]:
    return {
        ask.message.remote_id: ask.answer.remote_id if ask.answer else None
        for ask in Ask.objects.select_related("message", "answer")
    }


def test_the_first_word_by_somebody_else_answers(workspace: Workspace, make: Make) -> None:
    seen = [
        make.seen("ada", "anyone?", id="a", thread="t"),
        make.seen("ada", "hello?", id="b", thread="t", minute=20),
        make.seen("bo", "here", id="c", thread="t", minute=25),
        make.seen("cleo", "me too", id="d", thread="t", minute=26),
    ]
    make.receive(make.channel(workspace), seen)
    assert answers() == {"a": "c"}
    ask = Ask.objects.get()
    assert ask.answered_at == ask.asked_at + timedelta(minutes=25)
    assert Conversation.objects.get().waiting_since is None


def test_a_bot_does_not_answer_and_is_not_waited_for(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)
    make.receive(
        channel, [make.seen("ada", id="a", thread="t"), make.seen("hal", id="b", thread="t", minute=1, bot=True)]
    )
    make.receive(channel, [make.seen("hal", id="c", thread="u", bot=True)])
    assert answers() == {"a": None}
    assert Conversation.objects.get(remote_id="t").waiting_since == make.noon


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_order_of_arrival_does_not_matter(workspace: Workspace, make: Make, order: tuple[int, ...]) -> None:
    channel = make.channel(workspace)
    seen = [
        make.seen("ada", id="a", thread="t"),
        make.seen("bo", id="b", thread="t", minute=10),
        make.seen("cleo", id="c", thread="t", minute=20),
    ]
    for n in order:
        make.receive(channel, [seen[n]])
    assert answers() == {"a": "b"}


def ours(name: str) -> None:
    Member.objects.filter(name=name).update(ours=True)


def test_under_our_own_post_every_comment_waits_for_us(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace, kind="page")
    make.receive(channel, [make.seen("us", "news!", id="post", thread="t", ours=True)])
    ours("Us")
    make.receive(
        channel,
        [
            make.seen("ada", "when?", id="a", thread="t", minute=1),
            make.seen("ada", "and where?", id="a2", thread="t", minute=2),
            make.seen("bo", "nice", id="b", thread="t", minute=3),
            make.seen("cleo", "I know, tomorrow", id="c", thread="t", minute=4, parent="a"),
        ],
    )
    assert answers() == {"a": "c", "b": None, "c": None}
    make.receive(channel, [make.seen("us", "thank you all", id="d", thread="t", minute=9)])
    assert answers() == {"a": "c", "b": "d", "c": "d"}


def test_reckoning_anew_follows_who_is_one_of_us(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)
    make.talk(channel, ("us", "news"), ("ada", "when?"), ("us", "tomorrow"))
    assert answers() == {"m1": "m2"}
    ours("Us")
    asks.reckon([Conversation.objects.get().pk])
    assert answers() == {"m2": "m3"}


def test_reckoning_anew_gives_what_following_gave(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)
    for thread in "tuv":
        make.talk(channel, ("ada", "x"), ("ada", "y"), ("bo", "z"), ("cleo", "w"), thread=thread, gap=7)
    make.talk(channel, ("ada", "alone"), thread=None, gap=1)
    before = answers()
    asks.reckon(list(Conversation.objects.values_list("pk", flat=True)))
    assert answers() == before
    assert len(before) == 4
