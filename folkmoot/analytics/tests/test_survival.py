"""Known answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from random import Random

import pytest

from folkmoot.analytics import survival


def quantile(answered: Iterable[float], waiting: Iterable[float], share: float) -> float | None:
    return survival.quantile(Counter(answered), Counter(waiting), share)


def test_the_median_of_the_answered_alone_is_the_plain_one() -> None:
    assert quantile([0.17, 0.75, 2, 20, 0.88], [], 0.5) == 0.88  # the mean would be 4.76


def test_the_unanswered_pull_it_up() -> None:
    assert quantile([1, 2, 3], [100, 100], 0.5) == 3


def test_more_than_half_unanswered_have_no_median() -> None:
    assert quantile([1, 2], [100, 100, 100], 0.5) is None
    assert quantile([], [5], 0.5) is None
    assert quantile([], [], 0.5) is None


def test_those_who_wait_shorter_than_the_answer_took_count_only_so_far() -> None:
    # S(6) = 1 - 3/21 = .857, S(7) = .807, S(10) = .753, S(13) = .690, S(16) = .627, S(22) = .538, S(23) = .448:
    # the treated group of Freireich et al. 1963, the textbook example of the estimate
    treated = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    assert quantile(treated, censored, 0.5) == 23
    assert quantile(treated, censored, 0.25) == 13
    assert quantile(treated, censored, 0.6) is None


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_without_waiting_it_is_the_order_statistic(share: float) -> None:
    times = [Random(7).random() * 100 for _ in range(1)] + [n * 1.5 for n in range(99)]
    assert quantile(times, [], share) == sorted(times)[round(100 * share) - 1]
