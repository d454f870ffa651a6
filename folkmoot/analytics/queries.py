"""The first numbers, by the definitions of docs/reference/kpis.md."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import expm1
from struct import iter_unpack

from django.db.models import QuerySet, Sum

from folkmoot.analytics import readings
from folkmoot.analytics.actions import STEP
from folkmoot.analytics.models import AskDay, DayCount
from folkmoot.analytics.readings import Moods
from folkmoot.analytics.survival import quantile
from folkmoot.lib import bulk
from folkmoot.workspaces.models import Workspace

ALL_CHANNELS = 0
ANSWER_GRACE = timedelta(hours=24)
EXACT = 20_000
PAUSE = 30


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days of the workspace's time zone, from ``first`` up to but without ``until``."""

    first: date
    until: date

    def __post_init__(self) -> None:
        if self.until <= self.first:
            raise ValueError("a period ends after it begins")

    @property
    def days(self) -> int:
        return (self.until - self.first).days

    @property
    def previous(self) -> Period:
        """As many days just before it."""
        return Period(self.first - timedelta(days=self.days), self.first)

    def bounds(self, workspace: Workspace) -> tuple[datetime, datetime]:
        zone = workspace.zone
        return datetime.combine(self.first, time(), zone), datetime.combine(self.until, time(), zone)

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range(self.days))


@dataclass(frozen=True, slots=True)
class Kpis:
    """The numbers of a period; None where there is nothing to tell from. Shares are 0 to 1, ``stickiness`` percent."""

    messages: int
    active_members: int
    newcomers: int
    dau_avg: float
    wau: int
    mau: int
    stickiness: float | None
    reactions: int
    comments_per_post: float | None
    answered_share: float | None
    first_response_median_s: float | None
    first_response_p90_s: float | None
    sentiment_index: float | None
    negative_share: float | None
    complaints: int | None
    complaint_share: float | None


@dataclass(frozen=True, slots=True)
class Response:
    """How messages that call for an answer fared. ``asks`` leaves out those too fresh to be held against anybody."""

    asks: int
    answered: int
    median_s: float | None
    p90_s: float | None

    @property
    def share(self) -> float | None:
        return self.answered / self.asks if self.asks else None


def kpis(workspace: Workspace, period: Period, *, now: datetime, channel_id: int = ALL_CHANNELS) -> Kpis:
    """The first numbers of a period in one channel or all. Counts must have been brought up to date."""
    return kpis_of(workspace, period, [channel_id], now=now)[channel_id]


def kpis_of(workspace: Workspace, period: Period, channel_ids: Collection[int], *, now: datetime) -> dict[int, Kpis]:
    """The same for several channels at once; ``ALL_CHANNELS`` is one of them if wanted.

    Sums run over the whole period; averages over its days up to today.
    """
    reached = max(min(period.until, now.astimezone(workspace.zone).date() + timedelta(days=1)), period.first)
    passed = max((reached - period.first).days, 1)
    sums = _sums(workspace, period, channel_ids, reached)
    active = active_members(workspace, period, channel_ids)
    rolling = _rolling(workspace, reached - timedelta(days=1), channel_ids)
    answers = responses(workspace, period, channel_ids, now=now)
    moods = readings.sums(workspace, period.first, period.until, channel_ids)
    return {
        one: _put_together(
            sums.get(one, Sums()), active[one], rolling.get(one, (0, 0)), passed, answers[one], moods.get(one, Moods())
        )
        for one in channel_ids
    }


