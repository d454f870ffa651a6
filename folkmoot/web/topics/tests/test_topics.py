from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from conftest import NOON, Make
from folkmoot.conversations.models import Conversation
from folkmoot.members.models import Member
from folkmoot.understanding.models import Impression
from folkmoot.understanding.topics import finding
from folkmoot.understanding.topics.models import Placement, Topic
from folkmoot.workspaces.models import AuditEntry, Role, User, Workspace

SignIn = Callable[[User], Client]


@pytest.fixture
def topics(workspace: Workspace, make: Make) -> list[Topic]:
    """Two topics, the first with a part, in a forum of six conversations."""
    forum = make.channel(workspace, "forum", kind="forum")
    for number in range(6):
        make.talk(forum, ("ada", f"question {number}"), ("bo", "answer"), thread=f"t{number}")
    made = [Topic.objects.create(workspace=workspace, found_name=name, words=name.split(", "), made_at=NOON) for name in ("nozzle, heat", "needle, thread", "clog, needle")]  # fmt: skip
    Topic.objects.filter(pk=made[2].pk).update(parent=made[0])
    for number, conversation in enumerate(Conversation.objects.order_by("pk")):
        topic = made[(0, 0, 0, 1, 1, 2)[number]]
        Placement.objects.create(conversation=conversation, workspace=workspace, topic=topic, messages=2)
        Topic.objects.filter(pk=topic.pk).update(typical=conversation)
    finding.recount(workspace.pk)
    return list(Topic.objects.order_by("pk"))


def at(workspace: Workspace, page: str, *of: int) -> str:
    return reverse(page, args=[workspace.slug, *of])


def test_without_topics_the_page_says_when_they_come(signed_in: SignIn, mira: User, workspace: Workspace) -> None:
    assert "No topics yet" in signed_in(mira).get(at(workspace, "topics")).content.decode()


def test_the_tree_shows_topics_their_parts_and_a_typical_message(
    signed_in: SignIn, mira: User, workspace: Workspace, topics: list[Topic]
) -> None:
    html = signed_in(mira).get(at(workspace, "topics")).content.decode()
    assert html.index("nozzle, heat") < html.index("clog, needle") < html.index("needle, thread")
    assert "4 conversations" in html
    assert "question 2" in html


def test_a_topic_opens_its_conversations(
    signed_in: SignIn, mira: User, workspace: Workspace, topics: list[Topic]
) -> None:
    response = signed_in(mira).get(at(workspace, "topic", topics[0].pk))
    assert len(response.context["rows"]) == 4
    assert "Rename" in response.content.decode()


def test_a_moderator_changes_topics_and_takes_it_back(
    signed_in: SignIn, bo: User, workspace: Workspace, topics: list[Topic]
) -> None:
    client, (one, other, _part) = signed_in(bo), topics
    client.post(at(workspace, "topic-rename", one.pk), {"name": "Printers"})
    client.post(at(workspace, "topic-pin", other.pk))
    client.post(at(workspace, "topic-merge", one.pk), {"into": other.pk})
    client.get(at(workspace, "topics"))  # takes the messages about what was done away
    html = client.get(at(workspace, "topics")).content.decode()
    assert html.index("needle, thread") < html.index("Printers")
    assert "pinned" in html and "merged" in html
    assert "counts as" in client.get(at(workspace, "topic", one.pk)).content.decode()
    client.post(at(workspace, "topic-unmerge", one.pk))
    one.refresh_from_db()
    assert one.merged_into is None
    assert AuditEntry.objects.filter(workspace=workspace, act__startswith="topic.").count() == 4


def test_what_can_not_be_done_is_said(signed_in: SignIn, mira: User, workspace: Workspace, topics: list[Topic]) -> None:
    client, (one, _other, part) = signed_in(mira), topics
    for page, data in (("topic-merge", {"into": part.pk}), ("topic-merge", {}), ("topic-split", {})):
        html = client.post(at(workspace, page, one.pk), data, follow=True).content.decode()
        assert "note bad" in html
    assert client.post(at(workspace, "topic-rename", one.pk), {"name": "x" * 81}, follow=True).status_code == 200


