"""What is written in a post: its length as Bluesky counts it, and where links, names and hashtags are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import regex

MOST_GRAPHEMES, MOST_BYTES = 300, 3000
_MOST_TAG = 64
_GRAPHEME = regex.compile(r"\X")
_HANDLE = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)+"
_NAME = re.compile(rf"(?<![^\s(\[«\"'])@({_HANDLE})")
_LINK = re.compile(r"(?<![^\s(\[«\"'])https?://[^\s<>\"]+")
_TAG = re.compile(r"(?<!\S)[#＃]([^\s\u00ad\u2060\u200a-\u200d\u20e2]+)")
_TAIL = ".,;:!?…'\"»”’)]}"

Facet = dict[str, Any]


def graphemes(words: str) -> int:
    """How many characters a reader sees (Unicode's extended grapheme clusters), which is what Bluesky counts."""
    return sum(1 for _ in _GRAPHEME.finditer(words))


def facets(words: str, did_of: Callable[[str], str]) -> list[Facet]:
    """Links, names and hashtags with where they stand, in bytes of UTF-8. ``did_of`` is empty for a name nobody has."""
    found = [*_links(words), *_tags(words), *_names(words, did_of)]
    return [
        {"index": {"byteStart": _bytes(words[:start]), "byteEnd": _bytes(words[:end])}, "features": [feature]}
        for start, end, feature in sorted(found, key=lambda one: one[:2])
    ]


def _names(words: str, did_of: Callable[[str], str]) -> Iterator[tuple[int, int, dict[str, str]]]:
    for match in _NAME.finditer(words):
        if did := did_of(match[1].lower()):
            yield match.start(), match.end(), {"$type": "app.bsky.richtext.facet#mention", "did": did}


def _links(words: str) -> Iterator[tuple[int, int, dict[str, str]]]:
    for match in _LINK.finditer(words):
        url = match[0].rstrip(_TAIL)
        # A bracket that the address itself opens belongs to it
        if match[0][len(url) : len(url) + 1] == ")" and url.count("(") > url.count(")"):
            url += ")"
        yield match.start(), match.start() + len(url), {"$type": "app.bsky.richtext.facet#link", "uri": url}


def _tags(words: str) -> Iterator[tuple[int, int, dict[str, str]]]:
    for match in _TAG.finditer(words):
        tag = match[1].rstrip(_TAIL)
        if tag and not tag.isdigit() and graphemes(tag) <= _MOST_TAG:
            yield match.start(), match.start() + 1 + len(tag), {"$type": "app.bsky.richtext.facet#tag", "tag": tag}


def _bytes(words: str) -> int:
    return len(words.encode())
