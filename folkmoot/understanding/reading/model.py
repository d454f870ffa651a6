"""The trained model: from texts as ``features.said`` to the logits of every head, twice, by n-grams and by the encoder."""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from folkmoot.understanding.reading import bundle, features
from folkmoot.understanding.reading.encoder import Encoder
from folkmoot.understanding.reading.pieces import Pieces
from folkmoot.understanding.reading.sums import sums_of_rows

FILE = "reading.model"
LONGEST, LAST = 48, 20  # pieces that the encoder reads, and how many of them from the end of what is longer


class Model:
    def __init__(self, stored: bundle.Bundle) -> None:
        self.stored = stored
        self.used = monotonic()
        self.version = stored.version
        self._weights = stored.arrays["grams"].astype(np.int8, copy=False)
        self._sizes = stored.arrays["gram_sizes"].astype(np.float32)
        self._levels = stored.arrays["gram_levels"].astype(np.float32)
        self._pieces = Pieces(stored.texts("pieces"), stored.arrays["piece_scores"].tolist())
        self._encoder = Encoder(stored)

    def by_grams(self, texts: list[str]) -> NDArray[np.float32]:
        """``[text, head]``: logits of the linear model."""
        self.used = monotonic()
        found = features.grams(texts)
        # Stored as roots: most weights are small, and are told finer so
        sums = sums_of_rows(self._weights, found.buckets, found.starts, roots=True)
        length = np.sqrt(np.diff(found.starts)).astype(np.float32)
        return sums * self._sizes / length[:, None] + self._levels

    def by_meaning(self, texts: list[str]) -> NDArray[np.float32]:
        """``[text, head]``: logits of the encoder."""
        return self._encoder.scores([self._pieces.numbers(text, LONGEST, LAST) for text in texts])

    def bodies(self, texts: list[str]) -> NDArray[np.float32]:
        """``[text, feature]``: what the encoder judges meaning by, before any head."""
        self.used = monotonic()
        return self._encoder.bodies([self._pieces.numbers(text, LONGEST, LAST) for text in texts])


def version() -> str:
    """That of the packaged model, without loading it; raises ``bundle.UnreadableBundle``."""
    with as_file(files(__package__) / "data" / FILE) as path:
        return bundle.read(path).version


@cache
def model() -> Model:
    """The model that the package carries; raises ``bundle.UnreadableBundle``."""
    with as_file(files(__package__) / "data" / FILE) as path:
        return Model(bundle.read(path))
