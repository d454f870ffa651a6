"""Which messages belong together."""

from __future__ import annotations

import pytest

from conftest import Make
from folkmoot.conversations.models import Conversation, Message
from folkmoot.workspaces.models import Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace(db: None) -> Workspace:
    return Workspace.objects.create(slug="moot", name="Moot")


def grouped() -> list[list[str]]:
    return [
        list(conversation.messages.order_by("at").values_list("remote_id", flat=True))
        for conversation in Conversation.objects.order_by("first_at", "pk")
    ]


def test_a_thread_is_one_conversation_however_long_the_silence(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace, kind="forum")
    make.receive(
        channel, [make.seen(id="a", thread="t", thread_title="Drills"), make.seen(id="b", thread="t", minute=99999)]
    )
    assert grouped() == [["a", "b"]]
    assert Conversation.objects.get().title == "Drills"


def test_talk_in_a_flat_chat_is_cut_at_half_an_hour_of_silence(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)
    make.receive(channel, [make.seen(id="a", minute=0), make.seen(id="b", minute=30), make.seen(id="c", minute=61)])
    assert grouped() == [["a", "b"], ["c"]]


def test_talk_that_never_pauses_is_cut_after_a_day(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)
    make.receive(channel, [make.seen(id=f"m{n:03}", minute=n * 25) for n in range(60)])
    assert [len(messages) for messages in grouped()] == [58, 2]


def test_batches_do_not_cut_talk(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)
    seen = [make.seen(id=f"m{n}", minute=n * 10 + (60 if n > 6 else 0)) for n in range(12)]
    for one in seen:
        make.receive(channel, [one])
    assert [len(messages) for messages in grouped()] == [7, 5]


def test_a_reply_belongs_to_what_it_answers_even_days_later(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)
    make.receive(channel, [make.seen(id="question"), make.seen(id="other", minute=3000)])
    make.receive(channel, [make.seen(id="answer", parent="question", minute=3001)])
    assert grouped() == [["question", "answer"], ["other"]]


def test_an_older_first_message_opens_the_conversation_anew(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace, kind="forum")
    make.receive(channel, [make.seen("bo", "second", id="b", thread="t", kind="comment", minute=5)])
    make.receive(channel, [make.seen("ada", "first", id="a", thread="t", kind="post", minute=0)])
    conversation = Conversation.objects.select_related("opener").get()
    assert conversation.opener is not None
    assert (conversation.opener.name, conversation.opening, conversation.latest) == ("Ada", "first", "second")
    assert [ask.message.remote_id for ask in conversation.asks.all()] == ["a"]


def test_in_a_flat_chat_the_opener_posts_and_the_others_comment(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)
    make.receive(channel, [make.seen(id="a"), make.seen(id="b", minute=1), make.seen(id="c", minute=2, parent="a")])
    assert list(Message.objects.order_by("at").values_list("kind", flat=True)) == ["post", "comment", "reply"]


def test_a_mail_that_names_only_what_it_answers_finds_its_thread(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace, kind="list", network="email")
    make.receive(channel, [make.seen(id="a", thread="a"), make.seen(id="b", thread="a", parent="a", minute=1)])
    make.receive(
        channel,
        [make.seen(id="c", thread="b", parent="b", minute=2), make.seen(id="d", thread="c", parent="c", minute=3)],
    )
    assert grouped() == [["a", "b", "c", "d"]]
