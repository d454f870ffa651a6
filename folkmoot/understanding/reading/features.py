"""Hashed word and character n-grams of many texts at once, in NumPy."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from folkmoot.understanding.reading.prepare import Prepared

BUCKETS = 1 << 19
ORDERS = (2, 3, 4, 5)
LONGEST = 4000
MOST_SMALL = 2**32 // BUCKETS  # texts whose buckets can be told apart by 32 bits, which are sorted twice as fast

PLACED = re.compile("<(user|url|mail)>")
STANDS_FOR = {"user": "@user", "url": "http", "mail": "@mail"}
TOKEN = re.compile(r"@user|@mail|<caps>|#?\w+|[^\w\s]+")
SHOUTED = 0.6
SHORT = 6
SPACE, END = 32, 10
SALT = np.uint64(0x9E3779B97F4A7C15)
STEP = np.uint64(0x100000001B3)
PAIR = np.uint64(0xC2B2AE3D27D4EB4F)
POWERS = np.cumprod(np.full(LONGEST + 2, STEP, dtype=np.uint64))


@dataclass(frozen=True, slots=True)
class Grams:
    """Buckets of all texts end to end, each once a text; those of text ``i`` are ``buckets[starts[i]:starts[i + 1]]``."""

    buckets: NDArray[np.int32]
    starts: NDArray[np.int64]


def said(prepared: Prepared) -> str:
    """The author's words as the model was taught to see them; shouting and addresses are told only as such."""
    words = prepared.cyrillic or prepared.words
    if "<" in words:
        words = PLACED.sub(lambda found: STANDS_FOR[found[1]], words)
    return f"{words[:LONGEST]} <caps>" if prepared.marks.caps > SHOUTED and len(words) > SHORT else words[:LONGEST]


def tokens(text: str) -> str:
    """Words, runs of signs and a mark of the length, apart by single spaces."""
    found = TOKEN.findall(text)
    found.append(f"<len{min(len(found).bit_length(), 7)}>")
    return " ".join(found)


def grams(texts: list[str]) -> Grams:
    """The n-grams of texts as ``said``: words, pairs of words, and 2 to 5 characters within a word and its spaces."""
    joined = "\n".join(f" {tokens(text)} " for text in texts) + "\n"
    codes = np.frombuffer(joined.encode("utf-32-le", "replace"), dtype="<u4")
    ends = np.flatnonzero(codes == END)
    owner = np.zeros(len(codes), dtype=np.int64)
    owner[ends[:-1] + 1] = 1
    np.cumsum(owner, out=owner)
    blank = (codes == SPACE) | (codes == END)
    mixed = (codes.astype(np.uint64) + np.uint64(1)) * SALT
    mixed ^= mixed >> np.uint64(29)
    keys, owners = [], []
    for hashes, at in (*_character_grams(mixed, blank, codes == END), *_word_grams(mixed, blank, owner)):
        keys.append(_spread(hashes))
        owners.append(owner[at])
    return _once(np.concatenate(keys), np.concatenate(owners), len(texts))


def _character_grams(
    mixed: NDArray[np.uint64], blank: NDArray[np.bool_], ended: NDArray[np.bool_]
) -> list[tuple[NDArray[np.uint64], NDArray[np.int64]]]:
    found = []
    blanks = np.concatenate(([0], np.cumsum(blank)))
    rolling = mixed.copy()
    for order in range(2, max(ORDERS) + 1):
        rolling = rolling[:-1] * STEP + mixed[order - 1 :]
        last = len(rolling)
        inside = blanks[order - 1 : order - 1 + last] - blanks[1 : 1 + last]
        fits = (inside == 0) & ~ended[:last] & ~ended[order - 1 : order - 1 + last]
        at = np.flatnonzero(fits)
        found.append((rolling[at] + np.uint64(order), at))
    return found


def _word_grams(
    mixed: NDArray[np.uint64], blank: NDArray[np.bool_], owner: NDArray[np.int64]
) -> list[tuple[NDArray[np.uint64], NDArray[np.int64]]]:
    starts = np.flatnonzero(blank[:-1] & ~blank[1:]) + 1
    stops = np.flatnonzero(~blank[:-1] & blank[1:]) + 1
    sizes = stops - starts
    place = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    letters = mixed[np.repeat(starts, sizes) + place] * POWERS[place]
    words = np.add.reduceat(letters, np.cumsum(sizes) - sizes)
    follows = owner[starts[:-1]] == owner[starts[1:]]
    pairs = (words[:-1] * PAIR + words[1:])[follows]
    return [(words + np.uint64(11), starts), (pairs + np.uint64(12), starts[:-1][follows])]


def _spread(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    hashes = (hashes ^ (hashes >> np.uint64(32))) * SALT
    return (hashes >> np.uint64(64 - BUCKETS.bit_length() + 1)).astype(np.int64)


def _once(keys: NDArray[np.int64], owners: NDArray[np.int64], texts: int) -> Grams:
    combined = np.sort((owners * BUCKETS + keys).astype(np.uint32 if texts < MOST_SMALL else np.int64))
    combined = combined[np.concatenate(([True], combined[1:] != combined[:-1]))]
    starts = np.searchsorted(combined, (np.arange(texts + 1) * BUCKETS).astype(combined.dtype))
    return Grams((combined % BUCKETS).astype(np.int32), starts)
