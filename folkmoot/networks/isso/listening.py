"""What is new at Isso: the comments that wait, and the newest of those that stand.

Its administration lists comments that answer nothing first, newest first, and then all answers, oldest first. So the
newest are on its first page and on its last.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from folkmoot.networks.base import Batch, Place, Seen, SeenDeletion, SeenMessage, Skipped
from folkmoot.networks.isso.desk import Desk, known
from folkmoot.networks.isso.parse import Comment, Page, parse_comment
from folkmoot.networks.live import Access, Kind, Recalled
from folkmoot.networks.payload import Dates, Unfit, count, mapping, text
from folkmoot.networks.times import zone

_VALID, _WAITING, _STALED = 1, 2, 4
_PAGE = 100
_MOST_PAGES = 20
_REMEMBERED = 200
_LOOKED_FOR = 20

_Public = Mapping[int, Mapping[str, Any]]


class Listening:
    def __init__(self, access: Access) -> None:
        self._access = access
        self._desk = Desk(access)
        self._threads: dict[str, _Public] = {}

    def kinds(self, place: Place) -> Sequence[Kind]:
        return (Kind("comments", 60),)

    def poll(self, place: Place, kind: str, cursor: str) -> Batch:
        state = _state(cursor)
        self._threads.clear()
        top, number = count(state.get("top")), count(state.get("page")) or 0
        pages = self._pages(number)
        found = {one.remote_id: one for page in pages for one in page.comments}
        gone, waiting = ([], _ids(state)) if number else self._missing(found, _ids(state))
        batch = self._batch(place, found.values(), sum(page.unread for page in pages))
        now = self._access.now()
        highest = max([count(state.get("highest")) or top or 0, *(one.number for one in found.values())])
        newest = sorted(found, key=lambda one: found[one].number, reverse=True)[:_REMEMBERED]
        ahead: dict[str, Any] = {"known": [*newest, *(one for one in waiting if one not in newest)][: 2 * _REMEMBERED]}
        # Behind a page that is not full there is nothing, but for the last one, behind which is the one before it
        open_ended = [page for page in pages[:2] if len(page.comments) + page.unread >= _PAGE] + pages[2:]
        more = number + 1 < _MOST_PAGES and any(_all_new(page, top) for page in open_ended)
        ahead |= {"top": top, "highest": highest, "page": number + 1} if more else {"top": highest}
        seen = [*batch.seen, *(SeenDeletion(remote_id, now) for remote_id in gone)]
        return Batch(place, seen, json.dumps(ahead), more, batch.skipped)

    def recall(self, place: Place, cursor: str, *, since: datetime) -> Recalled:
        number = count(cursor) or 0
        self._threads.clear()
        page = self._page(_VALID, number)
        batch = self._batch(place, page.comments, page.unread)
        seen = [one for one in batch.seen if not isinstance(one, SeenMessage) or one.at >= since]
        more = (number + 1) * _PAGE < page.valid
        done = min((number + 1) * _PAGE / page.valid, 1.0) if page.valid else 1.0
        return Recalled(Batch(place, seen, str(number + 1), more, batch.skipped), done)

    def _page(self, mode: int, number: int) -> Page:
        return self._desk.page(mode=mode, page=number, order_by="id", asc=0)

    def _pages(self, number: int) -> list[Page]:
        """The pages so far from either end: of what waits, and of what stands."""
        first = self._page(_VALID, number)
        last = (max(first.valid, 1) - 1) // _PAGE - number
        return [self._page(_WAITING, number), first, *([self._page(_VALID, last)] if last > number else [])]

    def _missing(self, found: dict[str, Comment], known: Sequence[str]) -> tuple[list[str], list[str]]:
        """Which are gone, and which are to be looked for next time.

        What is not where it was is looked for: it was approved, pushed off its page (and goes to ``found``), or deleted.
        """
        gone = [one.remote_id for one in self._page(_STALED, 0).comments if one.mode == "staled"]
        missing = [one for one in known if one not in found and one not in gone]
        for remote_id in missing[:_LOOKED_FOR]:
            comment = self._desk.comment(remote_id)
            if comment and comment.mode != "staled":
                found[remote_id] = comment
            else:
                gone.append(remote_id)
        return gone, missing[_LOOKED_FOR:]

    def _batch(self, place: Place, comments: Iterable[Comment], unread: int) -> Batch:
        seen: list[Seen] = []
        skipped = [Skipped("not a comment", unread, place.remote_id)] if unread else []
        for comment in comments:
            try:
                seen.append(self._seen(comment))
            except Unfit as error:
                skipped.append(Skipped(error.reason, where=f"{place.remote_id}, {comment.remote_id}"))
        return Batch(place, seen, "", skipped=skipped)

    def _seen(self, comment: Comment) -> SeenMessage:
        """Raises ``Unfit``."""
        settings = self._access.settings
        us = (settings.get("name", "").strip(), settings.get("email", "").strip().casefold())
        public = self._public(comment.uri) if comment.mode == "valid" else {}
        origin = text(self._desk.info().get("origin")).rstrip("/")
        return parse_comment(comment, public, us, origin, Dates(zone(settings), self._access.now()))

    def _public(self, uri: str) -> _Public:
        if uri not in self._threads:
            self._threads[uri] = self._desk.thread(uri)
        return self._threads[uri]


def _all_new(page: Page, top: int | None) -> bool:
    numbers = [one.number for one in page.comments]
    return top is not None and bool(numbers) and min(numbers) > top


def _ids(state: Mapping[str, Any]) -> list[str]:
    ids = state.get("known")
    return [one for one in ids if isinstance(one, str) and known(one)] if isinstance(ids, list) else []


def _state(cursor: str) -> Mapping[str, Any]:
    try:
        return mapping(json.loads(cursor)) if cursor else {}
    except (ValueError, RecursionError):
        return {}
