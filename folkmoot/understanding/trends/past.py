"""What rose in days gone by: looked for when an archive was read, a day at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from folkmoot.understanding.trends import counting
from folkmoot.understanding.trends.alarms import Alarm, Window, alarms
from folkmoot.understanding.trends.models import DayTerms, Trend
from folkmoot.understanding.trends.rates import BLOCKS, Baseline
from folkmoot.understanding.trends.rising import FEWEST_DAYS, FEWEST_SAID, label

REACH = timedelta(days=180)  # back from the latest day
HISTORY = 28  # days
DAY = timedelta(days=1)
WEEK = timedelta(days=7)  # what is said in neighbouring days of a week is one trend
MOST_A_DAY = 8  # the clearest


def look_back(workspace_id: int) -> int:
    """Finds what rose on past days and is not known of; how many trends that gave.

    A day is compared with the four weeks before the day before it. The last day is left to ``rising.judge``.
    """
    with counting.turn(workspace_id):
        days = DayTerms.objects.filter(workspace=workspace_id).order_by("day")
        last = days.values_list("day", flat=True).last()
        if last is None:
            return 0
        baseline, new = Baseline(), 0
        history, waiting = deque[DayTerms](), deque[DayTerms]()
        for day in days.filter(day__gte=last - REACH, day__lt=last).iterator(50):
            while waiting and waiting[0].day < day.day - DAY:
                history.append(waiting.popleft())
                baseline.add(_kind(history[-1].day), history[-1].people, history[-1].terms)
            while history and history[0].day < day.day - (HISTORY + 1) * DAY:
                gone = history.popleft()
                baseline.take_out(_kind(gone.day), gone.people, gone.terms)
            if len(history) >= FEWEST_DAYS:
                new += _rose(workspace_id, day, baseline)
            waiting.append(day)
    return new


def _kind(day: date) -> int:
    """Days are counted whole: only the kind of day tells them apart."""
    return BLOCKS if day.weekday() >= 5 else 0


def _rose(workspace_id: int, day: DayTerms, baseline: Baseline) -> int:
    window = Window(DAY, {_kind(day.day): day.people}, day.terms)
    found = alarms(baseline.without_rare(FEWEST_SAID), [window])[:MOST_A_DAY]
    if not found:
        return 0
    begins = datetime.combine(day.day, time(), UTC)
    places = counting.where(workspace_id, begins, begins + DAY, {alarm.term for alarm in found})
    known = {
        trend.term: trend
        for trend in Trend.objects.filter(workspace=workspace_id, term__in=places, seen_at__gte=begins - WEEK)
    }
    for alarm in found:
        trend = known.get(alarm.term)
        if trend is None:
            _add(workspace_id, alarm, places[alarm.term], begins)
        elif trend.over_at is not None and trend.seen_at < begins + DAY:
            _extend(trend, alarm, places[alarm.term]["channels"], begins)
    return len({alarm.term for alarm in found} - known.keys())


def _add(workspace_id: int, alarm: Alarm, place: Mapping[str, Mapping[str, int]], begins: datetime) -> None:
    kind, name = label(alarm.term, place["written"])
    Trend.objects.create(
        workspace_id=workspace_id,
        kind=kind,
        term=alarm.term,
        label=name[:200],
        since=begins,
        found_at=begins + DAY,
        seen_at=begins + DAY,
        over_at=begins + DAY,
        window_minutes=int(DAY.total_seconds() // 60),
        people=alarm.people,
        usual=alarm.usual,
        chance=alarm.chance,
        channels=dict(place["channels"]),
    )


def _extend(trend: Trend, alarm: Alarm, channels: Mapping[str, int], begins: datetime) -> None:
    trend.seen_at = trend.over_at = begins + DAY
    if alarm.chance < trend.chance:
        trend.people, trend.usual, trend.chance = alarm.people, alarm.usual, alarm.chance
        trend.channels = dict(channels)
    trend.save()
