"""Files of one JSON object a line: a line that is broken is skipped, and the next one read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from folkmoot.lib.archive import Archive, Entry, lines
from folkmoot.lib.json_stream import mended
from folkmoot.networks.base import Skipped

_ENDINGS = (".jsonl", ".ndjson")
_decode = json.JSONDecoder(parse_constant=lambda name: None).decode


def objects(archive: Archive, entry: Entry) -> Iterator[Any]:
    """The decoded lines, a ``Skipped`` in the place of each that can't be read; empty lines are none."""
    with archive.open(entry.name) as stream:
        for number, line in enumerate(lines(stream)):
            if line is None:
                yield Skipped("line too long")
                continue
            content = line.removeprefix(b"\xef\xbb\xbf") if not number else line
            if content.strip():
                yield decoded(content)


def is_lines(entry: Entry, head: bytes) -> bool:
    """Whether a file says so by its name, or has a whole object on its first line and another one behind it."""
    if entry.name.lower().endswith(_ENDINGS):
        return True
    first, newline, rest = head.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")
    return first.startswith(b"{") and bool(newline) and isinstance(decoded(first), dict) and rest.strip()[:1] == b"{"


def decoded(line: bytes) -> Any:
    """The value that a piece of JSON is, a ``Skipped`` where it is none."""
    try:
        return _decode(mended(line).decode())
    except UnicodeDecodeError:
        return Skipped("wrong encoding")
    except (ValueError, RecursionError):
        return Skipped("not JSON")
