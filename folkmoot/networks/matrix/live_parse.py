"""Events as they come, one after the other, as network-neutral things seen.

Other than in an archive, what an event says of another comes after it: an edit gives the other message again, a reaction
is a thing of its own, and taking one back is the deletion of an event that was a reaction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from folkmoot.networks.base import Seen, SeenDeletion, SeenMessage, SeenMove, SeenReaction, Skipped
from folkmoot.networks.matrix.parse import Relations, is_said_of_another, parse_event, relation_of
from folkmoot.networks.matrix.rooms import link, server_of
from folkmoot.networks.payload import Dates, Unfit, count, mapping, mappings, text

# How many reactions and edits are remembered, so that it is known what was taken back
_REMEMBERED = 20_000
_UTC = ZoneInfo("UTC")

Lookup = Callable[[str], Mapping[str, Any] | None]
Link = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Position:
    """How far the account's news were read: the server's token, and our clock in milliseconds when it was given."""

    since: str
    at: int

    def __str__(self) -> str:
        return json.dumps([self.since, self.at])

    @classmethod
    def read(cls, cursor: str) -> Position | None:
        try:
            since, at = json.loads(cursor)
        except (ValueError, TypeError):
            return None
        return cls(since, at) if isinstance(since, str) and since and isinstance(at, int) else None


@dataclass(slots=True)
class Memory:
    """What events said of others, by their own ids: (the other's id, the reaction and whose it is; empty for an edit)."""

    said: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    def keep(self, ident: str, other: str, reaction: str = "", giver: str = "") -> None:
        self.said[ident] = other, reaction, giver
        if len(self.said) > _REMEMBERED:
            del self.said[next(iter(self.said))]


@dataclass(slots=True)
class Told:
    """What some events came to."""

    seen: list[Seen] = field(default_factory=list)
    skipped: dict[str, Skipped] = field(default_factory=dict)

    def skip(self, reason: str, where: str) -> None:
        known = self.skipped.get(reason)
        self.skipped[reason] = Skipped(reason, known.count + 1 if known else 1, known.where if known else where)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the events of one room. ``us`` is our own id, ``original`` fetches an event by its id, ``file`` makes an
    address of the network's own (``mxc://``) one that can be fetched."""

    room: str
    us: str
    now: datetime
    memory: Memory
    original: Lookup
    file: Link = str

    def news(self, events: Sequence[Mapping[str, Any]], relations: Relations) -> Told:
        """Events in the order in which they happened; ``relations`` has the names, and what newer ones said."""
        told = Told()
        for event in events:
            relations.note(event)
            relations.note_bundled(event)
        for event in events:
            try:
                told.seen.extend(self._news(event, relations))
            except Unfit as unfit:
                told.skip(unfit.reason, text(event.get("event_id")))
        return told

    def past(self, events: Iterable[Mapping[str, Any]], relations: Relations) -> Told:
        """Events in any order, each message once and in its last state; ``relations`` knows what newer ones said."""
        events, told = list(events), Told()
        for event in events:
            relations.note(event)
            relations.note_bundled(event)
        relations.settle()
        for event in events:
            if is_said_of_another(event):
                continue
            try:
                told.seen.append(self.parsed(event, relations))
            except Unfit as unfit:
                told.skip(unfit.reason, text(event.get("event_id")))
        return told

    def parsed(self, event: Mapping[str, Any], relations: Relations) -> SeenMessage | SeenMove:
        """A message or a move as an archive has it, with what only a connected account knows. Raises ``Unfit``."""
        seen = parse_event({"room_id": self.room, **event}, relations, self._dates)
        if isinstance(seen, SeenMove):
            return seen
        files = tuple(replace(one, url=self.file(one.url)) for one in seen.attachments)
        address = link(self.room, seen.remote_id, via=server_of(self.us))
        return replace(seen, ours=seen.author.remote_id == self.us, url=address, attachments=files)

    @property
    def _dates(self) -> Dates:
        return Dates(_UTC, self.now)

    def _news(self, event: Mapping[str, Any], relations: Relations) -> list[Seen]:
        ident, kind = text(event.get("event_id")), event.get("type")
        relation = relation_of(mapping(event.get("content")))
        target = text(relation.get("event_id"))
        if kind == "m.reaction":
            return [self._reaction(event, ident, target, text(relation.get("key")), relations)]
        if kind == "m.room.redaction":
            gone = text(event.get("redacts")) or text(mapping(event.get("content")).get("redacts"))
            return self._taken_back(event, gone, relations)
        if kind == "m.room.message" and relation.get("rel_type") == "m.replace":
            return [self._edited(event, ident, target, relations)]
        return [self.parsed(event, relations)]

    def _reaction(
        self, event: Mapping[str, Any], ident: str, target: str, key: str, relations: Relations
    ) -> SeenReaction:
        sender = text(event.get("sender"))
        if not target or not key or not sender:
            raise Unfit("deleted at the network")
        self.memory.keep(ident, target, key, sender)
        return SeenReaction(target, self._at(event), relations.person(sender), key)

    def _edited(
        self, event: Mapping[str, Any], ident: str, target: str, relations: Relations
    ) -> SeenMessage | SeenMove:
        if not (original := self.original(target)):
            raise Unfit("edit of a message that can't be read")
        self.memory.keep(ident, target)
        relations.note_bundled(original)
        return self.parsed(original, relations)

    def _taken_back(self, event: Mapping[str, Any], gone: str, relations: Relations) -> list[Seen]:
        if not gone:
            raise Unfit("no id")
        at, (other, reaction, giver) = self._at(event), self.memory.said.get(gone, ("", "", ""))
        if reaction:
            return [SeenReaction(other, at, relations.person(giver), reaction, taken_back=True)]
        if not other:
            return [SeenDeletion(gone, at)]
        # An edit: the message is as it was before.
        original = self.original(other)
        return [self.parsed(original, names_and_bundle(relations, original))] if original else []

    def _at(self, event: Mapping[str, Any]) -> datetime:
        sent = count(event.get("origin_server_ts"))
        if sent is None:
            raise Unfit("no date")
        return self._dates.unix(sent / 1000)


def names(state: object) -> Relations:
    """The names of people in a room, by its state."""
    relations = Relations()
    for event in mappings(state):
        relations.note(event)
    return relations


def names_and_bundle(known: Relations, event: Mapping[str, Any]) -> Relations:
    relations = Relations(names=known.names, threads=known.threads)
    relations.note_bundled(event)
    return relations


def oldest(events: Sequence[Mapping[str, Any]]) -> int | None:
    """When the oldest of some events was sent, in milliseconds."""
    times = [sent for event in events if (sent := count(event.get("origin_server_ts"))) is not None]
    return min(times, default=None)
