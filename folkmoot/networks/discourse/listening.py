"""What is new at a forum: posts by their number, those of late looked over once more, and what waits for approval."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from folkmoot.networks.base import Batch, Place, Seen, SeenDeletion, SeenMessage, Skipped
from folkmoot.networks.discourse.forum import Forum, Gone
from folkmoot.networks.discourse.live_parse import QUEUED, is_private, parse_live, parse_queue
from folkmoot.networks.live import Access, Kind, Recalled
from folkmoot.networks.payload import Dates, Unfit, count, mapping, mappings, text

_POSTS, _CHANGES, _REVIEW = "posts", "changes", "review"
_LOOKED_OVER = timedelta(days=3)
_MOST_PAGES = 10
_REMEMBERED = 150
_MISSED = 20
_IDS_A_PAGE = 50  # older forums give the posts of so many numbers, however few those are

_Item = Mapping[str, Any]


class Listening:
    def __init__(self, access: Access) -> None:
        self._access = access
        self._forum = Forum(access)
        self._shared: dict[int, bool] = {}

    def kinds(self, place: Place) -> Sequence[Kind]:
        common = (Kind(_POSTS, 60), Kind(_CHANGES, 900))
        return common if is_private(place) else (*common, Kind(_REVIEW, 120))

    def poll(self, place: Place, kind: str, cursor: str) -> Batch:
        asked = {_POSTS: self._new, _CHANGES: self._changed, _REVIEW: self._waiting}[kind]
        return asked(place, _state(cursor))

    def recall(self, place: Place, cursor: str, *, since: datetime) -> Recalled:
        state, now = _state(cursor), self._access.now()
        items = self._forum.posts(private=is_private(place), before=count(state.get("before")))
        batch = self._batch(place, items, {})
        oldest = min((seen.at for seen in batch.seen if isinstance(seen, SeenMessage)), default=None)
        before = _before(items, count(state.get("before")))
        more = before > 0 and (oldest is None or oldest >= since)
        kept = [seen for seen in batch.seen if not isinstance(seen, SeenMessage) or seen.at >= since]
        span = (now - since).total_seconds()
        done = min((now - oldest).total_seconds() / span, 1.0) if oldest and span > 0 else None
        return Recalled(Batch(place, kept, json.dumps({"before": before}), more, batch.skipped), done if more else 1.0)

    def _new(self, place: Place, state: _Item) -> Batch:
        top, before = count(state.get("top")), count(state.get("before"))
        items = self._forum.posts(private=is_private(place), before=before)
        numbers = _numbers(items)
        highest = max([count(state.get("highest")) or top or 0, *numbers])
        ahead = _before(items, before)
        if top is not None and ahead > top:
            return self._batch(place, items, {"top": top, "highest": highest, "before": ahead}, more=True)
        return self._batch(place, items, {"top": highest})

    def _changed(self, place: Place, state: _Item) -> Batch:
        """Posts of the last days anew; of the newest it is remembered where they stood, so that none goes unnoticed."""
        private, before, page = is_private(place), count(state.get("before")), count(state.get("page")) or 0
        items = self._forum.posts(private=private, before=before)
        known = {int(number): text(where) for number, where in mapping(state.get("known")).items() if count(number)}
        fresh = {int(number): text(where) for number, where in mapping(state.get("fresh")).items() if count(number)}
        here = {count(item.get("id")) or 0: f"{item.get('topic_id')}/{item.get('post_number')}" for item in items}
        low, high = min(here, default=0), (before or 10**18)
        missing = [number for number in known if low <= number <= high and known[number] != here.get(number)]
        gone, moved = self._missing({number: known[number] for number in missing[:_MISSED]})
        fresh = dict(sorted((fresh | here).items(), reverse=True)[:_REMEMBERED])
        ahead = _before(items, before)
        batch = self._batch(place, [*items, *moved], {})
        times = [seen.at for seen in batch.seen if isinstance(seen, SeenMessage)]
        late = self._access.now() - _LOOKED_OVER
        more = bool(items) and ahead > 0 and page + 1 < _MOST_PAGES and min(times, default=late) > late
        going = {"before": ahead, "page": page + 1, "known": known, "fresh": fresh}
        cursor = json.dumps(going if more else {"known": fresh})
        return Batch(place, [*batch.seen, *gone], cursor, more, batch.skipped)

    def _missing(self, known: Mapping[int, str]) -> tuple[list[SeenDeletion], list[_Item]]:
        """Of posts that are not where they were: those that are gone, and those that stand elsewhere now."""
        gone, moved, now = [], [], self._access.now()
        for number, where in known.items():
            try:
                item = mapping(self._forum.read(f"/posts/{number}.json"))
            except Gone:
                item = {}
            stands = f"{item.get('topic_id')}/{item.get('post_number')}"
            if not item or item.get("deleted_at") or item.get("user_deleted") or stands != where:
                gone.append(SeenDeletion(where, now))
            if item and stands != where:
                moved.append(item)
        return gone, moved

    def _waiting(self, place: Place, state: _Item) -> Batch:
        """What waits for approval; what waited, and does no more, is gone: approved posts come as posts."""
        now = self._access.now()
        data = mapping(self._forum.read("/review.json", status="pending", type=QUEUED))
        found = parse_queue(data, self._forum.host, Dates(ZoneInfo("UTC"), now))
        seen: list[Seen] = [one for one in found if isinstance(one, SeenMessage)]
        skipped = [Skipped(one.reason, where=f"{place.remote_id}, review") for one in found if isinstance(one, Unfit)]
        ids = [one.remote_id for one in seen]
        listed, total = len(mappings(data.get("reviewables"))), mapping(data.get("meta")).get("total_rows_reviewables")
        complete = listed >= (count(total) or 0)
        known = state.get("known")
        before = [text(one) for one in known] if isinstance(known, list) else []
        gone = [SeenDeletion(one, now) for one in before if one not in ids and complete]
        return Batch(place, [*seen, *gone], json.dumps({"known": ids}), more=False, skipped=skipped)

    def _batch(self, place: Place, items: Iterable[_Item], ahead: _Item, *, more: bool = False) -> Batch:
        dates, private = Dates(ZoneInfo("UTC"), self._access.now()), is_private(place)
        seen: list[Seen] = []
        skipped = []
        for item in items:
            if private and not self._is_for_us(item):
                continue
            try:
                seen.append(parse_live(item, self._forum.host, self._forum.user, dates, private=private))
            except Unfit as error:
                skipped.append(Skipped(error.reason, where=f"{place.remote_id}, {count(item.get('id'))}"))
        return Batch(place, seen, json.dumps(ahead), more, skipped)

    def _is_for_us(self, item: _Item) -> bool:
        """Administrators are given everybody's messages; those between others are none of our business."""
        if not self._forum.me().get("admin"):
            return True
        topic = count(item.get("topic_id")) or 0
        if topic not in self._shared:
            self._shared[topic] = self._forum.takes_part(topic)
        return self._shared[topic]


def _numbers(items: Iterable[_Item]) -> list[int]:
    return [number for item in items if (number := count(item.get("id")))]


def _before(items: Sequence[_Item], before: int | None) -> int:
    """Where the next page begins; 0 at the end."""
    numbers = _numbers(items)
    if numbers:
        return min(numbers) - 1
    return max(before - _IDS_A_PAGE, 0) if before else 0


def _state(cursor: str) -> _Item:
    try:
        return mapping(json.loads(cursor)) if cursor else {}
    except (ValueError, RecursionError):
        return {}
