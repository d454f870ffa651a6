"""Texts that are nearly the same: MinHash signatures to find them by, and an exact measure to make sure.

MinHash: Broder 1997, doi:10.1109/SEQUEN.1997.666900. Bands: two texts that share a part J of their pieces share a band
with probability 1 - (1 - J^4)^16: 0.64 at J = 0.5, 0.89 at 0.6, 0.99 at 0.7.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from unicodedata import normalize
from zlib import crc32

from rapidfuzz import fuzz
from rensa import RMinHash

BANDS, ROWS = 16, 4
SEED = 7
FEWEST_WORDS = 8
FEWEST_LETTERS = 40
SAME = 85.0  # per cent of two normalised texts that is the same (Indel) from which they are copies of each other
LONGEST = 4000  # letters that are looked at

_URL = re.compile(r"https?://\S+|www\.\S+")
_NAME = re.compile(r"(?<!\w)@\w+")
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"\w+")
_SALT = f"{RMinHash.ALGORITHM_VERSION}/{BANDS}x{ROWS}"

Bands = tuple[int, ...]


def normal(text: str) -> str:
    """A text with all that copies differ in taken out: case, marks, spaces, which address, name or number it is."""
    plain = normalize("NFKC", text[: 2 * LONGEST]).casefold()
    plain = _NUMBER.sub("0", _NAME.sub(" ", _URL.sub(" link ", plain)))
    return " ".join(_WORD.findall(plain))[:LONGEST]


def is_long_enough(normalised: str) -> bool:
    """Short texts are said again and again without being copies: thanks, greetings, yes."""
    return len(normalised) >= FEWEST_LETTERS and normalised.count(" ") >= FEWEST_WORDS - 1


def signature(text: str, salt: str = "") -> Bands:
    """``BANDS`` numbers (32 bits, signed) of which copies share at least one; none for a text that is too short.

    Texts with another ``salt`` share none but by chance.
    """
    return signatures([normal(text)], salt)[0]


def signatures(normalised: Sequence[str], salt: str = "") -> list[Bands]:
    """The same for many texts that ``normal`` made; about 20 000 a second."""
    long = [text for text in normalised if is_long_enough(text)]
    digests = iter(
        RMinHash.digests_from_token_sets([_pieces(text) for text in long], BANDS * ROWS, SEED) if long else ()
    )
    return [_bands(next(digests), salt) if is_long_enough(text) else () for text in normalised]


def alike(one: str, other: str) -> bool:
    """Whether two normalised texts are copies of each other, measured exactly."""
    return fuzz.ratio(one, other, score_cutoff=SAME) >= SAME


def _pieces(text: str) -> list[str]:
    """The words, and each two that follow each other."""
    words = text.split(" ")
    return [*words, *(f"{word} {following}" for word, following in pairwise(words))]


def _bands(digest: Sequence[int], salt: str) -> Bands:
    start = crc32(f"{_SALT}/{salt}".encode())
    return tuple(
        crc32(repr((band, *digest[band * ROWS : (band + 1) * ROWS])).encode(), start) - 2**31 for band in range(BANDS)
    )
