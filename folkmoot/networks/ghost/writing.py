"""Our own words as HTML for Ghost: nothing in them is taken for markup."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from html import escape

_ADDRESS = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")
_MARK = "<!-- made-by "


@dataclass(frozen=True, slots=True)
class Uploaded:
    url: str
    mime: str
    name: str
    alt: str


def mark(key: str) -> str:
    """By which a post is found again, in its page where readers don't see it."""
    return f"{_MARK}{blake2b(key.encode(), digest_size=16).hexdigest()} -->"


def is_marked(foot: str) -> bool:
    return _MARK in foot


def html(text: str, files: Sequence[Uploaded] = ()) -> str:
    paragraphs = [part.strip("\n") for part in re.split(r"\n{2,}", text) if part.strip()]
    said = "".join(f"<p>{'<br>'.join(map(_linked, one.split(chr(10))))}</p>" for one in paragraphs)
    return said + "".join(map(_shown, files))


def reworded(before: str, text: str) -> str:
    """Other words, the pictures and cards behind the old ones staying."""
    found = re.search(r"<(?:figure|!--kg-card-begin|div class=\"kg-)", before)
    return html(text) + (before[found.start() :] if found else "")


def _linked(line: str) -> str:
    pieces, end = [], 0
    for found in _ADDRESS.finditer(line):
        link = f'<a href="{escape(found[0])}">{escape(found[0], quote=False)}</a>'
        pieces += [escape(line[end : found.start()], quote=False), link]
        end = found.end()
    return "".join([*pieces, escape(line[end:], quote=False)])


def _shown(file: Uploaded) -> str:
    url = escape(file.url)
    if file.mime.startswith("image/"):
        return f'<figure><img src="{url}" alt="{escape(file.alt)}"></figure>'
    return f'<p><a href="{url}">{escape(file.name)}</a></p>'
