"""How often something is said to rise where nothing does, and how soon what rises is found: by simulation.

Longer runs of the same give the figures of docs/why/trends.md.
"""

from __future__ import annotations

from datetime import timedelta

from folkmoot.understanding.trends import simulation
from folkmoot.understanding.trends.alarms import Window, alarms, is_over, limit
from folkmoot.understanding.trends.rates import Baseline, Expected
from folkmoot.understanding.trends.simulation import Community

HALF_AN_HOUR, DAY = timedelta(minutes=30), timedelta(hours=24)


def usual(days: int = 28) -> Baseline:
    baseline = Baseline()
    for hour in range(days * 24):
        baseline.add(hour % 6, 100, {"tea": 5, **({"kiln": 1} if hour % 50 == 0 else {})})
    return baseline


def test_a_week_in_which_nothing_rises_brings_one_alarm_at_most() -> None:
    assert simulation.false_alarms(Community(people=120, words=1200, seed=4)) <= 1


def test_five_times_as_many_are_found_within_half_an_hour() -> None:
    delays = sorted(simulation.delay(Community(people=400, words=1200, seed=seed), 40, 5.0) for seed in range(5))
    assert delays[len(delays) // 2] <= HALF_AN_HOUR
    assert delays[-2] <= HALF_AN_HOUR


def test_twice_as_much_talk_makes_no_word_rise() -> None:
    busy = Window(DAY, dict.fromkeys(range(6), 800.0), {"tea": 240})
    assert alarms(usual(), [busy]) == []


def test_a_word_that_was_never_said_rises_when_enough_people_say_it() -> None:
    window = Window(DAY, dict.fromkeys(range(6), 400.0), {"quake": 25, "tea": 120, "kiln": 3})
    (alarm,) = alarms(usual(), [window])
    assert (alarm.term, alarm.people, alarm.window) == ("quake", 25, DAY)
    assert alarm.chance < limit(3, DAY)


def test_each_rise_is_told_once_in_its_clearest_window() -> None:
    short = Window(HALF_AN_HOUR, {2: 50.0}, {"quake": 12})
    long = Window(DAY, dict.fromkeys(range(6), 400.0), {"quake": 12})
    (alarm,) = alarms(usual(), [long, short])
    assert alarm.window == HALF_AN_HOUR


def test_the_more_is_tested_the_less_is_believed() -> None:
    assert limit(10_000, DAY) < limit(100, DAY)
    assert limit(100, HALF_AN_HOUR) < limit(100, DAY)


def test_a_rise_is_over_when_it_no_longer_stands_out() -> None:
    assert is_over(Expected(10.0, 1.5), 12)
    assert is_over(Expected(0.5, 1.5), 1)
    assert not is_over(Expected(10.0, 1.5), 40)
