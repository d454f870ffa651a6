"""News and the past of rooms: long waits in ``/sync``, and pages of ``/messages``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import monotonic
from typing import Any

from folkmoot.networks.base import Batch, Place, Skipped
from folkmoot.networks.errors import Moved, Refused
from folkmoot.networks.live import Recalled
from folkmoot.networks.matrix.client import Client, Forbidden, Invalid, Missing
from folkmoot.networks.matrix.live_parse import Memory, Position, Reader, names, oldest
from folkmoot.networks.matrix.parse import Relations
from folkmoot.networks.payload import mapping, mappings, text

PAGE = 100
# The server holds each question so long: no longer, for whoever stops us is to be heard.
_HOLD_MS = 1500
_BEAT = 20.0
# By how much clocks of servers may differ from ours
_SKEW_MS = 600_000
_NOTHING: Mapping[str, Any] = {"not_types": ["*"]}
_NAMES = {"lazy_load_members": True, "include_redundant_members": True}


@dataclass(slots=True)
class Listening:
    """One account's rooms, read by whoever holds it; ``file`` makes addresses of files that can be fetched."""

    client: Client
    now: Callable[[], datetime]
    file: Callable[[str], str]
    _memory: Memory = field(default_factory=Memory)
    _past: dict[str, Relations] = field(default_factory=dict)

    def stream(self, places: Sequence[Place], cursor: str, stopped: Callable[[], bool]) -> Iterator[Batch]:
        chosen = {place.remote_id: place for place in places}
        position = Position.read(cursor)
        yield from self._enter(chosen, str(position or ""))
        filtered = self._filter(chosen)
        if position is None:
            position = self._position(self._sync(filtered, None, hold=0))
            yield Batch(None, [], str(position))
        beat = monotonic()
        while not stopped():
            before, synced = position, self._since(filtered, position)
            position = self._position(synced)
            for batch in self._told(chosen, synced, before, position):
                beat = monotonic()
                yield batch
            _follow(chosen, synced)
            if monotonic() - beat > _BEAT:
                beat = monotonic()
                yield Batch(None, [], str(position))

    def recall(self, place: Place, cursor: str, since: datetime) -> Recalled:
        """A page of the past, ending at the cursor."""
        token = cursor
        if not cursor and place.remote_id not in self._joined():  # those who listen may not have come that far yet
            self.client.act("join", place.remote_id, json={})
        try:
            page = self._page(place.remote_id, token)
        except Invalid:
            page = self._page(place.remote_id, token := "")
        events = mappings(page.get("chunk"))
        known = self._past.setdefault(place.remote_id, Relations()) if token else Relations()
        self._past[place.remote_id] = known
        for event in mappings(page.get("state")):
            known.note(event)
        reached, end = oldest(events), text(page.get("end"))
        told = self._reader(place.remote_id).past(events, known)
        wanted = [one for one in told.seen if one.at >= since]
        more = bool(end) and end != token and (reached is None or reached >= since.timestamp() * 1000)
        if not more:
            del self._past[place.remote_id]
        batch = Batch(place, wanted, end, more=more, skipped=tuple(told.skipped.values()))
        return Recalled(batch, self._done(reached, since) if more else 1.0)

    def own(self, room: str, since: datetime) -> Iterator[Mapping[str, Any]]:
        """Messages that we sent to a room at or after ``since``, newest first, as the server has them."""
        until, token = since.timestamp() * 1000 - _SKEW_MS, ""
        while True:
            page = self._page(room, token, {"senders": [self.client.user()], "types": ["m.room.message"]})
            events = mappings(page.get("chunk"))
            yield from events
            reached, end = oldest(events), text(page.get("end"))
            if not end or end == token or (reached is not None and reached < until):
                return
            token = end

    def event(self, room: str, ident: str) -> Mapping[str, Any] | None:
        try:
            return mapping(self.client.read("rooms", room, "event", ident)) or None
        except (Missing, Forbidden):
            return None

    def _reader(self, room: str) -> Reader:
        return Reader(
            room, self.client.user(), self.now(), self._memory, lambda ident: self.event(room, ident), self.file
        )

    def _done(self, reached: int | None, since: datetime) -> float | None:
        whole = (self.now() - since).total_seconds()
        if reached is None or whole <= 0:
            return None
        return min(max((self.now().timestamp() - reached / 1000) / whole, 0.0), 1.0)

    def _enter(self, chosen: Mapping[str, Place], cursor: str) -> Iterator[Batch]:
        """Takes up the invitations to the places that were chosen."""
        for room in chosen.keys() - self._joined():
            try:
                self.client.act("join", room, json={})
            except Refused as error:
                yield Batch(chosen[room], [], cursor, skipped=[Skipped("not a member of the room", where=str(error))])

    def _joined(self) -> set[str]:
        joined = mapping(self.client.read("joined_rooms")).get("joined_rooms")
        return set(joined if isinstance(joined, list) else [])

    def _filter(self, chosen: Mapping[str, Place]) -> str:
        """Stored at the server: with many rooms it would be too long for each question."""
        room = {
            "rooms": sorted(chosen),
            "timeline": {"limit": PAGE, **_NAMES},
            "state": {"types": ["m.room.member"], **_NAMES},
            "ephemeral": _NOTHING,
            "account_data": _NOTHING,
        }
        asked = {"room": room, "presence": _NOTHING, "account_data": _NOTHING}
        made = self.client.read("user", self.client.user(), "filter", method="POST", json=asked)
        return text(mapping(made).get("filter_id"))

    def _sync(self, filtered: str, since: str | None, *, hold: int = _HOLD_MS) -> Mapping[str, Any]:
        params = {"filter": filtered, "timeout": hold, "set_presence": "offline"} | ({"since": since} if since else {})
        return mapping(self.client.read("sync", params=params, seconds=120))

    def _since(self, filtered: str, position: Position) -> Mapping[str, Any]:
        """News behind a position, all of it to be looked for in the rooms' past where the server forgot its token."""
        try:
            return self._sync(filtered, position.since)
        except Invalid:
            return {"forgotten": True, **self._sync(filtered, None, hold=0)}

    def _position(self, synced: Mapping[str, Any]) -> Position:
        since = text(synced.get("next_batch"))
        if not since:
            raise Invalid("The server answers no news as Matrix does. Is its address right?")
        return Position(since, int(self.now().timestamp() * 1000))

    def _told(
        self, chosen: Mapping[str, Place], synced: Mapping[str, Any], before: Position, after: Position
    ) -> Iterator[Batch]:
        """Batches of all rooms; only the last one goes on behind the answer."""
        until = replace(before, since="") if synced.get("forgotten") else before
        held: Batch | None = None
        for ident, room in _rooms(synced):
            if ident not in chosen:
                continue
            for batch in self._room(chosen[ident], room, until, str(before)):
                if held is not None:
                    yield held
                held = batch
        if held is not None:
            yield replace(held, cursor=str(after))

    def _room(self, place: Place, room: Mapping[str, Any], until: Position, cursor: str) -> Iterator[Batch]:
        timeline = mapping(room.get("timeline"))
        events, relations = mappings(timeline.get("events")), names(mapping(room.get("state")).get("events"))
        place = _renamed(place, events)
        told = self._reader(place.remote_id).news(events, relations)
        if timeline.get("limited"):
            yield from self._gap(place, text(timeline.get("prev_batch")), until, relations, cursor)
        if told.seen or told.skipped:
            yield Batch(place, told.seen, cursor, skipped=tuple(told.skipped.values()))

    def _gap(self, place: Place, token: str, until: Position, relations: Relations, cursor: str) -> Iterator[Batch]:
        """What lies between where we were and what one answer holds, newest page first."""
        reader = self._reader(place.remote_id)
        while True:
            try:
                page = self._page(place.remote_id, token, to=until.since)
            except Refused as error:
                yield Batch(place, [], cursor, skipped=[Skipped("not heard while disconnected", where=str(error))])
                return
            events = mappings(page.get("chunk"))
            for event in mappings(page.get("state")):
                relations.note(event)
            told = reader.news(events[::-1], relations)
            if told.seen or told.skipped:
                yield Batch(place, told.seen, cursor, skipped=tuple(told.skipped.values()))
            reached, end = oldest(events), text(page.get("end"))
            if not end or end == token or (reached is not None and reached < until.at - _SKEW_MS):
                return
            token = end

    def _page(self, room: str, token: str, only: Mapping[str, Any] | None = None, *, to: str = "") -> Mapping[str, Any]:
        filtered = json.dumps({**_NAMES, **(only or {})})
        params = {"dir": "b", "limit": PAGE, "filter": filtered, "from": token, "to": to}
        asked = {name: value for name, value in params.items() if value}
        return mapping(self.client.read("rooms", room, "messages", params=asked, seconds=60))


def _rooms(synced: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Rooms with news, those that we were made to leave among them."""
    known = mapping(synced.get("rooms"))
    for part in ("join", "leave"):
        for ident, room in mapping(known.get(part)).items():
            yield ident, mapping(room)


def _follow(chosen: Mapping[str, Place], synced: Mapping[str, Any]) -> None:
    """Raises ``Moved`` where a room was replaced by another one."""
    for ident, room in _rooms(synced):
        for event in mappings(mapping(room.get("timeline")).get("events")):
            replaced = text(mapping(event.get("content")).get("replacement_room"))
            if ident in chosen and replaced and event.get("type") == "m.room.tombstone":
                raise Moved("The room was replaced by a newer one.", remote_id=replaced, was=ident)


def _renamed(place: Place, events: Sequence[Mapping[str, Any]]) -> Place:
    said = [text(mapping(one.get("content")).get("name")) for one in events if one.get("type") == "m.room.name"]
    return replace(place, name=said[-1]) if said and said[-1].strip() else place
