"""Reads of trends, within the channels that a role may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q

from folkmoot.understanding.topics.models import TopicCount
from folkmoot.understanding.topics.queries import family
from folkmoot.understanding.topics.terms import TOPIC
from folkmoot.understanding.trends import counting
from folkmoot.understanding.trends.bursts import Burst, bursts
from folkmoot.understanding.trends.models import Trend
from folkmoot.workspaces.models import Role

SHOWN = timedelta(days=90)
MOST = 60
TIMELINE = timedelta(days=365)
MINUTES_A_YEAR = 365 * 24 * 60


@dataclass(frozen=True, slots=True)
class Rise:
    """A trend as a role sees it: ``people`` are those in the channels it may see; ``times`` is how much more than usual.

    ``years`` is how many years would pass until so much came about by chance. ``whole``: the role sees all channels.
    """

    trend: Trend
    people: int
    times: float
    years: float
    whole: bool

    @property
    def whole_years(self) -> int:
        return int(min(self.years, 1e6))


@dataclass(frozen=True, slots=True)
class Timeline:
    """Day by day how many people said something, and the stretches in which it was far more than usual."""

    days: list[date]
    people: list[int]
    bursts: list[Burst]


def rises(role: Role, *, now: datetime) -> tuple[list[Rise], list[Rise]]:
    """What rises, the least likely to be chance first; and what rose in the last three months, the latest first."""
    rows = Trend.objects.filter(workspace=role.workspace_id)
    latest = rows.order_by("-seen_at").values_list("seen_at", flat=True).first()
    since = min(now, latest or now) - SHOWN
    rows = rows.filter(Q(over_at=None) | Q(seen_at__gte=since)).order_by("-seen_at", "-id")[: MOST * 2]
    seen = [rise for trend in rows if (rise := _seen(role, trend))]
    rising = sorted((rise for rise in seen if rise.trend.over_at is None), key=lambda rise: -rise.years)
    return rising, [rise for rise in seen if rise.trend.over_at is not None][:MOST]


def rise(role: Role, pk: int) -> Rise | None:
    """A trend of the role's workspace, if people in channels that it may see are behind it."""
    found = Trend.objects.filter(workspace=role.workspace_id, pk=pk).first()
    return _seen(role, found) if found else None


def timeline(trend: Trend) -> Timeline:
    """The year up to the trend."""
    rows = counting.daily(trend.workspace_id, trend.term, (trend.seen_at - TIMELINE).date())
    people = [number for _day, number, _spoke in rows]
    found = bursts(people, [spoke for _day, _number, spoke in rows])
    return Timeline([day for day, _number, _spoke in rows], people, found)


def _seen(role: Role, trend: Trend) -> Rise | None:
    whole = role.channel_ids is None
    seen = {int(channel): people for channel, people in trend.channels.items() if role.sees_channel(int(channel))}
    people = trend.people if whole else sum(seen.values())
    if not people or not (whole or _may_name(role, trend)):
        return None
    asked_a_year = MINUTES_A_YEAR / trend.window_minutes
    return Rise(trend, people, trend.people / max(trend.usual, 0.01), 1 / max(trend.chance * asked_a_year, 1e-9), whole)


def _may_name(role: Role, trend: Trend) -> bool:
    """A topic is named by words of all its conversations: it is told only to those who see some of them."""
    if trend.term[0] != TOPIC:
        return True
    counts = TopicCount.objects.filter(topic__in=family(trend.workspace_id, int(trend.term[1:])))
    return counts.filter(channel_id__in=role.channel_ids or []).exists()
