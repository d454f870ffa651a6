"""News by webhook: of posts and members; Ghost calls nobody about comments."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from folkmoot.networks.base import Batch, Place, Seen, SeenDeletion, SeenMove
from folkmoot.networks.errors import Refused
from folkmoot.networks.ghost.listening import Listening
from folkmoot.networks.ghost.parse import parse_join, parse_member, parse_post
from folkmoot.networks.ghost.site import Already, Gone
from folkmoot.networks.live import Answer, Hook, Tokens
from folkmoot.networks.payload import Dates, Unfit, mapping, text

EVENTS = ("post.published", "post.published.edited", "post.deleted", "member.added", "member.deleted")
_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64}), t=(\d{1,16})")


class Hearing(Listening):
    def answer(self, hook: Hook) -> Answer:
        stated = _SIGNATURE.fullmatch(hook.headers.get("x-ghost-signature", "").strip())
        wanted = hmac.new(self._signing().encode(), hook.body + (stated[2].encode() if stated else b""), hashlib.sha256)
        if not stated or not self._site.key or not hmac.compare_digest(wanted.hexdigest(), stated[1]):
            raise Refused("not signed by the site")
        return Answer()

    def hear(self, hook: Hook) -> Sequence[Batch]:
        try:
            told = mapping(json.loads(hook.body))
        except (ValueError, RecursionError):
            return []
        settings = self._access.settings
        place = Place(settings.get("place", ""), settings.get("title", ""), "page", settings.get("url", ""))
        try:
            seen = self._heard(told, hook)
        except Unfit:
            return []
        return [Batch(place, [seen], "", more=False)] if seen and place.remote_id else []

    def _heard(self, told: Mapping[str, object], hook: Hook) -> Seen | None:
        dates = Dates(ZoneInfo("UTC"), hook.at)
        for kind in ("post", "member"):
            now, before = (mapping(mapping(told.get(kind)).get(name)) for name in ("current", "previous"))
            if now and kind == "post":
                return parse_post(now, dates)
            if now:
                return parse_join(now, dates)
            if text(before.get("id")) and kind == "post":
                return SeenDeletion(f"post-{before['id']}", hook.at)
            if text(before.get("id")):
                return SeenMove(f"leave-{before['id']}", hook.at, parse_member(before), "leave")
        return None

    def subscribe(self, url: str, places: Sequence[Place]) -> Tokens:
        """The secret is made of the key and nothing else, so that hooks of before go on being understood."""
        made = json.loads(self._access.settings.get("webhooks") or "[]")
        for event in EVENTS:
            try:
                hook = {"event": event, "target_url": url, "secret": self._signing(), "name": "Folkmoot"}
                made.append(text(self._site.act("webhooks/", json={"webhooks": [hook]}).get("id")))
            except Already:
                continue
        place = next(iter(places), None) or self._place()
        kept = {"webhooks": json.dumps(made), "place": place.remote_id, "title": place.name, "url": place.url}
        return Tokens({}, kept)

    def unsubscribe(self, url: str) -> None:
        for ident in json.loads(self._access.settings.get("webhooks") or "[]"):
            try:
                self._site.remove(f"webhooks/{ident}/")
            except Gone:
                continue

    def _signing(self) -> str:
        return hmac.new(self._site.key.encode(), b"webhooks of Folkmoot", hashlib.sha256).hexdigest()
