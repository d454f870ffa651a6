"""Reading what was said before the account was connected, newest first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from folkmoot.networks.base import BATCH_SIZE, Place
from folkmoot.networks.bluesky.account import Account
from folkmoot.networks.bluesky.errors import Gone
from folkmoot.networks.bluesky.reading import FOUND, NOTIFICATIONS, POSTS, Gathered, Page, Reader
from folkmoot.networks.live import Recalled
from folkmoot.networks.payload import count, mapping, text


@dataclass(frozen=True, slots=True)
class _Mark:
    """In the page at ``page``, behind ``done`` items; of the next one's thread, ``skip`` posts are read already."""

    kind: str
    page: str = ""
    done: int = 0
    skip: int = 0

    @classmethod
    def read(cls, cursor: str, first: str) -> _Mark:
        with suppress(ValueError, AttributeError, TypeError):
            read = json.loads(cursor)
            if read.get("kind") in (NOTIFICATIONS, POSTS, FOUND):
                return cls(read["kind"], text(read.get("page")), int(read.get("done") or 0), int(read.get("skip") or 0))
        return cls(first)

    def __str__(self) -> str:
        return json.dumps({"kind": self.kind, "page": self.page, "done": self.done, "skip": self.skip})


def recall(account: Account, place: Place, cursor: str, *, since: datetime) -> Recalled:
    reader, now = Reader(account), account.access.now()
    mark = _Mark.read(cursor, FOUND if place.kind == "feed" else POSTS)
    page = reader.page(place, mark.kind, mark.page)
    items = [item for item in page.items if (reader.at(item) or since) >= since]
    gathered = Gathered()
    for item in items[mark.done :]:
        mark = _took(reader, place, item, mark, gathered)
        if mark.skip or len(gathered.seen) >= BATCH_SIZE:
            break
    reached = next((at for item in reversed(items[: mark.done]) if (at := reader.at(item))), now)
    after = mark if mark.skip or mark.done < len(items) else _next(mark, page, over=len(items) < len(page.items))
    share = (now - reached) / (now - since) if now > since else 1.0
    done = 1.0 if after is None else min(max(share, 0.0), 0.99)
    return Recalled(gathered.batch(place, str(after or mark), more=after is not None), done)


def _next(mark: _Mark, page: Page, *, over: bool) -> _Mark | None:
    """What to ask for behind a page that is read; nothing at the end of all."""
    if page.cursor and page.items and not over:
        return _Mark(mark.kind, page.cursor)
    return _Mark(NOTIFICATIONS) if mark.kind == POSTS else None


def _took(reader: Reader, place: Place, item: Mapping[str, Any], mark: _Mark, gathered: Gathered) -> _Mark:
    found = Gathered()
    reader.take(place, mark.kind, _with_answers(reader, item) if mark.kind == POSTS else [item], found)
    room = BATCH_SIZE - len(gathered.seen)
    left = found.seen[mark.skip :]
    gathered.seen += left[:room]
    for skipped in found.skipped.values():
        gathered.skip(skipped.reason, skipped.where)
    if len(left) > room:
        return replace(mark, skip=mark.skip + room)
    return replace(mark, done=mark.done + 1, skip=0)


def _with_answers(reader: Reader, item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A post that begins a thread with all below it."""
    post = mapping(item.get("post"))
    if item.get("reason") or mapping(post.get("record")).get("reply") or not count(post.get("replyCount")):
        return [item]
    try:
        return reader.thread(text(post.get("uri")))
    except Gone:
        return [item]
