"""Times as tables write them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal
from zoneinfo import ZoneInfo

from folkmoot.networks.times import to_utc

Order = Literal["dmy", "mdy"]

_CLOCK = r"(?:[,T]?\s*(\d{1,2}):(\d\d)(?::(\d\d))?(?:[.,]\d+)?\s*([ap])?\.?(?:m\b)?\.?)?\s*"
_NUMERIC = re.compile(rf"(\d{{1,2}})([./-])(\d{{1,2}})\2(\d{{4}}|\d\d)(?!\d){_CLOCK}", re.I)
_YEAR_FIRST = re.compile(rf"(\d{{4}})[./-](\d{{1,2}})[./-](\d{{1,2}})(?!\d){_CLOCK}", re.I)
_PACKED = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?")
_NAMED = re.compile(
    rf"(?:(\d{{1,2}})\.?\s+)?([^\W\d_]{{3,}})\.?(?:\s+(\d{{1,2}})(?!\d))?,?\s+(\d{{4}})\s*(?:г\.?|р\.?|года|року)?{_CLOCK}",
    re.I,
)
_LONGEST = 64
_MONTHS = {
    prefix: number
    for number, prefixes in enumerate(
        (
            "jan янв січ sty jaa",
            "feb фев лют lut vee",
            "mar мар бер mär",
            "apr апр кві kwi",
            "may мая май тра maj mai",
            "jun июн чер cze juun",
            "jul июл лип lip juul",
            "aug авг сер sie",
            "sep сен вер wrz",
            "oct окт жов paź paz okt",
            "nov ноя лис lis",
            "dec дек гру gru det",
        ),
        1,
    )
    for prefix in prefixes.split()
}


def order(sample: Iterable[str]) -> Order:
    """Whether day or month comes first in a column of d/m/y dates.

    A number above twelve settles it; without one, dots and dashes are day first, and so are slashes unless the clock
    has twelve hours, as where the month comes first.
    """
    votes = {"dmy": 0, "mdy": 0}
    doubt: Order = "dmy"
    for text in sample:
        found = _NUMERIC.match(text.strip())
        if not found:
            continue
        votes["dmy"] += int(found[1]) > 12
        votes["mdy"] += int(found[3]) > 12
        if found[2] == "/" and found[8]:
            doubt = "mdy"
    if votes["dmy"] == votes["mdy"]:
        return doubt
    return "dmy" if votes["dmy"] > votes["mdy"] else "mdy"


class Moments:
    """Reads times in one column: by ``pattern`` (strptime) where one is given, else by what they look like."""

    def __init__(self, zone: ZoneInfo, pattern: str = "", order: Order = "dmy") -> None:
        self._zone = zone
        self._pattern = pattern
        self._order = order

    def read(self, text: str) -> datetime | None:
        """In UTC. None for what can't be understood; raises ``OverflowError`` for what lies outside the calendar."""
        text = text.strip()
        if len(text) > _LONGEST:
            return None
        try:
            at = self._read(text)
        except OSError as error:
            raise OverflowError(text) from error
        except (ValueError, IndexError, TypeError):
            return None
        if at is None:
            return None
        moment = to_utc(at, self._zone)
        if moment is None:
            raise OverflowError(text)
        return moment

    def _read(self, text: str) -> datetime | None:
        if self._pattern:
            return datetime.strptime(text, self._pattern)  # noqa: DTZ007 - the zone is given below
        if text.isascii() and text.replace(".", "", 1).lstrip("-").isdigit():
            return _number(text)
        if text[:4].isdigit() and text[4:5] == "-":
            try:
                return datetime.fromisoformat(text)
            except ValueError:
                pass
        return self._written(text)

    def _written(self, text: str) -> datetime | None:
        if found := _YEAR_FIRST.fullmatch(text):
            return _moment(found[1], found[2], found[3], found.groups()[3:])
        if found := _NUMERIC.fullmatch(text):
            day, month = (found[1], found[3]) if self._order == "dmy" else (found[3], found[1])
            return _moment(found[4], month, day, found.groups()[4:])
        if found := _NAMED.fullmatch(text):
            name = found[2].casefold()
            month_number = _MONTHS.get(name[:4]) or _MONTHS.get(name[:3])
            day = found[1] or found[3]
            if month_number and day:
                return _moment(found[4], str(month_number), day, found.groups()[4:])
        return parsedate_to_datetime(text)


def _number(text: str) -> datetime:
    """Days and moments written without separators, or the seconds, milli-, micro- or nanoseconds since 1970."""
    if len(text) in (8, 12, 14) and (found := _PACKED.fullmatch(text)):
        return _moment(found[1], found[2], found[3], (*found.groups()[3:], None))
    since = float(text)
    for scale in (1e9, 1e6, 1e3):
        if abs(since) >= 1e8 * scale:
            since /= scale
            break
    return datetime.fromtimestamp(since, UTC)


def _moment(year: str, month: str, day: str, clock: tuple[str | None, ...]) -> datetime:
    hour, minute, second = (int(part or 0) for part in clock[:3])
    half = (clock[3] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    number = int(year)
    if len(year) == 2:
        number += 2000 if number < 70 else 1900
    return datetime(number, int(month), int(day), hour, minute, second)  # noqa: DTZ001 - the zone is given by the caller
