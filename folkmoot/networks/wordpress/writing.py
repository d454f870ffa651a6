"""Our own words as WordPress's markup: nothing in them is taken for HTML or for one of its short codes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from html import escape

_ADDRESS = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")
_MARK = re.compile(r"\n*<!-- made-by [0-9a-f]{32} -->")


@dataclass(frozen=True, slots=True)
class Uploaded:
    id: int
    url: str
    mime: str
    name: str
    alt: str


def digest(key: str) -> str:
    return blake2b(key.encode(), digest_size=16).hexdigest()


def mark(key: str) -> str:
    """By which a post is found again; readers of the site don't see it."""
    return f"<!-- made-by {digest(key)} -->"


def comment(text: str) -> str:
    return escape(text, quote=False)


def post(text: str, key: str, files: Sequence[Uploaded] = ()) -> str:
    """Words, mark, and files, in this order, so that ``reworded`` can keep what is behind the words."""
    return "\n\n".join((_linked(text), mark(key), *map(_shown, files)))


def reworded(raw: str, text: str) -> str:
    found = _MARK.search(raw)
    return _linked(text) + (raw[found.start() :] if found else "")


def _linked(text: str) -> str:
    def link(address: str) -> str:
        return f'<a href="{escape(address)}">{escape(address, quote=False)}</a>'

    pieces, end = [], 0
    for found in _ADDRESS.finditer(text):
        pieces += [_plain(text[end : found.start()]), link(found[0])]
        end = found.end()
    return "".join([*pieces, _plain(text[end:])])


def _plain(text: str) -> str:
    return escape(text, quote=False).replace("[", "&#91;")


def _shown(file: Uploaded) -> str:
    url = escape(file.url)
    if file.mime.startswith("image/"):
        return f'<figure><img class="wp-image-{file.id}" src="{url}" alt="{escape(file.alt)}" /></figure>'
    if file.mime.startswith(("video/", "audio/")):
        kind = file.mime.partition("/")[0]
        return f'<figure><{kind} controls src="{url}"></{kind}></figure>'
    return f'<p><a href="{url}">{escape(file.name)}</a></p>'
