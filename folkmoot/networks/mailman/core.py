"""Mailman's REST interface (https://docs.mailman3.org/projects/mailman/en/latest/src/mailman/rest/docs/rest.html)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from folkmoot.lib.fetching import Fetched
from folkmoot.lib.html import to_text
from folkmoot.networks.api import Api
from folkmoot.networks.errors import NetworkError, Reconnect, Refused
from folkmoot.networks.live import Access
from folkmoot.networks.payload import count, mapping, mappings, text

_PAGE = 50


class NotThere(Refused):
    """Mailman knows no such thing."""


class Core:
    def __init__(self, access: Access) -> None:
        user, password = access.settings.get("rest_user", ""), access.secrets.get("rest_password", "")
        proof = b64encode(f"{user}:{password}".encode()).decode()
        address = access.settings.get("rest", "").strip()
        self._api = Api(access.http, address, {"Authorization": f"Basic {proof}"}, _judge, access.now)

    def read(self, path: str, **params: Any) -> Mapping[str, Any]:
        return mapping(self._api.read(path, params or None).data)

    def every(self, path: str, **params: Any) -> Iterator[Mapping[str, Any]]:
        """Entries of all pages."""
        page = 1
        while True:
            found = self.read(path, **params, count=_PAGE, page=page)
            entries = mappings(found.get("entries"))
            yield from entries
            if len(entries) < _PAGE or page * _PAGE >= (count(found.get("total_size")) or 0):
                return
            page += 1

    def act(self, path: str, method: str = "POST", **form: str) -> None:
        self._api.act(path, method=method, data=form or None, plain=True)

    def held(self, list_id: str) -> Iterator[Mapping[str, Any]]:
        return self.every(f"lists/{quote(list_id)}/held")

    def held_number(self, list_id: str, message_id: str) -> int | None:
        """The number by which a mail is held, None where it is not."""
        return next(
            (
                count(one.get("request_id"))
                for one in self.held(list_id)
                if text(one.get("message_id")).strip(" <>") == message_id
            ),
            None,
        )

    def member(self, list_id: str, address: str) -> str | None:
        """By which a member of a list is known."""
        found = self.read("members/find", list_id=list_id, subscriber=address, role="member")
        return next((text(one.get("member_id")) for one in mappings(found.get("entries"))), None)


def _judge(fetched: Fetched, data: Any) -> NetworkError | None:
    said = to_text(text(mapping(data).get("description")) or text(mapping(data).get("title")))
    if fetched.status == 401:
        return Reconnect("Mailman does not accept the user name and password for REST; they stand in its mailman.cfg")
    if fetched.status == 404:
        return NotThere("Mailman knows no such list, member or held mail (any more)")
    if fetched.status in (400, 409, 403):
        return Refused(f"Mailman refuses it: {said[:200]}")
    return None
