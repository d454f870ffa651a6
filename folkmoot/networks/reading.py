"""From the files of an archive to the items that ``batches.backfill`` takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from folkmoot.lib.archive import Archive, Entry, Unreadable
from folkmoot.lib.json_stream import Broken, JsonStream
from folkmoot.networks.base import Place, Seen, Skipped
from folkmoot.networks.batches import Item

# An offset that stands for a whole entry: what can't be read on is not tried again.
WHOLE = -1

Found = Iterable[Seen | Skipped]


def head(archive: Archive, entry: Entry, size: int = 16 * 1024) -> bytes | None:
    """The beginning of a file; None of a damaged one, which then is to be read all the same, so that it is reported."""
    try:
        return archive.head(entry.name, size)
    except Unreadable:
        return None


def numbered(
    objects: Iterator[tuple[Place, Any]], entry: Entry, offset: int, parse: Callable[[Place, Any], Found]
) -> Iterator[Item]:
    """What ``parse`` makes of each object behind the first ``offset``; broken JSON ends the entry with a ``Skipped``."""
    number = 0
    try:
        for place, item in objects:
            number += 1
            if number <= offset:
                continue
            found = list(parse(place, item))
            for left, what in enumerate(reversed(range(len(found)))):
                # Only the last thing found in an object lies behind it: the others are seen again when it is cut here.
                yield Item(located(found[left], entry, number), place, number if what == 0 else number - 1)
    except Broken as error:
        yield Item(Skipped(error.reason, where=entry.name), None, WHOLE)


def objects(archive: Archive, entry: Entry, place: Place, key: str = "") -> Iterator[tuple[Place, Any]]:
    """The items of the array that the file is, or that stands under ``key`` in it, all of one place."""
    with archive.open(entry.name) as stream:
        source = JsonStream(stream)
        if not key:
            yield from ((place, item) for item in source.array())
        else:
            for found in source.members():
                if found == key:
                    yield from ((place, item) for item in source.array())


def located(what: Seen | Skipped, entry: Entry, number: int) -> Seen | Skipped:
    """A ``Skipped`` that says where."""
    return Skipped(what.reason, what.count, f"{entry.name} · {number}") if isinstance(what, Skipped) else what


def leave_out(archive: Archive, wanted: Iterable[Entry]) -> None:
    """Counts what won't be read (pictures, other formats) as done, so that progress is that of what is read."""
    names = {entry.name for entry in wanted}
    for entry in archive.entries:
        if entry.name not in names:
            archive.seen(entry.name)
