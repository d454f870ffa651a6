"""Asking a repository for news: what was changed since, oldest first; discussions newest first; threads; the past."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from folkmoot.networks.base import BATCH_SIZE, Batch, Place, Seen, SeenDeletion, SeenMessage, Skipped
from folkmoot.networks.errors import Later
from folkmoot.networks.github import queries
from folkmoot.networks.github.client import GitHubApi, Gone, moment, repository
from folkmoot.networks.github.parse import (
    DISCUSSION,
    ISSUE,
    parse_comment,
    parse_discussion,
    parse_issue,
    parse_release,
    parse_remark,
)
from folkmoot.networks.live import Kind, Recalled
from folkmoot.networks.payload import Unfit, count, mapping, mappings, text

ISSUES, COMMENTS, DISCUSSIONS, RELEASES = "issues", "comments", "discussions", "releases"
PAGE = 100
_OVERLAP = timedelta(minutes=1)
_MOST_KNOWN = 2_000
_PATHS = {ISSUES: "issues", COMMENTS: "issues/comments", RELEASES: "releases"}

_Item = Mapping[str, Any]


@dataclass(slots=True)
class Gathered:
    seen: list[Seen] = field(default_factory=list)
    skipped: dict[str, Skipped] = field(default_factory=dict)

    def batch(self, place: Place, state: Mapping[str, Any], *, more: bool = False) -> Batch:
        return Batch(place, self.seen, json.dumps(state), more, tuple(self.skipped.values()))


class Reader:
    def __init__(self, api: GitHubApi) -> None:
        self._api = api

    def kinds(self, place: Place) -> Sequence[Kind]:
        return (Kind(ISSUES, 60.0), Kind(COMMENTS, 60.0), Kind(DISCUSSIONS, 120.0), Kind(RELEASES, 900.0))

    def poll(self, place: Place, kind: str, cursor: str) -> Batch:
        if kind == DISCUSSIONS:
            return self._discussions(place, state(cursor), since=None)[0]
        return self._changed(place, kind, state(cursor))

    def _changed(self, place: Place, kind: str, known: _Item) -> Batch:
        """The same question as the last time, with nothing new, costs nothing: it bears the last answer's mark."""
        since, page = text(known.get("since")), count(known.get("page")) or 1
        order = {"sort": "updated", "direction": "asc" if since else "desc"}
        params = {"per_page": PAGE, "page": page, **order, **({"since": since} if since else {})}
        if kind == ISSUES:
            params["state"] = "all"
        answer = self._api.read(f"{repository(place)}/{_PATHS[kind]}", params, etag=text(known.get("etag")))
        if answer.fetched.status == 304:
            return Batch(place, (), json.dumps(dict(known)), more=False)
        items = _listed(answer.data)
        gathered = self._gathered(place, items, self._parser(kind))
        if kind == RELEASES:
            return gathered.batch(place, {"etag": answer.headers.get("etag", "")})
        ahead, more = _ahead(items, since, page, self._api.access.now())
        if ahead == {"since": since}:
            ahead["etag"] = answer.headers.get("etag", "")
        return gathered.batch(place, ahead, more=more)

    def _parser(self, kind: str) -> Callable[[_Item], SeenMessage]:
        me, dates = self._api.me(), self._api.dates
        parse = {ISSUES: parse_issue, COMMENTS: parse_comment, RELEASES: parse_release}[kind]
        return lambda item: parse(item, me, dates)  # type: ignore[operator]

    def _gathered(self, place: Place, items: Iterable[_Item], parse: Callable[[_Item], SeenMessage]) -> Gathered:
        gathered = Gathered()
        for item in items:
            try:
                gathered.seen.append(parse(item))
            except Unfit as unfit:
                known = gathered.skipped.get(unfit.reason)
                where = known.where if known else f"{place.remote_id}, {text(item.get('url'))}"
                gathered.skipped[unfit.reason] = Skipped(unfit.reason, known.count + 1 if known else 1, where)
        return gathered

    def _discussions(self, place: Place, known: _Item, *, since: datetime | None) -> tuple[Batch, datetime | None]:
        """Those changed since the last time, newest first; also how far back the page reaches."""
        owner, _, name = place.remote_id.partition("/")
        after, skip = text(known.get("after")) or None, count(known.get("skip")) or 0
        marked = text(known.get("since"))
        found: _Item = {}
        with suppress(Gone):
            found = mapping(self._api.ask(queries.DISCUSSIONS, owner=owner, name=name, after=after).get("repository"))
        listed = mapping(found.get("discussions"))
        nodes = mappings(listed.get("nodes"))
        times = [text(node.get("updatedAt")) for node in nodes]
        top = max([text(known.get("top")) or marked, *times])
        end = since or ((moment(marked) or self._api.access.now()) - _OVERLAP if marked else None)
        fresh = [node for node in nodes if end is None or (moment(text(node.get("updatedAt"))) or end) >= end]
        gathered = Gathered()
        for node in fresh:
            self._take_discussion(place, node, gathered)
        page, whole = mapping(listed.get("pageInfo")), gathered.seen
        gathered.seen = whole[skip : skip + BATCH_SIZE]
        reached = min((at for one in times if (at := moment(one))), default=None)
        if skip + BATCH_SIZE < len(whole):
            ahead = {"since": marked, "top": top, "after": after, "skip": skip + BATCH_SIZE}
            return gathered.batch(place, ahead, more=True), reached
        if end is not None and nodes and len(fresh) == len(nodes) and page.get("hasNextPage") is True:
            ahead = {"since": marked, "top": top, "after": text(page.get("endCursor"))}
            return gathered.batch(place, ahead, more=True), reached
        return gathered.batch(place, {"since": top or _iso(self._api.access.now())}), reached

    def _take_discussion(self, place: Place, node: _Item, gathered: Gathered) -> None:
        number, me, dates = count(node.get("number")) or 0, self._api.me(), self._api.dates
        found = self._gathered(place, [node], lambda one: parse_discussion(one, me, dates))
        gathered.seen += found.seen
        remarks = self._gathered(place, _remarks(node), lambda one: parse_remark(one, number, me, dates))
        gathered.seen += remarks.seen
        gathered.skipped |= {**found.skipped, **remarks.skipped}

    def poll_thread(self, place: Place, thread: str, cursor: str) -> Batch:
        known = state(cursor)
        try:
            gathered, ahead = self._thread(place, thread, known)
        except Gone:
            return Batch(place, [SeenDeletion(thread, self._api.access.now())], "", more=False)
        before = _texts(known.get("known"))
        seen = [*_texts(known.get("seen")), *(one.remote_id for one in gathered.seen)]
        if ahead:
            return gathered.batch(place, {**ahead, "seen": seen[-_MOST_KNOWN:], "known": before}, more=True)
        gone = [one for one in before if one not in seen][: BATCH_SIZE - len(gathered.seen)]
        gathered.seen += [SeenDeletion(one, self._api.access.now()) for one in gone]
        return gathered.batch(place, {"known": seen[-_MOST_KNOWN:]})

    def _thread(self, place: Place, thread: str, known: _Item) -> tuple[Gathered, dict[str, Any]]:
        """A page of a thread, and where its next one is. Raises ``Gone``."""
        number = thread.partition("-")[2]
        if thread.startswith(ISSUE) and number.isdigit():
            page = count(known.get("page")) or 1
            path = f"{repository(place)}/issues/{number}"
            gathered = Gathered()
            if page == 1:
                gathered = self._gathered(place, [mapping(self._api.read(path).data)], self._parser(ISSUES))
            items = _listed(self._api.read(f"{path}/comments", {"per_page": PAGE, "page": page}).data)
            comments = self._gathered(place, items, self._parser(COMMENTS))
            gathered.seen += comments.seen
            return gathered, {"page": page + 1} if len(items) == PAGE else {}
        if thread.startswith(DISCUSSION) and number.isdigit():
            return self._discussion_page(place, int(number), text(known.get("after")))
        return Gathered(), {}

    def _discussion_page(self, place: Place, number: int, after: str) -> tuple[Gathered, dict[str, Any]]:
        owner, _, name = place.remote_id.partition("/")
        found = self._api.ask(queries.DISCUSSION, owner=owner, name=name, number=number, after=after or None)
        node = mapping(mapping(found.get("repository")).get("discussion"))
        if not node:
            raise Gone("GitHub has no such discussion any more")
        gathered = Gathered()
        self._take_discussion(place, node, gathered)
        page = mapping(mapping(node.get("comments")).get("pageInfo"))
        return gathered, {"after": text(page.get("endCursor"))} if page.get("hasNextPage") is True else {}

    def recall(self, place: Place, cursor: str, *, since: datetime) -> Recalled:
        """Issues, then comments, then discussions, then releases; each newest first."""
        known = state(cursor)
        what, page = text(known.get("what")) or ISSUES, count(known.get("page")) or 1
        order = (ISSUES, COMMENTS, DISCUSSIONS, RELEASES)
        step = order.index(what) if what in order else 0
        if what == DISCUSSIONS:
            batch, _ = self._discussions(place, known, since=since)
            if batch.more:
                kept = {**state(batch.cursor), "what": DISCUSSIONS}
                return Recalled(Batch(place, batch.seen, json.dumps(kept), True, batch.skipped), 0.6)
            return Recalled(Batch(place, batch.seen, json.dumps({"what": RELEASES}), True, batch.skipped), 0.75)
        params = {"per_page": PAGE, "page": page, "sort": "created", "direction": "desc", "state": "all"}
        if what != RELEASES:
            params["since"] = _iso(since)
        items = _listed(self._api.read(f"{repository(place)}/{_PATHS[what]}", params).data)
        full = len(items) == PAGE
        ahead = {"what": what, "page": page + 1} if full else {"what": order[min(step + 1, len(order) - 1)]}
        more = full or what != RELEASES
        batch = self._gathered(place, items, self._parser(what)).batch(place, ahead, more=more)
        return Recalled(batch, (step + (0.5 if full else 1.0)) / len(order))


def _remarks(node: _Item) -> Iterator[_Item]:
    for remark in mappings(mapping(node.get("comments")).get("nodes")):
        yield remark
        yield from mappings(mapping(remark.get("replies")).get("nodes"))


def _ahead(items: Sequence[_Item], since: str, page: int, now: datetime) -> tuple[dict[str, Any], bool]:
    """What to ask the next time, and whether at once. A little is asked again: servers may be behind each other."""
    last = max((text(item.get("updated_at")) for item in items), default="")
    at = moment(last)
    overlapped = _iso(at - _OVERLAP) if at else since or _iso(now - _OVERLAP)
    if not since:
        return {"since": overlapped}, False
    full = len(items) == PAGE
    if full and overlapped <= since:
        return {"since": since, "page": page + 1}, True
    return {"since": max(overlapped, since)}, full


def _listed(data: Any) -> list[_Item]:
    if not isinstance(data, list):
        raise Later("this is no answer of GitHub's", retry_after=60)
    return mappings(data)


def state(cursor: str) -> _Item:
    try:
        return mapping(json.loads(cursor)) if cursor else {}
    except (ValueError, RecursionError):
        return {}


def _texts(value: object) -> list[str]:
    return [text(one) for one in value] if isinstance(value, list) else []


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
