"""Merging members and marking them: asks and numbers follow, and are as before when it is undone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from procrastinate.contrib.django.models import ProcrastinateJob

from folkmoot.analytics.models import DayCount, MemberDay
from folkmoot.analytics.queries import Period, active_members
from folkmoot.channels.models import Channel
from folkmoot.conversations.models import Ask, Conversation
from folkmoot.flow import intake, people, recount
from folkmoot.members import actions
from folkmoot.members.models import Member, Merge
from folkmoot.networks.base import Batch, Person, Place, SeenMessage
from folkmoot.workspaces.models import Workspace

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
YEAR = Period(date(2025, 12, 1), date(2026, 12, 1))
SLUGS = count()
pytestmark = pytest.mark.django_db


def said(number: int, who: str, day: int, thread: str = "t", parent: str | None = None) -> SeenMessage:
    at = START + timedelta(days=day, seconds=number)
    return SeenMessage(str(number), at, Person(who, who), f"word {number}", thread=thread, parent=parent)


def talk(messages: list[SeenMessage]) -> Workspace:
    workspace = Workspace.objects.create(slug=f"talk{next(SLUGS)}", name="Talk")
    channel = Channel.objects.create(workspace=workspace, network="irc", remote_id="c", name="c", kind="forum")
    intake.receive(channel, Batch(Place("c", "c"), messages, ""), now=NOW, past=True)
    intake.consider(workspace.pk)
    return workspace


def member(workspace: Workspace, name: str) -> Member:
    return Member.objects.get(workspace=workspace, name=name)


def facts(workspace: Workspace) -> list[Any]:
    """All that is derived from who is whom; ids of rows that were made anew left out."""
    of = {"workspace": workspace}
    return [
        active_members(workspace, YEAR, [0])[0],
        sorted(
            MemberDay.objects.filter(**of).values_list("channel_id", "member_id", "day", "before", "messages"),
            key=str,
        ),
        sorted(tuple(row.items())[1:] for row in DayCount.objects.filter(**of).values()),
        sorted(Ask.objects.filter(**of).values_list("message", "answer", "answered_at"), key=str),
        list(Conversation.objects.filter(**of).order_by("pk").values()),
    ]


def run_jobs() -> None:
    for job in ProcrastinateJob.objects.filter(task_name="recount").order_by("pk"):
        recount.recount(**job.args)


lines = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(0, 60), st.sampled_from(["t", "u"])), min_size=1, max_size=20
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=lines)
def test_undoing_a_merge_leaves_every_number_as_it_was(lines):
    with transaction.atomic():
        everybody = [("a", 0, "t"), ("b", 1, "t"), *lines]
        workspace = talk([said(n, who, day, thread) for n, (who, day, thread) in enumerate(everybody)])
        before = facts(workspace)

        made = people.merge(member(workspace, "a"), member(workspace, "b"), by=None, now=NOW)
        run_jobs()
        assert active_members(workspace, YEAR, [0])[0] == before[0] - 1
        people.unmerge(made, by=None, now=NOW)
        run_jobs()

        assert facts(workspace) == before
        transaction.set_rollback(True)


def test_an_answer_by_the_same_person_is_none_once_merged():
    workspace = talk([said(1, "a", 0), said(2, "a_phone", 1)])
    assert Ask.objects.get(workspace=workspace).answered_at is not None

    people.merge(member(workspace, "a"), member(workspace, "a_phone"), by=None, now=NOW)
    run_jobs()

    assert Ask.objects.get(workspace=workspace).answered_at is None
    assert Conversation.objects.get(workspace=workspace).waiting_since is not None


def test_the_first_day_of_a_member_with_an_earlier_self_is_no_newcomers():
    """Their first days lie further apart than the days that a stale day reaches ahead."""
    workspace = talk([said(1, "early", 0), said(2, "late", 90)])
    late = DayCount.objects.get(workspace=workspace, channel_id=0, day=date(2026, 4, 1))
    assert late.newcomers == 1

    people.merge(member(workspace, "late"), member(workspace, "early"), by=None, now=NOW)
    run_jobs()

    late = DayCount.objects.get(workspace=workspace, channel_id=0, day=date(2026, 4, 1))
    assert late.newcomers == 0


def test_a_refused_merge_leaves_no_job_behind():
    workspace = talk([said(1, "a", 0)])
    with pytest.raises(actions.UnableTo):
        people.merge(member(workspace, "a"), member(workspace, "a"), by=None, now=NOW)
    assert not ProcrastinateJob.objects.exists()
    assert not Merge.objects.exists()


def test_who_turns_out_to_be_one_of_us_asks_nothing():
    workspace = talk([said(1, "a", 0), said(2, "b", 1)])
    people.set_ours(member(workspace, "a"), True, by=None)
    run_jobs()
    assert not Ask.objects.filter(workspace=workspace, message__author__member__name="a").exists()
    assert Conversation.objects.get(workspace=workspace).opened_by_us


def test_an_answer_by_a_bot_is_none():
    workspace = talk([said(1, "a", 0), said(2, "b", 1)])
    people.set_bot(member(workspace, "b"), True, by=None)
    run_jobs()
    assert Ask.objects.get(workspace=workspace).answered_at is None


def test_an_edit_that_changes_nothing_orders_no_work():
    workspace = talk([said(1, "a", 0)])
    people.edit(member(workspace, "a"), name="a", ours=False, bot=False, by=None)
    assert not ProcrastinateJob.objects.exists()


def test_an_edit_with_a_bad_name_changes_nothing():
    workspace = talk([said(1, "a", 0)])
    with pytest.raises(actions.UnableTo):
        people.edit(member(workspace, "a"), name=" ", ours=True, bot=False, by=None)
    assert not member(workspace, "a").ours
