"""Numbers from what was said, through the path on which it comes in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from conftest import Make
from folkmoot.analytics import actions, queries
from folkmoot.analytics.models import DayCount, MemberDay, Stale
from folkmoot.analytics.queries import Period
from folkmoot.members.models import Activity
from folkmoot.networks.base import Person, Reaction
from folkmoot.workspaces.models import Workspace

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = 24 * 60
MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


@pytest.fixture
def workspace(db: None) -> Workspace:
    return Workspace.objects.create(slug="moot", name="Moot")


def test_the_numbers_of_a_small_month(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace, kind="forum")
    make.receive(
        channel,
        [
            make.seen(
                "ada", "how?", thread="t", kind="post", minute=0, reactions=(Reaction("👍", 4, (Person("bo"),)),)
            ),
            make.seen("ada", "ah", thread="t", kind="comment", minute=1),
            make.seen("bo", "so", thread="t", kind="comment", minute=30),
            make.seen("cleo", "hey", thread="u", kind="post", minute=DAY),
            make.seen("ada", "late", thread="u", kind="comment", minute=DAY * 60),
        ],
    )
    actions.count(workspace.pk)
    kpis = queries.kpis(workspace, MARCH, now=NOW)
    assert (kpis.messages, kpis.active_members, kpis.newcomers, kpis.reactions) == (4, 3, 3, 4)
    assert kpis.comments_per_post == 0.5  # bo's; ada's second word in her own conversation is no comment
    assert kpis.dau_avg == 3 / 31
    assert (kpis.wau, kpis.mau) == (0, 3)  # the last 30 days of March begin with the 2nd
    assert kpis.answered_share == 1.0  # cleo's was answered in May
    assert kpis.first_response_median_s == 1800
    assert kpis.first_response_p90_s == 59 * DAY * 60


def test_a_month_without_anything_is_unknown_not_zero(workspace: Workspace) -> None:
    kpis = queries.kpis(workspace, MARCH, now=NOW)
    assert kpis.messages == 0
    assert kpis.stickiness is kpis.comments_per_post is kpis.answered_share is kpis.first_response_median_s is None


def test_an_ask_of_today_is_not_held_against_anybody(workspace: Workspace, make: Make) -> None:
    make.receive(make.channel(workspace), [make.seen("ada", "help", minute=0)])
    actions.count(workspace.pk)
    soon, later = make.noon + timedelta(hours=1), make.noon + timedelta(days=2)
    assert queries.kpis(workspace, MARCH, now=soon).answered_share is None
    assert queries.kpis(workspace, MARCH, now=later).answered_share == 0


def test_days_are_the_workspaces_own(workspace: Workspace, make: Make) -> None:
    workspace.timezone = "Asia/Tokyo"
    workspace.save()
    make.receive(make.channel(workspace), [make.seen(minute=14 * 60)])  # 02:00 on the 3rd in Tokyo
    actions.count(workspace.pk)
    assert DayCount.objects.get(channel_id=0, messages__gt=0).day == date(2026, 3, 3)


def make_history(workspace: Workspace, make: Make, seed: int) -> None:
    random = Random(seed)
    channels = [make.channel(workspace, name, kind="forum") for name in ("one", "two")]
    for _batch in range(8):
        seen = [
            make.seen(f"p{random.randrange(12)}", minute=random.randrange(120 * DAY), thread=f"t{random.randrange(9)}")
            for _ in range(25)
        ]
        make.receive(random.choice(channels), seen)
        if random.random() < 0.5:
            actions.count(workspace.pk)
    actions.count(workspace.pk)


@pytest.mark.parametrize("seed", range(4))
def test_counts_made_bit_by_bit_equal_counting_by_hand(workspace: Workspace, make: Make, seed: int) -> None:
    make_history(workspace, make, seed)
    acts = list(Activity.objects.filter(kind="message").values_list("channel_id", "identity__member_id", "at__date"))
    for channel in (0, *{act[0] for act in acts}):
        said = [(member, day) for where, member, day in acts if channel in (0, where)]
        for day in (date(2026, 3, 2) + timedelta(days=n) for n in range(0, 160, 7)):
            counted = DayCount.objects.filter(channel_id=channel, day=day).first() or DayCount()
            assert counted.messages == sum(when == day for _, when in said)
            for field, length in (("dau", 1), ("wau", 7), ("mau", 30)):
                people = {who for who, when in said if day - timedelta(days=length) < when <= day}
                assert getattr(counted, field) == len(people), (channel, day, field)
            seen_before = {who for who, when in said if when < day}
            assert counted.newcomers == len({who for who, when in said if when == day} - seen_before)
        period = Period(date(2026, 3, 20), date(2026, 4, 25))
        active = {who for who, when in said if period.first <= when < period.until}
        assert queries.active_members(workspace, period, [channel]) == {channel: len(active)}


def rows() -> tuple[object, object]:
    days = list(
        DayCount.objects.order_by("channel_id", "day").values_list("channel_id", "day", "messages", "mau", "dau")
    )
    members = list(
        MemberDay.objects.order_by("channel_id", "member_id", "day").values_list(
            "channel_id", "member_id", "day", "before"
        )
    )
    return days, members


def test_a_count_that_dies_half_way_is_made_whole_by_the_next(
    workspace: Workspace, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_history(workspace, make, 1)
    before = rows()
    make.receive(make.channel(workspace, "one"), [make.seen("p1", minute=50 * DAY, thread="t1")])
    with monkeypatch.context() as patched:
        patched.setattr(actions, "_BEFORE", "SELECT 1 / 0")
        with pytest.raises(Exception, match="division by zero"):
            actions.count(workspace.pk)
    assert rows() == before
    assert Stale.objects.exists()
    assert actions.count(workspace.pk) >= 1
    assert not Stale.objects.exists()
    assert sum(DayCount.objects.filter(channel_id=0).values_list("messages", flat=True)) == 201


def test_counting_again_changes_nothing(workspace: Workspace, make: Make) -> None:
    make_history(workspace, make, 2)
    before = rows()
    actions.mark_all_stale(workspace.pk)
    actions.count(workspace.pk)
    assert rows() == before


def test_a_period_must_end_after_it_begins() -> None:
    with pytest.raises(ValueError, match="ends after"):
        Period(date(2026, 3, 1), date(2026, 3, 1))


def test_waiting_times_counted_ahead_are_within_one_percent(
    workspace: Workspace, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    random, channel = Random(5), make.channel(workspace, kind="forum")
    seen = []
    for n in range(150):
        asked = random.randrange(20 * DAY)
        seen.append(make.seen("ada", thread=f"t{n}", minute=asked))
        if n % 20:
            seen.append(make.seen("bo", thread=f"t{n}", minute=asked + random.lognormvariate(4, 2)))
    make.receive(channel, seen)
    actions.count(workspace.pk)
    exact = queries.kpis_of(workspace, MARCH, [0, channel.pk], now=NOW)
    monkeypatch.setattr(queries, "EXACT", 0)
    counted = queries.kpis_of(workspace, MARCH, [0, channel.pk], now=NOW)
    for one in (0, channel.pk):
        assert counted[one].answered_share == exact[one].answered_share
        for name in ("first_response_median_s", "first_response_p90_s"):
            right = getattr(exact[one], name)
            assert right is not None
            assert getattr(counted[one], name) == pytest.approx(right, rel=0.011)


def test_an_answer_changes_the_day_on_which_was_asked(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace, kind="forum")
    make.receive(channel, [make.seen("ada", thread="t")])
    actions.count(workspace.pk)
    assert queries.kpis(workspace, MARCH, now=NOW).answered_share == 0
    make.receive(channel, [make.seen("bo", thread="t", minute=40 * DAY)])
    actions.count(workspace.pk)
    assert queries.kpis(workspace, MARCH, now=NOW).answered_share == 1
