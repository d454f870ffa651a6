"""What is new at a site: asked for by time of change (posts) and by number (comments), and looked over once more.

Comments have no time of change at WordPress. So that edits and what other moderators do are noticed, those of the last
days are read anew now and then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from folkmoot.networks.base import Batch, Place, Seen, SeenDeletion, SeenMessage, Skipped
from folkmoot.networks.live import Access, Kind, Recalled
from folkmoot.networks.payload import Dates, Unfit, count, mapping, text
from folkmoot.networks.wordpress.parse import parse_comment, parse_post
from folkmoot.networks.wordpress.site import PAGE, STEP, Site

_OVERLAP = timedelta(minutes=10)
_SKEW = timedelta(minutes=1)
_LOOKED_OVER = timedelta(days=7)
_MOST_LOOKED_OVER = 2_000
_GLANCE = 20
_POSTS, _COMMENTS, _CHANGES = "posts", "comments", "changes"

_Item = Mapping[str, Any]
_Parse = Callable[[_Item, int, Dates], SeenMessage]


class Listening:
    def __init__(self, access: Access) -> None:
        self._access = access
        self._site = Site(access)

    def kinds(self, place: Place) -> Sequence[Kind]:
        return (Kind(_POSTS, 120), Kind(_COMMENTS, 30), Kind(_CHANGES, 900))

    def poll(self, place: Place, kind: str, cursor: str) -> Batch:
        asked = {_POSTS: self._new_posts, _COMMENTS: self._new_comments, _CHANGES: self._changed}[kind]
        return asked(place, _state(cursor))

    def recall(self, place: Place, cursor: str, *, since: datetime) -> Recalled:
        state = _state(cursor)
        what = text(state.get("what")) or _POSTS
        offset, before = count(state.get("offset")) or 0, text(state.get("before")) or _iso(self._access.now() + _SKEW)
        asked: dict[str, Any] = {"after": _iso(since), "before": before, "orderby": "date", "order": "desc"}
        asked |= _post_terms(self._site, bin=False) if what == _POSTS else _comment_terms(self._site)
        route, parse = (
            ("/wp/v2/posts", parse_post) if what == _POSTS else ("/wp/v2/comments", parse_comment)  # type: tuple[str, _Parse]
        )
        items = self._site.listed(route, offset=offset, **asked)
        full = len(items) == PAGE
        ahead = (
            {"what": what, "offset": offset + STEP, "before": before} if full else {"what": _COMMENTS, "before": before}
        )
        total = self._site.total(route, **asked) if full else 0
        half = min((offset + len(items)) / total, 1.0) / 2 if full and total else 0.5
        batch = self._batch(place, items, parse, ahead, more=full or what == _POSTS)
        return Recalled(batch, half if what == _POSTS else 0.5 + half)

    def _new_posts(self, place: Place, state: _Item) -> Batch:
        asked: dict[str, Any] = _post_terms(self._site, bin=self._site.may("edit_others_posts"))
        newest = {"orderby": "date", "order": "desc"} | asked
        since, offset = text(state.get("changed")), count(state.get("offset")) or 0
        if not since:
            items = self._site.listed("/wp/v2/posts", **newest)
            return self._batch(place, items, parse_post, {"changed": self._last_change(items)})
        asked |= {
            "modified_after": _iso(_moment(since, self._access.now()) - _OVERLAP),
            "orderby": "modified",
            "order": "asc",
        }
        items = self._site.listed("/wp/v2/posts", offset=offset, **asked)
        if len(items) == PAGE:
            return self._batch(place, items, parse_post, {"changed": since, "offset": offset + STEP}, more=True)
        # A post that was scheduled comes out without being changed
        out = self._site.listed("/wp/v2/posts", size=_GLANCE, **newest)
        fresh = {text(item.get("modified_gmt")): None for item in items}
        known = {count(item.get("id")) for item in items}
        items += [item for item in out if count(item.get("id")) not in known]
        return self._batch(place, items, parse_post, {"changed": max([since, *fresh])})

    def _last_change(self, items: Sequence[_Item]) -> str:
        return max((text(item.get("modified_gmt")) for item in items), default="") or _iso(self._access.now())[:19]

    def _new_comments(self, place: Place, state: _Item) -> Batch:
        top, offset = count(state.get("top")), count(state.get("offset")) or 0
        asked = {"orderby": "id", "order": "desc"} | _comment_terms(self._site)
        # A glance as a rule: it is often, and a hundred comments are work for a small site
        size = PAGE if top is None or offset else min(_GLANCE, PAGE)
        items = self._site.listed("/wp/v2/comments", offset=offset, size=size, **asked)
        numbers = [count(item.get("id")) or 0 for item in items]
        highest = max([count(state.get("highest")) or top or 0, *numbers])
        if top is not None and len(items) == size and min(numbers) > top:
            ahead = {"top": top, "highest": highest, "offset": offset + size - (PAGE - STEP)}
            return self._batch(place, items, parse_comment, ahead, more=True)
        return self._batch(place, items, parse_comment, {"top": highest})

    def _changed(self, place: Place, state: _Item) -> Batch:
        now, offset = self._access.now(), count(state.get("offset")) or 0
        asked = {"after": _iso(now - _LOOKED_OVER), "orderby": "date_gmt", "order": "desc"} | _comment_terms(self._site)
        items = self._site.listed("/wp/v2/comments", offset=offset, **asked)
        more = len(items) == PAGE and offset + STEP < _MOST_LOOKED_OVER
        batch = self._batch(place, items, parse_comment, {"offset": offset + STEP} if more else {}, more=more)
        if offset or not self._site.may("moderate_comments"):
            return batch
        binned = self._site.listed("/wp/v2/comments", orderby="id", order="desc", status="trash", context="edit")
        gone = [SeenDeletion(f"comment-{item['id']}", now) for item in binned if count(item.get("id"))]
        return Batch(place, [*batch.seen, *gone], batch.cursor, batch.more, batch.skipped)

    def _batch(self, place: Place, items: Sequence[_Item], parse: _Parse, ahead: _Item, *, more: bool = False) -> Batch:
        now, me = self._access.now(), self._site.me().id
        dates = Dates(ZoneInfo("UTC"), now)
        seen: list[Seen] = []
        skipped = []
        for item in items:
            try:
                if item.get("status") == "trash":
                    seen.append(SeenDeletion(f"post-{item['id']}", now))
                else:
                    seen.append(parse(item, me, dates))
            except Unfit as error:
                skipped.append(Skipped(error.reason, where=f"{place.remote_id}, {count(item.get('id'))}"))
        return Batch(place, seen, json.dumps(ahead), more, skipped)


def _post_terms(site: Site, *, bin: bool) -> dict[str, Any]:
    return {"_embed": "author,wp:featuredmedia", "status": "publish,trash" if bin else "publish"}


def _comment_terms(site: Site) -> dict[str, Any]:
    """Held comments and the addresses of visitors are shown to moderators alone; spam is left where it is."""
    if site.may("moderate_comments"):
        return {"_embed": "up", "status": "all", "context": "edit"}
    return {"_embed": "up"}


def _state(cursor: str) -> _Item:
    try:
        return mapping(json.loads(cursor)) if cursor else {}
    except (ValueError, RecursionError):
        return {}


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(stated: str, now: datetime) -> datetime:
    try:
        return datetime.fromisoformat(stated).replace(tzinfo=UTC)
    except ValueError:
        return now - _LOOKED_OVER
