"""One agreement with another program: what it sends us, and where our answers go."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from folkmoot.networks.acts import Deletion, Edit, Publication, Reply, Sent
from folkmoot.networks.api import Api
from folkmoot.networks.base import Batch, Person, Place, SeenMessage, gettext_noop
from folkmoot.networks.errors import Later, NetworkError, Refused, Unsure
from folkmoot.networks.live import Access, Answer, Checkup, Hook, Right
from folkmoot.networks.payload import Dates, mapping, text
from folkmoot.networks.webhook.mapping import Told, batches, home
from folkmoot.networks.webhook.signing import PLAIN, check_plain, check_standard, secret_bytes, signed

_UTC = ZoneInfo("UTC")
_NOWHERE = "no address for answers is given; fill it in under the account's settings"
_NO_FILES = "files can't be sent by this way; put them on the web and write their address"


class WebhookSession:
    def __init__(self, access: Access) -> None:
        self._access = access
        self._settings = access.settings
        self._secret = access.secrets.get("secret", "")

    def check(self) -> Checkup:
        """Asks the other side, where there is an address to ask, whether it takes what we sign."""
        secret_bytes(self._secret)
        right = Right("send", gettext_noop("To send answers"), None, needed=False)
        if self._settings.get("answers", "").strip():
            try:
                self._send("ping", "ping", {})
            except Unsure as error:
                raise Later(str(error), retry_after=30) from error
            right = Right("send", gettext_noop("To send answers"), True, needed=False)
        place = home(self._settings)
        return Checkup(Person(place.remote_id, place.name, bot=True), (right,))

    def places(self) -> Sequence[Place]:
        """One channel; or, where each message says which it belongs to, those that are met."""
        return [] if self._settings.get("place", "").strip() else [home(self._settings)]

    def close(self) -> None:
        """Nothing lasts: each message is one of its own."""

    def answer(self, hook: Hook) -> Answer:
        if self._settings.get("scheme") == PLAIN:
            check_plain(hook, self._secret, self._settings.get("header", ""))
            key = ""
        else:
            key = check_standard(hook, self._secret)
        try:
            json.loads(hook.body)
        except (ValueError, RecursionError):
            return Answer(400, b"This is no JSON.\n", keep=False)
        return Answer(key=key)

    def hear(self, hook: Hook) -> Sequence[Batch]:
        try:
            whole = json.loads(hook.body)
        except (ValueError, RecursionError) as error:
            raise Refused("this is no JSON") from error
        return batches(Told(whole, hook.at, Dates(_UTC, self._access.now())), self._settings)

    def reply(self, act: Reply, key: str) -> Sent:
        if act.media:
            raise Refused(_NO_FILES)
        said = {"place": act.place.remote_id, "thread": act.thread, "parent": act.parent, "person": act.person}
        made = self._send("reply", key, {**said, "title": act.title, "text": act.text})
        return self._sent(made, key, act.place, act.text, thread=act.thread, parent=act.parent)

    def publish(self, act: Publication, key: str) -> Sent:
        if act.media:
            raise Refused(_NO_FILES)
        said = {"place": act.place.remote_id, "title": act.title, "text": act.text, "options": dict(act.options)}
        return self._sent(self._send("publish", key, said), key, act.place, act.text, title=act.title)

    def edit(self, act: Edit, key: str) -> Sent:
        said = {"place": act.place.remote_id, "id": act.remote_id, "title": act.title, "text": act.text}
        self._send("edit", key, said)
        return Sent(act.remote_id)

    def delete(self, act: Deletion, key: str) -> Sent:
        try:
            self._send("delete", key, {"place": act.place.remote_id, "id": act.remote_id, "reason": act.reason})
        except _Gone:
            return Sent(act.remote_id)
        return Sent(act.remote_id)

    def keeps_keys_for(self) -> timedelta:
        """As long as whoever connected says that the other side does nothing twice."""
        return timedelta(days=1) if self._settings.get("once") == "yes" else timedelta(0)

    def _send(self, kind: str, key: str, said: Mapping[str, Any]) -> Mapping[str, Any]:
        url = self._settings.get("answers", "").strip()
        if not url:
            raise Refused(_NOWHERE)
        now = self._access.now()
        body = json.dumps({"type": kind, "key": key, "timestamp": now.isoformat(), "data": said}).encode()
        seconds = int(now.timestamp())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": key,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signed(self._secret, key, seconds, body),
        }
        api = Api(self._access.http, _origin(url), judge=_judge, now=self._access.now)
        return mapping(api.act(url, content=body, headers=headers, plain=True).data)

    def _sent(
        self,
        made: Mapping[str, Any],
        key: str,
        place: Place,
        words: str,
        *,
        thread: str = "",
        parent: str = "",
        title: str = "",
    ) -> Sent:
        """The other side may say under which id it will tell of this; our key stands for it otherwise."""
        ident, now = text(made.get("id")) or f"folkmoot:{key}", self._access.now()
        own = self._settings.get("own_author", "").strip() or home(self._settings).remote_id
        seen = SeenMessage(
            remote_id=ident,
            at=now,
            author=Person(own, own, bot=True),
            text=words,
            thread=text(made.get("thread")) or thread or None,
            thread_title=title,
            parent=parent or None,
            ours=True,
            as_of=now,
            raw=made,
        )
        return Sent(ident, text(made.get("url")), seen)


class _Gone(Refused):
    """The other side knows no such message any more."""


def _judge(fetched: Any, data: Any) -> NetworkError | None:
    if fetched.status in (404, 410):
        return _Gone("the other side knows no such thing; is the address for answers right?")
    if fetched.status in (401, 403):
        return Refused("the other side does not accept our signature; give both the same secret")
    return None


def _origin(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise Refused("the address for answers is none") from error
    return f"{parsed.scheme}://{parsed.netloc.decode()}"
