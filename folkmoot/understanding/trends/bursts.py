"""Stretches of days in which something was said far more than usual, by Kleinberg's two-state automaton.

Kleinberg 2003, doi:10.1023/A:1024940629314, section 4: batches with a relevant and a total number each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import lgamma, log

TIMES = 3.0  # the rate in a burst by the usual one
RELUCTANCE = 1.0  # the price of entering a burst, in units of the natural logarithm of the number of days


@dataclass(frozen=True, slots=True)
class Burst:
    """From one place in the series to another, both counted in. ``weight`` is how much better a burst explains it."""

    first: int
    last: int
    weight: float


def bursts(relevant: Sequence[int], totals: Sequence[int]) -> list[Burst]:
    """The bursts in a series of ``relevant`` out of ``totals``, in order."""
    said, spoken = sum(relevant), sum(totals)
    if not said or said >= spoken:
        return []
    rates = (said / spoken, min(TIMES * said / spoken, 0.9999))
    costs = [
        tuple(_cost(min(part, whole), whole, rate) for rate in rates)
        for part, whole in zip(relevant, totals, strict=True)
    ]
    states = _cheapest(costs, RELUCTANCE * log(len(costs) + 1))
    found: list[Burst] = []
    for place, (usual, high) in enumerate(costs):
        if not states[place]:
            continue
        if found and found[-1].last == place - 1:
            found[-1] = Burst(found[-1].first, place, found[-1].weight + usual - high)
        else:
            found.append(Burst(place, place, usual - high))
    return found


def _cost(part: int, whole: int, rate: float) -> float:
    """The negative logarithm of the binomial probability."""
    ways = lgamma(whole + 1) - lgamma(part + 1) - lgamma(whole - part + 1)
    return -(ways + part * log(rate) + (whole - part) * log(1 - rate))


def _cheapest(costs: Sequence[tuple[float, ...]], entering: float) -> list[int]:
    """The cheapest sequence of states (Viterbi); only going up costs something."""
    totals, came_from = [0.0, entering], list[tuple[int, int]]()
    for usual, high in costs:
        from_low = (totals[0], totals[0] + entering)
        down = int(totals[1] < from_low[0])
        up = int(totals[1] <= from_low[1])
        came_from.append((down, up))
        totals = [min(from_low[0], totals[1]) + usual, min(from_low[1], totals[1]) + high]
    state = int(totals[1] < totals[0])
    states: list[int] = []
    for down, up in reversed(came_from):
        states.append(state)
        state = up if state else down
    return states[::-1]
