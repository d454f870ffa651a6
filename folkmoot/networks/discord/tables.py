"""DiscordChatExporter's CSV files, with commas or semicolons, a channel in one file or in a folder of pages."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from io import BufferedReader
from pathlib import PurePosixPath

from folkmoot.lib.archive import MAX_LINE, Archive, Entry, Unreadable, lines, natural
from folkmoot.networks.base import Place, SeenMessage, Skipped
from folkmoot.networks.batches import Item
from folkmoot.networks.discord.parse import bare_urls, digest, parse_row
from folkmoot.networks.discord.repeats import Repeats, minute_of
from folkmoot.networks.discord.written_dates import day_first, read_date
from folkmoot.networks.payload import Dates, Unfit
from folkmoot.networks.reading import head, located

_LOOKED_AT = 50
_NEEDED = {"author", "date", "content"}
_TELLING = {"authorid", "attachments", "reactions"}
# "Server - Category - channel [123456789012345678] [part 2].csv" is how the exporter names files by itself.
_NAMED = re.compile(r"(?P<title>.+) \[(?P<id>\d{15,20})\].*")
_CHANNEL_ID = re.compile(r"\d{15,20}")
_PAGE = re.compile(r"(part|page|chunk|messages|export)?[ _-]*\d*", re.IGNORECASE)
_WRAPPING = re.compile(r"csv|exports?|\d{4}-\w+-\d+", re.IGNORECASE)

_LAST = datetime(9999, 12, 31)  # noqa: DTZ001 (compared with dates as written, which have no zone)

csv.field_size_limit(MAX_LINE)


class Tables:
    def __init__(self, archive: Archive, dates: Dates) -> None:
        self._archive, self._dates = archive, dates
        found = [entry for entry in archive.find(".csv") if entry.size]
        self._places = _places(found, archive.name)
        self._day_first: dict[str, bool] = {}
        starts = {entry.name: self._look_into(entry) for entry in found}
        self.entries = sorted(
            found,
            key=lambda entry: (natural(self._places[entry.name].remote_id), starts[entry.name], natural(entry.name)),
        )
        self._place_id = ""
        self._repeats = Repeats()

    @staticmethod
    def recognises(archive: Archive) -> bool:
        tables = [entry for entry in archive.find(".csv") if entry.size][:_LOOKED_AT]
        return any(_columns(_first_line(head(archive, entry) or b"")) for entry in tables)

    def read(self, entry: Entry, offset: int) -> Iterator[Item]:
        place = self._places[entry.name]
        self._catch_up(entry, place)
        for number, what in enumerate(self._rows(entry), 1):
            if number > offset:
                yield Item(located(what, entry, number), place, number)

    def _look_into(self, entry: Entry) -> datetime:
        """When the file begins; what can't be read comes last."""
        start = (head(self._archive, entry) or b"").decode("utf-8", "replace")
        first = start.split("\n", 1)[0]
        columns = _columns(first)
        if not columns:
            return _LAST
        at = columns.index("date")
        # What is cut off at the end may be anything.
        rows = list(_cells(iter(start.splitlines(keepends=True)), _delimiter(first)))[1:-1]
        written = [row[at] for row in rows if row and len(row) > at]
        self._day_first[entry.name] = day_first(written)
        for value in written:
            try:
                return minute_of(read_date(value, day_first=self._day_first[entry.name]))
            except Unfit:
                continue
        return _LAST

    def _catch_up(self, entry: Entry, place: Place) -> None:
        """Brings the numbering of what is alike to where it stood before ``entry``, also when starting in the middle."""
        if place.remote_id == self._place_id:
            return
        self._place_id, self._repeats = place.remote_id, Repeats()
        counted = self._archive.read_bytes
        for earlier in self.entries:
            if earlier == entry:
                break
            if self._places[earlier.name].remote_id == place.remote_id:
                self._replay(earlier)
        self._archive.read_bytes = counted

    def _replay(self, entry: Entry) -> None:
        try:
            for _ in self._rows(entry):
                pass
        except Unreadable:
            return

    def _rows(self, entry: Entry) -> Iterator[SeenMessage | Skipped]:
        with self._archive.open(entry.name) as stream:
            text = _Text(stream)
            first = next(text, "")
            columns = _columns(first)
            if not columns:
                yield Skipped("unknown columns")
                return
            self._repeats.begin_file()
            try:
                for cells in _cells(text, _delimiter(first)):
                    trouble = text.trouble() or ("not CSV" if cells is None else "")
                    if trouble:
                        yield Skipped(trouble)
                    elif cells:
                        yield self._row(dict(zip(columns, cells, strict=False)), entry)
            finally:
                self._repeats.end_file()

    def _row(self, row: dict[str, str], entry: Entry) -> SeenMessage | Skipped:
        row.pop("", None)
        try:
            written = read_date(row.get("date", ""), day_first=self._day_first.get(entry.name, True))
            at = self._dates.checked(written)
            alike = digest(
                row.get("authorid") or row.get("author", ""),
                minute_of(written).isoformat(),
                row.get("content", ""),
                bare_urls(row.get("attachments", "")),
            )
            number = self._repeats.number(written, alike)
            return parse_row(row, at, alike if number == 1 else f"{alike}-{number}")
        except Unfit as unfit:
            return Skipped(unfit.reason)


