"""News by webhook (Admin → API → Webhooks): signed, in any order, and repeated when we did not answer."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from folkmoot.networks.base import Batch, Place, Seen, SeenDeletion
from folkmoot.networks.discourse.listening import Listening
from folkmoot.networks.discourse.live_parse import forum_place, is_private, parse_live
from folkmoot.networks.errors import Refused
from folkmoot.networks.live import Answer, Hook, Tokens
from folkmoot.networks.payload import Dates, Unfit, count, mapping, mappings

_KEPT = "hook_secret"
_HEARD = ("post", "topic")
_OLD_NUMBERS = (1, 2)  # of forums that give no list
_JSON = 1


class Hearing(Listening):
    def answer(self, hook: Hook) -> Answer:
        secret = self._access.secrets.get(_KEPT, "")
        method, _, stated = hook.headers.get("x-discourse-event-signature", "").partition("=")
        wanted = hmac.new(secret.encode(), hook.body, hashlib.sha256).hexdigest()
        if not secret or method != "sha256" or not hmac.compare_digest(wanted, stated.strip().lower()):
            raise Refused("not signed by the forum")
        kept = hook.headers.get("x-discourse-event-type", "") in _HEARD
        return Answer(keep=kept, key=hook.headers.get("x-discourse-event-id", ""))

    def hear(self, hook: Hook) -> Sequence[Batch]:
        told = _decoded(hook.body)
        event, at = hook.headers.get("x-discourse-event", ""), hook.at
        if item := mapping(told.get("post")):
            return self._told_post(item, event, at)
        return self._told_topic(mapping(told.get("topic")), event, at)

    def _told_post(self, item: Mapping[str, Any], event: str, at: datetime) -> Sequence[Batch]:
        """Of private messages everybody's are told; ours are asked for instead."""
        dates = Dates(ZoneInfo("UTC"), at)
        try:
            seen: Seen = parse_live(item, self._forum.host, self._forum.user, dates)
        except Unfit:
            return []
        if item.get("topic_archetype") == "private_message":
            return []
        if event == "post_destroyed":
            seen = SeenDeletion(seen.remote_id, _deleted(item, at, dates))
        return [Batch(self._place(), [seen], "", more=False)]

    def _told_topic(self, item: Mapping[str, Any], event: str, at: datetime) -> Sequence[Batch]:
        """With a topic goes its first post; of its other posts each is told by itself."""
        number = count(item.get("id"))
        if event != "topic_destroyed" or not number or item.get("archetype") == "private_message":
            return []
        gone = SeenDeletion(f"{number}/1", _deleted(item, at, Dates(ZoneInfo("UTC"), at)))
        return [Batch(self._place(), [gone], "", more=False)]

    def _place(self) -> Place:
        return forum_place(self._forum.host, self._access.settings.get("title", ""), self._forum.address)

    def subscribe(self, url: str, places: Sequence[Place]) -> Tokens:
        """Wants a key of an administrator; without one, the forum is asked for news as before."""
        secret = self._access.secrets.get(_KEPT) or secrets.token_urlsafe(32)
        listed = self._forum.read("/admin/api/web_hooks.json")
        wanted = {
            "payload_url": url,
            "content_type": _JSON,
            "secret": secret,
            "wildcard_web_hook": False,
            "active": True,
            "verify_certificate": True,
            "web_hook_event_type_ids": _kinds(mapping(listed.get("extras"))),
        }
        known = _known(listed, url)
        path = f"/admin/api/web_hooks/{known}.json" if known else "/admin/api/web_hooks.json"
        self._forum.made(path, method="PUT" if known else "POST", json={"web_hook": wanted})
        return Tokens({_KEPT: secret}, {"title": next((one.name for one in places if not is_private(one)), "")})

    def unsubscribe(self, url: str) -> None:
        if known := _known(self._forum.read("/admin/api/web_hooks.json"), url):
            self._forum.act(f"/admin/api/web_hooks/{known}.json", method="DELETE", plain=True)


def _known(listed: Mapping[str, Any], url: str) -> int | None:
    return next(
        (count(one.get("id")) for one in mappings(listed.get("web_hooks")) if one.get("payload_url") == url), None
    )


def _kinds(extras: Mapping[str, Any]) -> list[int]:
    """The numbers of what we want to hear; newer forums number each event, older ones each kind."""
    grouped = mapping(extras.get("grouped_event_types"))
    found = [one for name in _HEARD for one in mappings(grouped.get(name))]
    found = found or [one for one in mappings(extras.get("event_types")) if one.get("name") in _HEARD]
    return [number for one in found if (number := count(one.get("id")))] or list(_OLD_NUMBERS)


def _deleted(item: Mapping[str, Any], at: datetime, dates: Dates) -> datetime:
    try:
        return dates.iso(item.get("deleted_at"))
    except Unfit:
        return at


def _decoded(body: bytes) -> Mapping[str, Any]:
    try:
        return mapping(json.loads(body))
    except (ValueError, RecursionError):
        return {}
