"""Asking for news: lists page by page from the newest back to what is known, and threads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from folkmoot.networks.base import BATCH_SIZE, Batch, Place, Seen, SeenDeletion, Skipped
from folkmoot.networks.bluesky.account import NOT_UNDERSTOOD, Account
from folkmoot.networks.bluesky.errors import Gone
from folkmoot.networks.bluesky.parse import concerns, is_said, parse_notification, parse_post
from folkmoot.networks.errors import Later
from folkmoot.networks.live import Kind
from folkmoot.networks.payload import Unfit, mapping, mappings, text

PAGE = 100
MOST_PAGES = 3
# The AppView may show what is new in another order than it came
OVERLAP = timedelta(minutes=10)
NOTIFICATIONS, POSTS, FOUND = "notifications", "posts", "found"
MOST_KNOWN = 1_000
MOST_ASKED_AFTER = 20
SEARCH = "search:"
_DEEP = 1000


@dataclass(frozen=True, slots=True)
class Mark:
    """All up to ``behind`` is known. While a gap is read, ``page`` is where, and ``top`` the newest of it."""

    behind: str = ""
    page: str = ""
    top: str = ""

    @classmethod
    def read(cls, cursor: str) -> Mark:
        with suppress(ValueError, AttributeError):
            read = json.loads(cursor)
            return cls(text(read.get("behind")), text(read.get("page")), text(read.get("top")))
        return cls()

    def __str__(self) -> str:
        return json.dumps({"behind": self.behind, "page": self.page, "top": self.top})

    def moment(self) -> datetime | None:
        with suppress(ValueError):
            read = datetime.fromisoformat(self.behind)
            return read - OVERLAP if read.tzinfo else None
        return None


@dataclass(slots=True)
class Gathered:
    seen: list[Seen] = field(default_factory=list)
    skipped: dict[str, Skipped] = field(default_factory=dict)

    def skip(self, reason: str, where: str) -> None:
        known = self.skipped.get(reason)
        self.skipped[reason] = Skipped(reason, known.count + 1 if known else 1, known.where if known else where)

    def batch(self, place: Place, cursor: str, *, more: bool = False) -> Batch:
        return Batch(place, self.seen, cursor, more, tuple(self.skipped.values()))


@dataclass(frozen=True, slots=True)
class Page:
    """Items of one list, newest first, and where the next page begins."""

    items: Sequence[Mapping[str, Any]]
    cursor: str


def kinds(place: Place) -> Sequence[Kind]:
    if place.kind == "feed":
        return (Kind(FOUND, 120.0),)
    return (Kind(NOTIFICATIONS, 30.0), Kind(POSTS, 120.0))


class Reader:
    def __init__(self, account: Account) -> None:
        self._account = account

    def page(self, place: Place, kind: str, cursor: str) -> Page:
        params: dict[str, Any] = {"limit": PAGE} | ({"cursor": cursor} if cursor else {})
        if kind == NOTIFICATIONS:
            method, key = "app.bsky.notification.listNotifications", "notifications"
        elif place.remote_id.startswith(SEARCH):
            method, key = "app.bsky.feed.searchPosts", "posts"
            params |= {"q": place.remote_id.removeprefix(SEARCH), "sort": "latest"}
        elif place.kind == "feed":
            method, key, params = "app.bsky.feed.getListFeed", "feed", params | {"list": place.remote_id}
        else:
            method, key = "app.bsky.feed.getAuthorFeed", "feed"
            params |= {"actor": place.remote_id, "filter": "posts_with_replies"}
        found = mapping(self._account.read(method, params))
        if not isinstance(found.get(key), list):
            raise Later(NOT_UNDERSTOOD, retry_after=60)
        return Page(mappings(found[key]), text(found.get("cursor")))

    def poll(self, place: Place, kind: str, cursor: str) -> Batch:
        mark, gathered = Mark.read(cursor), Gathered()
        known = mark.moment()
        for _ in range(MOST_PAGES):
            page = self.page(place, kind, mark.page)
            times = [at for item in page.items if (at := self.at(item))]
            fresh = [item for item in page.items if known is None or (self.at(item) or known) >= known]
            self.take(place, kind, fresh, gathered)
            if times and not mark.top:
                mark = replace(mark, top=max(times).isoformat())
            if known is None or len(fresh) < len(page.items) or not page.cursor or not page.items:
                return gathered.batch(place, str(Mark(behind=max(mark.top, mark.behind))))
            mark = replace(mark, page=page.cursor)
        return gathered.batch(place, str(mark), more=True)

    def at(self, item: Mapping[str, Any]) -> datetime | None:
        """The time by which lists are ordered: of a repost its own, of a post the earlier of written and met."""
        view = mapping(item.get("post")) or item
        reposted = mapping(item.get("reason")).get("indexedAt")
        times = [reposted] if reposted else [view.get("indexedAt")]
        if not reposted and "reason" not in view:
            times.append(mapping(view.get("record")).get("createdAt"))
        found = []
        for one in times:
            with suppress(Unfit):
                found.append(self._account.dates.iso(one))
        return min(found, default=None)

    def take(self, place: Place, kind: str, items: Sequence[Mapping[str, Any]], gathered: Gathered) -> None:
        """The items of a page; those that tell of posts with what the AppView shows of them."""
        if kind == NOTIFICATIONS:
            views = self._account.posts(text(item.get("uri")) for item in items if is_said(item))
        for item in items:
            try:
                if kind == NOTIFICATIONS:
                    gathered.seen.append(self._told(place, item, views.get(text(item.get("uri")))))
                else:
                    gathered.seen.append(self._posted(place, item))
            except Unfit as unfit:
                gathered.skip(unfit.reason, text(item.get("uri")) or text(item.get("reason")))

    def _told(self, place: Place, item: Mapping[str, Any], view: Mapping[str, Any] | None) -> Seen:
        account = self._account
        if view is not None:
            return parse_post(view, account.did, place, account.dates)
        return parse_notification(item, account.did, place, account.dates)

    def _posted(self, place: Place, item: Mapping[str, Any]) -> Seen:
        if "repost" in text(mapping(item.get("reason")).get("$type")).lower():
            raise Unfit("repost")
        return parse_post(mapping(item.get("post")) or item, self._account.did, place, self._account.dates)

    def thread(self, uri: str) -> list[Mapping[str, Any]]:
        """A post and all below it. Raises ``Gone``."""
        asked = {"uri": uri, "depth": _DEEP, "parentHeight": 0}
        found = mapping(mapping(self._account.read("app.bsky.feed.getPostThread", asked)).get("thread"))
        if not mapping(found.get("post")):
            raise Gone("the thread is gone, or its author and this account block each other")
        return list(_below(found))

    def poll_thread(self, place: Place, thread: str, cursor: str) -> Batch:
        known, done = _known(cursor)
        try:
            found = {text(view.get("uri")): view for view in self.thread(thread)}
        except Gone:
            return Batch(place, list(self._gone(list(dict.fromkeys([thread, *known])))), "", more=False)
        gathered = Gathered()
        for view in list(found.values())[done : done + BATCH_SIZE - MOST_ASKED_AFTER]:
            try:
                gathered.seen.append(parse_post(view, self._account.did, place, self._account.dates))
            except Unfit as unfit:
                gathered.skip(unfit.reason, text(view.get("uri")))
        done += BATCH_SIZE - MOST_ASKED_AFTER
        if done < len(found):
            return gathered.batch(place, json.dumps({"known": known, "done": done}), more=True)
        missing = [uri for uri in known if uri not in found]
        gathered.seen += self._gone(missing)
        kept = [*missing[MOST_ASKED_AFTER:], *found][-MOST_KNOWN:]
        return gathered.batch(place, json.dumps({"known": kept}))

    def _gone(self, missing: Sequence[str]) -> Iterator[SeenDeletion]:
        """Those that are gone for all: a thread also hides those whom this account blocks."""
        for uri in missing[:MOST_ASKED_AFTER]:
            try:
                self._account.record(uri)
            except Gone:
                yield SeenDeletion(uri, self._account.access.now())

    def concerns(self, record: Mapping[str, Any]) -> bool:
        return concerns(record, self._account.did)


def _below(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The posts of a thread, each before what answers it; what is blocked or gone has none."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if post := mapping(one.get("post")):
            yield post
        waiting += reversed(mappings(one.get("replies")))


def _known(cursor: str) -> tuple[list[str], int]:
    with suppress(ValueError, AttributeError, TypeError):
        read = json.loads(cursor)
        return [text(one) for one in read.get("known", [])], int(read.get("done") or 0)
    return [], 0
