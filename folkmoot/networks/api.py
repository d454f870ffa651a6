"""Asking a network's HTTP API, and telling from its answer, or its silence, what is to be done next."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from folkmoot.lib import fetching
from folkmoot.lib.fetching import Fetched
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused, Unsure

SOON = 30.0  # seconds, where the network does not say how long to wait
LONGEST_WAIT = 24 * 3600.0
EXCERPT = 200


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that says yes; ``data`` is its JSON, None where it has no body."""

    fetched: Fetched
    data: Any

    @property
    def headers(self) -> httpx.Headers:
        return self.fetched.headers


Judge = Callable[[Fetched, Any], NetworkError | None]
"""What an answer means that is an error, or nothing; told the answer and its JSON (None where it is none)."""


@dataclass(slots=True)
class Api:
    """One server's API, with the headers that prove who we are. ``judge`` knows the network's own errors; the rest goes
    by the status."""

    http: httpx.Client
    base: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    judge: Judge = lambda fetched, data: None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def read(self, path: str, params: Mapping[str, Any] | None = None, **request: Any) -> Answered:
        """Asks for something; safe to repeat, so that silence is ``Later``.

        ``request`` is as ``httpx.Client.build_request`` takes it, with ``method`` (GET), ``seconds``, and ``plain`` for
        an answer that need not be JSON.
        """
        try:
            return self._ask(path, params=params, **{"method": "GET"} | request)
        except _NotUnderstood as error:
            raise Later(str(error), retry_after=SOON) from error
        except (fetching.TimedOut, fetching.Unreachable) as error:
            raise Later(str(error), retry_after=SOON) from error
        except fetching.CantFetch as error:
            raise Refused(str(error)) from error

    def act(self, path: str, **request: Any) -> Answered:
        """Has something done; where the answer is lost or can't be understood, ``Unsure``. ``method`` is POST."""
        try:
            return self._ask(path, **{"method": "POST"} | request)
        except fetching.NeverAsked as error:
            raise Later(str(error), retry_after=SOON) from error
        except fetching.NotAllowed as error:
            raise Refused(str(error)) from error
        except (_NotUnderstood, fetching.CantFetch) as error:
            raise Unsure(str(error)) from error

    def _ask(
        self, path: str, *, method: str, seconds: float = fetching.SECONDS, plain: bool = False, **request: Any
    ) -> Answered:
        headers = {**self.headers, **request.pop("headers", {})}
        built = self.http.build_request(method, self._address(path), headers=headers, **request)
        fetched = fetching.send(self.http, built, seconds=seconds)
        data = _decoded(fetched)
        if error := self.judge(fetched, data):
            raise error
        if fetched.status >= 400 or fetched.status < 200:
            raise self._meant(method, fetched)
        if fetched.status >= 300 and fetched.status != 304:
            raise Refused(f"{built.url.host} sends us elsewhere; is its address right? ({fetched.status})")
        if data is None and not plain and fetched.body.strip():
            raise _NotUnderstood(f"{built.url.host} answered something other than JSON")
        return Answered(fetched, data)

    def _address(self, path: str) -> str:
        if "://" not in path:
            return self.base.rstrip("/") + "/" + path.lstrip("/")
        here, there = httpx.URL(self.base), httpx.URL(path)
        if (here.scheme, here.host, here.port) != (there.scheme, there.host, there.port):
            raise Refused(f"{here.host} sends us to {there.host}, which is not asked with its token")
        return path

    def _meant(self, method: str, fetched: Fetched) -> NetworkError:
        if fetched.status >= 500 and fetched.status != 503 and method not in ("GET", "HEAD"):
            return Unsure(f"the server failed on it: {said(fetched)}")
        return by_status(fetched, now=self.now())


class _NotUnderstood(Exception):
    pass


def by_status(fetched: Fetched, *, now: datetime) -> NetworkError:
    """What an answer's status means where the network has no more to say."""
    what = said(fetched)
    if fetched.status == 401:
        return Reconnect(f"the network does not accept our token any more: {what}")
    if fetched.status == 429 or fetched.status >= 500:
        return Later(what, retry_after=wait(fetched.headers, now=now), everywhere=fetched.status == 429)
    if fetched.status in (408, 425):
        return Later(what, retry_after=SOON)
    return Refused(what)


def wait(headers: httpx.Headers, *, now: datetime) -> float:
    """The seconds that ``Retry-After`` asks for, as a number or a date (RFC 9110, 10.2.3); ``SOON`` without one.

    A date is told by the server's clock, which ``Date`` shows; without that, by ours (``now``).
    """
    value = str(headers.get("retry-after", "")).strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            until = parsedate_to_datetime(value).astimezone(UTC)
            seconds = (until - _clock(headers, now)).total_seconds()
        except (ValueError, TypeError):
            return SOON
    return min(max(seconds, 0.0), LONGEST_WAIT) if seconds == seconds else SOON


def _clock(headers: httpx.Headers, now: datetime) -> datetime:
    try:
        return parsedate_to_datetime(str(headers.get("date", ""))).astimezone(UTC)
    except (ValueError, TypeError):
        return now


def said(fetched: Fetched) -> str:
    """The status, and the beginning of what the server says of it, where that is text and no page."""
    text = fetched.body[: EXCERPT * 4].decode("utf-8", "replace").strip()
    if not text or text.startswith("<") or "html" in fetched.media_type:
        return f"status {fetched.status}"
    return f"status {fetched.status}: {' '.join(text.split())[:EXCERPT]}"


def _decoded(fetched: Fetched) -> Any:
    if not fetched.body.strip():
        return None
    try:
        return json.loads(fetched.body)
    except (ValueError, RecursionError):
        return None
