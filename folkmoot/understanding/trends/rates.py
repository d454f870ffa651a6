"""Whether more people say something than usual: how many to expect, and how probable so many are by chance.

What is counted is people in an hour, each once. The rate of a term is its share among the people who spoke, by hour
of the day and kind of day, so that a busy evening makes nothing rise. People who say a term come in clusters (one
conversation): the count is taken as a Poisson number of clusters whose sizes are logarithmic, which is a negative
binomial distribution with variance D times the mean. D is measured from the history of the term and of all terms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from math import sqrt

from scipy.stats import nbinom, poisson

BLOCKS = 6  # of four hours each
CELLS = 2 * BLOCKS  # blocks of a working day, then of a Saturday or Sunday
UNSEEN = 6.0  # people: what is assumed of a term that was never said, and added to all others
CAUTION = 1.5  # standard deviations by which a term is taken to be more usual than it was seen to be
SHRINK = 10.0  # people: how firmly a term's share in a cell is drawn to its share overall
SHRINK_SPREAD = 30.0  # people: how firmly a term's dispersion is drawn to that of all terms
LEAST_SPREAD, USUAL_SPREAD, MOST_SPREAD = 1.1, 1.5, 20.0
FEWEST = 5  # people, below which nothing is said to rise

Spoke = Mapping[int, float]
Term = Sequence[int]  # people in each cell, then the sum of x (x - 1) over hours


def cell(at: datetime, zone: tzinfo) -> int:
    """The kind of hour that a moment lies in."""
    local = at.astimezone(zone)
    return local.hour // 4 + (BLOCKS if local.weekday() >= 5 else 0)


@dataclass(frozen=True, slots=True)
class Expected:
    """How many people are expected to say a term, and the variance as a multiple of that."""

    people: float
    spread: float

    def chance(self, people: int) -> float:
        """The probability that as many or more say it though nothing rose."""
        if people <= 0:
            return 1.0
        if self.spread <= 1.001:
            return float(poisson.sf(people - 1, self.people))
        return float(nbinom.sf(people - 1, self.people / (self.spread - 1), 1 / self.spread))


@dataclass(slots=True)
class Baseline:
    """What is usual. ``people`` and ``squares`` are sums of the hours' people and of their squares, by cell."""

    people: list[float] = field(default_factory=lambda: [0.0] * CELLS)
    squares: list[float] = field(default_factory=lambda: [0.0] * CELLS)
    terms: dict[str, list[int]] = field(default_factory=dict)
    _spread: float | None = None

    def add(self, kind: int, people: int, terms: Mapping[str, int]) -> None:
        """Counts an hour of the kind ``kind`` in."""
        self._count(kind, people, terms, 1)

    def take_out(self, kind: int, people: int, terms: Mapping[str, int]) -> None:
        """Takes an hour out again that was counted in."""
        self._count(kind, people, terms, -1)

    def _count(self, kind: int, people: int, terms: Mapping[str, int], sign: int) -> None:
        self.people[kind] += sign * people
        self.squares[kind] += sign * people * people
        for term, count in terms.items():
            row = self.terms.get(term)
            if row is None:
                row = self.terms[term] = [0] * (CELLS + 1)
            row[kind] += sign * count
            row[CELLS] += sign * count * (count - 1)

    def without_rare(self, fewest: int) -> Baseline:
        """The same without terms that fewer people said in all: for them the prior will do."""
        kept = {term: row for term, row in self.terms.items() if sum(row[:CELLS]) >= fewest}
        return Baseline(self.people, self.squares, kept)

    def expected(self, term: str, spoke: Spoke) -> Expected:
        """For a window, given as how many people spoke in it by kind of hour.

        The less is known of a term, the more of it is expected: among thousands of rare terms there are always some
        that happened to be said less than they usually are.
        """
        row = self.terms.get(term)
        total = max(sum(self.people), 1.0)
        said = sum(row[:CELLS]) if row else 0
        overall = (said + CAUTION * sqrt(said) + UNSEEN) / total
        people = max(sum(count * self._share(row, overall, kind) for kind, count in spoke.items()), 1e-9)
        return Expected(people, self._spread_of(row, overall, said))

    def _share(self, row: Term | None, overall: float, kind: int) -> float:
        """The term's share in a cell, drawn to its share overall where little was said (gamma prior)."""
        said = row[kind] if row else 0
        return (said + SHRINK) / (self.people[kind] + SHRINK / overall)

    def _spread_of(self, row: Term | None, overall: float, said: int) -> float:
        if row is None:
            return self.spread
        excess = row[CELLS] - self._squares_expected(row, overall)
        spread = 1 + (excess + SHRINK_SPREAD * (self.spread - 1)) / (said + SHRINK_SPREAD)
        return min(max(spread, self.spread), MOST_SPREAD)

    def _squares_expected(self, row: Term, overall: float) -> float:
        """The sum over hours of the squared expectation: what x (x - 1) adds up to where D is 1."""
        return sum(
            self._share(row, overall, kind) ** 2 * self.squares[kind] for kind in range(CELLS) if self.people[kind]
        )

    @property
    def spread(self) -> float:
        """The dispersion of all terms together, each weighing by how often it is said."""
        if self._spread is None:
            self._spread = self._pooled()
        return self._spread

    def _pooled(self) -> float:
        total = max(sum(self.people), 1.0)
        excess = said = 0.0
        for row in self.terms.values():
            count = sum(row[:CELLS])
            excess += row[CELLS] - self._squares_expected(row, (count + 1) / total)
            said += count
        if said < 200:
            return USUAL_SPREAD
        return min(max(1 + excess / said, LEAST_SPREAD), MOST_SPREAD)
