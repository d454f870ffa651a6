"""Our own words in Discourse's Markdown, with a mark by which they are found again; readers don't see it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from folkmoot.networks.payload import count, text

_MARK = re.compile(r"\s*<!-- made-by [0-9a-f]{32} -->\s*$")


def mark(key: str) -> str:
    return f"<!-- made-by {blake2b(key.encode(), digest_size=16).hexdigest()} -->"


def post(words: str, key: str, files: Iterable[str] = ()) -> str:
    return "\n\n".join((*filter(None, (words, *files)), mark(key)))


def reworded(raw: str, words: str) -> str:
    """Other words, the mark staying where there was one."""
    found = _MARK.search(raw)
    return f"{words}\n\n{found[0].strip()}" if found else words


def shown(upload: Mapping[str, Any], alt: str) -> str:
    """A file as a post shows it."""
    name, address = text(upload.get("original_filename")), text(upload.get("short_url")) or text(upload.get("url"))
    width, height = count(upload.get("width")), count(upload.get("height"))
    if width and height:
        return f"![{_plain(alt or name)}|{width}x{height}]({address})"
    return f"[{_plain(name)}|attachment]({address})"


def _plain(words: str) -> str:
    return re.sub(r"[\[\]|\n]", " ", words).strip()
