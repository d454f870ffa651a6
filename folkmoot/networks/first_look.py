"""Reading parts of an archive ahead of the work proper."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from folkmoot.lib.archive import Archive


@contextmanager
def first_look(archive: Archive) -> Iterator[None]:
    """What is read inside is no progress: it will be read again, or was left out of the count already."""
    before = archive.read_bytes
    try:
        yield
    finally:
        archive.read_bytes = before
