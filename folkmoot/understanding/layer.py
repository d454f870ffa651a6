"""What a workspace's corrections teach, on top of the product's model: a logistic layer for each facet.

    logits = a · log p(base) + b + x · W

``x`` are the hashed words and pairs of words of a text. It begins as the base itself (a = 1, b = 0, W = 0) and is held
there by L2, so that it departs from it only where corrections say so. Plain NumPy; no Django, no database.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from folkmoot.understanding.codes import NO, YES
from folkmoot.understanding.normal import normal
from folkmoot.understanding.reading.contract import EMOTIONS, HARMS, INTENTS, SENTIMENTS, Reading

Numbers = npt.NDArray[np.float64]

WIDTH = 1 << 12
FOLDS = 5
ROUNDS = 150
STEP = 0.5
HOLD_WORDS, HOLD_SCALE = 1e-3, 1e-2
QUIET_WEIGHT = 0.3
LEAST = 20  # corrections; fewer teach nothing that could be measured
KEPT = 0.97  # share of what nobody objected to that must stay as it is
FEW = 3  # of it may change in any case
SURE = 0.6
FACETS = ("sentiment", "intent", *HARMS, *EMOTIONS, "urgent", "calls")
"""What a layer can be learnt for; languages are only corrected for the same text."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text, what the base says of it as probabilities of the facet's labels, and the right label.

    ``told`` tells whether a person said so; else it is what the base is sure of and nobody objected to.
    """

    text: str
    base: tuple[float, ...]
    label: int
    told: bool


@dataclass(frozen=True, slots=True)
class Weights:
    """``words`` is WIDTH × labels, ``offset`` one a label, ``scale`` one number."""

    words: Numbers
    offset: Numbers
    scale: float

    def dump(self) -> bytes:
        """Only the rows that say something, half as exact."""
        rows = np.flatnonzero(np.abs(self.words).max(axis=1) > 1e-4)
        out = io.BytesIO()
        np.savez_compressed(
            out, rows=rows, words=self.words[rows].astype(np.float32), offset=self.offset, scale=np.array(self.scale)
        )
        return out.getvalue()

    @classmethod
    def load(cls, dumped: bytes) -> Weights:
        with np.load(io.BytesIO(dumped), allow_pickle=False) as held:
            words = np.zeros((WIDTH, held["offset"].size))
            words[held["rows"]] = held["words"]
            return cls(words, held["offset"], float(held["scale"]))


@dataclass(frozen=True, slots=True)
class Taught:
    """A layer and how it did on corrections it had not seen: F1 by label and, as ``all``, their mean (macro-F1).

    ``kept`` of ``quiet`` texts that nobody objected to it left as they were.
    """

    weights: Weights
    before: dict[str, float]
    after: dict[str, float]
    kept: int
    quiet: int

    @property
    def better(self) -> bool:
        changed = self.quiet - self.kept
        return self.after["all"] > self.before["all"] and changed <= max(FEW, (1 - KEPT) * self.quiet)


def labels_of(facet: str) -> tuple[str, ...]:
    if facet == "sentiment":
        return SENTIMENTS
    return INTENTS if facet == "intent" else (NO, YES)


def base_of(reading: Reading, facet: str) -> tuple[float, ...]:
    """What a reading says of a facet: a probability for each of ``labels_of``."""
    if facet == "sentiment":
        return reading.sentiment
    if facet == "intent":
        return reading.intents
    p = _yes(reading, facet)
    return 1 - p, p


def _yes(reading: Reading, facet: str) -> float:
    if facet in HARMS:
        return reading.harm(facet)
    if facet in EMOTIONS:
        return reading.emotions[EMOTIONS.index(facet)]
    return reading.urgency if facet == "urgent" else reading.calls_for_answer


def teach(examples: Sequence[Example], labels: Sequence[str]) -> Taught | None:
    """Learns from examples and measures by ``FOLDS``-fold cross-validation, in which the same text is never on both
    sides; None where there is too little to learn from. The final layer has seen them all."""
    told = [example for example in examples if example.told]
    if len(told) < LEAST or len({example.label for example in told}) < 2:
        return None
    folds = np.array([_fold(example.text) for example in examples])
    guesses = np.zeros(len(examples), dtype=int)
    for fold in range(FOLDS):
        unseen = np.flatnonzero(folds == fold)
        learnt = fit([example for example, own in zip(examples, folds, strict=True) if own != fold], len(labels))
        rest = [examples[int(number)] for number in unseen]
        if rest:
            words = hashed([one.text for one in rest])
            guesses[unseen] = probabilities(learnt, words, [one.base for one in rest]).argmax(axis=1)
    right = np.array([example.label for example in examples])
    first = np.array([int(np.argmax(example.base)) for example in examples])
    asked = np.array([example.told for example in examples])
    quiet = ~asked
    return Taught(
        weights=fit(examples, len(labels)),
        before=f1(right[asked], first[asked], labels),
        after=f1(right[asked], guesses[asked], labels),
        kept=int((guesses[quiet] == right[quiet]).sum()),
        quiet=int(quiet.sum()),
    )


def f1(right: npt.NDArray[np.int_], guessed: npt.NDArray[np.int_], labels: Sequence[str]) -> dict[str, float]:
    """2·TP ÷ (2·TP + FP + FN) of every label that occurs, and their mean as ``all``."""
    found = {}
    for number, label in enumerate(labels):
        mine, said = right == number, guessed == number
        if mine.any():
            found[label] = round(float(2 * (mine & said).sum() / (mine.sum() + said.sum())), 3)
    return {**found, "all": round(float(np.mean(list(found.values()))), 3) if found else 0.0}


def _fold(text: str) -> int:
    return blake2b(normal(text).encode("utf-8", "surrogatepass"), digest_size=1).digest()[0] % FOLDS


@dataclass(frozen=True, slots=True)
class Words:
    """Texts as hashed words: ``column`` and ``value`` of each word, and the ``row`` (text) it stands in."""

    row: npt.NDArray[np.int_]
    column: npt.NDArray[np.int_]
    value: Numbers
    rows: int

    def times(self, words: Numbers) -> Numbers:
        found = np.zeros((self.rows, words.shape[1]))
        np.add.at(found, self.row, self.value[:, None] * words[self.column])
        return found

    def gradient(self, errors: Numbers) -> Numbers:
        found = np.zeros((WIDTH, errors.shape[1]))
        np.add.at(found, self.column, self.value[:, None] * errors[self.row])
        return found


def hashed(texts: Sequence[str]) -> Words:
    """The words and pairs of words of each text, each once, weighted so that long texts say no more than short ones."""
    each = [_columns(text) for text in texts]
    lengths = [len(columns) for columns in each]
    column = np.concatenate(each) if each else np.zeros(0, dtype=int)
    value = np.repeat([1 / max(length, 1) ** 0.5 for length in lengths], lengths)
    return Words(np.repeat(np.arange(len(texts)), lengths), column, value, len(texts))


def _columns(text: str) -> npt.NDArray[np.int_]:
    words = normal(text).split()
    pairs = [f"{one} {other}" for one, other in pairwise(words)]
    return np.array(sorted({_column(part) for part in (*words, *pairs)}), dtype=int)


@lru_cache(maxsize=65536)
def _column(part: str) -> int:
    return int.from_bytes(blake2b(part.encode("utf-8", "surrogatepass"), digest_size=4).digest(), "big") % WIDTH


def fit(examples: Sequence[Example], labels: int) -> Weights:
    """Full-batch gradient descent with Adagrad's steps on the weighted cross-entropy; the same input gives the same
    weights, none the base."""
    if not examples:
        return Weights(np.zeros((WIDTH, labels)), np.zeros(labels), 1.0)
    words = hashed([example.text for example in examples])
    base = _logits([example.base for example in examples])
    right = np.eye(labels)[[example.label for example in examples]]
    weight = np.array([1.0 if example.told else QUIET_WEIGHT for example in examples])[:, None]
    weight = weight / max(weight.sum(), 1.0)
    inner, offset, scale = np.zeros((WIDTH, labels)), np.zeros(labels), 1.0
    seen_inner, seen_offset, seen_scale = np.full((WIDTH, labels), 1e-8), np.full(labels, 1e-8), 1e-8
    for _round in range(ROUNDS):
        errors = weight * (_softmax(scale * base + offset + words.times(inner)) - right)
        for_inner = words.gradient(errors) + HOLD_WORDS * inner
        for_offset = errors.sum(axis=0) + HOLD_SCALE * offset
        for_scale = float((errors * base).sum() + HOLD_SCALE * (scale - 1))
        seen_inner += for_inner**2
        seen_offset += for_offset**2
        seen_scale += for_scale**2
        inner -= STEP * for_inner / np.sqrt(seen_inner)
        offset -= 0.1 * STEP * for_offset / np.sqrt(seen_offset)
        scale -= 0.1 * STEP * for_scale / seen_scale**0.5
    return Weights(inner, offset, scale)


def probabilities(weights: Weights, words: Words, base: Sequence[tuple[float, ...]]) -> Numbers:
    """Texts × labels."""
    return _softmax(weights.scale * _logits(base) + weights.offset + words.times(weights.words))


def _logits(base: Sequence[tuple[float, ...]]) -> Numbers:
    logits: Numbers = np.log(np.clip(np.array(base, dtype=float), 1e-3, 1.0))
    return logits


def _softmax(logits: Numbers) -> Numbers:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    found: Numbers = raised / raised.sum(axis=1, keepdims=True)
    return found


def relaid(readings: Sequence[Reading], texts: Sequence[str], layers: Mapping[str, Weights]) -> list[Reading]:
    """Readings with each facet's layer laid over it. Where that changes the verdict, it is sure from ``SURE`` on."""
    found, words = list(readings), hashed(texts)
    for facet, weights in layers.items():
        base = [base_of(reading, facet) for reading in found]
        new = probabilities(weights, words, base)
        found = [
            _with(reading, facet, tuple(float(p) for p in after), int(np.argmax(before)) != int(after.argmax()))
            for reading, before, after in zip(found, base, new, strict=True)
        ]
    return found


CALLED = {"urgent": "urgency", "calls": "calls_for_answer"}
"""What the contract calls those facets whose name differs."""


def _with(reading: Reading, facet: str, after: tuple[float, ...], other: bool) -> Reading:
    called = CALLED.get(facet, facet)
    unsure = reading.unsure
    if other:
        unsure = unsure - {called} if max(after) >= SURE else unsure | {called}
    if facet == "sentiment":
        return replace(reading, sentiment=(after[0], after[1], after[2]), unsure=unsure)
    if facet == "intent":
        return replace(reading, intents=after, unsure=unsure)
    if facet in HARMS:
        return replace(reading, harms=_put(reading.harms, HARMS.index(facet), after[1]), unsure=unsure)
    if facet in EMOTIONS:
        return replace(reading, emotions=_put(reading.emotions, EMOTIONS.index(facet), after[1]), unsure=unsure)
    if facet == "urgent":
        return replace(reading, urgency=after[1], unsure=unsure)
    return replace(reading, calls_for_answer=after[1], unsure=unsure)


def _put(numbers: tuple[float, ...], place: int, number: float) -> tuple[float, ...]:
    return (*numbers[:place], number, *numbers[place + 1 :])
