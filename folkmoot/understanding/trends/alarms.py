"""When to say that something rises: so seldom wrong that people go on looking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from folkmoot.understanding.trends.rates import FEWEST, Baseline, Expected, Spoke

FALSE_A_WEEK = 0.5  # alarms where nothing rose, at most, on average
OVERLAP = 4.0  # askings about overlapping windows are as good as this many about windows side by side (simulated)
EVERY = timedelta(minutes=10)  # how often it is asked
WINDOWS = (timedelta(minutes=30), timedelta(hours=3), timedelta(hours=24))
A_WEEK = timedelta(days=7)
LEAST_RISE = 2.0  # times the usual
OVER_BELOW = 1.5  # times the usual: it has stopped rising
MAY_RETURN = 0.01  # or this probable by chance


@dataclass(frozen=True, slots=True)
class Window:
    """Who said what in the latest stretch of time; ``spoke`` as ``Baseline.expected`` takes it."""

    length: timedelta
    spoke: Spoke
    terms: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Alarm:
    """A term that rose; ``chance`` is the probability of that if it had not."""

    term: str
    window: timedelta
    people: int
    usual: float
    chance: float


def limit(tested: int, window: timedelta) -> float:
    """The probability below which a count in a window is an alarm.

    The alarms allowed in a week are shared out evenly over all that is tested in it (Bonferroni): every term, in every
    window, as often as the window fits into the week, times what looking more often adds.
    """
    return FALSE_A_WEEK / (OVERLAP * (A_WEEK / window) * len(WINDOWS) * max(tested, 1))


def alarms(baseline: Baseline, windows: Sequence[Window]) -> list[Alarm]:
    """What rises now, the least probable first; each term once, in the window in which it is clearest."""
    tested = len(baseline.terms | {term: [] for window in windows for term in window.terms})
    found: dict[str, tuple[float, Alarm]] = {}
    for window in windows:
        bound = limit(tested, window.length)
        for term, people in window.terms.items():
            if people < FEWEST:
                continue
            expected = baseline.expected(term, window.spoke)
            if people < LEAST_RISE * expected.people:
                continue
            chance = expected.chance(people)
            clear = chance / bound
            if clear <= 1 and (term not in found or clear < found[term][0]):
                found[term] = clear, Alarm(term, window.length, people, expected.people, chance)
    return [alarm for _clear, alarm in sorted(found.values(), key=lambda entry: (entry[0], entry[1].term))]


def is_over(expected: Expected, people: int) -> bool:
    """Whether a term that rose no longer stands out."""
    return people < OVER_BELOW * expected.people or expected.chance(people) > MAY_RETURN
