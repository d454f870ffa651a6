"""An organisation's own export: ``realm.json`` says who is who, ``messages-000001.json`` … hold what was said."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from hashlib import blake2b
from typing import Any

from folkmoot.lib.archive import Archive, Entry, Unreadable
from folkmoot.lib.json_stream import Broken, JsonStream
from folkmoot.networks import reading
from folkmoot.networks.base import Person, Place, Reaction, Seen, Skipped
from folkmoot.networks.batches import Item
from folkmoot.networks.errors import Refused
from folkmoot.networks.first_look import first_look
from folkmoot.networks.payload import Dates, Unfit, count, mapping, text
from folkmoot.networks.zulip.parse import Realm, message_id, parse_exported, parse_person, parse_topic, place_of

_MESSAGES = re.compile(r"(.*/)?messages-\d+\.json")
_TABLE = "zerver_message"
_Rows = dict[str, Callable[[Mapping[str, Any]], None]]


def message_files(archive: Archive) -> list[Entry]:
    """The files of messages beside the outermost ``realm.json``, in order; none if this is no export."""
    realms = archive.named("realm.json")
    if not realms:
        return []
    folder = realms[0].path.parent
    return [entry for entry in archive.entries if _MESSAGES.fullmatch(entry.name) and entry.path.parent == folder]


class Export:
    """Knows the people and reactions of the whole export, and of its messages only which ones opened a topic."""

    def __init__(self, archive: Archive, dates: Dates) -> None:
        self._archive = archive
        self._dates = dates
        self._files = message_files(archive)
        self._reactions = _Reactions()
        self._realm = self._read_realm()
        self._openings = self._read_openings()

    def entries(self) -> list[Entry]:
        return self._files

    def read(self, entry: Entry, offset: int) -> Iterator[Item]:
        nowhere = Place("", "")
        found = ((nowhere, row) for row in _rows(self._archive, entry))
        for item in reading.numbered(found, entry, offset, self._parse):
            # The place of a message is known only once its recipient is read.
            yield self._placed(item)

    def _parse(self, _: Place, item: Any) -> Iterable[Seen | Skipped]:
        row = mapping(item)
        try:
            place_of(row, self._realm)
            ident = message_id(row)
            reactions = self._reactions.of(ident, self._realm.people)
            opens = ident in self._openings
            yield parse_exported(row, self._realm, opens=opens, reactions=reactions, dates=self._dates)
        except Unfit as unfit:
            yield Skipped(unfit.reason)

    def _placed(self, item: Item) -> Item:
        raw = getattr(item.what, "raw", None)
        return item if raw is None else item._replace(place=place_of(raw, self._realm))

    def _read_realm(self) -> Realm:
        people: dict[int, Person] = {}
        recipients: dict[int, tuple[int, int]] = {}
        streams: dict[int, Place] = {}

        def person(row: Mapping[str, Any]) -> None:
            found = parse_person(row)
            if found is not None:
                people[int(found.remote_id)] = found

        def recipient(row: Mapping[str, Any]) -> None:
            recipients[count(row.get("id")) or 0] = (count(row.get("type")) or 0, count(row.get("type_id")) or 0)

        def stream(row: Mapping[str, Any]) -> None:
            ident = count(row.get("id")) or 0
            streams[ident] = Place(str(ident), text(row.get("name")) or f"#{ident}", "forum")

        tables: _Rows = {
            "zerver_userprofile": person,
            "zerver_userprofile_mirrordummy": person,
            "zerver_userprofile_crossrealm": person,
            "zerver_recipient": recipient,
            "zerver_stream": stream,
            "zerver_reaction": self._reactions.add,
        }
        _read_tables(self._archive, self._archive.named("realm.json")[0], tables)
        if not people:
            raise Refused("realm.json names no people; choose the export as Zulip gave it")
        return Realm(people, recipients, streams)

    def _read_openings(self) -> frozenset[int]:
        """The first message of each topic. Seen in a pass of its own, so that it is the same wherever we resume."""
        first: dict[int, int] = {}
        for entry in self._files:
            # A file that is broken is said to be when it is read for its messages.
            with first_look(self._archive), suppress(Broken, Unreadable):
                for row in _rows(self._archive, entry):
                    self._note(mapping(row), first)
        return frozenset(first.values())

    def _note(self, row: Mapping[str, Any], first: dict[int, int]) -> None:
        ident = count(row.get("id"))
        if ident is None:
            return
        topic = f"{text(row.get('recipient'))} {parse_topic(text(row.get('subject'))).thread}"
        # Digests, for half a million topics' names would be more than may be held.
        key = int.from_bytes(blake2b(topic.encode(), digest_size=8).digest())
        first[key] = min(first.get(key, ident), ident)


class _Reactions:
    """Reactions packed into sorted numbers: three 8-byte numbers each, however many there are."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, int]] = []
        self._names: dict[str, int] = {}
        self._messages, self._people, self._emoji = array("q"), array("q"), array("q")

    def add(self, row: Mapping[str, Any]) -> None:
        message = count(row.get("message") or row.get("message_id"))
        person = count(row.get("user_profile") or row.get("user_profile_id"))
        name = text(row.get("emoji_name"))
        if message is not None and person is not None and name:
            self._rows.append((message, person, self._names.setdefault(name, len(self._names))))

    def of(self, message: int, people: Mapping[int, Person]) -> tuple[Reaction, ...]:
        if self._rows:
            self._pack()
        names = list(self._names)
        given: dict[str, list[Person]] = {}
        index = bisect_left(self._messages, message)
        while index < len(self._messages) and self._messages[index] == message:
            person = people.get(self._people[index]) or Person(str(self._people[index]))
            given.setdefault(names[self._emoji[index]], []).append(person)
            index += 1
        return tuple(Reaction(name, len(givers), tuple(givers)) for name, givers in given.items())

    def _pack(self) -> None:
        for message, person, emoji in sorted(self._rows):
            self._messages.append(message)
            self._people.append(person)
            self._emoji.append(emoji)
        self._rows = []


def _rows(archive: Archive, entry: Entry) -> Iterator[Any]:
    """The rows of ``zerver_message``. What each member received is a far longer table in the same file."""
    with archive.open(entry.name) as stream:
        source = JsonStream(stream)
        for table in source.members():
            for _ in source.elements():
                if table == _TABLE:
                    yield source.value()


def _read_tables(archive: Archive, entry: Entry, tables: _Rows) -> None:
    """All wanted tables of a file in one reading. What can't be read on is done without."""
    with first_look(archive), suppress(Broken, Unreadable), archive.open(entry.name) as stream:
        source = JsonStream(stream)
        for table in source.members():
            for _ in source.elements():
                if table in tables:
                    tables[table](mapping(source.value()))
