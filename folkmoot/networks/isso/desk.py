"""Isso asked as its readers ask, and by its administration, which is a page for people: Isso has no other interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from folkmoot.lib import fetching
from folkmoot.lib.fetching import Fetched
from folkmoot.networks.api import SOON, Api, by_status
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused, Unsure
from folkmoot.networks.isso.parse import Comment, Page, listed, number_of, parse_page
from folkmoot.networks.live import Access
from folkmoot.networks.payload import Unfit, mapping, text

_PAUSE = 60.0  # seconds, the span of Isso's own limit
_NOT_ISSO = "no Isso answers at this address; is it the address of Isso itself, and not of the site?"
_MEANINGS = {
    "direct responses": "Isso takes no more answers of one author to this page; raise “direct-reply” in its configuration",
    "edit time frame": "Isso takes no answer to oneself at once; set “reply-to-self = true” in its configuration",
    "too short": "Isso takes no comment of less than three letters",
    "too long": "the text is longer than an Isso comment can be",
    "not accessible": "Isso can't open the page this is to stand under",
}


class Desk:
    def __init__(self, access: Access) -> None:
        address = access.settings.get("server", "").strip().rstrip("/").removesuffix("/admin")
        self.address = address if "://" in address else f"https://{address}"
        self._access = access
        self._api = Api(access.http, self.address, {"Accept": "application/json"}, _judge, access.now)
        self._admin = self._api
        self._info: Mapping[str, Any] = {}

    def info(self) -> Mapping[str, Any]:
        """Its version, the address of the site, and whether comments wait for approval."""
        if not self._info:
            found = mapping(self._api.read("/info").data)
            if not text(found.get("version")) or not urlsplit(text(found.get("origin"))).netloc:
                raise Refused(_NOT_ISSO)
            self._info = found
        return self._info

    def page(self, **params: Any) -> Page:
        """A page of the administration, newest first; signs in first where that is due."""
        if self._admin is self._api:
            self.sign_in()
        html = self._html(params)
        if (page := parse_page(html)) is None:
            self.sign_in()
            html = self._html(params)
            page = parse_page(html)
        if page is None:
            raise _no_page(html)
        return page

    def comment(self, remote_id: str) -> Comment | None:
        """A comment as it is now; None where it is gone, whatever has its number since."""
        number = number_of(remote_id)
        found = self.page(comment_search_url=f"{self.address}/#isso-{number}").comments
        return next((one for one in found if one.remote_id == remote_id), None)

    def numbered(self, number: int) -> Comment | None:
        found = self.page(comment_search_url=f"{self.address}/#isso-{number}").comments
        return next((one for one in found if one.number == number), None)

    def thread(self, uri: str) -> dict[int, Mapping[str, Any]]:
        return listed(self._api.read("/", {"uri": uri}).data)

    def write(self, uri: str, said: Mapping[str, Any]) -> Mapping[str, Any]:
        data = self._api.act("/new", params={"uri": uri}, json=said).data
        if "id" not in mapping(data):
            raise Unsure("Isso did not say what it made")
        return mapping(data)

    def change(self, comment: Comment, action: str, **request: Any) -> None:
        self._api.act(f"/id/{comment.number}/{action}/{comment.key}", plain=True, **request)

    def sign_in(self) -> None:
        """Isso answers the right password by leading elsewhere, the wrong one by asking again."""
        form = {"password": self._access.secrets.get("password", "")}
        asked = self._access.http.build_request("POST", f"{self.address}/login/", data=form)
        try:
            fetched = fetching.send(self._access.http, asked)
        except (fetching.TimedOut, fetching.Unreachable) as error:
            raise Later(str(error), retry_after=SOON) from error
        except fetching.CantFetch as error:
            raise Refused(str(error)) from error
        cookies = [one for one in fetched.headers.get_list("set-cookie") if one.startswith("admin-session=")]
        if fetched.status == 302 and cookies:
            cookie = cookies[0].partition(";")[0]
            self._admin = replace(self._api, headers={"Cookie": cookie}, judge=lambda fetched, data: None)
        elif fetched.status >= 400:
            raise by_status(fetched, now=self._access.now())
        else:
            raise _no_page(fetched.body.decode("utf-8", "replace"))

    def _html(self, params: Mapping[str, Any]) -> str:
        return self._admin.read("/admin/", params, plain=True).fetched.body.decode("utf-8", "replace")


def _no_page(html: str) -> NetworkError:
    if 'name="password"' in html:
        return Reconnect("Isso does not accept the password of its administration; look it up in its configuration")
    if "isso" in html.lower() and "disabled" in html.lower():
        return Refused("Isso's administration is off: set “enabled = true” in the section “admin” of its configuration")
    return Refused(_NOT_ISSO)


def _judge(fetched: Fetched, data: Any) -> NetworkError | None:
    if fetched.status < 400 or fetched.status >= 500:
        return None
    words = text(mapping(data).get("message")) or fetched.body[:500].decode("utf-8", "replace")
    if "ratelimit" in words:
        return Later("Isso wants a pause between comments", retry_after=_PAUSE)
    for part, meaning in _MEANINGS.items():
        if part in words:
            return Refused(meaning)
    if "email address required" in words or "author address required" in words:
        return Refused("Isso wants a name and an e-mail address with each comment")
    return None


def known(remote_id: str) -> bool:
    """Whether it is the id of a comment at all."""
    try:
        return bool(number_of(remote_id))
    except Unfit:
        return False
