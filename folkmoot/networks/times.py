"""What a time in an archive may be, and the zone to read it in when it names none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from folkmoot.networks.errors import Refused

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=2)


def believable(at: datetime, now: datetime) -> bool:
    """Neither before there were communities to archive nor later than clocks and zones can be wrong by."""
    return EARLIEST <= at <= now + _AHEAD


def zone(options: Mapping[str, str]) -> ZoneInfo:
    """The option ``timezone``, UTC without one."""
    name = options.get("timezone") or "UTC"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Refused(f"there is no time zone {name!r}; give one such as Europe/Warsaw") from error


def to_utc(at: datetime, where: ZoneInfo) -> datetime | None:
    """In UTC, a naive time being read in ``where``; None where the zone puts it outside the calendar."""
    try:
        return (at if at.tzinfo else at.replace(tzinfo=where)).astimezone(UTC)
    except OverflowError:
        return None
