"""What is learnt from what: rows, the texts as the model sees them, what they teach, and which are held out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from folkmoot.understanding.reading import features
from folkmoot.understanding.reading.contract import LANGUAGES, SENTIMENTS
from folkmoot.understanding.reading.prepare import prepare
from training import corpus, cues, lexicon, targets
from training.corpus import SEED, Row
from training.own_rows import own_rows
from training.targets import Targets

FEWER = {"toxicr_code_review": 0.35, "russe2022_train_rewrite": 0.6, "banking77_train": 0.4, "app_reviews": 0.8}
SHARE_AGAIN = 0.4
GUESSED = 0.7  # probability from which the encoder's guess is a lesson for the n-grams
PART = re.compile(r"_?(?:20\d\d)?(?:train|dev|val|test|devtest|sarcasm)(?:_rewrite|-A)?$")


@dataclass(frozen=True, slots=True)
class Course:
    """All rows: ``said`` as the model sees them; ``taught`` what people said and ``targets`` hints besides."""

    rows: list[Row]
    said: list[str]
    held: NDArray[np.bool_]
    targets: Targets
    taught: NDArray[np.float32]

    @property
    def own(self) -> NDArray[np.bool_]:
        return np.array([row.task == "own" for row in self.rows])

    @property
    def language(self) -> NDArray[np.int64]:
        return np.array([LANGUAGES.index(row.lang) if row.lang in LANGUAGES else len(LANGUAGES) for row in self.rows])

    @property
    def source(self) -> NDArray[np.int64]:
        """A number a source, the same for all parts of one; sentences of our own are the last."""
        names = sorted({family(row) for row in self.rows if row.task != "own"})
        return np.array([len(names) if row.task == "own" else names.index(family(row)) for row in self.rows])

    def first(self) -> NDArray[np.int64]:
        """Rows of the first lessons: of the sets, fewer of what repeats itself."""
        rng = np.random.default_rng(0)
        drawn = np.array([rng.random() < FEWER.get(row.source, 1) for row in self.rows])
        return np.flatnonzero(drawn & ~self.held & ~self.own)

    def second(self) -> NDArray[np.int64]:
        """Rows of the last lessons: our own sentences among a part of the sets, so that nothing is forgotten."""
        drawn = np.random.default_rng(SEED).random(len(self.rows)) < SHARE_AGAIN
        said = np.array([row.source != "lexicon" for row in self.rows])
        return np.flatnonzero((drawn | self.own) & said & ~self.held)

    def guessing(self) -> NDArray[np.int64]:
        """Polish rows without a label of their mood, of which there is none by people at all."""
        return np.array(
            [i for i, row in enumerate(self.rows) if row.lang == "pl" and row.task == "toxicity" and not self.held[i]]
        )

    def guess(self, rows: NDArray[np.int64], moods: NDArray[np.float32]) -> None:
        """Takes moods ``[row, 3]`` that the encoder is fairly sure of for labels, with little weight."""
        for i, p in zip(rows, moods, strict=True):
            if p.max() >= GUESSED:
                self.targets.values[i, : len(SENTIMENTS)] = np.eye(len(SENTIMENTS), dtype=np.float32)[p.argmax()]
                self.targets.weights[i, : len(SENTIMENTS)] = cues.WEIGHT


def family(row: Row) -> str:
    """The name of a row's source without that of its part: one habit for all of them."""
    return PART.sub("", row.source)


def course(folder: Path) -> Course:
    rows = corpus.everything(folder)
    own = own_rows()
    held = np.concatenate([corpus.held_out(rows), corpus.held_out(own)])
    words = lexicon.rows(folder)
    held = np.concatenate([held, np.zeros(len(words), dtype=bool)])
    rows += own + words
    said = [features.said(prepare(row.text)) for row in rows]
    return Course(rows, said, held, targets.targets(rows), targets.labels(rows))
