"""A row of a table to what was said."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, cast, get_args

from folkmoot.networks.base import MessageKind, Person, Place, Reaction, SeenMessage, Skipped
from folkmoot.networks.file.moments import Moments
from folkmoot.networks.file.tables import Row
from folkmoot.networks.payload import text as plain
from folkmoot.networks.times import believable

# Tables count reactions without saying which.
REACTION = "reaction"
_KINDS = frozenset(get_args(MessageKind))
_COUNT = re.compile(r"(\d+(?:[.,\s]\d+)*)\s*([kкmм])?", re.I)

Getter = Callable[[Row], Any]


def getter(columns: Sequence[str], column: str, *, json: bool) -> Getter:
    """Takes one column out of a row; None where the row has no such thing."""
    if json:
        keys = column.split(".")

        def by_path(row: Row) -> Any:
            value: Any = row
            if column in row:
                return cast(Mapping[str, Any], row)[column]
            for key in keys:
                value = value.get(key) if isinstance(value, dict) else None
            return value

        return by_path
    index = list(columns).index(column)
    return lambda row: cast(Sequence[str], row)[index] if index < len(row) else None


@dataclass(frozen=True, slots=True)
class Table:
    """What holds for all rows of one table."""

    place: Place
    getters: Mapping[str, Getter]
    moments: Moments
    default_author: str
    now: datetime


class Rows:
    """Turns rows into messages, one after the other: rows alike in everything get different ids by their order."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._owned = "author" not in table.getters and "author_id" not in table.getters
        self._titled = "title" in table.getters and not self._owned
        self._time = ""
        self._alike: Counter[tuple[str, ...]] = Counter()

    def passed(self, row: Row) -> None:
        """A row that was taken before: only counted, so that those behind it get the ids they would have got."""
        self._key(row)

    def take(self, row: Row) -> tuple[Place, SeenMessage] | Skipped:
        key, count = self._key(row)
        place, person = self._place(row), self._person(row)
        if person is None:
            return Skipped("no author")
        when = self._when(row)
        if not when:
            return Skipped("no date")
        try:
            at = self._table.moments.read(when)
        except OverflowError:
            return Skipped("date out of range")
        if at is None:
            return Skipped("date not understood")
        if not believable(at, self._table.now):
            return Skipped("date out of range")
        own = self._text(row, "id") or _digest(place.remote_id, *key, str(count))
        return place, self._message(row, own, at, person)

    def _message(self, row: Row, own: str, at: datetime, person: Person) -> SeenMessage:
        title, parent = self._text(row, "title"), self._text(row, "parent") or None
        thread = self._text(row, "thread") or (title if self._titled else "") or (own if self._owned else None)
        kind = self._text(row, "kind").lower()
        stated = cast(MessageKind, kind) if kind in _KINDS else None
        usual: MessageKind | None = "post" if self._owned else "reply" if parent and thread else None
        return SeenMessage(
            own,
            at,
            person,
            self._text(row, "text"),
            kind=stated or usual,
            thread=thread,
            thread_title=title,
            parent=parent if parent != own else None,
            url=self._text(row, "url"),
            reactions=_reactions(self._value(row, "reactions")),
            raw=dict(row) if isinstance(row, dict) else {"row": list(row)},
        )

    def _value(self, row: Row, field: str) -> Any:
        getter = self._table.getters.get(field)
        return getter(row) if getter else None

    def _text(self, row: Row, field: str) -> str:
        return plain(self._value(row, field)).strip()

    def _when(self, row: Row) -> str:
        return f"{self._text(row, 'date')} {self._text(row, 'time')}".strip()

    def _place(self, row: Row) -> Place:
        channel = self._text(row, "channel")
        return Place(channel, channel, self._table.place.kind) if channel else self._table.place

    def _person(self, row: Row) -> Person | None:
        if self._owned:
            name = self._table.default_author
            place = self._place(row)
            return Person(name, name) if name else Person(place.remote_id, place.name)
        name, lasting = self._text(row, "author"), self._text(row, "author_id")
        return Person(lasting or name, name or lasting) if name or lasting else None

    def _key(self, row: Row) -> tuple[tuple[str, ...], int]:
        when = self._when(row)
        if when != self._time:
            self._time = when
            self._alike.clear()
        key = (when, self._text(row, "author_id"), self._text(row, "author"), self._text(row, "text"))
        count = self._alike[key]
        self._alike[key] += 1
        return key, count


def _digest(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()


def _reactions(value: object) -> tuple[Reaction, ...]:
    """A number, a list of those who reacted, or numbers by kind of reaction."""
    if isinstance(value, dict):
        counted = {str(kind): _count(number) for kind, number in value.items()}
        return tuple(Reaction(kind, number) for kind, number in counted.items() if number)
    number = _count(value)
    return (Reaction(REACTION, number),) if number else ()


def _count(value: object) -> int:
    if isinstance(value, list):
        return len(value)
    found = _COUNT.fullmatch(plain(value).strip())
    if not found:
        return 0
    scale = {"k": 1_000, "к": 1_000, "m": 1_000_000, "м": 1_000_000}.get((found[2] or "").lower(), 1)
    if scale > 1:
        return int(float(found[1].replace(",", ".").replace(" ", "")) * scale)
    whole = re.sub(r"[.,]0+$", "", found[1]) if re.fullmatch(r"\d+[.,]0{1,2}", found[1]) else found[1]
    digits = re.sub(r"\D", "", whole)
    return int(digits) if len(digits) < 13 else 0