def test_who_may_see_and_who_may_change(
    signed_in: SignIn, workspace: Workspace, topics: list[Topic], gil: User, zoe: User
) -> None:
    pages = [at(workspace, "topics"), at(workspace, "topic", topics[0].pk)]
    for page in pages:
        assert Client().get(page).status_code == 302
        assert signed_in(zoe).get(page).status_code == 404
        answer = signed_in(gil).get(page)
        assert answer.status_code == 200
        assert "Rename" not in answer.content.decode()
    for act in ("rename", "pin", "merge", "unmerge", "split", "unsplit"):
        address = at(workspace, f"topic-{act}", topics[0].pk)
        assert signed_in(gil).post(address).status_code == 403
        assert signed_in(zoe).post(address).status_code == 404


def test_topics_of_channels_one_may_not_see_are_not_there(
    signed_in: SignIn, workspace: Workspace, topics: list[Topic], bo: User, make: Make
) -> None:
    Role.objects.filter(user=bo).update(channel_ids=[make.channel(workspace, "chat").pk])
    client = signed_in(bo)
    assert "No topics yet" in client.get(at(workspace, "topics")).content.decode()
    assert client.get(at(workspace, "topic", topics[0].pk)).status_code == 404


def test_a_topic_of_another_workspace_is_not_there(
    signed_in: SignIn, mira: User, workspace: Workspace, other_workspace: Workspace
) -> None:
    strange = Topic.objects.create(workspace=other_workspace, found_name="x", made_at=NOON + timedelta(days=1))
    assert signed_in(mira).get(at(workspace, "topic", strange.pk)).status_code == 404


def test_more_topics_cost_no_more_queries(
    signed_in: SignIn,
    mira: User,
    workspace: Workspace,
    topics: list[Topic],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client = signed_in(mira)
    for number in range(30):
        Topic.objects.create(workspace=workspace, found_name=f"t{number}", pinned=True, made_at=NOON)
    client.get(at(workspace, "topics"))
    with django_assert_max_num_queries(10):
        client.get(at(workspace, "topics"))
    with django_assert_max_num_queries(18):
        client.get(at(workspace, "topic", topics[0].pk))


def test_the_inbox_is_narrowed_to_a_topic_with_its_parts(
    signed_in: SignIn, mira: User, workspace: Workspace, topics: list[Topic]
) -> None:
    for conversation in Conversation.objects.all():
        Impression.objects.create(
            conversation=conversation, workspace=workspace, channel_id=conversation.channel_id, language="en",
            last_at=conversation.last_at, says=0, sure=0, urgent_rank=conversation.pk, bad_rank=conversation.pk,
        )  # fmt: skip
    client, inbox = signed_in(mira), at(workspace, "inbox")
    assert len(client.get(f"{inbox}?topic={topics[0].pk}&sort=urgent").context["rows"]) == 4
    Impression.objects.all().delete()  # what was not read yet has a topic too
    assert len(client.get(inbox, {"topic": topics[0].pk}).context["rows"]) == 4
    assert len(client.get(inbox, {"topic": topics[2].pk}).context["rows"]) == 1
    assert len(client.get(f"{inbox}?topic={topics[0].pk}&q=question").context["rows"]) == 4
    behind = client.get(at(workspace, "messages"), {"topic": topics[2].pk}).context["rows"]
    assert [row.message.text for row in behind] == ["answer", "question 5"]
    html = client.get(inbox).content.decode()
    assert "\u2003clog, needle" in html


def test_a_members_page_tells_their_interests(
    signed_in: SignIn, mira: User, workspace: Workspace, topics: list[Topic]
) -> None:
    ada = Member.objects.get(name="Ada")
    html = signed_in(mira).get(at(workspace, "member", ada.pk)).content.decode()
    assert "Interests" in html and "nozzle, heat" in html
