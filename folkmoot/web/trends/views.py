from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from folkmoot.understanding.trends import queries
from folkmoot.understanding.trends.models import Trend, Usual
from folkmoot.understanding.trends.queries import Rise, Timeline
from folkmoot.web.request import Request, in_workspace
from folkmoot.web.trends.tabs import tabs
from folkmoot.workspaces.models import Rank

TALL, WIDE = 24, 4
SURE_YEARS = 100


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour of the small drawing: where it stands and how high, of ``TALL``."""

    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Row:
    """A trend as the list shows it; ``messages_url`` opens what was said."""

    rise: Rise
    url: str
    messages_url: str
    sure: str
    bars: list[Bar]


@require_GET
@in_workspace(Rank.ANALYST)
def trends(request: Request) -> HttpResponse:
    rising, past = queries.rises(request.role, now=timezone.now())
    usual = Usual.objects.filter(workspace=request.workspace).only("until").first()
    context = {
        "title": _("Trends"),
        "lead": _("Words, hashtags, links and topics that more people use than usual."),
        "tabs": tabs(request),
        "rising": [_row(request, rise) for rise in rising],
        "past": [_row(request, rise) for rise in past],
        "ready": usual is not None,
        "as_of": max((rise.trend.seen_at for rise in rising), default=None),
    }
    return render(request, "trends/trends.html", context)


@require_GET
@in_workspace(Rank.ANALYST)
def trend(request: Request, pk: int) -> HttpResponse:
    rise = queries.rise(request.role, pk)
    if rise is None:
        raise Http404
    context = {
        "title": rise.trend.label,
        "crumbs": [(_("Trends"), reverse("trends", args=[request.workspace.slug]))],
        "row": _row(request, rise),
        "figures": None,
    }
    if rise.whole:
        line = queries.timeline(rise.trend)
        context |= {"figures": _figures(rise, line), "bursts": _bursts(line)}
    return render(request, "trends/trend.html", context)


def _row(request: Request, rise: Rise) -> Row:
    trend = rise.trend
    return Row(
        rise,
        reverse("trend", args=[request.workspace.slug, trend.pk]),
        _messages(request, trend),
        _sure(rise.years),
        _bars(trend.hours) if rise.whole else [],
    )


def _messages(request: Request, trend: Trend) -> str:
    """The inbox, narrowed to what is behind the trend."""
    zone = request.workspace.zone
    days = {
        "since": trend.since.astimezone(zone).date().isoformat(),
        "until": (trend.over_at or trend.seen_at).astimezone(zone).date().isoformat(),
    }
    if trend.kind == Trend.Kind.TOPIC:
        return f"{reverse('inbox', args=[request.workspace.slug])}?{urlencode({'topic': trend.term[1:], **days})}"
    words = f'"{trend.label}"' if trend.kind == Trend.Kind.LINK else trend.label
    return f"{reverse('inbox', args=[request.workspace.slug])}?{urlencode({'q': words, **days})}"


def _sure(years: float) -> str:
    """How seldom so much comes about by chance, in words."""
    if years >= SURE_YEARS:
        return _("very sure")
    if years >= 1:
        return _("sure")
    return _("likely")


def _bars(hours: list[int]) -> list[Bar]:
    most = max(hours, default=0)
    if not most:
        return []
    return [
        Bar(place * WIDE, TALL - height, height)
        for place, number in enumerate(hours)
        if (height := max(round(TALL * number / most), 1) if number else 0)
    ]


def _figures(rise: Rise, line: Timeline) -> dict[str, Any] | None:
    if not line.days:
        return None
    labels = [formats.date_format(day, "SHORT_DATE_FORMAT") for day in line.days]
    return {
        "kind": "bar",
        "x": labels,
        "series": [{"name": _("People"), "data": line.people}],
        "marks": [{"at": labels[burst.first], "label": _("burst")} for burst in line.bursts],
        "label": _("How many people used “%(term)s” each day") % {"term": rise.trend.label},
    }


def _bursts(line: Timeline) -> list[tuple[date, date, int]]:
    """The bursts, the latest first: first and last day, and how many people in them."""
    return [
        (line.days[burst.first], line.days[burst.last], sum(line.people[burst.first : burst.last + 1]))
        for burst in reversed(line.bursts)
    ]
