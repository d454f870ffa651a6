"""Dates as DiscordChatExporter wrote them into tables: in whatever form the exporting computer liked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from folkmoot.networks.payload import Unfit

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_WRITTEN = re.compile(
    r"(?P<a>\d{1,4})(?P<sep>[-/. ])(?P<b>\d{1,2}|[A-Za-z]{3})[a-z]*\.?(?P=sep)(?P<c>\d{1,4})\.?,?[ T]+"
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:\.\d+)?)?\s*(?:(?P<half>[AaPp])\.?[Mm]\.?)?"
)


def day_first(dates: Iterable[str]) -> bool:
    """Whether 3/4 is the third of April, judged by the dates of one file.

    A number above twelve decides; without one, only those who write am and pm put the month first.
    """
    half_days = False
    for written in dates:
        found = _WRITTEN.fullmatch(_spaced(written))
        if found is None or not found["b"].isdigit():
            continue
        if int(found["a"]) > 12:
            return True
        if int(found["b"]) > 12:
            return False
        half_days = half_days or bool(found["half"])
    return not half_days


def read_date(written: str, *, day_first: bool) -> datetime:
    """Naive unless a zone was written. Raises ``Unfit`` for what is no date."""
    if not written.strip():
        raise Unfit("no date")
    found = _WRITTEN.fullmatch(_spaced(written))
    try:
        if found is None:
            return datetime.fromisoformat(written.strip())
        year, month, day = _day(found, day_first=day_first)
        return datetime(year, month, day, _hour(found), int(found["minute"]), int(found["second"] or 0))  # noqa: DTZ001 (the zone is the reader's)
    except ValueError:
        raise Unfit("date not understood") from None


def _day(found: re.Match[str], *, day_first: bool) -> tuple[int, int, int]:
    first, middle, last = found["a"], found["b"], found["c"]
    if len(first) == 4:
        return int(first), int(middle), int(last)
    year = int(last) + 2000 if len(last) == 2 else int(last)
    if not middle.isdigit():
        return year, _MONTHS.get(middle.lower(), 0), int(first)
    if found["sep"] == "/" and not day_first:
        return year, int(first), int(middle)
    return year, int(middle), int(first)


def _hour(found: re.Match[str]) -> int:
    hour, half = int(found["hour"]), (found["half"] or "").lower()
    if not half:
        return hour
    return hour % 12 + (12 if half == "p" else 0)


def _spaced(written: str) -> str:
    """With plain spaces only: newer systems put a narrow one before AM and PM."""
    return " ".join(written.split())
