"""What comes in is stored once, whole, or not at all."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from django.db import connections as all_connections

from conftest import Make
from folkmoot.analytics.models import Stale
from folkmoot.conversations.models import Ask, Attachment, Conversation, Message, Revision
from folkmoot.flow import intake
from folkmoot.members import activities
from folkmoot.members.models import Activity, Identity, Member, Unsettled
from folkmoot.networks.base import Attachment as SeenAttachment
from folkmoot.networks.base import Batch, Person, Place, Reaction, Seen, SeenDeletion, SeenMove
from folkmoot.workspaces.models import Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace(db: None) -> Workspace:
    return Workspace.objects.create(slug="moot", name="Moot")


def everything() -> dict[str, list[object]]:
    models = (Conversation, Message, Member, Identity, Activity, Ask, Attachment, Revision)
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


def test_the_same_batch_twice_changes_nothing(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)
    seen: list[Seen] = [
        make.seen("ada", "who has a drill?", minute=0, reactions=(Reaction("👍", 3, (Person("bo", "Bo"),)),)),
        make.seen("bo", "I do", minute=1, attachments=(SeenAttachment("image", "https://example.org/a.png", "a.png"),)),
        SeenMove("j1", make.noon, Person("cleo", "Cleo"), "join"),
    ]
    first = make.receive(channel, seen)
    before = everything()
    again = make.receive(channel, seen)
    assert (first.messages_new, first.members_new, first.activities_new) == (2, 3, 4)
    assert (again.messages_new, again.members_new, again.activities_new, again.conversations_new) == (0, 0, 0, 0)
    assert again.messages_seen == 2
    assert everything() == before


def test_a_batch_that_fails_leaves_nothing_behind(
    workspace: Workspace, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = make.channel(workspace)
    make.receive(channel, [make.seen(id="a")])
    before, stale, unsettled = everything(), Stale.objects.count(), Unsettled.objects.count()

    def full(*_args: object) -> None:
        raise IntegrityError("disk full")

    monkeypatch.setattr(activities, "append_new", full)
    with pytest.raises(IntegrityError):
        make.receive(channel, [make.seen("zed", id="b")])
    assert everything() == before
    assert (Stale.objects.count(), Unsettled.objects.count()) == (stale, unsettled)


def test_one_person_on_two_channels_of_a_network_is_one_member(workspace: Workspace, make: Make) -> None:
    make.receive(make.channel(workspace, "one"), [make.seen("ada")])
    make.receive(make.channel(workspace, "two"), [make.seen("ada")])
    make.receive(make.channel(workspace, "three", network="matrix"), [make.seen("ada")])
    assert Member.objects.count() == 2
    assert sorted(Identity.objects.values_list("network", "message_count")) == [("irc", 2), ("matrix", 1)]


def test_people_of_two_workspaces_never_mix(workspace: Workspace, make: Make) -> None:
    other = Workspace.objects.create(slug="other", name="Other")
    make.receive(make.channel(workspace), [make.seen("ada", id="x")])
    make.receive(make.channel(other), [make.seen("ada", id="x")])
    assert {member.workspace_id: member.message_count for member in Member.objects.all()} == {
        workspace.pk: 1,
        other.pk: 1,
    }


def test_an_edit_keeps_what_was_said_before(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)
    make.receive(channel, [make.seen(text="teh first", id="a")])
    edited_at = make.noon + timedelta(hours=1)
    received = make.receive(channel, [make.seen(text="the first", id="a", edited_at=edited_at)])
    message = Message.objects.get()
    assert (message.text, message.edited_at) == ("the first", edited_at)
    assert [revision.text for revision in message.revisions.all()] == ["teh first"]
    assert received.message_ids == [message.pk]
    assert Message.objects.filter(lexemes__says="'teh'").count() == 0


def test_a_deletion_takes_the_words_away_everywhere(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)
    photo = SeenAttachment("image", "https://example.org/a.png")
    make.receive(channel, [make.seen(text="my secret", id="a", attachments=(photo,))])
    make.receive(channel, [make.seen(text="my other secret", id="a")])
    make.receive(channel, [SeenDeletion("a", make.noon + timedelta(days=1))])
    message, conversation = Message.objects.get(), Conversation.objects.get()
    assert (message.text, message.html, message.lexemes) == ("", "", None)
    assert message.deleted_at is not None
    assert (conversation.opening, conversation.latest, conversation.waiting_since) == ("", "", None)
    assert not Attachment.objects.exists()
    assert not Revision.objects.exists()
    assert not Ask.objects.exists()


def test_a_deleted_message_seen_again_in_an_old_archive_stays_deleted(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)
    make.receive(channel, [make.seen(text="gone", id="a")])
    make.receive(channel, [SeenDeletion("a", make.noon)])
    make.receive(channel, [make.seen(text="gone", id="a")])
    assert Message.objects.get().text == ""


def test_one_that_was_deleted_before_it_was_seen_is_known_of_but_says_nothing(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)
    received = make.receive(channel, [make.seen(text="", id="a", deleted_at=make.noon)])
    message = Message.objects.get()
    assert (received.messages_new, message.text, message.deleted_at) == (1, "", make.noon)
    assert not Ask.objects.exists()
    assert make.receive(channel, [make.seen(text="", id="a", deleted_at=make.noon)]).messages_new == 0


def test_an_answer_that_comes_before_its_question_finds_it(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)
    make.receive(channel, [make.seen("bo", "the second on the left", id="answer", parent="question", minute=5)])
    make.receive(channel, [make.seen("ada", "where is it?", id="question", minute=0)])
    answer, question = Message.objects.get(remote_id="answer"), Message.objects.get(remote_id="question")
    assert answer.parent == question
    assert answer.conversation == question.conversation
    assert question.ask.answer == answer


def test_reactions_named_and_unnamed_are_told_apart(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)
    make.receive(channel, [make.seen(id="a", reactions=(Reaction("👍", 5, (Person("bo"), Person("cleo"))),))])
    message = Message.objects.get()
    assert (message.reactions, message.unnamed_reactions) == ({"👍": 5}, 3)
    assert Activity.objects.filter(kind="reaction", value="👍").count() == 2
    assert Member.objects.get(name="bo").reaction_count == 1


def test_text_that_postgresql_cannot_hold_is_stored_without_it(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)
    make.receive(channel, [make.seen("a\x00da", "nul\x00 and half \ud83d a pair", id="x" * 3000)])
    message = Message.objects.get()
    assert message.text == "nul and half  a pair"
    assert len(message.remote_id) == 255
    assert (
        make.receive(channel, [make.seen("a\x00da", "nul\x00 and half \ud83d a pair", id="x" * 3000)]).messages_new == 0
    )


@pytest.mark.django_db(transaction=True)
def test_two_processes_with_the_same_batch_store_it_once(workspace: Workspace, make: Make) -> None:
    channels = [make.channel(workspace, "one"), make.channel(workspace, "two")]
    seen = [make.seen(f"p{n % 7}", f"word {n}", id=f"m{n}", minute=n) for n in range(60)]
    failures: list[BaseException] = []

    def work(which: int) -> None:
        try:
            make.receive(channels[which], seen if which else seen[::-1])
            make.receive(channels[1 - which], seen)
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)
        finally:
            all_connections.close_all()

    threads = [threading.Thread(target=work, args=[n % 2]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert Message.objects.count() == 120
    assert Member.objects.count() == 7
    assert sum(Member.objects.values_list("message_count", flat=True)) == 120


def test_statements_of_a_batch_do_not_grow_with_it(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)

    def cost(size: int, start: int) -> int:
        liked = (Reaction("👍", 1, (Person("bo"),)),)
        seen = [make.seen(f"p{start + n}", minute=start + n * 40, reactions=liked) for n in range(size)]
        place = Place(channel.remote_id, channel.name)
        with CountedStatements() as counted:
            intake.receive(channel, Batch(place, seen, ""), now=make.noon, past=True)
        return counted.number

    make.receive(channel, [make.seen("bo")])
    assert cost(20, 100_000) == cost(300, 200_000)


class CountedStatements:
    """How many statements the connection runs meanwhile."""

    number = 0

    def __enter__(self) -> CountedStatements:
        self._wrapper = connection.execute_wrapper(self._count)
        self._wrapper.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._wrapper.__exit__(None, None, None)

    def _count(self, execute: object, *arguments: object) -> object:
        self.number += 1
        return execute(*arguments)  # type: ignore[operator]
