"""What a text means, as a direction: texts that say the same in other words, or in another language, lie near.

The reading encoder was taught to tell moods and wants, not to tell what is said. A projection of its body, fitted to
what the encoder it came from makes of the same texts (``training.neighbours``), brings much of that back.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from folkmoot.understanding.reading import features
from folkmoot.understanding.reading.bundle import UnreadableBundle
from folkmoot.understanding.reading.model import Model, model
from folkmoot.understanding.reading.prepare import prepare

WIDTH = 128
FEWEST_WORDS, FEWEST_LETTERS = 5, 20
BATCH = 1024
TINY = 1e-6

Floats = NDArray[np.float32]
_WORD = re.compile(r"[^\W\d_]+")


class NoMeanings(Exception):
    """This installation can't tell what texts mean: a file is missing, or was made for another model."""


class Meanings:
    """``version`` names both halves: directions of different versions have nothing to do with each other."""

    def __init__(self, trained: Model, projection: Floats, level: Floats) -> None:
        self._model = trained
        self._projection = projection
        self._level = level
        told = hashlib.sha256(projection.tobytes() + level.tobytes()).hexdigest()[:6]
        self.version = f"{trained.version}/{told}"

    def vectors(self, texts: list[str]) -> Floats:
        """``[text, WIDTH]``, each of length 1."""
        found = [self._some(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
        return np.concatenate(found) if found else np.empty((0, WIDTH), dtype=np.float32)

    def _some(self, texts: list[str]) -> Floats:
        bodies = self._model.bodies([features.said(prepare(text)) for text in texts])
        vectors = bodies @ self._projection + self._level
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), TINY)
        return np.asarray(vectors, dtype=np.float32)


def says_enough(text: str) -> bool:
    """Whether there are words enough to compare: short texts are near to everything that is short."""
    words = _WORD.findall(text)
    return len(words) >= FEWEST_WORDS and sum(map(len, words)) >= FEWEST_LETTERS


def file_for(version: str) -> str:
    """The name of the file that was made for a reading model."""
    return f"{version}.npz"


@cache
def meanings() -> Meanings:
    """Those of the packaged model, loaded once a process. Raises ``NoMeanings``."""
    try:
        trained = model()
        with (files(__package__) / "data" / file_for(trained.version)).open("rb") as file, np.load(file) as stored:
            projection, level = stored["projection"], stored["level"]
    except (UnreadableBundle, FileNotFoundError) as error:
        raise NoMeanings(f"{error}: python -m training.neighbours makes what belongs to a new model") from error
    return Meanings(trained, projection.astype(np.float32), level.astype(np.float32))
