"""Feeds that are read."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b

import httpx

from folkmoot.lib import fetching
from folkmoot.lib.fetching import Fetched
from folkmoot.networks.api import SOON, by_status
from folkmoot.networks.base import Batch, Person, Place, Skipped, gettext_noop
from folkmoot.networks.errors import Later, NetworkError, Refused
from folkmoot.networks.live import Access, Answer, Checkup, Hook, Kind, Recalled, Right, Tokens
from folkmoot.networks.payload import count, mapping, text
from folkmoot.networks.rss import websub
from folkmoot.networks.rss.pages import feeds_of
from folkmoot.networks.rss.parse import Entry, Feed, parse

_ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
_READ = gettext_noop("Read this feed")
_NO_FEED_LATER = 3600.0
_SUBSCRIBED_ANEW = timedelta(days=4)
_MOST_PAGES = 200
Build = Callable[[httpx.Client], httpx.Request]
_WORDS = {
    401: "the feed asks for a password; only open feeds can be read",
    403: "the feed's server turns us away; ask whoever runs it, or take another address",
    404: "there is no feed at this address any more; look at the page for its new address",
    410: "the feed was closed for good; remove its channel",
}


class FeedsSession:
    def __init__(self, access: Access) -> None:
        self._access = access

    def check(self) -> Checkup:
        """Each feed is a right; fails where not one can be read."""
        rights, failed = [], list[NetworkError]()
        for address in self._addresses():
            try:
                self._found(address)
                rights.append(Right(address, _READ, True))
            except NetworkError as error:
                failed.append(error)
                rights.append(Right(address, _READ, False, needed=False, mend=str(error)))
        if len(failed) == len(rights):
            raise failed[0] if failed else Refused("enter the address of a feed")
        return Checkup(Person("feeds", "Feeds"), tuple(rights))

    def places(self) -> Sequence[Place]:
        found, failed = [], list[NetworkError]()
        for address in self._addresses():
            try:
                there, feed = self._found(address)
                found.append(Place(there, feed.title or there, "feed", feed.url or there))
            except NetworkError as error:
                failed.append(error)
        if failed and not found:
            raise failed[0]
        return list({place.remote_id: place for place in found}.values())

    def close(self) -> None:
        """Nothing lasts."""

    def kinds(self, place: Place) -> Sequence[Kind]:
        return (Kind("entries", 300),)

    def poll(self, place: Place, kind: str, cursor: str) -> Batch:
        state = _read(cursor)
        fetched = self._fetch(place.remote_id, _conditions(state))
        subscribed = self._subscribed_anew(place, state)
        if fetched.status == 304:
            return Batch(place, [], json.dumps({**state, **subscribed}), more=False)
        now = self._access.now()
        feed = parse(fetched.body, fetched.url, fetched.headers, now=now)
        if feed is None:
            raise Later("there is no feed at this address just now, but something else", retry_after=_NO_FEED_LATER)
        known = text(state.get("seen")).split()
        fresh = [entry for entry in feed.entries if _stamp(entry) not in known]
        ahead = {
            "etag": fetched.headers.get("etag", "")[:500],
            "modified": fetched.headers.get("last-modified", "")[:100],
            "seen": " ".join(_stamp(entry) for entry in feed.entries),
        }
        return _batch(place, feed, fresh, json.dumps({**ahead, **subscribed}), now=now)

    def recall(self, place: Place, cursor: str, *, since: datetime) -> Recalled:
        """The feed, and the older pages that it names, where it does (RFC 5005)."""
        state, now = _read(cursor), self._access.now()
        here, turn = text(state.get("here")) or place.remote_id, count(state.get("turn")) or 0
        fetched = self._fetch(here, {})
        feed = parse(fetched.body, fetched.url, fetched.headers, now=now)
        if feed is None:
            return Recalled(Batch(place, [], cursor, False, [Skipped("not a feed", where=here)]))
        taken = [entry for entry in feed.entries if entry.at is None or entry.at >= since]
        on = bool(taken and feed.older and feed.older != here and turn < _MOST_PAGES)
        ahead = json.dumps({"here": feed.older, "turn": turn + 1}) if on else cursor
        return Recalled(_batch(place, feed, taken, ahead, now=now, more=on), None if on else 1.0)

    def answer(self, hook: Hook) -> Answer:
        if hook.method == "GET":
            return websub.verified(hook)
        websub.check_signature(hook, self._access.secrets.get("hub_secret", ""))
        return Answer(status=202)

    def hear(self, hook: Hook) -> Sequence[Batch]:
        told = mapping(self._subscriptions().get(hook.query.get("feed", "")))
        address = text(told.get("address"))
        feed = parse(hook.body, address, hook.headers, now=hook.at) if address else None
        if feed is None:
            return []
        place = Place(address, text(told.get("name")) or feed.title or address, "feed", feed.url or address)
        return [_batch(place, feed, feed.entries, "", now=hook.at)]

    def subscribe(self, url: str, places: Sequence[Place]) -> Tokens:
        """At the hub of each feed that names one; the others are asked now and then, as all are."""
        secret = self._access.secrets.get("hub_secret") or secrets.token_urlsafe(32)
        made, failed = {}, list[NetworkError]()
        for place in places:
            try:
                fetched = self._fetch(place.remote_id, {})
                feed = parse(fetched.body, fetched.url, fetched.headers, now=self._access.now())
                if feed and feed.hub:
                    topic = feed.topic or place.remote_id
                    self._ask_hub("subscribe", feed.hub, topic, _callback(url, place.remote_id), secret)
                    made[websub.number(place.remote_id)] = {
                        "address": place.remote_id, "name": place.name, "hub": feed.hub, "topic": topic,
                    }  # fmt: skip
            except NetworkError as error:
                failed.append(error)
        if failed and not made:
            raise failed[0]
        kept = {"websub": json.dumps(made, ensure_ascii=False), "websub_address": url}
        return Tokens({"hub_secret": secret} if made else {}, kept if made else {})

    def unsubscribe(self, url: str) -> None:
        for told in map(mapping, self._subscriptions().values()):
            callback = _callback(url, text(told.get("address")))
            self._ask_hub("unsubscribe", text(told.get("hub")), text(told.get("topic")), callback, "")

    def _subscribed_anew(self, place: Place, state: Mapping[str, object]) -> dict[str, str]:
        """Subscriptions end by themselves; what a hub refuses is asked for by and by all the same."""
        told = mapping(self._subscriptions().get(websub.number(place.remote_id)))
        now, before = self._access.now(), text(state.get("subscribed"))
        if not told:
            return {}
        try:
            if now - datetime.fromisoformat(before) < _SUBSCRIBED_ANEW:
                return {"subscribed": before}
            url, secret = self._access.settings.get("websub_address", ""), self._access.secrets.get("hub_secret", "")
            callback = _callback(url, place.remote_id)
            self._ask_hub("subscribe", text(told.get("hub")), text(told.get("topic")), callback, secret)
        except (ValueError, TypeError, NetworkError):
            return {"subscribed": now.isoformat()}
        return {"subscribed": now.isoformat()}

    def _subscriptions(self) -> Mapping[str, object]:
        return _read(self._access.settings.get("websub", ""))

    def _ask_hub(self, mode: str, hub: str, topic: str, callback: str, secret: str) -> None:
        form = websub.request(mode, topic, callback, secret)
        answer = self._send(lambda http: http.build_request("POST", hub, data=form))
        if answer.status >= 300:
            raise by_status(answer, now=self._access.now())

    def _addresses(self) -> list[str]:
        stated = self._access.settings.get("feeds", "").split()
        return list(dict.fromkeys(one if "://" in one else f"https://{one}" for one in stated))

    def _found(self, address: str) -> tuple[str, Feed]:
        """The feed at an address, or the one that the page there names first."""
        fetched = self._fetch(address, {})
        now = self._access.now()
        if feed := parse(fetched.body, fetched.url, fetched.headers, now=now):
            return address, feed
        for there in feeds_of(fetched.body, fetched.url)[:3]:
            fetched = self._fetch(there, {})
            if feed := parse(fetched.body, fetched.url, fetched.headers, now=now):
                return there, feed
        raise Refused(f"there is no feed at {address}, and the page there names none")

    def _fetch(self, address: str, conditions: Mapping[str, str]) -> Fetched:
        headers = {"Accept": _ACCEPT, **conditions}
        fetched = self._send(lambda http: http.build_request("GET", address, headers=headers))
        if fetched.status in _WORDS:
            raise Refused(f"{_WORDS[fetched.status]} ({address})")
        if fetched.status != 304 and not 200 <= fetched.status < 300:
            raise by_status(fetched, now=self._access.now())
        return fetched

    def _send(self, build: Build) -> Fetched:
        try:
            return fetching.send(self._access.http, build(self._access.http))
        except fetching.NotAllowed as error:
            raise Refused(str(error)) from error
        except fetching.TooLarge as error:
            raise Refused(f"the feed is too large: {error}") from error
        except (httpx.InvalidURL, ValueError) as error:
            raise Refused(f"that is no address of a feed: {error}") from error
        except fetching.CantFetch as error:
            raise Later(str(error), retry_after=SOON) from error


def _batch(
    place: Place, feed: Feed, entries: Sequence[Entry], cursor: str, *, now: datetime, more: bool = False
) -> Batch:
    """Oldest first, as they were written; of those without a date, the last in the feed is taken for the oldest."""
    seen = [entry.seen(now) for entry in reversed(entries)]
    left_out = [Skipped("more entries than are taken at once", feed.more, place.remote_id)] if feed.more else []
    return Batch(place, sorted(seen, key=lambda one: one.at), cursor, more, left_out)


def _conditions(state: Mapping[str, object]) -> dict[str, str]:
    stated = {"If-None-Match": text(state.get("etag")), "If-Modified-Since": text(state.get("modified"))}
    return {name: value for name, value in stated.items() if value and value.isascii()}


def _stamp(entry: Entry) -> str:
    """Which entry, in which state: kept short, for the cursor holds one for each."""
    which = blake2b(entry.remote_id.encode("utf-8", "replace"), digest_size=5).hexdigest()
    return f"{which}{entry.digest[:6]}"


def _callback(url: str, address: str) -> str:
    return str(httpx.URL(url).copy_merge_params({"feed": websub.number(address)}))


def _read(value: str) -> Mapping[str, object]:
    try:
        return mapping(json.loads(value)) if value else {}
    except (ValueError, RecursionError):
        return {}
