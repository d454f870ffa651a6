"""A homeserver's client-server API, asked as one account."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from folkmoot.lib.fetching import Fetched
from folkmoot.networks.api import LONGEST_WAIT, SOON, Answered, Api, wait
from folkmoot.networks.errors import Later, Moved, NetworkError, Reconnect, Refused
from folkmoot.networks.live import Access
from folkmoot.networks.payload import count, mapping, text

ROOT = "_matrix/client/v3"
DEVICE = "Folkmoot"
_TAG = re.compile(r"<[^>]*>?")
_GONE = {
    "M_UNKNOWN_TOKEN": "The server no longer accepts the access token: the account was signed out. Connect it again.",
    "M_MISSING_TOKEN": "The server asks for an access token. Connect the account again.",
    "M_USER_DEACTIVATED": "The account was deactivated at its server. Connect another one.",
    "M_USER_LOCKED": "The account is locked at its server. Ask the server's administrator, then connect it again.",
}
_MEND = {
    "M_USER_SUSPENDED": "The account is suspended: it may read, not write. Ask the server's administrator.",
    "M_TOO_LARGE": "It is too large for this server. Make it shorter, or the file smaller.",
    "M_GUEST_ACCESS_FORBIDDEN": "Guests can't do this. Connect an account that is registered.",
    "M_UNRECOGNIZED": "This server does not know what was asked of it. Is its address right?",
}
_RIGHTS = "In the room's settings, under “Roles & Permissions”, give the account the role that this needs."


class Missing(Refused):
    """There is no such room, event or state."""


class Forbidden(Refused):
    """The account may not do it there."""


class Invalid(Refused):
    """The server does not understand a value it was given, such as a token to go on from."""


@dataclass(slots=True)
class Client:
    """Signs in at the first question, where only a password was given; ``close`` signs out what was signed in here."""

    access: Access
    _api: Api = field(init=False, repr=False)
    _token: str = field(default="", repr=False)
    _user: str = ""

    def __post_init__(self) -> None:
        self._api = Api(
            self.access.http, self.access.settings.get("server", "").strip(), judge=self._judge, now=self.access.now
        )

    def read(self, *path: str, params: Mapping[str, Any] | None = None, root: str = ROOT, **request: Any) -> Any:
        """The JSON at a path given by its parts."""
        self._sign_in()
        return self._api.read(_joined(root, path), params, **request).data

    def act(self, *path: str, root: str = ROOT, **request: Any) -> Mapping[str, Any]:
        self._sign_in()
        return mapping(self._api.act(_joined(root, path), **request).data)

    def in_room(self, room: str, *path: str, **request: Any) -> Mapping[str, Any]:
        """An act in a room. Raises ``Moved`` where it is refused because the room was replaced by another."""
        try:
            return self.act("rooms", room, *path, **request)
        except Forbidden:
            self._where(room)
            raise

    def state(self, room: str, kind: str, key: str = "") -> Mapping[str, Any]:
        """What a room's state says; nothing where it says nothing, or nothing to us."""
        try:
            return mapping(self.read("rooms", room, "state", kind, *([key] if key else [])))
        except (Missing, Forbidden):
            return {}

    def user(self) -> str:
        """Our own id."""
        if not self._user:
            self._user = text(mapping(self.read("account", "whoami")).get("user_id"))
        if not self._user:
            raise Refused("The server does not say who the account is. Is its address right?")
        return self._user

    def overview(self, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
        """The state of all our rooms, as a first ``/sync`` gives it."""
        params = {"filter": json.dumps(wanted), "timeout": 0, "set_presence": "offline"}
        return mapping(self.read("sync", params=params, seconds=120))

    def may_write(self, room: str) -> None:
        """Raises ``Refused`` for an encrypted room, for what is written there must not be open; ``Moved`` for one that
        was replaced: its moderators could still write there, with nobody to read it."""
        if self.state(room, "m.room.encryption"):
            raise Refused(
                "The room is encrypted. Folkmoot can neither read nor write there; answer in a Matrix client."
            )
        self._where(room)

    def _where(self, room: str) -> None:
        if replaced := text(self.state(room, "m.room.tombstone").get("replacement_room")):
            raise Moved("The room was replaced by a newer one.", remote_id=replaced)

    def signed_in_here(self) -> bool:
        return bool(self._token)

    def log_in(self) -> Answered:
        """A new sign-in with the password, as a device of its own. Raises ``Reconnect``."""
        user, password = self.access.settings.get("user", "").strip(), self.access.secrets.get("password", "")
        if not user or not password:
            raise Reconnect("Give an access token, or the account's name with its password.")
        asked = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": user},
            "password": password,
            "initial_device_display_name": DEVICE,
        }
        try:
            answer = self._api.read(f"{ROOT}/login", method="POST", json=asked)
        except Forbidden as error:
            raise Reconnect("The server does not accept this name and password. Check both.") from error
        if not text(mapping(answer.data).get("access_token")):
            raise Refused("The server answers no sign-in as Matrix does. Is its address right?")
        return answer

    def close(self) -> None:
        if not self._token:
            return
        with suppress(NetworkError):
            self._api.act(f"{ROOT}/logout", json={})
        self._token = ""

    def _sign_in(self) -> None:
        if self._api.headers:
            return
        token = self.access.secrets.get("token", "").strip()
        if not token:
            answer = mapping(self.log_in().data)
            token = self._token = text(answer["access_token"])
            self._user = text(answer.get("user_id"))
        self._api.headers = {"Authorization": f"Bearer {token}"}

    def _judge(self, fetched: Fetched, data: Any) -> NetworkError | None:
        """What the standard errors mean (Matrix 1.15, client-server API, “Standard error response”)."""
        known = mapping(data)
        code = text(known.get("errcode"))
        if fetched.status < 400 or fetched.status >= 500 or not code:
            return None
        words = _words(known.get("error"))
        if code in _GONE:
            return Reconnect(_GONE[code])
        if code == "M_LIMIT_EXCEEDED":
            return Later("The server asks us to slow down.", retry_after=self._pause(fetched, known), everywhere=True)
        if code == "M_RESOURCE_LIMIT_EXCEEDED":
            return Later(f"The server has reached a limit of its own: {words}", retry_after=3600, everywhere=True)
        if code == "M_CONSENT_NOT_GIVEN":
            return Refused(f"Sign in and accept the server's terms first: {_words(known.get('consent_uri'))}")
        return _refusal(code, words)

    def _pause(self, fetched: Fetched, known: Mapping[str, Any]) -> float:
        milliseconds = count(known.get("retry_after_ms"))
        if "retry-after" in fetched.headers or milliseconds is None:
            return wait(fetched.headers, now=self.access.now()) if "retry-after" in fetched.headers else SOON
        return min(milliseconds / 1000, LONGEST_WAIT)


def _refusal(code: str, words: str) -> Refused:
    if code == "M_FORBIDDEN":
        return Forbidden(f"The server does not allow it: {words}. {_RIGHTS}")
    if code == "M_NOT_FOUND":
        return Missing(f"It is not there: {words}")
    if code in ("M_INVALID_PARAM", "M_UNKNOWN", "M_BAD_JSON", "M_NOT_JSON", "M_BAD_STATE"):
        return Invalid(f"The server refuses it: {words}")
    return Refused(_MEND.get(code) or f"The server refuses it ({code[:60]}): {words}")


def _words(value: object) -> str:
    """What the server says of it, as plain words."""
    return " ".join(_TAG.sub(" ", text(value)).split())[:200].rstrip(".")


def _joined(root: str, path: tuple[str, ...]) -> str:
    return "/".join([root, *(quote(part, safe="") for part in path)])
