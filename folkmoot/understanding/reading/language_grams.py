"""Character n-grams and words of many short texts at once, as numbers of buckets, in NumPy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

READ = 300  # characters of a text: enough to know its language
ORDERS = (1, 2, 3, 4, 5)
_SPACE, _END = 32, 10
_BASE = np.uint64(0x100000001B3)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_WORDS_OF = {
    script: re.compile(rf"(?<![\w<@:])[{span}]+(?:'[{span}]+)*(?![\w>@])")
    for script, span in (("Latn", "a-zß-öø-ɏ"), ("Cyrl", "\u0400-\u052f"))
}
SCRIPTS = tuple(_WORDS_OF)


@dataclass(frozen=True, slots=True)
class Grams:
    """Features of one kind of all texts: ``buckets`` text after text, ``counts`` how many each text has."""

    buckets: NDArray[np.int64]
    counts: NDArray[np.int64]


def letters(words: str, script: str) -> str:
    """What of prepared words tells their language: whole words in one of ``SCRIPTS``, without figures and signs."""
    return " ".join(_WORDS_OF[script].findall(words[: READ * 3]))[:READ]


def grams(texts: Sequence[str], bits: int) -> Iterator[Grams]:
    """The n-grams of each order and the whole words of texts as ``letters`` gives them, in 2 ** ``bits`` buckets."""
    joined = "".join([f" {text} \n" for text in texts])
    codes = np.frombuffer(joined.encode("utf-32-le", "replace"), dtype=np.uint32)
    ends = np.flatnonzero(codes == _END)
    owner = np.zeros(len(codes), dtype=np.int64)
    owner[ends[:-1] + 1] = 1
    owner = np.cumsum(owner)
    left = ends[owner] - np.arange(len(codes))  # characters up to the end of the own text
    characters = codes.astype(np.uint64)
    shift = np.uint64(64 - bits)
    rolled = np.zeros(len(codes), dtype=np.uint64)
    for order in ORDERS:
        rolled = rolled[: len(codes) - order + 1] * _BASE + characters[order - 1 :]
        inside = left[: len(rolled)] >= order
        if order == 1:
            inside &= codes != _SPACE
        yield _grams(rolled, np.flatnonzero(inside), owner, len(texts), np.uint64(order), shift)
    yield _words(characters, owner, len(texts), shift)


def together(kinds: Iterable[Grams]) -> Grams:
    """Features of all kinds as of one, text after text."""
    each = list(kinds)
    counts = np.sum([kind.counts for kind in each], axis=0)
    buckets = np.empty(int(counts.sum()), dtype=np.int64)
    begin = np.cumsum(counts) - counts
    for kind in each:
        shift = begin - (np.cumsum(kind.counts) - kind.counts)
        buckets[np.repeat(shift, kind.counts) + np.arange(len(kind.buckets))] = kind.buckets
        begin += kind.counts
    return Grams(buckets, counts)


def _grams(
    rolled: NDArray[np.uint64],
    places: NDArray[np.int64],
    owner: NDArray[np.int64],
    texts: int,
    kind: np.uint64,
    shift: np.uint64,
) -> Grams:
    buckets = ((rolled[places] + kind) * _MIX >> shift).astype(np.int64)
    return Grams(buckets, np.bincount(owner[places], minlength=texts))


def _words(characters: NDArray[np.uint64], owner: NDArray[np.int64], texts: int, shift: np.uint64) -> Grams:
    """Whole words, by a sum over their letters that depends on each letter's place in the word."""
    gap = (characters == _SPACE) | (characters == _END)
    starts = np.flatnonzero(gap[:-1] & ~gap[1:]) + 1
    if not len(starts):
        return Grams(np.zeros(0, dtype=np.int64), np.zeros(texts, dtype=np.int64))
    index = np.arange(len(characters))
    place = index - np.maximum.accumulate(np.where(gap, index, 0))
    shares = (characters + np.uint64(1)) * _BASE * (place.astype(np.uint64) * _MIX + np.uint64(1))
    shares ^= shares >> np.uint64(29)
    shares *= _MIX
    shares[gap] = 0
    sums = np.add.reduceat(shares, starts)
    buckets = ((sums ^ (sums >> np.uint64(31))) * _MIX >> shift).astype(np.int64)
    return Grams(buckets, np.bincount(owner[starts], minlength=texts))
