"""From a text to its words, each written in one way however it was typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import normalize

LONGEST = 64  # longer runs are keys, hashes and pasted files: nobody searches for them

# Marks that sit inside a word: stress and other combining marks, soft hyphen, zero-width characters.
_INSIDE = r"\u0300-\u036f\u00ad\u200b-\u200d\u2060\ufeff"
# A run of words held together by hyphens, apostrophes, dots (hosts, file names, numbers) or the @ of an address.
RUN = re.compile(rf"[@#]?\w[\w{_INSIDE}]*(?:[-.@'’ʼ‘`´‑]\w[\w{_INSIDE}]*)*(?:\+\+|#(?!\w))?")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_NOISE = frozenset({"http", "https", "www"})  # at the start of every link
_FOLDED = re.compile(r"[0-9a-ząćęłńóśźżõäöüšžа-яіїєґ]+")  # most words: nothing to do
_APOSTROPHES = re.compile(r"['’ʼ‘`´]")
_UNSEEN = re.compile(rf"[{_INSIDE}]")
_SAME = str.maketrans({"ё": "е", "ѐ": "е", "ѝ": "и", "‑": "-"})


def fold(word: str) -> str:
    """The one spelling of a word: NFKC, case-folded, ё as е, one apostrophe, no stress marks or hidden characters."""
    if word.isascii():
        return word.lower().replace("`", "'")
    if _FOLDED.fullmatch(word):
        return word
    composed = normalize("NFKC", normalize("NFKC", word).casefold())
    bare = _UNSEEN.sub("", composed).translate(_SAME)
    return _APOSTROPHES.sub("'", bare)


def is_word(folded: str) -> bool:
    """True for one word of a length that is kept."""
    return len(folded) <= LONGEST and _WORD.fullmatch(folded) is not None


def parts(run: str) -> list[str]:
    """The words of a folded run: ``кое-что`` gives ``кое`` and ``что``; over-long ones and ``https`` are left out."""
    return [word for word in _WORD.findall(run) if len(word) <= LONGEST and word not in _NOISE]


def runs(text: str) -> Iterator[tuple[str, int, int]]:
    """Every run of the text, folded, with its place in the text as typed."""
    for match in RUN.finditer(text):
        yield fold(match[0]), match.start(), match.end()


def tokens(text: str) -> Iterator[str]:
    """The words of a text, folded; a compound gives itself and then its parts."""
    for run, _, _ in runs(text):
        words = parts(run)
        whole = run.strip("_").removeprefix("www.")
        if words and len(run) <= LONGEST and [whole] != words:
            yield whole
        yield from words
