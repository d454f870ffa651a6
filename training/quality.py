"""The mix that ships, and how good it is: measured on fifths of the held-out rows that it was not fitted to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from folkmoot.understanding.reading.contract import EMOTIONS, LANGUAGES
from folkmoot.understanding.reading.heads import AT, UNSURE, Mix
from training import measures, mixing
from training.corpus import SEED, Row
from training.measures import Measured
from training.mixing import Scored

Floats = NDArray[np.float32]
FOLDS = 5
FEWEST_FELT = 20
CUTS = np.arange(0.2, 0.62, 0.02)
# Below this certainty the model says that it is not sure: more is asked where no person labelled the language.
DOUBT = {"sentiment": (0.5, 0.62), "intent": (0.5, 0.6)}
DOUBT_ELSE = (0.65, 0.75)
LABELLED = {
    "sentiment": ("ru", "en", "et"),
    "intent": ("en",),
    "toxic": ("ru", "en", "pl"),
    "insult": ("en", "pl"),
    "criticism": ("pl",),
    "spam": ("ru",),
} | dict.fromkeys(EMOTIONS, ("en", "ru", "uk"))


@dataclass(frozen=True, slots=True)
class Outcome:
    mix: Mix
    measured: list[Measured]
    calibration: list[dict[str, object]]


def judged(rows: list[Row], taught: Floats, scored: Scored) -> Outcome:
    fold = np.random.default_rng(SEED).integers(0, FOLDS, len(rows))
    probabilities = np.empty_like(scored.by_grams)
    cuts = np.empty_like(scored.by_grams)
    for held in range(FOLDS):
        mix = _mix(scored.part(fold != held), taught[fold != held])
        part = scored.part(fold == held)
        probabilities[fold == held] = mix.probabilities(part.by_grams, part.by_meaning, part.language)
        cuts[fold == held] = mix.cuts[part.language]
    return Outcome(
        _mix(scored, taught),
        measures.measured(rows, taught, probabilities, cuts),
        measures.calibration(rows, taught, probabilities),
    )


def _mix(scored: Scored, taught: Floats) -> Mix:
    trust = mixing.trusted(scored)
    mix = Mix(trust, _doubt(), np.full(trust.shape[:2], 0.5, dtype=np.float32))
    probabilities = mix.probabilities(scored.by_grams, scored.by_meaning, scored.language)
    for name in EMOTIONS:
        everywhere = _cut(taught[:, AT[name]], probabilities[:, AT[name]])
        for language in range(len(mix.cuts)):
            own = scored.language == language
            felt = np.nansum(taught[own, AT[name]])
            mix.cuts[language, AT[name]] = (
                _cut(taught[own, AT[name]], probabilities[own, AT[name]]) if felt >= FEWEST_FELT else everywhere
            )
    return mix


def _cut(values: Floats, probabilities: Floats) -> float:
    """The probability from which on giving the label makes F1 best, the middle of those about as good."""
    known = ~np.isnan(values)
    scores = [f1_score(values[known] > 0.5, probabilities[known] >= cut, zero_division=0) for cut in CUTS]
    near = [cut for cut, score in zip(CUTS, scores, strict=True) if score >= max(scores) - 0.005]
    return float(np.median(near))


def _doubt() -> Floats:
    found = np.empty((len(LANGUAGES) + 1, len(UNSURE)), dtype=np.float32)
    for i, what in enumerate(UNSURE):
        known, unknown = DOUBT.get(what, DOUBT_ELSE)
        for number, language in enumerate((*LANGUAGES, "")):
            found[number, i] = known if language in LABELLED.get(what, ()) else unknown
    return found
