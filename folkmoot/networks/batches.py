"""From a stream of things seen, in whatever places, to batches of one place each that can be continued."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from folkmoot.lib.archive import Archive, Entry, Unreadable
from folkmoot.networks.base import BATCH_SIZE, Batch, Place, Seen, SeenMessage, Skipped
from folkmoot.networks.errors import Refused

# A window is what is held in memory at once while it is sorted into places.
_WINDOW = 4_000
_WINDOW_TEXT = 16 * 1024**2
_END = -1


class Item(NamedTuple):
    """Something seen in a place, or skipped, and the offset in its entry behind which to go on."""

    what: Seen | Skipped
    place: Place | None
    offset: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """Behind ``offset`` in ``entry``, and then behind ``done`` batches of the window that begins there."""

    entry: str = ""
    offset: int = 0
    done: int = 0

    def __str__(self) -> str:
        return json.dumps([self.entry, self.offset, self.done], ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> Cursor:
        if not text:
            return cls()
        try:
            entry, offset, done = json.loads(text)
            return cls(str(entry), int(offset), int(done))
        except (ValueError, TypeError) as error:
            raise Refused("where the import had stopped can't be read; start it again from the beginning") from error


class _Window:
    """What was read behind ``start``, sorted into places in the order in which they first appear."""

    def __init__(self, start: Cursor) -> None:
        self.start = self.end = start
        self.places: dict[Place, list[Seen]] = {}
        self.skipped: dict[str, Skipped] = {}
        self.full = False
        self._count = self._text = self._most = 0

    def add(self, entry: str, item: Item) -> None:
        # Several things out of one object come with the offset before it, and only the last with that behind it.
        between = item.offset not in (0, self.end.offset if entry == self.end.entry else 0)
        self.end = Cursor(entry, item.offset)
        self._count += 1
        if isinstance(item.what, Skipped):
            known = self.skipped.get(item.what.reason)
            count = item.what.count + (known.count if known else 0)
            self.skipped[item.what.reason] = replace(known or item.what, count=count)
        elif item.place is not None:
            seen = self.places.setdefault(item.place, [])
            seen.append(item.what)
            if isinstance(item.what, SeenMessage):
                self._text += len(item.what.text) + len(item.what.html)
            self._most = max(self._most, len(seen))
        enough = self._most >= BATCH_SIZE or self._count >= _WINDOW or self._text >= _WINDOW_TEXT
        self.full = enough and between

    def batches(self) -> Iterator[Batch]:
        groups: list[tuple[Place | None, list[Seen]]] = [
            (place, seen[start : start + BATCH_SIZE])
            for place, seen in self.places.items()
            for start in range(0, len(seen), BATCH_SIZE)
        ]
        if not groups and self.skipped:
            groups = [(None, [])]
        for index, (place, seen) in enumerate(groups, 1):
            last = index == len(groups)
            cursor = self.end if last else replace(self.start, done=index)
            yield Batch(place, seen, str(cursor), skipped=tuple(self.skipped.values()) if index == 1 else ())


_Read = Callable[[Entry, int], Iterator[Item]]


def backfill(archive: Archive, entries: Iterable[Entry], read: _Read, *, cursor: str, nothing: str) -> Iterator[Batch]:
    """Batches of what ``read(entry, offset)`` gives for each of ``entries``, from ``cursor`` on.

    An entry that turns out to be damaged is skipped from there on. Raises ``Refused(nothing)`` at the end when not one
    thing could be taken.
    """
    start = Cursor.parse(cursor)
    taken = bool(cursor)
    held: Batch | None = None
    for batch in _windows(_walk(archive, entries, read, start), start):
        taken = taken or bool(batch.seen)
        if held is not None:
            yield held
        held = batch
    if held is not None:
        yield replace(held, more=False)
    if not taken:
        raise Refused(nothing)


def _windows(items: Iterator[tuple[str, Item]], start: Cursor) -> Iterator[Batch]:
    window, done = _Window(replace(start, done=0)), start.done
    for entry, item in items:
        window.add(entry, item)
        if window.full:
            yield from list(window.batches())[done:]
            window, done = _Window(window.end), 0
    yield from list(window.batches())[done:]


def _walk(archive: Archive, entries: Iterable[Entry], read: _Read, start: Cursor) -> Iterator[tuple[str, Item]]:
    found = not start.entry
    for entry in entries:
        offset = start.offset if entry.name == start.entry else 0
        found = found or entry.name == start.entry
        if not found or offset == _END:
            archive.seen(entry.name)
            continue
        try:
            for item in read(entry, offset):
                yield entry.name, item
        except Unreadable as error:
            yield entry.name, Item(Skipped("damaged file", where=f"{entry.name}: {error}"[:300]), None, _END)
    if not found:
        raise Refused("the archive is not the one whose import was begun; import it from the beginning")
