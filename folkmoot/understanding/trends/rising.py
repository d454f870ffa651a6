"""What rises in a workspace: found, followed as long as it does, and told to be over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from folkmoot.lib import bulk
from folkmoot.understanding.topics.models import Topic
from folkmoot.understanding.topics.naming import usual
from folkmoot.understanding.topics.terms import LINK, TAG, TOPIC
from folkmoot.understanding.trends import counting
from folkmoot.understanding.trends.alarms import WINDOWS, Alarm, Window, alarms, is_over
from folkmoot.understanding.trends.models import HourTerms, Trend, Usual
from folkmoot.understanding.trends.rates import Baseline, cell
from folkmoot.workspaces.models import Workspace

HISTORY = timedelta(days=28)
APART = timedelta(hours=24)  # between what is usual and now, so that what rises does not make itself usual
OLD = timedelta(days=1)  # what is usual is worked out anew after that
FEWEST_DAYS = 7  # of history, below which nothing can be said to rise
FEWEST_SAID = 3  # people in all, for a term to be kept in what is usual
DRAWN = 48  # hours
HOUR = timedelta(hours=1)
LIVE = timedelta(hours=24)  # a workspace in which nothing was said for longer is looked at as of its last word


def judge(workspace_id: int, *, now: datetime) -> int:
    """Looks for what rises now, and whether what rose still does; how many trends are new.

    Call it after ``counting.count``. Where nobody spoke for a day, as in an archive, it looks at the last day in it.
    """
    with counting.turn(workspace_id):
        workspace = Workspace.objects.get(pk=workspace_id)
        latest = latest_word(workspace_id)
        if latest is None:
            return 0
        at = min(now, latest) if now - latest > LIVE else now
        baseline = _usual(workspace, at)
        if baseline is None:
            return 0
        windows = _windows(workspace, at)
        found = alarms(baseline, windows)
        _end(workspace_id, baseline, windows, {alarm.term for alarm in found}, now=at)
        return _keep(workspace, found, at)


def latest_word(workspace_id: int) -> datetime | None:
    """When somebody said something last."""
    rows = bulk.fetch(
        "SELECT at FROM conversations_message WHERE workspace_id = %s::bigint ORDER BY at DESC, id DESC LIMIT 1",
        [workspace_id],
    )
    return rows[0][0] if rows else None


def _usual(workspace: Workspace, at: datetime) -> Baseline | None:
    """What is usual, from the four weeks that end a day ago; None where there is too little to go by."""
    until = counting.hour_of(at) - APART
    stored = Usual.objects.filter(workspace=workspace).first()
    if stored and timedelta(0) <= until - stored.until < OLD:
        return Baseline(stored.cells[0], stored.cells[1], stored.terms)
    baseline, days = Baseline(), set()
    for hour in HourTerms.objects.filter(workspace=workspace, hour__gte=until - HISTORY, hour__lt=until).iterator(100):
        baseline.add(cell(hour.hour, workspace.zone), hour.people, hour.terms)
        days.add(hour.hour.date())
    if len(days) < FEWEST_DAYS:
        return None
    kept = baseline.without_rare(FEWEST_SAID)
    Usual.objects.update_or_create(
        workspace=workspace, defaults={"until": until, "cells": [kept.people, kept.squares], "terms": kept.terms}
    )
    return kept


def _windows(workspace: Workspace, at: datetime) -> list[Window]:
    return [_recent(workspace, at, WINDOWS[0]), *(_hours(workspace, at, length) for length in WINDOWS[1:])]


def _recent(workspace: Workspace, at: datetime, length: timedelta) -> Window:
    """Counted from the messages themselves: hours are too coarse for it."""
    said = counting.said_between(workspace.pk, at - length, at + timedelta(seconds=1))
    return Window(length, {cell(at, workspace.zone): len(said.speakers)}, said.counts())


def _hours(workspace: Workspace, at: datetime, length: timedelta) -> Window:
    since = counting.hour_of(at) - length + HOUR
    spoke, said = Counter[int](), Counter[str]()
    for hour in HourTerms.objects.filter(workspace=workspace, hour__gte=since, hour__lte=at):
        spoke[cell(hour.hour, workspace.zone)] += hour.people
        said.update(hour.terms)
    return Window(length, dict(spoke), said)


def _end(workspace_id: int, baseline: Baseline, windows: Sequence[Window], rising: set[str], *, now: datetime) -> None:
    by_length = {int(window.length.total_seconds() // 60): window for window in windows}
    for trend in Trend.objects.filter(workspace=workspace_id, over_at=None).exclude(term__in=rising):
        window = by_length[trend.window_minutes]
        if is_over(baseline.expected(trend.term, window.spoke), window.terms.get(trend.term, 0)):
            trend.over_at = now
            trend.save(update_fields=["over_at"])


def _keep(workspace: Workspace, found: Sequence[Alarm], at: datetime) -> int:
    if not found:
        return 0
    wanted = {alarm.term for alarm in found}
    longest = max(alarm.window for alarm in found)
    places = counting.where(workspace.pk, at - longest, at + timedelta(seconds=1), wanted)
    hours = _drawn(workspace.pk, wanted, at)
    there = {trend.term: trend for trend in Trend.objects.filter(workspace=workspace, over_at=None, term__in=wanted)}
    new = 0
    for alarm in found:
        trend = there.get(alarm.term)
        if trend is None:
            new += 1
            kind, name = label(alarm.term, places[alarm.term]["written"])
            trend = Trend(workspace=workspace, kind=kind, term=alarm.term, label=name[:200], found_at=at)
            trend.since = _since(hours[alarm.term], alarm, at)
        _describe(trend, alarm, places[alarm.term]["channels"], hours[alarm.term], at)
        trend.save()
    return new


def _describe(trend: Trend, alarm: Alarm, channels: Mapping[str, int], hours: Sequence[int], at: datetime) -> None:
    """A trend as it was when it was clearest, and as it is drawn now."""
    trend.seen_at, trend.hours = at, list(hours)
    if trend.pk is None or alarm.chance <= trend.chance:
        trend.window_minutes = int(alarm.window.total_seconds() // 60)
        trend.people, trend.usual, trend.chance = alarm.people, alarm.usual, alarm.chance
        trend.channels = dict(channels)


def _drawn(workspace_id: int, wanted: set[str], at: datetime) -> dict[str, list[int]]:
    first = counting.hour_of(at) - (DRAWN - 1) * HOUR
    drawn = {term: [0] * DRAWN for term in wanted}
    for hour in HourTerms.objects.filter(workspace=workspace_id, hour__gte=first, hour__lte=at):
        place = int((hour.hour - first) / HOUR)
        for term in wanted & hour.terms.keys():
            drawn[term][place] = hour.terms[term]
    return drawn


def _since(hours: Sequence[int], alarm: Alarm, at: datetime) -> datetime:
    """The first of the hours up to now in which more than usual said it, with a gap of at most two hours."""
    usual_an_hour = alarm.usual / max(alarm.window / HOUR, 1.0)
    first, quiet = len(hours) - 1, 0
    for place in range(len(hours) - 1, -1, -1):
        if hours[place] > 2 * usual_an_hour and hours[place]:
            first, quiet = place, 0
        else:
            quiet += 1
        if quiet > 2:
            break
    return counting.hour_of(at) - (len(hours) - 1 - first) * HOUR


def label(term: str, written: Mapping[str, int]) -> tuple[str, str]:
    """The kind of a term, and what people see of it."""
    if term[0] == TOPIC:
        topic = Topic.objects.filter(pk=int(term[1:])).first()
        return Trend.Kind.TOPIC, str(topic or term)
    if term[0] == TAG:
        return Trend.Kind.TAG, usual(term, written)
    if term[0] == LINK:
        return Trend.Kind.LINK, term[1:]
    return Trend.Kind.WORD, usual(term, written)
