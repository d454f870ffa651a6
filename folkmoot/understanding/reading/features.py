"""Hashed word and character n-grams of many texts at once, in NumPy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from folkmoot.understanding.reading.prepare import Prepared

BUCKETS = 1 << 19
ORDERS = (2, 3, 4, 5)
LONGEST = 4000

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
    ended = codes == END
    blank = (codes == SPACE) | ended
    mixed = (codes.astype(np.uint64) + np.uint64(1)) * SALT
    mixed ^= mixed >> np.uint64(29)
    # A row for each place in the texts, a column for each kind of n-gram that may begin there: so a text's stay together
    keys = np.zeros((len(codes), len(ORDERS) + 2), dtype=np.int32)
    there = np.zeros(keys.shape, dtype=np.bool_)
    _character_grams(mixed, blank, ended, keys, there)
    _word_grams(mixed, blank, ended, keys[:, len(ORDERS) :], there[:, len(ORDERS) :])
    counts = np.cumsum(there.sum(axis=1))
    return _once(keys[there], np.concatenate(([0], counts[ended])))


def _character_grams(
    mixed: NDArray[np.uint64],
    blank: NDArray[np.bool_],
    ended: NDArray[np.bool_],
    keys: NDArray[np.int32],
    there: NDArray[np.bool_],
) -> None:
    blanks = np.concatenate(([0], np.cumsum(blank, dtype=np.int32)))
    rolling = mixed
    for column, order in enumerate(ORDERS):
        rolling = rolling[:-1] * STEP
        rolling += mixed[order - 1 :]
        last = len(rolling)
        keys[:last, column] = _spread(rolling + np.uint64(order))
        fits = blanks[order - 1 : order - 1 + last] == blanks[1 : 1 + last]
        fits &= ~ended[:last]
        fits &= ~ended[order - 1 : order - 1 + last]
        there[:last, column] = fits


def _word_grams(
    mixed: NDArray[np.uint64],
    blank: NDArray[np.bool_],
    ended: NDArray[np.bool_],
    keys: NDArray[np.int32],
    there: NDArray[np.bool_],
) -> None:
    """Words and pairs of words, where they begin."""
    starts = np.flatnonzero(blank[:-1] & ~blank[1:]) + 1
    stops = np.flatnonzero(~blank[:-1] & blank[1:]) + 1
    sizes = stops - starts
    place = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    letters = mixed[np.repeat(starts, sizes) + place] * POWERS[place]
    words = np.add.reduceat(letters, np.cumsum(sizes) - sizes)
    keys[starts, 0], there[starts, 0] = _spread(words + np.uint64(11)), True
    owner = np.cumsum(ended, dtype=np.int32)[starts]
    follows = owner[:-1] == owner[1:]
    pairs = (words[:-1] * PAIR + words[1:])[follows]
    firsts = starts[:-1][follows]
    keys[firsts, 1], there[firsts, 1] = _spread(pairs + np.uint64(12)), True


def _spread(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    hashes = (hashes ^ (hashes >> np.uint64(32))) * SALT
    return hashes >> np.uint64(64 - BUCKETS.bit_length() + 1)


def _once(buckets: NDArray[np.int32], starts: NDArray[np.int64]) -> Grams:
    """Each bucket once a text, in rising order. Many little sorts are several times as fast as a large one."""
    ends = starts.tolist()
    for begin, end in pairwise(ends):
        buckets[begin:end].sort()
    first = np.empty(len(buckets), dtype=np.bool_)
    np.not_equal(buckets[1:], buckets[:-1], out=first[1:])
    first[starts[:-1]] = True
    return Grams(buckets[first], np.concatenate(([0], np.cumsum(first)))[starts])
