"""A WordPress site asked by its REST interface, and what its errors mean."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from folkmoot.lib.fetching import Fetched
from folkmoot.lib.html import to_text
from folkmoot.networks.api import SOON, Answered, Api
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused, Unsure
from folkmoot.networks.live import Access
from folkmoot.networks.payload import count, mapping, mappings, text

# Pages overlap, so that nothing slips through when what is listed shifts while it is read.
PAGE, STEP = 100, 90
_FLOOD = 15.0  # seconds WordPress wants between two comments of one author, by default
_RIGHTS = "the account may not do that; give it the role Editor (in WordPress: Users → the account → Role)"
_SIGN_IN = (
    "the site does not accept the user name and application password; make a new application password there "
    "(Users → Profile → Application Passwords). If a new one fails too, the web server may be dropping the header "
    "Authorization"
)
_MEANINGS = {
    "rest_comment_closed": "comments under this post are closed; open them in WordPress to answer",
    "comment_duplicate": "WordPress does not take the same words twice from one account under one post",
    "comment_content_column_length": "the text is longer than a WordPress comment can be",
    "rest_comment_content_invalid": "WordPress does not take a comment without words",
    "rest_comment_draft_post": "the post is not published, so nothing can be said under it",
    "rest_comment_trash_post": "the post is in the bin, so nothing can be said under it",
    "rest_no_route": "the site has no WordPress interface for it; is it WordPress 5.7 or later, with its REST API on?",
    "rest_upload_sideload_error": "WordPress does not take files of this kind",
    "rest_upload_file_too_big": "the file is larger than the site takes",
    "rest_upload_limited_space": "the site has no room for the file",
}
_GONE = {"rest_comment_invalid_id", "rest_post_invalid_id", "rest_already_trashed"}


class Gone(Refused):
    """What was asked for is not there, or in the bin."""


class NoBin(Refused):
    """The site keeps no bin."""


@dataclass(frozen=True, slots=True)
class Me:
    """Our own account and what it may, by WordPress's names of capabilities."""

    id: int
    name: str
    handle: str
    avatar: str
    able: frozenset[str]


class Site:
    def __init__(self, access: Access) -> None:
        user = access.settings.get("user", "").strip()
        # Shown in groups of four; WordPress itself leaves the spaces out
        password = access.secrets.get("password", "").replace(" ", "")
        proof = b64encode(f"{user}:{password}".encode()).decode()
        address = access.settings.get("site", "").strip().rstrip("/").removesuffix("/wp-admin").removesuffix("/wp-json")
        self.address = address if "://" in address else f"https://{address}"
        self._reading = Api(access.http, self.address, {"Authorization": f"Basic {proof}"}, _judge_reading, access.now)
        self._acting = replace(self._reading, judge=_judge_acting)
        self._me: Me | None = None

    def read(self, route: str, **params: Any) -> Answered:
        return self._reading.read("/", {"rest_route": route} | params)

    def act(self, route: str, **request: Any) -> Mapping[str, Any]:
        """What the site says it made or changed."""
        params = {"rest_route": route} | request.pop("params", {})
        data = self._acting.act("/", params=params, **request).data
        if not isinstance(data, dict):
            raise Unsure("the site's answer can't be understood")
        return data

    def listed(self, route: str, *, offset: int = 0, size: int = 0, **params: Any) -> list[Mapping[str, Any]]:
        """A page of what is there, ``size`` (else ``PAGE``) items unless it is the last one."""
        answer = self.read(route, per_page=size or PAGE, offset=offset, **params)
        if not isinstance(answer.data, list):
            raise Later(
                "the site's answer can't be understood; is the address that of a WordPress site?", retry_after=60
            )
        return mappings(answer.data)

    def total(self, route: str, **params: Any) -> int:
        return count(self.read(route, per_page=1, **params).headers.get("x-wp-total", "")) or 0

    def me(self) -> Me:
        if self._me is None:
            data = mapping(self.read("/wp/v2/users/me", context="edit").data)
            number = count(data.get("id"))
            if not number:
                raise Refused("no WordPress answers at this address; is it the address of the site's front page?")
            able = frozenset(name for name, has in mapping(data.get("capabilities")).items() if has)
            handle = text(data.get("username")) or text(data.get("slug"))
            avatar = text(mapping(data.get("avatar_urls")).get("96"))
            self._me = Me(number, text(data.get("name")) or handle, handle, avatar, able)
        return self._me

    def may(self, capability: str) -> bool:
        return capability in self.me().able


def _judge_reading(fetched: Fetched, data: Any) -> NetworkError | None:
    if fetched.status == 500 and "code" in mapping(data):
        return Later(f"the site failed: {_words(data)}", retry_after=SOON)
    return _judge(fetched, data)


def _judge_acting(fetched: Fetched, data: Any) -> NetworkError | None:
    if fetched.status == 500 and "code" in mapping(data):
        return Unsure(f"the site failed on it: {_words(data)}")
    return _judge(fetched, data)


def _words(data: Any) -> str:
    return to_text(text(mapping(data).get("message")))


def _judge(fetched: Fetched, data: Any) -> NetworkError | None:
    if fetched.status < 400:
        return None
    code, words = text(mapping(data).get("code")), _words(data)
    if fetched.status == 401:
        return Reconnect(f"{_SIGN_IN} {words}".strip())
    if code in _GONE:
        return Gone("it is not there any more")
    if code == "rest_trash_not_supported":
        return NoBin("the site has no bin")
    if code == "comment_flood":
        return Later("the site wants a pause between comments", retry_after=_FLOOD)
    if code in _MEANINGS:
        return Refused(_MEANINGS[code])
    if code == "rest_comment_failed_create":
        return Refused(f"the site did not take the comment: {words}")
    if fetched.status == 403:
        return Refused(f"{_RIGHTS}. The site says: {words}" if code else "a firewall of the site turned us away (403)")
    return None
