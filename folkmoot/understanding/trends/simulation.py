"""A community in which nothing rises, hour by hour: words as often as words are (Zipf), in clusters, with a calendar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from folkmoot.understanding.trends.alarms import EVERY, WINDOWS, Window, alarms
from folkmoot.understanding.trends.rates import Baseline, cell

BEGINS = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
SLOTS = 6  # an hour, each as long as the time between two askings
OF_HOUR = np.array([2, 1, 1, 1, 1, 2, 5, 9, 14, 18, 20, 20, 18, 17, 17, 18, 20, 22, 25, 28, 27, 22, 14, 6]) / 14.5


@dataclass
class Community:
    """``people`` speak in an average hour. ``spread`` is how clustered words are. Every tenth word has hours of its own."""

    people: float = 120.0
    words: int = 2000
    spread: float = 1.6
    seed: int = 1
    raised: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)
        ranks = np.arange(self.words)
        self.shares = 0.25 / (ranks + 4.0)
        self.names = [f"w{rank}" for rank in ranks]
        self.evening = ranks % 10 == 3
        self.weekend = ranks % 10 == 7

    def slot(self, at: datetime) -> tuple[float, np.ndarray]:
        """How many people spoke in ten minutes, and how many of them said each word."""
        weekend = at.weekday() >= 5
        people = self.people / SLOTS * OF_HOUR[at.hour] * (0.7 if weekend else 1.1)
        calendar = np.where(self.evening, 2.0 if at.hour >= 16 else 0.5, 1.0)
        calendar = calendar * np.where(self.weekend, 2.5 if weekend else 0.4, 1.0)
        mean = people * self.shares * calendar * np.array([self.raised.get(name, 1.0) for name in self.names])
        spoke = float(self.random.poisson(people))
        said = self.random.negative_binomial(mean / (self.spread - 1), 1 / self.spread)
        return spoke, said

    def hour(self, at: datetime) -> list[tuple[float, np.ndarray]]:
        return [self.slot(at + number * EVERY) for number in range(SLOTS)]

    def terms(self, said: np.ndarray) -> dict[str, int]:
        return {self.names[number]: int(said[number]) for number in np.flatnonzero(said)}


def history(community: Community, days: int = 28) -> Baseline:
    """What is usual, from the days before ``BEGINS``."""
    baseline = Baseline()
    for hour in range(days * 24):
        at = BEGINS - timedelta(days=days) + timedelta(hours=hour)
        slots = community.hour(at)
        baseline.add(
            cell(at, UTC),
            int(sum(spoke for spoke, _ in slots)),
            community.terms(np.sum([said for _, said in slots], axis=0)),
        )
    return baseline.without_rare(3)


def askings(community: Community, hours: int, begins: datetime = BEGINS) -> Iterator[tuple[datetime, list[Window]]]:
    """Every ten minutes, what was said in each window up to then."""
    past: list[tuple[datetime, float, np.ndarray]] = []
    warm = int(max(WINDOWS) / EVERY)
    for number in range(-warm, hours * SLOTS):
        at = begins + number * EVERY
        past.append((at, *community.slot(at)))
        past = past[-warm:]
        if number >= 0:
            yield at + EVERY, [_window(community, past, length) for length in WINDOWS]


def _window(community: Community, past: list[tuple[datetime, float, np.ndarray]], length: timedelta) -> Window:
    slots = past[-int(length / EVERY) :]
    spoke: Counter[int] = Counter()
    for at, people, _ in slots:
        spoke[cell(at, UTC)] += people  # type: ignore[assignment]
    counts: Mapping[int, float] = dict(spoke)
    return Window(length, counts, community.terms(np.sum([said for _, _, said in slots], axis=0)))


def false_alarms(community: Community, weeks: int = 1) -> int:
    """How many terms are said to rise in so many weeks in which nothing rises."""
    baseline = history(community)
    found = {
        (alarm.term, week)
        for number, (_at, windows) in enumerate(askings(community, weeks * 7 * 24))
        for week in [number // (7 * 24 * SLOTS)]
        for alarm in alarms(baseline, windows)
    }
    return len(found)


def delay(community: Community, an_hour: float, times: float, *, patience: timedelta = timedelta(hours=8)) -> timedelta:
    """How long it takes until a word that about ``an_hour`` people say is found that at noon is said ``times`` as often.

    ``patience`` where it is not found.
    """
    baseline = history(community)
    noon = BEGINS + timedelta(hours=12)
    plain = [rank for rank in range(community.words) if not community.evening[rank] and not community.weekend[rank]]
    rates = community.people * OF_HOUR[12] * 1.1 * community.shares
    word = community.names[min(plain, key=lambda rank: abs(rates[rank] - an_hour))]
    begun = askings(community, int(patience / timedelta(hours=1)), noon)
    next(begun)  # what was said before noon is drawn without the rise
    community.raised = {word: times}
    for at, windows in begun:
        if any(alarm.term == word for alarm in alarms(baseline, windows)):
            return at - noon - EVERY
    return patience
