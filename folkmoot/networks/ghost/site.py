"""A Ghost site asked by its Admin API, and what its errors mean."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from folkmoot.lib.fetching import Fetched
from folkmoot.networks.api import SOON, Answered, Api
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused, Unsure
from folkmoot.networks.live import Access
from folkmoot.networks.payload import mapping, mappings, text

PAGE = 100
_API = "/ghost/api/admin/"
_VERSION = "v5.0"
_HOLDS = timedelta(minutes=4)  # Ghost takes no token that is older than five
_KEY = (
    "the site does not accept the Admin API key; copy it anew (Settings → Advanced → Integrations → the integration). "
    "It is the one with a colon in it, not the Content API key"
)


class Gone(Refused):
    """What was asked for is not there."""


class Already(Refused):
    """It is so already."""


class _WrongClock(Reconnect):
    """Our clock and the site's disagree; ``theirs`` is what time it is there."""

    def __init__(self, message: str, *, theirs: datetime | None) -> None:
        super().__init__(message)
        self.theirs = theirs


class Site:
    def __init__(self, access: Access) -> None:
        address = access.settings.get("site", "").strip().rstrip("/").removesuffix("/ghost")
        self.address = address if "://" in address else f"https://{address}"
        self._access = access
        self._ahead = timedelta(0)  # of our clock
        self._about: Mapping[str, Any] = {}

    @property
    def key(self) -> str:
        return self._access.secrets.get("admin_key", "").strip()

    def about(self) -> Mapping[str, Any]:
        if not self._about:
            found = mapping(self.read("site/").get("site"))
            if not text(found.get("version")):
                raise Refused("no Ghost answers at this address; is it the one under which its administration opens?")
            self._about = found
        return self._about

    def read(self, path: str, **params: Any) -> Mapping[str, Any]:
        answer = self._asked("read", path, params=params)
        if not isinstance(answer.data, dict):
            raise Later("the site's answer can't be understood; is its address right?", retry_after=60)
        return answer.data

    def listed(self, path: str, **params: Any) -> tuple[list[Mapping[str, Any]], int]:
        """A page of what is there, and how many there are in all."""
        data = self.read(path, **params)
        total = mapping(mapping(data.get("meta")).get("pagination")).get("total")
        return mappings(data.get(_name(path))), total if isinstance(total, int) else 0

    def act(self, path: str, **request: Any) -> Mapping[str, Any]:
        """What the site says it made or changed."""
        data = self._asked("act", path, **request).data
        found = mappings(mapping(data).get(_name(path)))
        if not found:
            raise Unsure("the site's answer can't be understood")
        return found[0]

    def remove(self, path: str) -> None:
        self._asked("act", path, method="DELETE", plain=True)

    def _asked(self, way: str, path: str, **request: Any) -> Answered:
        try:
            return self._ask(way, path, **request)
        except _WrongClock as error:
            if error.theirs is None:
                raise
            # Turned away unread, so that it may be asked again
            self._ahead = self._access.now() - error.theirs
            return self._ask(way, path, **request)

    def _ask(self, way: str, path: str, **request: Any) -> Answered:
        proof = {"Authorization": f"Ghost {self._token()}", "Accept-Version": _VERSION, "Accept": "application/json"}
        api = Api(self._access.http, self.address, proof, _judge, self._access.now)
        if way == "act":
            return api.act(_API + path, **request)
        return api.read(_API + path, **request)

    def _token(self) -> str:
        """A JSON Web Token (RFC 7519) signed by HS256, as the Admin API wants one for each question."""
        ident, _, secret = self.key.partition(":")
        now = self._access.now() - self._ahead
        try:
            signing = bytes.fromhex(secret)
        except ValueError:
            signing = b""
        if not ident or not signing:
            raise Reconnect(_KEY)
        told = {"iat": int(now.timestamp()), "exp": int((now + _HOLDS).timestamp()), "aud": "/admin/"}
        parts = ({"alg": "HS256", "typ": "JWT", "kid": ident}, told)
        signed = ".".join(_packed(json.dumps(part).encode()) for part in parts)
        return f"{signed}.{_packed(hmac.new(signing, signed.encode(), hashlib.sha256).digest())}"


def _packed(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()


def _name(path: str) -> str:
    """Under which an answer tells what was asked for."""
    return "events" if path.startswith("members/events") else path.partition("/")[0]


def _judge(fetched: Fetched, data: Any) -> NetworkError | None:
    if fetched.status < 400:
        return None
    told = next(iter(mappings(mapping(data).get("errors"))), {})
    kind = text(told.get("type"))
    words = " ".join(filter(None, (text(told.get("message")), text(told.get("context")))))[:300]
    if fetched.status == 401:
        clock = any(word in words.lower() for word in ("expired", "maxage", "not active", "exp claim", "iat"))
        theirs = _moment(fetched.headers.get("date", ""))
        return (
            _WrongClock(f"{_KEY}. {words}".strip(), theirs=theirs) if clock else Reconnect(f"{_KEY}. {words}".strip())
        )
    if fetched.status == 404:
        return Gone(f"it is not there. {words}".strip()) if kind else None
    if kind == "UpdateCollisionError":
        return Later("somebody else changed it just now", retry_after=5)
    if "already been used" in words:
        return Already(words)
    if fetched.status in (403, 501):
        return Refused(f"the integration may not do that at this site. {words}".strip())
    if kind in ("MaintenanceError", "TooManyRequestsError") and "retry-after" not in fetched.headers:
        return Later(words, retry_after=SOON, everywhere=fetched.status == 429)
    if fetched.status in (400, 413, 415, 422) and words:
        return Refused(f"the site did not take it: {words}")
    return None


def _moment(stated: str) -> datetime | None:
    try:
        return parsedate_to_datetime(stated).astimezone(UTC)
    except (ValueError, TypeError):
        return None
