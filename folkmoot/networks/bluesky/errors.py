"""What the errors of a PDS, and of the AppView behind it, mean (XRPC: a name and a sentence)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from folkmoot.lib.fetching import Fetched
from folkmoot.networks.api import LONGEST_WAIT, SOON, Judge, wait
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused
from folkmoot.networks.payload import mapping, text

_GONE = frozenset({"RecordNotFound", "NotFound", "RepoNotFound", "ActorNotFound"})
_NO_ACCOUNT = frozenset({"AccountTakedown", "AccountSuspended", "AccountDeactivated", "RepoTakendown", "RepoSuspended"})
_BLOCKED = frozenset({"BlockedActor", "BlockedByActor"})
_MOST = 200


class Gone(Refused):
    """There is no such thing, or not any more."""


class Changed(Refused):
    """What was to be replaced has changed meanwhile: look at it again."""


class Expired(Reconnect):
    """The access token is at its end, as it is every two hours."""


def judge(now: Callable[[], datetime]) -> Judge:
    def meant(fetched: Fetched, data: Any) -> NetworkError | None:
        name, said = text(mapping(data).get("error")), text(mapping(data).get("message"))[:_MOST]
        if fetched.status == 429:
            return Later(
                "Bluesky asks us to slow down", retry_after=_reset(fetched.headers, now=now()), everywhere=True
            )
        if fetched.status in (502, 504) and fetched.media_type == "application/json":
            return Later(f"the server behind the account's server does not answer: {said or name}", retry_after=SOON)
        return _named(name, said) if fetched.status >= 400 and name else None

    return meant


def _named(name: str, said: str) -> NetworkError | None:
    if name == "ExpiredToken":
        return Expired(f"the token has ended: {said}")
    if name == "AuthFactorTokenRequired":
        return Reconnect("this password asks for a code by e-mail; make an app password and connect with that")
    if name in ("InvalidToken", "AuthMissing", "AuthenticationRequired"):
        return Reconnect(f"the server does not let us in; is the app password still there? {said}")
    if name in _NO_ACCOUNT:
        return Reconnect(f"the account is switched off or locked; sign in at Bluesky to see why: {said}")
    if name in _GONE:
        return Gone(f"there is no such thing any more: {said}")
    if name == "InvalidSwap":
        return Changed(f"it was changed elsewhere meanwhile: {said}")
    if name in _BLOCKED:
        return Refused("one of both accounts blocks the other; that can only be changed there")
    if name == "BlobTooLarge" or "too large" in said.lower():
        return Refused(f"the file is too large: {said}")
    return None


def _reset(headers: httpx.Headers, *, now: datetime) -> float:
    """The seconds until ``ratelimit-reset`` (seconds since 1970), by the server's clock where it shows one."""
    value = str(headers.get("ratelimit-reset", "")).strip()
    if not value.isdigit() or len(value) > 11:
        return wait(headers, now=now)
    try:
        clock = parsedate_to_datetime(str(headers.get("date", ""))).astimezone(UTC)
    except (ValueError, TypeError):
        clock = now
    return min(max(int(value) - clock.timestamp(), 0.0), LONGEST_WAIT)
