"""What is new at a site: posts by when they were changed, comments and members by when they came."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from folkmoot.networks.base import Batch, Place, Seen, SeenDeletion, SeenMessage, Skipped
from folkmoot.networks.ghost.parse import id_of, parse_comment, parse_join, parse_post
from folkmoot.networks.ghost.site import PAGE, Gone, Site
from folkmoot.networks.live import Access, Kind, Recalled
from folkmoot.networks.payload import Dates, Unfit, count, mapping, mappings, text

_POSTS, _COMMENTS, _CHANGES, _MEMBERS = "posts", "comments", "changes", "members"
_OVERLAP = timedelta(minutes=10)
_MISSED = 20

_Item = Mapping[str, Any]
_Parse = Callable[[_Item], Seen]


class Listening:
    def __init__(self, access: Access) -> None:
        self._access = access
        self._site = Site(access)

    def kinds(self, place: Place) -> Sequence[Kind]:
        return (Kind(_POSTS, 120), Kind(_COMMENTS, 60), Kind(_CHANGES, 900), Kind(_MEMBERS, 600))

    def poll(self, place: Place, kind: str, cursor: str) -> Batch:
        asked = {_POSTS: self._posts, _COMMENTS: self._comments, _CHANGES: self._changed, _MEMBERS: self._members}
        return asked[kind](place, _state(cursor))

    def recall(self, place: Place, cursor: str, *, since: datetime) -> Recalled:
        state = _state(cursor)
        what, before = text(state.get("what")) or _POSTS, _moment(state.get("before"))
        if what == _POSTS:
            when = f"published_at:>='{_nql(since)}'+published_at:<='{_nql(before or self._access.now())}'"
            items, left = self._site.listed(
                "posts/", **_SHOWN, filter=f"status:[published,sent]+{when}", order="published_at desc"
            )
            parse, field = self._post, "published_at"
        else:
            items, left = self._events(f"data.created_at:>='{_nql(since)}'", before)
            parse, field = self._comment, "created_at"
        full = len(items) == PAGE
        oldest = min((at for item in items if (at := _moment(item.get(field)))), default=None)
        # What came in the very second at which a page ends is read twice; a page of a single second ends the search
        full = full and oldest is not None and oldest != before
        ahead: dict[str, Any] = (
            {"what": what, "before": text(oldest and oldest.isoformat())} if full else {"what": _COMMENTS}
        )
        total = count(state.get("total")) or left
        half = max(1 - left / total, 0.0) / 2 if full and total else 0.5
        ahead |= {"total": total} if full else {}
        batch = self._batch(place, items, parse, ahead, more=full or what == _POSTS)
        return Recalled(batch, half if what == _POSTS else 0.5 + half)

    def _posts(self, place: Place, state: _Item) -> Batch:
        changed, page = _moment(state.get("changed")), count(state.get("page")) or 1
        if changed is None:
            items, _ = self._site.listed(
                "posts/", **_SHOWN, filter="status:[published,sent]", order="published_at desc"
            )
            return self._batch(place, items, self._post, {"changed": self._last(items, "updated_at")})
        since = f"status:[published,sent]+updated_at:>='{_nql(changed - _OVERLAP)}'"
        items, total = self._site.listed("posts/", **_SHOWN, filter=since, order="updated_at asc", page=page)
        if page * PAGE < total and items:
            ahead = {"changed": changed.isoformat(), "page": page + 1}
            return self._batch(place, items, self._post, ahead, more=True)
        last = max(self._last(items, "updated_at"), changed.isoformat()) if items else changed.isoformat()
        return self._batch(place, items, self._post, {"changed": last})

    def _comments(self, place: Place, state: _Item) -> Batch:
        """Back from the newest to what is known already."""
        top, before = _moment(state.get("top")), _moment(state.get("before"))
        since = f"data.created_at:>='{_nql(top - _OVERLAP)}'" if top else ""
        items, _ = self._events(since, before)
        highest = max(
            filter(None, (text(state.get("highest")), text(state.get("top")), self._last(items, "created_at")))
        )
        oldest = min((at for item in items if (at := _moment(item.get("created_at")))), default=None)
        if top and oldest and len(items) == PAGE and oldest != before:
            ahead = {"top": top.isoformat(), "highest": highest, "before": oldest.isoformat()}
            return self._batch(place, items, self._comment, ahead, more=True)
        return self._batch(place, items, self._comment, {"top": highest})

    def _changed(self, place: Place, state: _Item) -> Batch:
        """The newest comments anew, those that are missing from among them, and posts that were deleted."""
        now, (items, _) = self._access.now(), self._events("", None)
        here = [text(item.get("id")) for item in items]
        known = state.get("known")
        before = [text(one) for one in known] if isinstance(known, list) else []
        batch = self._batch(place, items, self._comment, {})
        seen, waiting = (
            list(batch.seen),
            [one for one in before if one not in here and id_of(f"comment-{one}", "comment")],
        )
        for number in waiting[:_MISSED]:
            try:
                [item] = mappings(self._site.read(f"comments/{number}/").get("comments"))[:1] or [{}]
            except Gone:
                item = {}
            if not item or item.get("status") == "deleted":
                seen.append(SeenDeletion(f"comment-{number}", now))
        gone, _ = self._site.listed(
            "actions/", filter="event:deleted+resource_type:post", order="created_at desc", limit=50
        )
        seen += [SeenDeletion(f"post-{one['resource_id']}", now) for one in gone if text(one.get("resource_id"))]
        cursor = json.dumps({"known": [*here, *waiting[_MISSED:]][: 2 * PAGE]})
        return Batch(place, seen, cursor, more=False, skipped=batch.skipped)

    def _members(self, place: Place, state: _Item) -> Batch:
        top, page = _moment(state.get("top")), count(state.get("page")) or 1
        since = {"filter": f"created_at:>='{_nql(top - _OVERLAP)}'"} if top else {}
        items, total = self._site.listed(
            "members/", **since, order="created_at asc" if top else "created_at desc", page=page, limit=PAGE
        )
        if top and page * PAGE < total and items:
            return self._batch(place, items, self._joined, {"top": top.isoformat(), "page": page + 1}, more=True)
        last = max(filter(None, (self._last(items, "created_at"), top.isoformat() if top else "")))
        return self._batch(place, items, self._joined, {"top": last})

    def _events(self, since: str, before: datetime | None) -> tuple[list[_Item], int]:
        """Comments of the whole site, newest first, and how many there are of them."""
        wanted = ["type:comment_event", since, f"data.created_at:<='{_nql(before)}'" if before else ""]
        items, total = self._site.listed("members/events/", filter="+".join(filter(None, wanted)), limit=PAGE)
        return [mapping(item.get("data")) for item in items], total

    def _last(self, items: Iterable[_Item], field: str) -> str:
        found = [at for item in items if (at := _moment(item.get(field)))]
        return (max(found) if found else self._access.now() - _OVERLAP).isoformat()

    def _batch(self, place: Place, items: Iterable[_Item], parse: _Parse, ahead: _Item, *, more: bool = False) -> Batch:
        seen: list[Seen] = []
        skipped = []
        for item in items:
            try:
                seen.append(parse(item))
            except Unfit as error:
                skipped.append(Skipped(error.reason, where=f"{place.remote_id}, {text(item.get('id'))[:24]}"))
        return Batch(place, seen, json.dumps(ahead), more, skipped)

    def _dates(self) -> Dates:
        return Dates(ZoneInfo("UTC"), self._access.now())

    def _post(self, item: _Item) -> SeenMessage:
        return parse_post(item, self._dates())

    def _joined(self, item: _Item) -> Seen:
        return parse_join(item, self._dates())

    def _comment(self, item: _Item) -> SeenMessage:
        """A comment of the list of all; what it answers is told only where it stands by itself."""
        top = text(mapping(item.get("parent")).get("id"))
        if top and not item.get("in_reply_to_id"):
            try:
                told = mappings(self._site.read(f"comments/{text(item.get('id'))}/").get("comments"))
            except Gone:
                told = []
            item = {**item, "in_reply_to_id": told[0].get("in_reply_to_id") if told else None}
        us = self._access.settings.get("member", "").strip()
        return parse_comment(item, mapping(item.get("post")), top, us, self._dates())

    def _place(self) -> Place:
        address = text(self._site.about().get("url")) or self._site.address
        parts = urlsplit(address)
        remote_id = f"{parts.netloc.lower()}{parts.path.rstrip('/')}"
        return Place(remote_id, text(self._site.about().get("title")) or remote_id, "page", address)


_SHOWN: Mapping[str, Any] = {"formats": "html", "include": "authors", "limit": PAGE}


def _nql(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _moment(stated: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(text(stated))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _state(cursor: str) -> _Item:
    try:
        return mapping(json.loads(cursor)) if cursor else {}
    except (ValueError, RecursionError):
        return {}
