from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from folkmoot.understanding.reading.language_grams import grams, together
from folkmoot.understanding.reading.sums import AT_ONCE, sums_of_rows


@pytest.mark.parametrize("roots", [False, True])
def test_rows_are_summed_text_by_text(roots: bool) -> None:
    chance = np.random.default_rng(7)
    table = chance.integers(-127, 128, size=(500, 9)).astype(np.int8)
    counts = np.array([3, 0, AT_ONCE + 5, 1, 0, 700, 2 * AT_ONCE, 40, 0])
    rows = chance.integers(0, len(table), size=counts.sum())
    starts = np.concatenate(([0], np.cumsum(counts)))
    meant = table.astype(np.int64) * (np.abs(table.astype(np.int64)) if roots else 1)
    found = sums_of_rows(table, rows, starts, roots=roots)
    for text, (begin, end) in enumerate(pairwise(starts)):
        assert found[text].tolist() == meant[rows[begin:end]].sum(axis=0).tolist()


def test_features_of_all_kinds_stay_with_their_texts() -> None:
    texts = ["a few words", "", "один два", "x"]
    kinds = list(grams(texts, 12))
    found = together(kinds)
    ends = np.cumsum(found.counts)
    for text in range(len(texts)):
        own = np.concatenate(
            [kind.buckets[(at := kind.counts[:text].sum()) : at + kind.counts[text]] for kind in kinds]
        )
        assert sorted(found.buckets[ends[text] - found.counts[text] : ends[text]]) == sorted(own)
