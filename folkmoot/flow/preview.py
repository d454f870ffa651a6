"""What an archive would be read as, before it is read: its options, its columns, its first messages."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from folkmoot import networks
from folkmoot.channels.models import ArchiveImport
from folkmoot.flow.archive import UnableToImport, recognise
from folkmoot.lib.archive import Archive, Unreadable, open_archive
from folkmoot.networks.base import Backfills, Format, Mapped, Option, SeenMessage
from folkmoot.networks.errors import Refused

ROWS = 5
BATCHES = 3


@dataclass(frozen=True, slots=True)
class Questions:
    """What a person may say about an archive; ``columns`` is empty unless it is of tables."""

    format: Format
    fields: tuple[Option, ...]
    columns: list[str]
    guess: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Look:
    """The first messages as they would be read, and why others of the beginning would not."""

    messages: list[SeenMessage]
    skipped: list[str]


def questions(order: ArchiveImport, options: Mapping[str, str]) -> Questions | None:
    """None where there is nothing to ask, or where asking would mean unpacking all of it first.

    What can't be read at all is nothing to ask about either: reading it says why.
    """
    if _packed(Path(order.path)):
        return None
    try:
        with _opened(order) as (archive, reader, form):
            if not isinstance(reader, Mapped):
                return Questions(form, (), [], {}) if form.options else None
            columns = reader.columns(archive, format=form.name, options=options)
            return Questions(form, reader.fields, columns, reader.guess(columns)) if columns else None
    except (Refused, Unreadable, UnableToImport):
        return None


def look(order: ArchiveImport, options: Mapping[str, str]) -> Look:
    """Reads the beginning with these options. Raises ``UnableToImport`` when nothing of it can be read."""
    found = Look([], [])
    try:
        with _opened(order) as (archive, reader, form):
            batches = reader.backfill(archive, format=form.name, options=options)
            for batch, _number in zip(batches, range(BATCHES), strict=False):
                found.messages.extend(one for one in batch.seen if isinstance(one, SeenMessage))
                found.skipped.extend(one.reason for one in batch.skipped if one.reason not in found.skipped)
                if len(found.messages) >= ROWS:
                    break
    except (Refused, Unreadable) as error:
        if not found.skipped:
            raise UnableToImport(str(error)) from error
    if not found.messages:
        reasons = ", ".join(found.skipped) or _("There is nothing in this archive.")
        raise UnableToImport(_("Nothing can be read like this: %(reasons)s.") % {"reasons": reasons})
    return Look(found.messages[:ROWS], found.skipped)


@contextmanager
def _opened(order: ArchiveImport) -> Iterator[tuple[Archive, Backfills, Format]]:
    with open_archive(Path(order.path)) as archive:
        reader, name = _reader(archive, order.format)
        yield archive, reader, next(form for form in reader.facts.formats if form.name == name)


def _reader(archive: Archive, wanted: str) -> tuple[Backfills, str]:
    """As when it is read; but a table whose columns nobody recognises is still a table."""
    try:
        _connector, reader, name = recognise(archive, wanted)
    except UnableToImport:
        for connector, _form, reader in networks.readers():
            written = connector.tabular(archive) if not wanted and isinstance(connector, Mapped) else None
            if written:
                return reader, written
        raise
    return reader, name


def _packed(path: Path) -> bool:
    try:
        return path.is_file() and tarfile.is_tarfile(path)
    except OSError:
        return False
