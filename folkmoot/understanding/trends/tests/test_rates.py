from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from folkmoot.understanding.trends.rates import BLOCKS, Baseline, Expected, cell


def test_hours_are_told_apart_by_time_of_day_and_kind_of_day() -> None:
    monday, sunday = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert (cell(monday, UTC), cell(sunday, UTC)) == (2, 2 + BLOCKS)
    assert cell(monday, ZoneInfo("Asia/Tokyo")) == 4


def test_the_tail_is_that_of_clustered_counts() -> None:
    rng = np.random.default_rng(2)
    clusters = rng.negative_binomial(6.0 / 0.8, 1 / 1.8, 200_000)  # mean 6, variance 1.8 times that
    for people in (8, 12, 16):
        assert Expected(6.0, 1.8).chance(people) == pytest.approx((clusters >= people).mean(), rel=0.1)
    assert Expected(6.0, 1.0).chance(12) < Expected(6.0, 1.8).chance(12)
    assert Expected(6.0, 1.8).chance(0) == 1.0


def test_a_word_of_evenings_is_expected_in_the_evening() -> None:
    baseline = Baseline()
    for _ in range(100):
        baseline.add(1, 50, {"coffee": 10})
        baseline.add(5, 50, {"beer": 10})
    morning, evening = {1: 50.0}, {5: 50.0}
    assert baseline.expected("coffee", morning).people == pytest.approx(10, rel=0.1)
    assert baseline.expected("coffee", evening).people < 1
    assert baseline.expected("beer", evening).people == pytest.approx(10, rel=0.1)


def test_what_was_counted_can_be_taken_out_again() -> None:
    baseline = Baseline()
    baseline.add(3, 20, {"word": 4})
    baseline.add(3, 10, {"word": 1, "other": 2})
    baseline.take_out(3, 10, {"word": 1, "other": 2})
    once = Baseline()
    once.add(3, 20, {"word": 4})
    assert baseline.people == once.people and baseline.squares == once.squares
    assert baseline.without_rare(1).terms == once.terms


def test_the_spread_is_measured() -> None:
    rng = np.random.default_rng(1)
    baseline = Baseline()
    for _ in range(672):
        said = rng.negative_binomial(3.0 / 0.9, 1 / 1.9, 40)
        baseline.add(2, 100, {f"w{number}": int(count) for number, count in enumerate(said) if count})
    assert baseline.spread == pytest.approx(1.9, rel=0.08)
