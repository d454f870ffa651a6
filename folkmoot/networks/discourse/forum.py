"""A Discourse forum asked by its API, and what its errors mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from folkmoot.lib.fetching import Fetched
from folkmoot.networks.api import LONGEST_WAIT, SOON, Answered, Api, said
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused, Unsure
from folkmoot.networks.live import Access
from folkmoot.networks.payload import count, mapping, mappings, text

_KEY = (
    "the forum does not accept the API key with this user name; make a new key there (Admin → API → New API key) for "
    "this user or for all users"
)
_RIGHTS = (
    "the account may not do that; give it the role of moderator (Admin → Users → the account → Grant Moderation), "
    "and the API key the scope Global"
)


class Gone(Refused):
    """What was asked for is not there, or not for us."""


class Forbidden(Refused):
    """The forum knows us, or no longer does: it says the same of both."""


class Already(Refused):
    """It is so already."""


class Forum:
    def __init__(self, access: Access) -> None:
        address = access.settings.get("server", "").strip().rstrip("/")
        self.address = address if "://" in address else f"https://{address}"
        self.host = (urlsplit(self.address).hostname or "").lower()
        self.user = access.settings.get("user", "").strip()
        proof = {"Api-Key": access.secrets.get("api_key", "").strip(), "Api-Username": self.user}
        self._api = Api(access.http, self.address, {**proof, "Accept": "application/json"}, _judge, access.now)
        self._me: Mapping[str, Any] = {}

    def read(self, path: str, **params: Any) -> Any:
        try:
            answer = self._api.read(path, params)
        except Forbidden as error:
            raise self._why(error) from error
        if not isinstance(answer.data, dict):
            raise Later("the forum's answer can't be understood; is the address that of a forum?", retry_after=60)
        return answer.data

    def act(self, path: str, **request: Any) -> Answered:
        try:
            return self._api.act(path, **request)
        except Forbidden as error:
            raise self._why(error) from error

    def made(self, path: str, **request: Any) -> Mapping[str, Any]:
        """What the forum says it made or changed."""
        data = self.act(path, **request).data
        if not isinstance(data, dict):
            raise Unsure("the forum's answer can't be understood")
        return data

    def me(self) -> Mapping[str, Any]:
        if not self._me:
            try:
                found = mapping(mapping(self._api.read("/session/current.json").data).get("current_user"))
            except (Forbidden, Gone) as error:
                raise Reconnect(_KEY) from error
            if not count(found.get("id")) or not text(found.get("username")):
                raise Refused("no forum answers at this address; is it the address of its front page?")
            self._me = found
        return self._me

    def is_ours(self, item: Mapping[str, Any]) -> bool:
        return text(item.get("username")).casefold() == self.user.casefold()

    def takes_part(self, topic: int) -> bool:
        """Whether a private topic is open to us as one of its people, or by one of our groups."""
        try:
            details = mapping(mapping(self.read(f"/t/{topic}.json")).get("details"))
        except Gone:
            return False
        groups = {one.get("name") for one in mappings(self.me().get("groups"))}
        people = mappings(details.get("allowed_users"))
        return any(map(self.is_ours, people)) or any(
            one.get("name") in groups for one in mappings(details.get("allowed_groups"))
        )

    def post(self, topic: int, number: int) -> Mapping[str, Any]:
        """Raises ``Gone``."""
        return mapping(self.read(f"/posts/by_number/{topic}/{number}.json"))

    def posts(self, *, private: bool, before: int | None = None) -> list[Mapping[str, Any]]:
        """A page of the newest posts, those with a number up to ``before``."""
        params = {"before": before} if before else {}
        data = self.read("/private-posts.json" if private else "/posts.json", **params)
        return mappings(data.get("private_posts" if private else "latest_posts"))

    def _why(self, error: Forbidden) -> NetworkError:
        """Asks who we are, to tell a key that was taken back from a right that is missing."""
        try:
            self._me = {}
            self.me()
        except Reconnect as gone:
            return gone
        return Refused(str(error))


def _judge(fetched: Fetched, data: Any) -> NetworkError | None:
    if fetched.status < 400:
        return None
    told = mapping(data)
    words = " ".join(" ".join(text(one) for one in told.get("errors") or ()).split())[:300]
    if fetched.status == 429:
        return _pause(fetched, mapping(told.get("extras")))
    if fetched.status in (404, 410):
        return Gone(f"it is not there any more, or not for this account. {words}".strip())
    if fetched.status == 409:
        return Already(words or "it is so already")
    if fetched.status == 403 and told.get("error_type") == "read_only":
        return Later("the forum is read-only for now", retry_after=60)
    if fetched.status == 403:
        return Forbidden(f"{_RIGHTS}. The forum says: {words}" if words else _RIGHTS)
    if fetched.status in (400, 422):
        return Refused(f"the forum did not take it: {words or said(fetched)}")
    if fetched.status == 503 and told.get("error_type") == "read_only":
        return Later("the forum is read-only for now", retry_after=60)
    return None


def _pause(fetched: Fetched, extras: Mapping[str, Any]) -> Later | None:
    """By what the forum says, or the server before it; nothing where only the status tells."""
    stated = fetched.headers.get("retry-after", "")
    seconds = [count(extras.get("wait_seconds")), count(stated.strip())]
    longest = max((float(one) for one in seconds if one is not None), default=None)
    if longest is None:
        return None if stated else Later("the forum asks us to slow down", retry_after=SOON, everywhere=True)
    return Later("the forum asks us to slow down", retry_after=min(longest, LONGEST_WAIT), everywhere=True)
