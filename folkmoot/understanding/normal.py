"""What is the same text for our purposes, and what is nearly the same."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from hashlib import blake2b

NEAR = 0.85
LEAST = 24  # letters: of shorter texts one word more makes another text
_ADDRESS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+\.\w+|(?<!\w)@[\w.]+")
_LONG = re.compile(r"(\w)\1{2,}")
_NUMBER = re.compile(r"\d+")
_REST = re.compile(r"[^\w?\U00002190-\U0010FFFF]+")


def normal(text: str) -> str:
    """Without what rarely matters: case, addresses, who is called, which number, punctuation, stretched letters."""
    plain = _ADDRESS.sub(" ", unicodedata.normalize("NFKC", text).casefold())
    plain = _NUMBER.sub("0", _LONG.sub(r"\1", plain))
    return _REST.sub(" ", plain).strip()


def shape(text: str) -> int | None:
    """The same number for texts that are normally the same; None where nothing is left of a text."""
    plain = normal(text)
    if not plain:
        return None
    return int.from_bytes(blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)


def anchors(plain: str) -> frozenset[int]:
    """A few of a normal text's words, chosen by their digests: texts that are nearly the same share one of them."""
    ranked = sorted({_digest(word) for word in plain.split()})
    return frozenset((*ranked[:3], *ranked[-2:]))


def nearly(one: str, other: str) -> bool:
    """Whether two normal texts are nearly the same: of their triples of letters, ``NEAR`` are shared (Dice)."""
    if min(len(one), len(other)) < LEAST or not 0.75 <= len(one) / len(other) <= 1.34:
        return False
    first, second = _triples(one), _triples(other)
    shared = sum((first & second).values())
    return 2 * shared >= NEAR * (first.total() + second.total())


@lru_cache(maxsize=4096)
def _triples(plain: str) -> Counter[str]:
    return Counter(plain[n : n + 3] for n in range(len(plain) - 2))


@lru_cache(maxsize=65536)
def _digest(word: str) -> int:
    return int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=6).digest(), "big")
