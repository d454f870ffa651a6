"""What each labelled row teaches each head: 1, 0, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from folkmoot.understanding.reading.contract import EMOTIONS, INTENTS, SENTIMENTS
from folkmoot.understanding.reading.heads import AT, HEADS
from training import cues
from training.corpus import EMOTION_WORDS, Row

OF_GROUPS = 0.4  # trust in "aims at a group" as a label of hate: half of these groups are parties and their voters
# How far a row is trusted about spam: a few hundred real rows stand against thousands of sentences of our own, and
# against rows in which nobody looked for it.
SPAM = {"spam": 5.0, "own": 0.3}
SPAM_ELSE = 0.05
CRITICISM = {"Ostra krytyka", "Krytyka"}
INSULTS = {"TIN/IND", "Obraźliwe"}
COMPLAINTS = (
    "fail",
    "declined",
    "not_recog",
    "not_work",
    "wrong",
    "not_received",
    "charged_twice",
    "extra_charge",
    "not_updated",
    "lost",
    "reverted",
)
WISHES = {"feature request": "suggestion", "bug report": "bug"}


@dataclass(frozen=True, slots=True)
class Targets:
    """``values[row, head]`` is 1, 0 or not a number where the row teaches nothing; ``weights`` have the same shape."""

    values: NDArray[np.float32]
    weights: NDArray[np.float32]

    def part(self, rows: NDArray[np.int64]) -> Targets:
        return Targets(self.values[rows], self.weights[rows])


def labels(rows: list[Row]) -> NDArray[np.float32]:
    """``[row, head]``: what people said, or we of our own sentences; not a number where nobody said anything."""
    values = np.full((len(rows), len(HEADS)), np.nan, dtype=np.float32)
    for i, row in enumerate(rows):
        for head, value in taught(row).items():
            values[i, AT[head]] = value
    return values


def targets(rows: list[Row]) -> Targets:
    """What rows teach: labels, and where there are none, hints."""
    values = labels(rows)
    weights = np.repeat(np.array([[row.weight] for row in rows], dtype=np.float32), len(HEADS), axis=1)
    weights[[row.orig == "TIN/GRP" for row in rows], AT["hate"]] = OF_GROUPS
    for i, row in enumerate(rows):
        for head, value in cues.hints(row).items():
            if np.isnan(values[i, AT[head]]):
                values[i, AT[head]] = value
                weights[i, AT[head]] = cues.WEIGHT
    weights[:, AT["spam"]] = [SPAM.get(row.task, SPAM_ELSE) for row in rows]
    return Targets(values, weights)


def taught(row: Row) -> dict[str, float]:
    """What a person's label says, head by head."""
    return TAUGHT[row.task](row)


def _sentiment(row: Row) -> dict[str, float]:
    if row.orig == "speech":
        return _one_of(INTENTS, "greeting")
    return _one_of(SENTIMENTS, row.label) if row.label else {}


def _toxicity(row: Row) -> dict[str, float]:
    toxic = float(row.label == "1")
    found = (
        {"toxic": toxic, "criticism": float(row.orig in CRITICISM)}
        if row.source == "komentarze_wp"
        else {"toxic": toxic}
    )
    if row.source == "toxicr_code_review":
        return found
    if row.orig in INSULTS:
        return found | {"insult": 1.0}
    if row.orig == "TIN/GRP":
        return found | {"hate": 1.0, "insult": 0.0}
    if row.orig == "Złośliwe":
        return found | {"threat": 0.0, "hate": 0.0}
    if row.orig == "Groźby karalne":
        return found | {"threat": 1.0}
    if not toxic:
        return found | {"insult": 0.0, "threat": 0.0, "hate": 0.0}
    return found


def _emotion(row: Row) -> dict[str, float]:
    felt = set(row.label.split(",")) & EMOTION_WORDS
    names = [
        name for name in EMOTIONS if not (row.source.startswith("brighter") and row.lang == "en" and name == "disgust")
    ]
    return {name: float(name in felt) for name in names}


def _spam(row: Row) -> dict[str, float]:
    return {"spam": float(row.label == "1")}


def _intent(row: Row) -> dict[str, float]:
    complaint = any(word in row.label for word in COMPLAINTS)
    return _one_of(INTENTS, "complaint" if complaint and "?" not in row.text else "question") | {"calls": 1.0}


def _feedback(row: Row) -> dict[str, float]:
    return (
        _one_of(INTENTS, WISHES[row.label]) if row.label in WISHES else {"suggestion": 0.0, "bug": 0.0, "question": 0.0}
    )


def _own(row: Row) -> dict[str, float]:
    """Rows of our own making name heads outright, ``head=1 head=0``, or one of a choice."""
    found: dict[str, float] = {}
    for part in row.label.split():
        head, _, value = part.partition("=")
        found |= {head: float(value)} if value else _one_of(INTENTS if head in INTENTS else SENTIMENTS, head)
    return found


def _one_of(names: tuple[str, ...], name: str) -> dict[str, float]:
    return {other: float(other == name) for other in names}


TAUGHT = {
    "sentiment": _sentiment,
    "toxicity": _toxicity,
    "emotion": _emotion,
    "spam": _spam,
    "intent": _intent,
    "feedback_type": _feedback,
    "own": _own,
}
