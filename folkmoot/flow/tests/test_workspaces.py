"""In another time zone days begin elsewhere: what was counted is counted anew."""

from __future__ import annotations

from datetime import date

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from conftest import Make
from folkmoot.analytics import actions as analytics
from folkmoot.analytics.models import DayCount, MemberDay, Stale
from folkmoot.flow import jobs, workspaces
from folkmoot.workspaces.actions import UnableTo
from folkmoot.workspaces.models import User, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def mira(db: None) -> User:
    return User.objects.create(email="mira@example.org")


@pytest.fixture
def workspace(make: Make) -> Workspace:
    """With words at noon and at 23:30 of the same day, UTC, and half a year before."""
    made = Workspace.objects.create(slug="moot", name="Moot", timezone="UTC")
    half_a_year = -180 * 24 * 60
    seen = [make.seen("ada"), make.seen("bo", minute=11 * 60 + 30), make.seen("ada", minute=half_a_year)]
    make.receive(make.channel(made), seen)
    analytics.count(made.pk)
    return made


def days() -> list[tuple[date, int]]:
    rows = DayCount.objects.filter(channel_id=0, messages__gt=0).order_by("day")
    return list(rows.values_list("day", "messages"))


def counted() -> list[tuple[object, ...]]:
    fields = ("channel_id", "day", "messages", "newcomers", "dau", "wau", "mau")
    return sorted(DayCount.objects.values_list(*fields)) + sorted(
        MemberDay.objects.values_list("channel_id", "member_id", "day", "before", "messages"), key=str
    )


def change(workspace: Workspace, timezone: str, by: User) -> None:
    workspaces.change(workspace, name="Moot", timezone=timezone, language="en", by=by)


def work() -> None:
    for job in ProcrastinateJob.objects.filter(task_name="count", status="todo"):
        jobs.count(**job.args)


def test_another_zone_puts_messages_on_its_own_days(workspace: Workspace, mira: User) -> None:
    assert days()[1:] == [(date(2026, 3, 2), 2)]
    change(workspace, "Asia/Tokyo", mira)
    assert days()[1:] == [(date(2026, 3, 2), 2)]  # until the job has run, the old numbers stand
    work()
    assert days()[1:] == [(date(2026, 3, 2), 1), (date(2026, 3, 3), 1)]
    assert not Stale.objects.exists()


def test_there_and_back_again_gives_the_numbers_there_were(workspace: Workspace, mira: User) -> None:
    before = counted()
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12", "UTC"):
        change(workspace, zone, mira)
        work()
    assert counted() == before


def test_what_is_still_to_be_counted_is_counted_once(workspace: Workspace, mira: User, make: Make) -> None:
    make.receive(make.channel(workspace), [make.seen("cleo", minute=5)])
    change(workspace, "Asia/Tokyo", mira)
    work()
    assert sum(count for _day, count in days()) == 4


def test_the_same_zone_counts_nothing(workspace: Workspace, mira: User) -> None:
    change(workspace, "UTC", mira)
    assert not ProcrastinateJob.objects.filter(task_name="count").exists()
    assert not Stale.objects.exists()


def test_a_zone_that_is_none_changes_nothing(workspace: Workspace, mira: User) -> None:
    with pytest.raises(UnableTo):
        change(workspace, "Middle/Earth", mira)
    assert Workspace.objects.get().timezone == "UTC"
    assert not ProcrastinateJob.objects.filter(task_name="count").exists()
