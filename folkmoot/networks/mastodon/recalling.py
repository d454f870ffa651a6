"""Reading what was said before the account was connected, newest first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from folkmoot.networks.base import BATCH_SIZE, Place
from folkmoot.networks.live import Recalled
from folkmoot.networks.mastodon.account import Account
from folkmoot.networks.mastodon.parse import is_direct
from folkmoot.networks.mastodon.reading import MENTIONS, POSTS, TIMELINE, Gathered, Reader, kinds
from folkmoot.networks.mastodon.reports import REPORTS
from folkmoot.networks.payload import Unfit, text


@dataclass(frozen=True, slots=True)
class _Mark:
    """Before ``max``, in what is asked for first or next; of the post there, ``skip`` posts are read already."""

    kind: str
    max: str = ""
    skip: int = 0

    @classmethod
    def read(cls, cursor: str, first: str) -> _Mark:
        with suppress(ValueError, AttributeError, TypeError):
            read = json.loads(cursor)
            if read.get("kind") in (MENTIONS, POSTS, TIMELINE, REPORTS):
                return cls(read["kind"], text(read.get("max")), int(read.get("skip") or 0))
        return cls(first)

    def __str__(self) -> str:
        return json.dumps({"kind": self.kind, "max": self.max, "skip": self.skip})


def recall(account: Account, place: Place, cursor: str, *, since: datetime) -> Recalled:
    reader = Reader(account)
    mark = _Mark.read(cursor, kinds(place)[-1].name)
    path, params = reader.question(place, mark.kind)
    page = reader.page(path, {**params, **({"max_id": mark.max} if mark.max else {})})
    gathered, reached, after = Gathered(), account.access.now(), mark
    for item in page:
        at = _at(account, item)
        if at is not None and at < since:
            page, reached = [], since
            break
        reached = at or reached
        if (after := _took(reader, place, item, after, gathered)).skip or len(gathered.seen) >= BATCH_SIZE:
            break
    over = not page
    if over and mark.kind == POSTS:
        after, over = _Mark(MENTIONS), False
    now = account.access.now()
    share = (now - reached) / (now - since) if now > since else 1.0
    return Recalled(gathered.batch(place, str(after), more=not over), 1.0 if over else min(max(share, 0.0), 0.99))


def _took(reader: Reader, place: Place, item: Mapping[str, Any], mark: _Mark, gathered: Gathered) -> _Mark:
    """Takes an item, and of a post of our own all below it; the mark behind it, or in it where it is too much for one go."""
    found = Gathered()
    ident = text(item.get("id"))
    if mark.kind == POSTS and place.kind == "page" and not item.get("in_reply_to_id") and not is_direct(item):
        reader.take_below(place, item, found)
    else:
        reader.take(place, mark.kind, item, found)
    room = BATCH_SIZE - len(gathered.seen)
    left = found.seen[mark.skip :]
    gathered.seen += left[:room]
    for skipped in found.skipped.values():
        gathered.skip(skipped.reason, skipped.where)
    if len(left) > room:
        # The same post is asked for once more: max_id asks for what is below it
        return _Mark(mark.kind, mark.max, mark.skip + room)
    return _Mark(mark.kind, ident or mark.max)


def _at(account: Account, item: Mapping[str, Any]) -> datetime | None:
    with suppress(Unfit):
        return account.dates.iso(item.get("created_at"))
    return None
