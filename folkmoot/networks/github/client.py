"""One account at GitHub: how its REST and GraphQL APIs are asked, and what their refusals mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from folkmoot.lib.fetching import Fetched
from folkmoot.networks.api import LONGEST_WAIT, SOON, Answered, Api, Judge, wait
from folkmoot.networks.base import Place
from folkmoot.networks.errors import Later, Moved, NetworkError, Reconnect, Refused, Unsure
from folkmoot.networks.live import Access
from folkmoot.networks.payload import Dates, mapping, mappings, text

SERVER = "https://api.github.com"
_UTC = ZoneInfo("UTC")
_SECONDARY = 60.0  # https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
_NAME = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")
_TOKEN = "at github.com/settings/tokens, open the token, give it the right, and save"  # noqa: S105


class Gone(Refused):
    """There is no such thing, or none that this account may see."""


class Elsewhere(Refused):
    """The repository has another name now."""


class GitHubApi:
    def __init__(self, access: Access) -> None:
        self.access = access
        headers = {
            "Authorization": f"Bearer {access.secrets.get('token', '').strip()}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        self.server = (access.settings.get("server", "").strip() or SERVER).rstrip("/")
        self._api = Api(access.http, self.server, headers, _judge(access.now), access.now)
        self._login = ""

    @property
    def dates(self) -> Dates:
        return Dates(_UTC, self.access.now())

    def me(self) -> str:
        if not self._login:
            self._login = text(mapping(self.read("user").data).get("login"))
        return self._login

    def read(self, path: str, params: Mapping[str, Any] | None = None, *, etag: str = "") -> Answered:
        return self._api.read(path, params, headers={"If-None-Match": etag} if etag else {})

    def act(self, place: Place, path: str, *, method: str = "POST", json: Any = None) -> Mapping[str, Any]:
        """Has something done in a repository. Raises ``Moved`` where that has another name now."""
        try:
            return mapping(self._api.act(f"{repository(place)}/{path}", method=method, json=json).data)
        except Elsewhere as error:
            name = text(mapping(self.read(repository(place)).data).get("full_name")).lower()
            if not name or name == place.remote_id:
                raise
            raise Moved("the repository has another name now", remote_id=name) from error

    def act_anywhere(self, path: str, *, method: str) -> None:
        self._api.act(path, method=method)

    def ask(self, query: str, **variables: Any) -> Mapping[str, Any]:
        """By GraphQL, something that is safe to repeat."""
        try:
            answer = self._api.read(self._graphql(), method="POST", json={"query": query, "variables": variables})
        except Unsure as error:
            raise Later(str(error), retry_after=SOON) from error
        return mapping(mapping(answer.data).get("data"))

    def do(self, query: str, **variables: Any) -> Mapping[str, Any]:
        """By GraphQL, something that changes something."""
        answer = self._api.act(self._graphql(), json={"query": query, "variables": variables})
        return mapping(mapping(answer.data).get("data"))

    def _graphql(self) -> str:
        """GitHub's own servers keep it beside the REST API, and not below its version."""
        return f"{self.server.removesuffix('/v3')}/graphql"


def repository(place: Place) -> str:
    if not _NAME.fullmatch(place.remote_id):
        raise Gone("this is no repository")
    return f"repos/{place.remote_id}"


def _judge(now: Callable[[], datetime]) -> Judge:
    def meant(fetched: Fetched, data: Any) -> NetworkError | None:
        answer = mapping(data)
        said = " ".join([text(answer.get("message")), *(_details(answer))]).strip()
        if fetched.status in (301, 302, 307, 308):
            return Elsewhere("the repository has another name now")
        if fetched.status in (403, 429) and (slow := _slow(fetched.headers, said, now())):
            return slow
        if fetched.status == 401:
            return Reconnect(f"GitHub does not accept our token any more; make another and connect again: {said}")
        if fetched.status in (404, 410):
            return Gone("GitHub has no such thing, or does not show it to this account")
        if fetched.status == 403:
            return _forbidden(fetched.headers, said)
        if fetched.status in (400, 422, 451):
            return Refused(f"GitHub refuses it: {said or fetched.status}")
        return _graphql(answer) if fetched.status == 200 else None

    return meant


def _details(answer: Mapping[str, Any]) -> list[str]:
    return [
        text(one.get("message")) or " ".join(filter(None, (text(one.get("field")), text(one.get("code")))))
        for one in mappings(answer.get("errors"))
    ]


def _slow(headers: httpx.Headers, said: str, now: datetime) -> Later | None:
    why = "GitHub asks us to slow down"
    if "retry-after" in headers:
        return Later(why, retry_after=wait(headers, now=now), everywhere=True)
    if str(headers.get("x-ratelimit-remaining")) == "0":
        return Later(why, retry_after=_reset(headers, now), everywhere=True)
    if "secondary rate limit" in said.lower() or "abuse detection" in said.lower():
        return Later(why, retry_after=_SECONDARY, everywhere=True)
    return None


def _reset(headers: httpx.Headers, now: datetime) -> float:
    value = str(headers.get("x-ratelimit-reset", ""))
    if not value.isdigit() or len(value) > 12:
        return _SECONDARY
    return min(max(int(value) - now.timestamp(), 0.0), LONGEST_WAIT)


def _forbidden(headers: httpx.Headers, said: str) -> Refused:
    if "required" in str(headers.get("x-github-sso", "")):
        return Refused(
            "the organisation wants single sign-on: at github.com/settings/tokens, Configure SSO, authorise it"
        )
    if "not accessible" in said or "scope" in said.lower():
        return Refused(f"the token lacks the right for it; {_TOKEN}")
    if "blocked" in said.lower():
        return Refused(f"one has blocked the other at GitHub: {said}")
    if "locked" in said.lower():
        return Refused("this conversation is locked; unlock it first")
    return Refused(f"GitHub forbids it; is the account a member with enough rights there? {said}")


def _graphql(answer: Mapping[str, Any]) -> NetworkError | None:
    errors = mappings(answer.get("errors"))
    if not errors:
        return None
    kind, said = text(errors[0].get("type")), text(errors[0].get("message"))
    if kind == "NOT_FOUND":
        return Gone("GitHub has no such thing, or does not show it to this account")
    if kind == "RATE_LIMITED" or "secondary rate limit" in said.lower():
        return Later("GitHub asks us to slow down", retry_after=_SECONDARY, everywhere=True)
    if kind in ("FORBIDDEN", "INSUFFICIENT_SCOPES"):
        return Refused(f"the token lacks the right for it; {_TOKEN}: {said}")
    if not kind and "something went wrong" in said.lower():
        return Unsure(f"GitHub failed on it: {said}")
    return Refused(f"GitHub refuses it: {said}")


def moment(value: str) -> datetime | None:
    """A time as GitHub writes it, such as when a token ends."""
    try:
        at = datetime.fromisoformat(value.replace(" UTC", "+00:00").replace("Z", "+00:00"))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