class _Text:
    """The lines of a table as text, and what was wrong with those of the row just read."""

    def __init__(self, stream: BufferedReader) -> None:
        self._lines = lines(stream)
        self._trouble = ""
        self._first = True

    def __iter__(self) -> _Text:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if line is None:
            self._trouble = "line too long"
            return "\n"
        if self._first:
            line, self._first = line.removeprefix(b"\xef\xbb\xbf"), False
        try:
            return line.replace(b"\0", b"").decode() + "\n"
        except UnicodeDecodeError:
            self._trouble = "wrong encoding"
            return line.decode("utf-8", "replace") + "\n"

    def trouble(self) -> str:
        trouble, self._trouble = self._trouble, ""
        return trouble


def _cells(text: Iterator[str], delimiter: str) -> Iterator[list[str] | None]:
    """The rows of a table; None for one that is none, such as a quotation that nobody closed."""
    rows = csv.reader(text, delimiter=delimiter)
    while True:
        try:
            yield next(rows)
        except csv.Error:
            yield None
        except StopIteration:
            return


def _first_line(start: bytes) -> str:
    return start.split(b"\n", 1)[0].decode("utf-8", "replace")


def _delimiter(first: str) -> str:
    return max(",;\t", key=first.count)


def _columns(first: str) -> list[str]:
    """The names of the columns in small letters only; empty when it is no table of the exporter's."""
    names = [re.sub(r"[^a-z]", "", name.lower()) for name in first.split(_delimiter(first))]
    return names if set(names) >= _NEEDED and _TELLING & set(names) else []


def _places(entries: list[Entry], fallback: str) -> dict[str, Place]:
    """The channel of each file; ``fallback`` is the name of one that lies in no folder."""
    channels: defaultdict[PurePosixPath, set[str]] = defaultdict(set)
    for entry in entries:
        if _CHANNEL_ID.fullmatch(entry.path.stem):
            channels[entry.path.parent].add(entry.path.stem)
    # One channel's number among pages is a page too; several side by side are channels.
    return {entry.name: _place(entry.path, fallback, by_id=len(channels[entry.path.parent]) > 1) for entry in entries}


def _place(path: PurePosixPath, fallback: str, *, by_id: bool) -> Place:
    """The channel that a file's own name tells of, or, of a page with a mere number, the folders it lies in."""
    if named := _NAMED.fullmatch(path.stem):
        return Place(named["id"], named["title"].split(" - ")[-1])
    if not _PAGE.fullmatch(path.stem) or (by_id and _CHANNEL_ID.fullmatch(path.stem)):
        return Place(path.stem, path.stem)
    folders = [folder for folder in path.parent.parts[-2:] if not _WRAPPING.fullmatch(folder)]
    return Place("/".join(folders) or fallback, " / ".join(folders) or fallback)
