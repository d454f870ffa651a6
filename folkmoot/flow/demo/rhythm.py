"""When people talk: more from month to month, less at weekends and at night, a lot when something happens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import accumulate
from random import Random

SPAN = timedelta(days=180)
FAIR = timedelta(days=104)  # when the open days are, since the beginning
CRISIS = timedelta(days=147)
CRISIS_LASTS = timedelta(days=3)

_OF_WEEKDAY = (1.0, 1.05, 1.1, 1.1, 0.95, 0.75, 0.8)
_OF_HOUR = (2, 1, 1, 1, 1, 2, 5, 9, 14, 18, 20, 20, 18, 17, 17, 18, 20, 22, 25, 28, 27, 22, 14, 6)


def moments(rng: Random, count: int, begins: date) -> Iterator[timedelta]:
    """``count`` moments since the beginning at which somebody starts to talk, in no order."""
    days = list(accumulate(_weight(begins + timedelta(days=n), n) for n in range(SPAN.days)))
    hours = list(accumulate(_OF_HOUR))
    for _ in range(count):
        day = rng.choices(range(SPAN.days), cum_weights=days)[0]
        hour = rng.choices(range(24), cum_weights=hours)[0]
        yield timedelta(days=day, hours=hour, seconds=rng.randrange(3600))


def _weight(day: date, n: int) -> float:
    growth = 0.5 + 1.2 * n / SPAN.days
    event = 2.2 if 0 <= n - FAIR.days <= 2 else 1.0
    return growth * event * _OF_WEEKDAY[day.weekday()]
