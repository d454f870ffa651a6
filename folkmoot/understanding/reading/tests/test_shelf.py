from __future__ import annotations

import numpy as np
import pytest

from folkmoot.understanding.reading.encoder import Encoder
from folkmoot.understanding.reading.model import model
from folkmoot.understanding.reading.shelf import Numbers, Shelf

TEXTS = [[1, *range(first, first + 30 + first % 7), 2] for first in range(5, 9000, 83)]


def shelf(kept: int) -> Shelf:
    bundle = model().stored
    weights = {
        name.removeprefix("encoder."): array.astype(np.float32)
        for name, array in bundle.arrays.items()
        if name.startswith("encoder.")
    }
    return Shelf(bundle.arrays["vectors"], bundle.arrays["vector_sizes"].astype(np.float32), weights, kept)


def held(shelf: Shelf, *pieces: int) -> Numbers:
    """The places of these pieces, once they are held."""
    numbers = np.array(sorted(pieces), dtype=np.int64)
    shelf.hold(numbers)
    return shelf.places(numbers)


def test_pieces_that_were_used_least_lately_make_room() -> None:
    small = shelf(4)
    held(small, 1, 2, 3)
    one, two = held(small, 1, 2)
    assert held(small, 1, 2, 7, 8)[:2].tolist() == [one, two]
    assert set(small.places(np.array([3]))) == {-1}


@pytest.mark.parametrize("part", range(4))
def test_what_came_in_for_something_else_is_what_it_would_be_anyway(part: int) -> None:
    small, large = shelf(4), shelf(64)
    for pieces in ((1, 2, 3), (4, 5), (2, 6, 7, 8)):
        some, all_ = held(small, *pieces), held(large, *pieces)
        assert np.allclose(small.kept[part][some], large.kept[part][all_], atol=1e-5)
        assert np.allclose(small.sums[some], large.sums[all_], atol=1e-5)


def test_how_much_is_kept_changes_no_score() -> None:
    """With room for fewer pieces than a batch has, the batch is read in parts."""
    narrow, wide = Encoder(model().stored, 64), Encoder(model().stored)
    assert np.allclose(narrow.scores(TEXTS), wide.scores(TEXTS), atol=1e-4)


def test_a_text_scores_the_same_alone_and_among_others() -> None:
    encoder = Encoder(model().stored)
    together = encoder.scores(TEXTS)
    alone = np.concatenate([encoder.scores([text]) for text in TEXTS[:20]])
    assert np.allclose(together[:20], alone, atol=1e-4)
