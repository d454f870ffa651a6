from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from folkmoot.analytics import queries, readings
from folkmoot.analytics.models import DayCount
from folkmoot.analytics.queries import ALL_CHANNELS, Kpis, Period
from folkmoot.analytics.readings import Moods, together
from folkmoot.channels.models import Channel
from folkmoot.members.models import Member
from folkmoot.web.numbers.figures import change, decimal, difference, duration, number, percent, share
from folkmoot.web.numbers.forms import PeriodForm
from folkmoot.web.request import Request, in_workspace
from folkmoot.workspaces.models import Rank

WEEKLY_FROM = 190
PEOPLE = 60


@dataclass(frozen=True, slots=True)
class Tile:
    """A number, what it is called, how it is worked out, what is behind it, and how it changed."""

    name: str
    value: str
    formula: str
    url: str
    change: str


@dataclass(frozen=True, slots=True)
class Line:
    """A channel in the table."""

    name: str
    url: str
    kpis: Kpis


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page of numbers is asked for."""

    form: PeriodForm
    period: Period
    first: date | None
    now: datetime


def _asked(request: Request) -> Asked:
    now = timezone.now()
    form = PeriodForm(request.GET, role=request.role)
    first = queries.first_day(request.workspace)
    period = form.chosen(today=now.astimezone(request.workspace.zone).date(), first=first)
    return Asked(form, period, first, now)


@require_GET
@in_workspace(Rank.ANALYST)
def numbers(request: Request) -> HttpResponse:
    asked = _asked(request)
    channel_id = _channel(request, asked.form)
    kpis, was = (
        queries.kpis(request.workspace, period, now=asked.now, channel_id=channel_id)
        for period in (asked.period, asked.period.previous)
    )
    moods = readings.series(request.workspace, asked.period.first, asked.period.until, channel_id)
    points = _points(queries.series(request.workspace, asked.period, channel_id), moods)
    context = {
        "title": _("Numbers"),
        "lead": _period_words(request, asked.period),
        "form": asked.form,
        "empty": asked.first is None,
        "tabs": _tabs(request),
        "tiles": _tiles(request, asked.period, channel_id, kpis, was),
        "charts": _charts(points),
        "table": points[::-1],
    }
    return render(request, "numbers/numbers.html", context)


@require_GET
@in_workspace(Rank.ANALYST)
def channels(request: Request) -> HttpResponse:
    """The same numbers of every channel, beside each other."""
    asked = _asked(request)
    shown = [channel.pk for channel in asked.form.channels]
    kpis = queries.kpis_of(request.workspace, asked.period, shown, now=asked.now)
    context = {
        "title": _("Numbers"),
        "lead": _period_words(request, asked.period),
        "form": asked.form,
        "empty": asked.first is None,
        "tabs": _tabs(request),
        "lines": _lines(request, asked.period, asked.form.channels, kpis),
    }
    return render(request, "numbers/channels.html", context)


def _tabs(request: Request) -> list[tuple[Any, str, bool]]:
    """Each with its address for the period in sight, and whether it is the one that is open."""
    here = request.resolver_match.url_name if request.resolver_match else ""
    query = request.GET.urlencode()
    return [
        (label, f"{reverse(name, args=[request.workspace.slug])}{'?' if query else ''}{query}", name == here)
        for name, label in (("kpis", _("Overview")), ("kpis-by-channel", _("By channel")))
    ]


def _channel(request: Request, form: PeriodForm) -> int:
    """The channel asked for; 0 for all, unless the role sees only some."""
    chosen = form.cleaned_data.get("channel")
    if chosen:
        return int(chosen)
    if request.role.channel_ids is None:
        return ALL_CHANNELS
    if not form.channels:
        raise Http404
    return form.channels[0].pk


def _period_words(request: Request, period: Period) -> str:
    return _("%(first)s to %(last)s, days in %(zone)s") % {
        "first": formats.date_format(period.first),
        "last": formats.date_format(period.until - timedelta(days=1)),
        "zone": request.workspace.timezone,
    }


def _tiles(request: Request, period: Period, channel_id: int, kpis: Kpis, was: Kpis) -> list[Tile]:
    said, people = _address(request, "messages", period, channel_id), _address(request, "people", period, channel_id)

    def tile(name: str, field: str, formula: str, url: str, show: Any = None) -> Tile:
        value, before = getattr(kpis, field), getattr(was, field)
        shift = difference if field == "sentiment_index" else change
        return Tile(name, (show or number)(value), formula, url, shift(value, before))

    return [
        tile(_("Messages"), "messages", _("everything that was said, by members and by us"), f"{said}&of=messages"),
        tile(_("Active members"), "active_members", _("members who wrote at least once"), f"{people}&of=active"),
        tile(_("Newcomers"), "newcomers", _("members who wrote for the first time ever"), f"{people}&of=newcomers"),
        tile(_("Active a day (DAU)"), "dau_avg", _("mean of the days"), f"{people}&of=active", decimal),
        tile(_("Active a week (WAU)"), "wau", _("in the last 7 days of the period"), f"{people}&of=week"),
        tile(_("Active a month (MAU)"), "mau", _("in the last 30 days of the period"), f"{people}&of=month"),
        tile(_("Stickiness"), "stickiness", _("mean of DAU ÷ MAU"), f"{people}&of=month", percent),
        tile(_("Reactions"), "reactions", _("given to messages"), f"{said}&of=reactions"),
        tile(_("Comments per post"), "comments_per_post", _("comments by others ÷ posts"), f"{said}&of=comments", decimal),
        tile(
            _("Answered"), "answered_share",
            _("share of what called for an answer and has one; left out: unanswered for less than a day"),
            f"{said}&of=waiting", share,
        ),
        tile(
            _("First response, median"), "first_response_median_s", _("half were answered by then; unanswered count"),
            f"{said}&of=answered", duration,
        ),
        tile(
            _("First response, 90 %"), "first_response_p90_s", _("nine in ten were answered by then"),
            f"{said}&of=answered", duration,
        ),
        tile(
            _("Sentiment index"), "sentiment_index",
            _("positive less negative ÷ both, -100 to 100; only readings that are sure"), f"{said}&of=positive", decimal,
        ),
        tile(
            _("Negative"), "negative_share", _("share of members' messages of which the mood is sure"),
            f"{said}&of=negative", share,
        ),
        tile(_("Complaints"), "complaints", _("messages of members that surely complain"), f"{said}&of=complaints"),
        tile(
            _("Share of complaints"), "complaint_share", _("of members' messages of which the intent is sure"),
            f"{said}&of=complaints", share,
        ),
    ]  # fmt: skip


def _address(request: Request, name: str, period: Period, channel_id: int) -> str:
    query = {"since": period.first.isoformat(), "until": (period.until - timedelta(days=1)).isoformat()}
    if channel_id:
        query["channel"] = str(channel_id)
    return f"{reverse(name, args=[request.workspace.slug])}?{urlencode(query)}"


def _lines(request: Request, period: Period, channels: Sequence[Channel], kpis: dict[int, Kpis]) -> list[Line]:
    here = _address(request, "kpis", period, 0)
    lines = [Line(channel.name, f"{here}&channel={channel.pk}", kpis[channel.pk]) for channel in channels]
    return sorted(lines, key=lambda line: -line.kpis.messages)


@dataclass(frozen=True, slots=True)
class Point:
    """What a chart shows of a day, or of a week of a long period."""

    label: str
    messages: int
    newcomers: int
    dau: float
    wau: int
    mau: int
    moods: Moods


def _points(days: list[DayCount], moods: dict[date, Moods]) -> list[Point]:
    step = 7 if len(days) > WEEKLY_FROM else 1
    points = []
    for start in range(0, len(days), step):
        some = days[start : start + step]
        points.append(
            Point(
                formats.date_format(some[0].day, "SHORT_DATE_FORMAT"),
                sum(day.messages for day in some),
                sum(day.newcomers for day in some),
                round(sum(day.dau for day in some) / len(some), 1),
                some[-1].wau,
                some[-1].mau,
                together(moods[day.day] for day in some if day.day in moods),
            )
        )
    return points


def _charts(points: list[Point]) -> dict[str, dict[str, Any]]:
    x = [point.label for point in points]
    return {
        "said": {
            "kind": "bar",
            "x": x,
            "label": _("Messages and newcomers over time"),
            "series": [
                {"name": _("Messages"), "data": [point.messages for point in points]},
                {"name": _("Newcomers"), "data": [point.newcomers for point in points]},
            ],
        },
        "active": {
            "kind": "line",
            "x": x,
            "label": _("Active members over time"),
            "series": [
                {"name": _("a day"), "data": [point.dau for point in points]},
                {"name": _("a week"), "data": [point.wau for point in points]},
                {"name": _("a month"), "data": [point.mau for point in points]},
            ],
        },
        "mood": {
            "kind": "line",
            "x": x,
            "label": _("Negative messages and complaints over time, percent"),
            "series": [
                {"name": _("Negative"), "data": [_percent(point.moods.negative_share) for point in points]},
                {"name": _("Complaints"), "data": [_percent(point.moods.complaint_share) for point in points]},
            ],
        },
    }


def _percent(value: float | None) -> float | None:
    return None if value is None else round(100 * value, 1)


@require_GET
@in_workspace(Rank.ANALYST)
def people(request: Request) -> HttpResponse:
    """The members behind a number."""
    of = request.GET.get("of", "active")
    titles = {
        "active": _("Active members"),
        "newcomers": _("Newcomers"),
        "week": _("Active in the last week"),
        "month": _("Active in the last month"),
    }
    if of not in titles:
        raise Http404
    asked = _asked(request)
    period, channel_id = asked.period, _channel(request, asked.form)
    page = max(int(request.GET["page"]) if request.GET.get("page", "").isdecimal() else 1, 1)
    found = queries.people(
        request.workspace, period, of, channel_id, now=asked.now, offset=(page - 1) * PEOPLE, size=PEOPLE
    )
    members = Member.objects.in_bulk([member_id for member_id, _messages in found.rows])
    here = f"{_address(request, 'people', period, channel_id)}&of={of}"
    context = {
        "title": titles[of],
        "lead": _period_words(request, period),
        "rows": [(members[member_id], count) for member_id, count in found.rows if member_id in members],
        "newer_url": f"{here}&page={page - 1}" if page > 1 else "",
        "older_url": f"{here}&page={page + 1}" if found.more else "",
    }
    return render(request, "numbers/people.html", context)
