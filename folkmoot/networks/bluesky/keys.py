"""A record's name made from an act's key: the second attempt would write the same record, and can't."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
# Names are times in microseconds with a number behind. Ours are spread over a year that is past, so that none is ahead.
_FROM = int(datetime(2023, 6, 1, tzinfo=UTC).timestamp()) * 1_000_000
_SPREAD_BITS, _CLOCK_BITS = 44, 10


def record_key(key: str) -> str:
    """A TID (13 letters, atproto.com/specs/tid) that is the same for the same key: 54 bits of the key's digest."""
    digest = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    spread = digest >> 64 - _SPREAD_BITS
    clock = digest & (1 << _CLOCK_BITS) - 1
    number = (_FROM + spread) << _CLOCK_BITS | clock
    return "".join(_LETTERS[number >> shift & 31] for shift in range(60, -1, -5))
