"""Asking a server for news: timelines and notifications page by page, and what lies below a post."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from folkmoot.networks.base import BATCH_SIZE, Batch, Place, Seen, SeenDeletion, Skipped
from folkmoot.networks.errors import Later
from folkmoot.networks.live import Kind
from folkmoot.networks.mastodon.account import NOT_UNDERSTOOD, Account, segment
from folkmoot.networks.mastodon.errors import Gone
from folkmoot.networks.mastodon.parse import (
    concerns_us,
    is_direct,
    list_of,
    parse_notification,
    parse_status,
    tag_of,
)
from folkmoot.networks.mastodon.reports import REPORTS, is_reports, parse_report
from folkmoot.networks.payload import Unfit, mapping, mappings, text

PAGE = 40
# Posts of other servers are put among older ones, by the time they were written: so much is read once more each time
OVERLAP = 40
MOST = 400
MOST_KNOWN = 2_000
MOST_ASKED_AFTER = 20
MENTIONS, POSTS, TIMELINE = "mentions", "posts", "timeline"


@dataclass(slots=True)
class Gathered:
    """What is found for one place, and what could not be taken."""

    seen: list[Seen] = field(default_factory=list)
    skipped: dict[str, Skipped] = field(default_factory=dict)

    def skip(self, reason: str, where: str) -> None:
        known = self.skipped.get(reason)
        self.skipped[reason] = Skipped(reason, known.count + 1 if known else 1, known.where if known else where)

    def batch(self, place: Place, cursor: str, *, more: bool = False) -> Batch:
        return Batch(place, self.seen, cursor, more, tuple(self.skipped.values()))


def kinds(place: Place) -> Sequence[Kind]:
    if is_reports(place):
        return (Kind(REPORTS, 60.0),)
    if place.kind == "feed":
        return (Kind(TIMELINE, 60.0),)
    return (Kind(MENTIONS, 60.0), Kind(POSTS, 120.0))


def order(ident: str) -> tuple[int, str]:
    """Ids grow: as numbers at Mastodon, as text of one length at its relatives."""
    return len(ident), ident


class Reader:
    def __init__(self, account: Account) -> None:
        self._account = account

    def poll(self, place: Place, kind: str, cursor: str) -> Batch:
        path, params = self.question(place, kind)
        items, behind, more = self._new(path, params, _behind(cursor))
        gathered = Gathered()
        for item in items:
            self.take(place, kind, item, gathered)
        return gathered.batch(place, json.dumps({"behind": behind}), more=more)

    def question(self, place: Place, kind: str) -> tuple[str, dict[str, Any]]:
        """The path and parameters by which a place is asked."""
        if is_reports(place):
            return "api/v1/admin/reports", {}
        if tag := tag_of(place):
            return f"api/v1/timelines/tag/{quote(tag, safe='')}", {}
        if ident := list_of(place):
            return f"api/v1/timelines/list/{segment(ident)}", {}
        if kind == POSTS:
            return f"api/v1/accounts/{self._account.home().ident}/statuses", {"exclude_reblogs": "true"}
        # Without it, those whom we do not follow may be left out, by the account's own filter for notifications
        return "api/v1/notifications", {"include_filtered": "true"}

    def take(self, place: Place, kind: str, item: Mapping[str, Any], gathered: Gathered) -> None:
        """One item of a page, if it belongs to the place."""
        status = mapping(item.get("status")) if kind == MENTIONS else item
        if place.kind != "feed" and is_direct(status) != (place.kind == "direct"):
            return
        try:
            if is_reports(place):
                gathered.seen += parse_report(item, self._account.home(), place, self._account.dates)
            else:
                gathered.seen.append(self.parse(place, kind, item))
        except Unfit as unfit:
            gathered.skip(unfit.reason, text(item.get("type")) or text(item.get("url")))

    def parse(self, place: Place, kind: str, item: Mapping[str, Any]) -> Seen:
        """Raises ``Unfit``."""
        account = self._account
        status = mapping(item.get("status")) if kind == MENTIONS else item
        answers = text(item.get("type")) in ("favourite", "reblog") or status.get("reblog")
        thread = account.thread(status) if text(status.get("id")) and not answers else ""
        if kind == MENTIONS:
            return parse_notification(item, account.home(), place, thread, account.dates)
        return parse_status(item, account.home(), place, thread, account.dates)

    def page(self, path: str, params: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        found = self._account.api.read(path, {"limit": PAGE, **params}).data
        if not isinstance(found, list):
            raise Later(NOT_UNDERSTOOD, retry_after=60)
        return mappings(found)

    def _new(self, path: str, params: Mapping[str, Any], behind: str) -> tuple[list[Mapping[str, Any]], str, bool]:
        """What lies behind an id, oldest first; behind which to ask the next time; and whether there is more now."""
        found: dict[str, Mapping[str, Any]] = {}
        last, more = behind, bool(behind)
        while more and len(found) < MOST:
            page = self.page(path, {**params, "min_id": last})
            ids = [ident for item in page if (ident := text(item.get("id")))]
            found |= {text(item.get("id")): item for item in page}
            top = max(ids, key=order, default=last)
            # A server that does not know min_id answers with its newest page, whatever is asked for
            more = len(page) >= PAGE and order(top) > order(last)
            last = top
        if not behind:
            found = {text(item.get("id")): item for item in self.page(path, params)}
        ids = sorted((ident for ident in found if ident), key=order)
        start = behind or (ids[0] if ids else "")
        return [found[ident] for ident in ids], ids[-OVERLAP - 1] if len(ids) > OVERLAP else start, more

    def poll_thread(self, place: Place, thread: str, cursor: str) -> Batch:
        known, after = _known(cursor)
        if is_reports(place):
            return Batch(place, [], "", more=False)
        try:
            root = self._account.status(thread)
            _, below = self._account.context(thread)
        except Gone:
            return Batch(place, [SeenDeletion(thread, self._account.access.now())], "", more=False)
        found = {text(one.get("id")): one for one in (root, *below) if is_direct(one) == (place.kind == "direct")}
        ids = sorted(found, key=order)
        chosen = [ident for ident in ids if order(ident) > order(after)][: BATCH_SIZE - MOST_ASKED_AFTER]
        more = bool(chosen) and chosen[-1] != ids[-1]
        gathered = Gathered()
        for ident in chosen:
            self.take(place, POSTS, found[ident], gathered)
        missing = [ident for ident in known if ident not in found]
        if not more:
            gathered.seen += self._gone(missing[:MOST_ASKED_AFTER])
        kept = [*missing[MOST_ASKED_AFTER:], *ids][-MOST_KNOWN:]
        written = json.dumps({"known": known if more else kept, "after": chosen[-1] if more else ""})
        return gathered.batch(place, written, more=more)

    def _gone(self, missing: Sequence[str]) -> Iterator[SeenDeletion]:
        """Those that are gone for all: what is below a post also shrinks when somebody is muted."""
        for ident in missing:
            try:
                self._account.status(ident)
            except Gone:
                yield SeenDeletion(ident, self._account.access.now())

    def take_below(self, place: Place, status: Mapping[str, Any], gathered: Gathered) -> None:
        """A post and all below it, as far as the server shows it."""
        below: list[Mapping[str, Any]] = []
        with suppress(Gone):
            _, below = self._account.context(text(status.get("id")))
        for one in (status, *below):
            self.take(place, POSTS, one, gathered)

    def concerns(self, status: Mapping[str, Any]) -> bool:
        return concerns_us(status, self._account.home())


def _behind(cursor: str) -> str:
    with suppress(ValueError, AttributeError):
        return text(json.loads(cursor).get("behind"))
    return ""


def _known(cursor: str) -> tuple[list[str], str]:
    with suppress(ValueError, AttributeError, TypeError):
        read = json.loads(cursor)
        return [text(one) for one in read.get("known", [])], text(read.get("after"))
    return [], ""
