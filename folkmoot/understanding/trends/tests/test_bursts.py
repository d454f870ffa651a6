from __future__ import annotations

from random import Random

from folkmoot.understanding.trends.bursts import bursts


def test_a_stretch_of_much_more_is_one_burst() -> None:
    said = [3] * 20 + [20, 25, 12, 22] + [3] * 20
    (burst,) = bursts(said, [300] * len(said))
    assert (burst.first, burst.last) == (20, 23)
    assert burst.weight > 10


def test_a_busy_day_is_no_burst() -> None:
    spoken = [300] * 20 + [1500] * 3 + [300] * 20
    assert bursts([number // 100 for number in spoken], spoken) == []


def test_noise_has_no_bursts() -> None:
    rng = Random(1)
    said = [sum(rng.random() < 0.02 for _ in range(300)) for _ in range(200)]
    assert bursts(said, [300] * 200) == []


def test_nothing_said_is_no_burst() -> None:
    assert bursts([], []) == []
    assert bursts([0, 0], [10, 10]) == []
    assert bursts([5, 5], [5, 5]) == []
