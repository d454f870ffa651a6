"""What the encoder's first convolutions make of pieces, worked out once and kept while it is used."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from folkmoot.understanding.reading.bundle import Array

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]

ORDERS = (2, 3)
WIDTH, BRANCH = 512, 256
TINY = 1e-5
KEPT = 10240  # pieces, 7 kB each: all that a batch of a thousand messages has, and most of what the next has
AT_ONCE = 512  # pieces worked out at a time


class Kept(NamedTuple):
    """Of each piece that is kept, both convolutions side by side: what goes past them, and what they add to its own
    place, to the place before it and, the second alone, to the one behind it. The row after the last is all zero, for
    the neighbours that the ends of a text lack."""

    own: Floats
    here: Floats
    before: Floats
    behind: Floats


class Shelf:
    """Places of pieces among what is kept; those that were used least lately make room for new ones."""

    def __init__(self, vectors: Array, sizes: Floats, weights: dict[str, Floats], kept: int) -> None:
        self._vectors = vectors
        self._sizes = sizes
        self._w = weights
        # Memory that is never written to takes no room
        self.kept = Kept(*(np.empty((kept + 1, width), dtype=np.float32) for width in (WIDTH, WIDTH, WIDTH, BRANCH)))
        for part in self.kept:
            part[-1] = 0
        self.size = kept
        self.sums = np.zeros((kept, 2), dtype=np.float32)  # of the numbers of each vector, and of their squares
        self._place = np.full(len(vectors), -1, dtype=np.int64)
        self._piece = np.full(kept, -1, dtype=np.int64)
        self._used = np.zeros(kept, dtype=np.int64)
        self._filled = 0
        self._turn = 0

    def hold(self, distinct: Numbers) -> None:
        """Sees to it that these pieces, no more than ``size``, have their places until the next call."""
        self._turn += 1
        found = self._place[distinct]
        self._used[found[found >= 0]] = self._turn
        if len(missing := distinct[found < 0]):
            self._fill(missing)

    def places(self, pieces: Numbers) -> Numbers:
        """Where the rows of pieces are in ``kept``."""
        return self._place[pieces]

    def _fill(self, missing: Numbers) -> None:
        free = self._free(len(missing))
        gone = self._piece[free]
        self._place[gone[gone >= 0]] = -1
        for begin in range(0, len(missing), AT_ONCE):
            self._work_out(missing[begin : begin + AT_ONCE], free[begin : begin + AT_ONCE])
        self._piece[free], self._used[free] = missing, self._turn
        self._place[missing] = free

    def _free(self, count: int) -> Numbers:
        begin = self._filled
        self._filled = min(self.size, begin + count)
        fresh = np.arange(begin, self._filled)
        if more := count - len(fresh):
            return np.concatenate([np.argpartition(self._used[:begin], more - 1)[:more], fresh])
        return fresh

    def _work_out(self, pieces: Numbers, places: Numbers) -> None:
        raw = self._vectors[pieces].astype(np.float32)
        raw *= self._sizes[pieces, None]
        self.sums[places, 0], self.sums[places, 1] = raw.sum(axis=1), np.vecdot(raw, raw)
        parts = raw @ self._w["project"]
        parts += self._w["project_b"]
        level(parts)
        parts *= self._w["scale"]
        parts += self._w["shift"]
        own, here, before, behind = self.kept
        own[places] = parts
        two, three = parts[:, :BRANCH] @ self._w["first2"], parts[:, BRANCH:] @ self._w["first3"]
        here[places, :BRANCH] = two[:, :BRANCH] + self._w["first2_b"]
        here[places, BRANCH:] = three[:, BRANCH : 2 * BRANCH] + self._w["first3_b"]
        before[places, :BRANCH] = two[:, BRANCH:]
        before[places, BRANCH:] = three[:, 2 * BRANCH :]
        behind[places] = three[:, :BRANCH]


def level(x: Floats) -> None:
    """Brings rows to mean 0 and variance 1, in place."""
    x -= (x @ np.full(x.shape[1], 1 / x.shape[1], dtype=np.float32))[:, None]
    x *= 1 / np.sqrt(np.einsum("ij,ij->i", x, x)[:, None] / x.shape[1] + TINY)
