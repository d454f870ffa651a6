"""What a Mastodon server's own errors mean."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from folkmoot.lib.fetching import Fetched
from folkmoot.networks.api import LONGEST_WAIT, Judge, wait
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused
from folkmoot.networks.payload import mapping, text

_LOCKED_OUT = ("login is currently disabled", "login is currently pending", "confirmed e-mail", "account is suspended")


class Gone(Refused):
    """There is no such thing at the server, or none that this account may see."""


def judge(now: Callable[[], datetime]) -> Judge:
    def meant(fetched: Fetched, data: Any) -> NetworkError | None:
        said = text(mapping(data).get("error_description")) or text(mapping(data).get("error"))
        if fetched.status == 429:
            return Later(
                "the server asks us to slow down", retry_after=_reset(fetched.headers, now=now()), everywhere=True
            )
        if fetched.status == 401:
            return Reconnect(f"the server does not accept our token any more: {said or 'no reason given'}")
        if fetched.status in (404, 410):
            return Gone(f"the server has no such thing, or does not show it to this account: {said or 'not found'}")
        return _forbidden(said) if fetched.status == 403 and said else None

    return meant


def _forbidden(said: str) -> NetworkError:
    small = said.lower()
    if "authorized scopes" in small or "insufficient" in small:
        return Refused(f"the token lacks the right for it; connect the account again and allow what is asked: {said}")
    if any(words in small for words in _LOCKED_OUT):
        return Reconnect(f"the server has locked the account; sign in there to see why: {said}")
    return Refused(f"the server forbids it: {said}")


def _reset(headers: httpx.Headers, *, now: datetime) -> float:
    """The seconds until ``X-RateLimit-Reset`` (a date or seconds since 1970), by the server's clock where it shows one."""
    value = str(headers.get("x-ratelimit-reset", "")).strip()
    try:
        reset = datetime.fromtimestamp(float(value), UTC) if value.isdigit() else datetime.fromisoformat(value)
        seconds = (reset.astimezone(UTC) - _clock(headers, now)).total_seconds()
    except (ValueError, OverflowError, OSError):
        return wait(headers, now=now)
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _clock(headers: httpx.Headers, now: datetime) -> datetime:
    try:
        return parsedate_to_datetime(str(headers.get("date", ""))).astimezone(UTC)
    except (ValueError, TypeError):
        return now
