"""The first numbers, by the definitions of docs/reference/kpis.md."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from sys import byteorder

from folkmoot.analytics.models import DayCount
from folkmoot.analytics.survival import quantile
from folkmoot.lib import bulk
from folkmoot.workspaces.models import Workspace

VERSION = 1
ALL_CHANNELS = 0
ANSWER_GRACE = timedelta(hours=24)


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
    """The first numbers of a period in one channel or all.

    Sums run over the whole period; averages over its days up to today. Counts must have been brought up to date.
    """
    days = list(_days(workspace, period, channel_id))
    reached = min(period.until, now.astimezone(workspace.zone).date() + timedelta(days=1))
    posts = sum(day.posts for day in days)
    sticky = [day.dau / day.mau for day in days if day.mau and day.day < reached]
    passed = max((reached - period.first).days, 1)
    response = responses(workspace, period, now=now, channel_id=channel_id)
    return Kpis(
        messages=sum(day.messages for day in days),
        active_members=active_members(workspace, period, channel_id),
        newcomers=sum(day.newcomers for day in days),
        dau_avg=sum(day.dau for day in days) / passed,
        wau=active_members(workspace, Period(reached - timedelta(days=7), reached), channel_id),
        mau=active_members(workspace, Period(reached - timedelta(days=30), reached), channel_id),
        stickiness=100 * sum(sticky) / len(sticky) if sticky else None,
        reactions=sum(day.reactions for day in days),
        comments_per_post=sum(day.comments for day in days) / posts if posts else None,
        answered_share=response.share,
        first_response_median_s=response.median_s,
        first_response_p90_s=response.p90_s,
    )


def _days(workspace: Workspace, period: Period, channel_id: int) -> Iterator[DayCount]:
    return DayCount.objects.filter(
        workspace=workspace, channel_id=channel_id, day__gte=period.first, day__lt=period.until
    ).iterator()


def series(workspace: Workspace, period: Period, channel_id: int = ALL_CHANNELS) -> list[DayCount]:
    """One row per day of the period, with zeros on days on which nothing happened."""
    counted = {day.day: day for day in _days(workspace, period, channel_id)}
    return [counted.get(day) or DayCount(workspace=workspace, channel_id=channel_id, day=day) for day in period]


def active_members(workspace: Workspace, period: Period, channel_id: int = ALL_CHANNELS) -> int:
    """Members who wrote in the period: their first active day in it is the one with no other in it before."""
    [(number,)] = bulk.fetch(
        "SELECT count(*) FROM analytics_memberday WHERE workspace_id = %(workspace)s AND channel_id = %(channel)s"
        " AND day >= %(first)s AND day < %(until)s AND (before IS NULL OR before < %(first)s)",
        {"workspace": workspace.pk, "channel": channel_id, "first": period.first, "until": period.until},
    )
    return int(number)


def responses(workspace: Workspace, period: Period, *, now: datetime, channel_id: int = ALL_CHANNELS) -> Response:
    """Asks raised in the period, as they stand at ``now``: an answer counts whenever it came.

    The share leaves out unanswered asks younger than ``ANSWER_GRACE``; the times count them as still waiting.
    """
    first, until = period.bounds(workspace)
    [(answered, waiting)] = bulk.fetch(
        "SELECT string_agg(float8send(extract(epoch FROM answered_at - asked_at)), '')"
        " FILTER (WHERE answered_at IS NOT NULL),"
        " string_agg(float8send(extract(epoch FROM %(now)s - asked_at)), '') FILTER (WHERE answered_at IS NULL)"
        " FROM conversations_ask WHERE workspace_id = %(workspace)s AND asked_at >= %(first)s"
        " AND asked_at < %(until)s AND (%(channel)s = 0 OR channel_id = %(channel)s)",
        {"workspace": workspace.pk, "first": first, "until": until, "channel": channel_id, "now": now},
    )
    times, open_for = _floats(answered), _floats(waiting)
    overdue = sum(age >= ANSWER_GRACE.total_seconds() for age in open_for)
    return Response(
        asks=len(times) + overdue,
        answered=len(times),
        median_s=quantile(times, open_for, 0.5),
        p90_s=quantile(times, open_for, 0.9),
    )


def _floats(sent: bytes | memoryview | None) -> array[float]:
    """Numbers as PostgreSQL's float8send wrote them one after the other: a hundred thousand in a few milliseconds."""
    numbers = array("d", bytes(sent or b""))
    if byteorder == "little":
        numbers.byteswap()
    return numbers


def first_day(workspace: Workspace) -> date | None:
    """The first day on which anything was counted."""
    return (
        DayCount.objects.filter(workspace=workspace, channel_id=ALL_CHANNELS)
        .order_by("day")
        .values_list("day", flat=True)
        .first()
    )
