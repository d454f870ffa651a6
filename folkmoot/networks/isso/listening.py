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
        top = count(state.get("top"))
        pages = [*self._walk(_WAITING, top), *self._newest(top)]
        found = {one.remote_id: one for page in pages for one in page.comments}
        now = self._access.now()
        gone = [one.remote_id for one in self._page(_STALED, 0).comments if one.mode == "staled"]
        # What is not where it was is looked for: it was approved, pushed off the page, or deleted
        missing = [one for one in _ids(state) if one not in found and one not in gone]
        for remote_id in missing[:_LOOKED_FOR]:
            comment = self._desk.comment(remote_id)
            if comment and comment.mode != "staled":
                found[remote_id] = comment
            else:
                gone.append(remote_id)
        batch = self._batch(place, found.values(), sum(page.unread for page in pages))
        deleted = [SeenDeletion(remote_id, now) for remote_id in gone]
        highest = max([top or 0, *(one.number for one in found.values())])
        newest = sorted(found, key=lambda one: found[one].number, reverse=True)
        ahead = {"top": highest, "known": [*newest[:_REMEMBERED], *missing[_LOOKED_FOR:]][: 2 * _REMEMBERED]}
        return Batch(place, [*batch.seen, *deleted], json.dumps(ahead), more=False, skipped=batch.skipped)

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

    def _walk(self, mode: int, top: int | None, start: int = 0, step: int = 1, end: int = _MOST_PAGES) -> list[Page]:
        """Pages from ``start`` on, for as long as all that stands on them is new."""
        pages = []
        for number in range(start, end, step):
            pages.append(self._page(mode, number))
            numbers = [one.number for one in pages[-1].comments]
            if top is None or not numbers or min(numbers) <= top:
                break
        return pages

    def _newest(self, top: int | None) -> list[Page]:
        pages = self._walk(_VALID, top)
        last = (max(pages[0].valid, 1) - 1) // _PAGE
        if last < len(pages):
            return pages
        return pages + self._walk(_VALID, top, last, -1, max(len(pages) - 1, last - _MOST_PAGES))

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


def _ids(state: Mapping[str, Any]) -> list[str]:
    ids = state.get("known")
    return [one for one in ids if isinstance(one, str) and known(one)] if isinstance(ids, list) else []


def _state(cursor: str) -> Mapping[str, Any]:
    try:
        return mapping(json.loads(cursor)) if cursor else {}
    except (ValueError, RecursionError):
        return {}
