"""An account at its PDS: how it is asked, and how it stays signed in.

A stored token is used as long as it holds; then the app password gives another, kept by this session alone. What is
stored is renewed by ``renew``, which one process does at a time.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from folkmoot.networks.api import Answered, Api
from folkmoot.networks.base import Place
from folkmoot.networks.bluesky.errors import Expired, Gone, judge
from folkmoot.networks.bluesky.parse import page_of
from folkmoot.networks.errors import Later, Reconnect, Refused
from folkmoot.networks.live import Access, Tokens
from folkmoot.networks.payload import Dates, mapping, mappings, text

NOT_UNDERSTOOD = "the server answered in a way that is not Bluesky's; is its address right?"
_EARLY = timedelta(minutes=2)
_UTC = ZoneInfo("UTC")
POSTS_AT_ONCE = 25


class Account:
    def __init__(self, access: Access) -> None:
        self.access = access
        self._token = access.secrets.get("access_jwt", "")
        self._stored = True
        self._api: Api | None = None
        self._profile: Mapping[str, Any] = {}
        self._dids: dict[str, str] = {}

    @property
    def api(self) -> Api:
        if self._api is None:
            base = address(self.access.settings.get("server", ""))
            self._api = Api(self.access.http, base, {}, judge(self.access.now), self.access.now)
        return self._api

    @property
    def dates(self) -> Dates:
        return Dates(_UTC, self.access.now())

    def read(self, endpoint: str, params: Mapping[str, Any] | None = None, **request: Any) -> Any:
        return self._asked(endpoint, acting=False, params=params, **request).data

    def act(self, endpoint: str, body: Mapping[str, Any], **request: Any) -> Any:
        return self._asked(endpoint, acting=True, json=body, **request).data

    def _asked(self, endpoint: str, *, acting: bool, **request: Any) -> Answered:
        ask = self.api.act if acting else self.api.read
        headers = request.pop("headers", {})
        try:
            return ask(f"xrpc/{endpoint}", headers={**headers, **self._proof()}, **request)
        except Expired:
            # Surely not done: the server looked at the token first
            self._token = ""
            return ask(f"xrpc/{endpoint}", headers={**headers, **self._proof()}, **request)

    def _proof(self) -> dict[str, str]:
        """Of a token that was got just now only the server says that it has ended: our clock may be wrong by hours."""
        ends = expiry(self._token) if self._stored else None
        if not self._token or (ends is not None and ends - _EARLY <= self.access.now()):
            self._token, self._stored = self.signed_in().secrets["access_jwt"], False
        return {"Authorization": f"Bearer {self._token}"}

    def signed_in(self) -> Tokens:
        """New tokens for the app password. Raises ``Reconnect``."""
        settings, secrets = self.access.settings, self.access.secrets
        given = {
            "identifier": settings.get("handle", "").strip().lstrip("@"),
            "password": secrets.get("app_password", "").strip(),
        }
        return _tokens(self.api.read("xrpc/com.atproto.server.createSession", method="POST", json=given))

    def renewed(self) -> Tokens:
        """New tokens for the stored ones, or, where those are at their end, for the app password."""
        if old := self.access.secrets.get("refresh_jwt", ""):
            headers = {"Authorization": f"Bearer {old}"}
            with suppress(Reconnect, Refused):
                method = "xrpc/com.atproto.server.refreshSession"
                return _tokens(self.api.read(method, method="POST", headers=headers))
        return self.signed_in()

    @property
    def token_ends(self) -> datetime | None:
        return expiry(self._token)

    def me(self, *, anew: bool = False) -> Mapping[str, Any]:
        """Our profile, with ``did``, ``handle`` and what the account calls itself."""
        if anew or not self._profile:
            found = mapping(self.read("com.atproto.server.getSession"))
            if not text(found.get("did")).startswith("did:"):
                raise Later(NOT_UNDERSTOOD, retry_after=300)
            profile = mapping(self.read("app.bsky.actor.getProfile", {"actor": text(found["did"])}))
            self._profile = {**found, **profile}
        return self._profile

    @property
    def did(self) -> str:
        return text(self.me().get("did"))

    @property
    def page(self) -> Place:
        return page_of(self.me())

    def posts(self, uris: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """Posts as the AppView shows them, by address; those that it does not show are left out."""
        wanted, found = list(dict.fromkeys(uris)), dict[str, Mapping[str, Any]]()
        for start in range(0, len(wanted), POSTS_AT_ONCE):
            asked = {"uris": wanted[start : start + POSTS_AT_ONCE]}
            views = mappings(mapping(self.read("app.bsky.feed.getPosts", asked)).get("posts"))
            found |= {text(view.get("uri")): view for view in views}
        return found

    def post(self, uri: str) -> Mapping[str, Any]:
        """Raises ``Gone``."""
        if not uri.startswith("at://"):
            raise Gone("that is no post of Bluesky")
        if found := self.posts([uri]).get(uri):
            return found
        raise Gone("the post is gone, or its author and this account block each other")

    def record(self, uri: str) -> Mapping[str, Any]:
        """A record with its ``cid`` and ``value``, whosever it is. Raises ``Gone``."""
        parts = uri.removeprefix("at://").split("/")
        if len(parts) != 3:
            raise Gone("that is no record of Bluesky")
        named = dict(zip(("repo", "collection", "rkey"), parts, strict=True))
        return mapping(self.read("com.atproto.repo.getRecord", named))

    def did_of(self, handle: str) -> str:
        """Who has a name now; empty where nobody does."""
        if handle not in self._dids:
            try:
                found = mapping(self.read("com.atproto.identity.resolveHandle", {"handle": handle}))
                self._dids[handle] = text(found.get("did"))
            except Refused:
                self._dids[handle] = ""
        return self._dids[handle]


def address(written: str) -> str:
    """The PDS's address out of what a person wrote."""
    bare = written.strip().rstrip("/") or "https://bsky.social"
    try:
        url = httpx.URL(bare if "://" in bare else f"https://{bare}")
    except (httpx.InvalidURL, ValueError) as error:
        raise Refused("give the address of the account's server, such as https://bsky.social") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise Refused("give the address of the account's server, such as https://bsky.social")
    return f"{url.scheme}://{url.netloc.decode()}"


def expiry(token: str) -> datetime | None:
    """When a token ends, which it says itself; None where it can't be read."""
    try:
        middle = token.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        return datetime.fromtimestamp(said["exp"], UTC)
    except (IndexError, ValueError, KeyError, TypeError, OverflowError, OSError):
        return None


def _tokens(answer: Answered) -> Tokens:
    found = mapping(answer.data)
    access, refresh = text(found.get("accessJwt")), text(found.get("refreshJwt"))
    if not access:
        raise Later(NOT_UNDERSTOOD, retry_after=300)
    if found.get("active") is False:
        raise Reconnect(f"the account is switched off or locked: {text(found.get('status')) or 'inactive'}")
    return Tokens({"access_jwt": access, "refresh_jwt": refresh}, expires_at=expiry(access))
