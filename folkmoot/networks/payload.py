"""Decoded JSON and table rows from outside, read as if anything could be in them."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from folkmoot.networks.base import AttachmentKind
from folkmoot.networks.times import believable, to_utc

_KINDS: dict[str, AttachmentKind] = {"image": "image", "video": "video", "audio": "audio"}


class Unfit(Exception):
    """The item can't be taken; ``reason`` is one short fixed sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def text(value: object) -> str:
    """A string or number as text without NUL, which no database takes; anything else is empty."""
    if type(value) is str:
        return value.replace("\0", "") if "\0" in value else value
    return str(value) if type(value) in (int, float) else ""


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[Mapping[str, Any]]:
    """The objects in a list; nothing where there is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def count(value: object) -> int | None:
    """A whole number that is not negative, else None."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18 else None


def web_address(value: object) -> str:
    address = text(value)
    return address if address.startswith(("https://", "http://")) else ""


def attachment_kind(mime: str, name: str = "") -> AttachmentKind:
    """By the media type, or by the name's ending where none is given."""
    kind = mime or mimetypes.guess_type(name.split("?")[0])[0] or ""
    return _KINDS.get(kind.split("/")[0], "file")


@dataclass(frozen=True, slots=True)
class Dates:
    """Reads times: those without a zone in ``zone``, those not to be believed at ``now`` as ``Unfit``."""

    zone: ZoneInfo
    now: datetime

    def iso(self, value: object) -> datetime:
        if not value:
            raise Unfit("no date")
        try:
            return self.checked(datetime.fromisoformat(text(value)))
        except ValueError:
            raise Unfit("date not understood") from None

    def unix(self, value: object) -> datetime:
        """Seconds since 1970, as a number or text."""
        try:
            seconds = float(text(value))
        except ValueError:
            raise Unfit("date not understood") from None
        try:
            return self.checked(datetime.fromtimestamp(seconds, UTC))
        except (OverflowError, OSError, ValueError):
            raise Unfit("date out of range") from None

    def checked(self, at: datetime) -> datetime:
        """In UTC. Raises ``Unfit`` for a time that can't be true."""
        moment = to_utc(at, self.zone)
        if moment is None or not believable(moment, self.now):
            raise Unfit("date out of range")
        return moment
