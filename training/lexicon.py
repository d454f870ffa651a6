"""Rows made of a list of Estonian word forms with their polarity: a few words of one kind a row, for the n-grams alone."""

from __future__ import annotations

import random
from pathlib import Path

from training.corpus import SEED, Row

WORDS = 5
WEIGHT = 0.3
POLARITY = {"1": "pos", "-1": "neg"}


def rows(folder: Path) -> list[Row]:
    forms: dict[str, list[str]] = {label: [] for label in POLARITY.values()}
    for line in (folder / "lexicons" / "estonian_polarity" / "sqnad.csv").read_text(encoding="utf-8").splitlines():
        form, polarity, *_ = line.split(",")
        if polarity in POLARITY:
            forms[POLARITY[polarity]].append(form)
    rng = random.Random(SEED)
    found = []
    for label, words in forms.items():
        rng.shuffle(words)
        texts = [" ".join(words[i : i + WORDS]) for i in range(0, len(words), WORDS)]
        found += [Row("own", "et", "lexicon", text, label, "", "derived", WEIGHT) for text in texts]
    return found
