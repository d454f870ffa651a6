"""Telling messages apart that have no id and say the same in the same minute."""

from __future__ import annotations

from datetime import UTC, datetime

_MINUTES = 5_000


class Repeats:
    """Numbers what is alike within a minute: 1, 2, …, the same at every import.

    The files of a place come by their beginnings. One that begins in the very minute in which all before had ended
    goes on from them, so what is alike is said again and gets the next number. One that begins earlier overlaps them:
    its messages are the same ones and get the same numbers.
    """

    def __init__(self) -> None:
        self._end: datetime | None = None
        self._tail: dict[str, int] = {}
        self._counts: dict[datetime, dict[str, int]] = {}
        self._last: datetime | None = None

    def begin_file(self) -> None:
        self._counts, self._last = {}, None

    def number(self, at: datetime, digest: str) -> int:
        minute = minute_of(at)
        if self._last is None:
            self._counts = {minute: dict(self._tail)} if minute == self._end else {}
            self._last = minute
        self._last = max(self._last, minute)
        alike = self._counts.get(minute)
        if alike is None:
            alike = self._counts[minute] = {}
            if len(self._counts) > _MINUTES:
                del self._counts[next(known for known in self._counts if known != self._last)]
        alike[digest] = alike.get(digest, 0) + 1
        return alike[digest]

    def end_file(self) -> None:
        if self._last is None:
            return
        tail = self._counts[self._last]
        if self._end is None or self._last > self._end:
            self._end, self._tail = self._last, tail
        elif self._last == self._end:
            self._tail = {key: max(tail.get(key, 0), self._tail.get(key, 0)) for key in tail | self._tail}


def minute_of(at: datetime) -> datetime:
    """The minute as written: what one exporter gives to the second, another gives to the minute."""
    naive = at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
    return naive.replace(second=0, microsecond=0)
