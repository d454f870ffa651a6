"""Rows of a table of small numbers, summed text by text."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

AT_ONCE = 4096  # rows, which then stay in the processor's cache


def sums_of_rows(
    table: NDArray[np.int8], rows: NDArray[np.integer], starts: NDArray[np.int64], *, roots: bool = False
) -> NDArray[np.float32]:
    """``[text, column]``: of each text the sum of its rows, ``rows[starts[i]:starts[i + 1]]``; zero where it has none.

    ``roots``: the table has the numbers' roots with their signs. Sums are exact up to 2 ** 24.
    """
    found = np.zeros((len(starts) - 1, table.shape[1]), dtype=np.float32)
    ends = starts.tolist()
    begun, taken = 0, np.empty((0, table.shape[1]), dtype=np.float32)
    # Taken many at a time, added text by text: adding up columns of few numbers is slow in one call for all texts
    for text, (begin, end) in enumerate(pairwise(ends)):
        if end > begun + len(taken):
            last = int(np.searchsorted(starts, max(end, begin + AT_ONCE), side="right")) - 1
            begun, taken = begin, _taken(table, rows[begin : ends[last]], roots=roots)
        if end > begin:
            np.dot(np.ones(end - begin, dtype=np.float32), taken[begin - begun : end - begun], out=found[text])
    return found


def _taken(table: NDArray[np.int8], rows: NDArray[np.integer], *, roots: bool) -> NDArray[np.float32]:
    taken = table.take(rows, axis=0)
    if not roots:
        return taken.astype(np.float32)
    squares = taken.astype(np.int16)
    squares *= np.abs(squares)
    return squares.astype(np.float32)