def _rolling(workspace: Workspace, day: date, channel_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """WAU and MAU on a day."""
    rows = DayCount.objects.filter(workspace=workspace, channel_id__in=channel_ids, day=day)
    return {row.channel_id: (row.wau, row.mau) for row in rows}


@dataclass(frozen=True, slots=True)
class Sums:
    """What adds up over days; ``stickiness`` is the mean of DAU ÷ MAU over the days that have a MAU."""

    messages: int = 0
    posts: int = 0
    comments: int = 0
    reactions: int = 0
    newcomers: int = 0
    dau: int = 0
    stickiness: float | None = None


def _put_together(
    sums: Sums, active: int, rolling: tuple[int, int], days: int, response: Response, moods: Moods
) -> Kpis:
    return Kpis(
        messages=sums.messages,
        active_members=active,
        newcomers=sums.newcomers,
        dau_avg=sums.dau / days,
        wau=rolling[0],
        mau=rolling[1],
        stickiness=None if sums.stickiness is None else 100 * sums.stickiness,
        reactions=sums.reactions,
        comments_per_post=sums.comments / sums.posts if sums.posts else None,
        answered_share=response.share,
        first_response_median_s=response.median_s,
        first_response_p90_s=response.p90_s,
        sentiment_index=moods.index,
        negative_share=moods.negative_share,
        complaints=moods.complaints if moods.intents else None,
        complaint_share=moods.complaint_share,
    )


def _sums(workspace: Workspace, period: Period, channel_ids: Collection[int], reached: date) -> dict[int, Sums]:
    rows = bulk.fetch(
        "SELECT channel_id, sum(messages)::bigint, sum(posts)::bigint, sum(comments)::bigint, sum(reactions)::bigint,"
        " sum(newcomers)::bigint, sum(dau)::bigint,"
        " avg(dau::float8 / mau) FILTER (WHERE mau > 0 AND day < %(reached)s)"
        " FROM analytics_daycount WHERE workspace_id = %(workspace)s AND channel_id = ANY(%(channels)s)"
        " AND day >= %(first)s AND day < %(until)s GROUP BY channel_id",
        {
            "workspace": workspace.pk,
            "channels": list(channel_ids),
            "first": period.first,
            "until": period.until,
            "reached": reached,
        },
    )
    return {channel_id: Sums(*sums) for channel_id, *sums in rows}


def series(workspace: Workspace, period: Period, channel_id: int = ALL_CHANNELS) -> list[DayCount]:
    """One row per day of the period, with zeros on days on which nothing happened."""
    rows = DayCount.objects.filter(
        workspace=workspace, channel_id=channel_id, day__gte=period.first, day__lt=period.until
    )
    counted = {row.day: row for row in rows}
    return [counted.get(day) or DayCount(workspace=workspace, channel_id=channel_id, day=day) for day in period]


def active_members(workspace: Workspace, period: Period, channel_ids: Collection[int]) -> dict[int, int]:
    """Members who wrote in the period: those who wrote for the first time ever in it, and those who had before.

    Of the latter, each has exactly one day in or after the period whose active day before lies before it; most such
    days are near its beginning, the others follow a pause of over ``PAUSE`` days and have an index of their own.
    """
    facts = {
        "workspace": workspace.pk,
        "channels": list(channel_ids),
        "first": period.first,
        "near": min(period.first + timedelta(days=PAUSE), period.until),
        "until": period.until,
    }
    return dict.fromkeys(channel_ids, 0) | {one: int(number) for one, number in bulk.fetch(_ACTIVE, facts)}


_ACTIVE = """
SELECT channel_id, sum(n) FROM (
    SELECT channel_id, sum(newcomers) AS n FROM analytics_daycount
    WHERE workspace_id = %(workspace)s AND channel_id = ANY(%(channels)b::bigint[])
      AND day >= %(first)s AND day < %(until)s
    GROUP BY 1
    UNION ALL
    SELECT channel_id, count(*) FROM analytics_memberday
    WHERE workspace_id = %(workspace)s AND channel_id = ANY(%(channels)b::bigint[])
      AND day >= %(first)s AND day < %(near)s AND before < %(first)s
    GROUP BY 1
    UNION ALL
    SELECT channel_id, count(*) FROM analytics_memberday
    WHERE workspace_id = %(workspace)s AND channel_id = ANY(%(channels)b::bigint[])
      AND day >= %(near)s AND day < %(until)s AND before < %(first)s AND day - before > 30
    GROUP BY 1
) parts GROUP BY 1
"""


def responses(
    workspace: Workspace, period: Period, channel_ids: Collection[int], *, now: datetime
) -> dict[int, Response]:
    """Asks raised in the period, as they stand at ``now``: an answer counts whenever it came.

    The share leaves out unanswered asks younger than ``ANSWER_GRACE``; the times count them as still waiting. Times
    are exact up to ``EXACT`` asks in the period; above that they are within 1 %, from counts made ahead, and the
    unanswered of a day count as asked at its noon.
    """
    totals = _ask_totals(workspace, period, channel_ids)
    if sum(asks for asks, _answered in totals.values()) <= EXACT:
        times = _exact_times(workspace, period, channel_ids, now=now)
    else:
        times = _counted_times(workspace, period, channel_ids, now=now)
    fresh = _fresh(workspace, period, now=now)
    return {
        one: _response(totals.get(one, (0, 0)), fresh.get(one, 0), times.get(one, Times({}, {}))) for one in channel_ids
    }


@dataclass(frozen=True, slots=True)
class Times:
    """How many waited for how many seconds until their answer, and how many wait for how long now."""

    answered: dict[float, int]
    waiting: dict[float, int]


def _response(totals: tuple[int, int], fresh: int, times: Times) -> Response:
    asks, answered = totals
    return Response(
        asks=asks - fresh,
        answered=answered,
        median_s=quantile(times.answered, times.waiting, 0.5),
        p90_s=quantile(times.answered, times.waiting, 0.9),
    )


def _ask_days(workspace: Workspace, period: Period, channel_ids: Collection[int]) -> QuerySet[AskDay]:
    return AskDay.objects.filter(
        workspace=workspace, channel_id__in=channel_ids, day__gte=period.first, day__lt=period.until
    )


def _ask_totals(workspace: Workspace, period: Period, channel_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    rows = _ask_days(workspace, period, channel_ids).values_list("channel_id").annotate(Sum("asks"), Sum("answered"))
    return {channel_id: (asks, answered) for channel_id, asks, answered in rows}


def _fresh(workspace: Workspace, period: Period, *, now: datetime) -> dict[int, int]:
    """Unanswered asks too young to be held against anybody, by channel and in all."""
    first, until = period.bounds(workspace)
    rows = bulk.fetch(
        "SELECT coalesce(channel_id, 0), count(*) FROM conversations_ask WHERE workspace_id = %s AND asked_at >= %s"
        " AND asked_at < %s AND answered_at IS NULL GROUP BY GROUPING SETS ((channel_id), ())",
        [workspace.pk, max(first, now - ANSWER_GRACE), until],
    )
    return dict(rows)


def _exact_times(
    workspace: Workspace, period: Period, channel_ids: Collection[int], *, now: datetime
) -> dict[int, Times]:
    first, until = period.bounds(workspace)
    rows = bulk.fetch(
        "SELECT channel_id, extract(epoch FROM answered_at - asked_at)::float8,"
        " extract(epoch FROM %s::timestamptz - asked_at)::float8"
        " FROM conversations_ask WHERE workspace_id = %s AND asked_at >= %s AND asked_at < %s"
        " AND (%s::bool OR channel_id = ANY(%b::bigint[]))",
        [now, workspace.pk, first, until, ALL_CHANNELS in channel_ids, list(channel_ids)],
    )
    found: dict[int, Times] = defaultdict(lambda: Times({}, {}))
    for channel_id, took, age in rows:
        for one in (channel_id, ALL_CHANNELS):
            counts, time = (found[one].waiting, age) if took is None else (found[one].answered, took)
            counts[time] = counts.get(time, 0) + 1
    return found


def _counted_times(
    workspace: Workspace, period: Period, channel_ids: Collection[int], *, now: datetime
) -> dict[int, Times]:
    found: dict[int, Times] = defaultdict(lambda: Times({}, {}))
    rows = _ask_days(workspace, period, channel_ids).values_list("channel_id", "day", "asks", "answered", "steps")
    steps: dict[int, Counter[int]] = defaultdict(Counter)
    for channel_id, day, asks, answered, packed in rows:
        noon = datetime.combine(day, time(12), workspace.zone)
        if asks > answered:
            found[channel_id].waiting[max((now - noon).total_seconds(), 0.0)] = asks - answered
        counts = steps[channel_id]
        for step, number in iter_unpack(">hi", packed):
            counts[step] += number
    for channel_id, counts in steps.items():
        found[channel_id].answered.update((expm1(step * STEP), number) for step, number in counts.items())
    return found


def first_day(workspace: Workspace) -> date | None:
    """The first day on which anything was counted."""
    return (
        DayCount.objects.filter(workspace=workspace, channel_id=ALL_CHANNELS)
        .order_by("day")
        .values_list("day", flat=True)
        .first()
    )


@dataclass(frozen=True, slots=True)
class People:
    """Members and how many messages each wrote in the period, the busiest first; whether there are ``more``."""

    rows: list[tuple[int, int]]
    more: bool


def people(
    workspace: Workspace, period: Period, of: str, channel_id: int, *, now: datetime, offset: int, size: int
) -> People:
    """Who stands behind a number: ``of`` is active, newcomers, or active in the last week or month of the period."""
    reached = max(min(period.until, now.astimezone(workspace.zone).date() + timedelta(days=1)), period.first)
    length = {"week": 7, "month": 30}.get(of)
    first = reached - timedelta(days=length) if length else period.first
    newcomers = " HAVING bool_or(before IS NULL)" if of == "newcomers" else ""
    rows = bulk.fetch(
        "SELECT member_id, sum(messages)::bigint FROM analytics_memberday WHERE workspace_id = %(workspace)s"
        " AND channel_id = %(channel)s AND day >= %(first)s AND day < %(until)s GROUP BY member_id"
        f"{newcomers} ORDER BY 2 DESC, 1 LIMIT %(size)s OFFSET %(offset)s",
        {
            "workspace": workspace.pk,
            "channel": channel_id,
            "first": first,
            "until": period.until,
            "size": size + 1,
            "offset": offset,
        },
    )
    return People([(member_id, count) for member_id, count in rows[:size]], len(rows) > size)
