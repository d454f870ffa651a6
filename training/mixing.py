"""How far to trust n-grams and encoder, head by head and language by language, so that probabilities are calibrated."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from folkmoot.understanding.reading.contract import LANGUAGES
from folkmoot.understanding.reading.heads import AT, CHOICES, HEADS, OTHER
from training.corpus import Row

Floats = NDArray[np.float32]
HOLD = 0.02  # pull of a language towards what holds for all languages
TOXIC_SHARES = (0.2, 0.35)  # of messages that are toxic: what a set's own share is brought between
# So much counts a sentence of our own: there are few, each for many that no set holds; but of spam there are real rows.
OWN = {"hate": 8.0, "threat": 8.0, "insult": 8.0, "toxic": 5.0, "spam": 0.3}
OWN_ELSE = 3.0
PROJECTED = 0.2
# Of a labelled row's weight where nobody labelled: telling words of obscenity hardly have another meaning; that no set
# but one looked for spam says little of whether it has any.
HINT = 0.05
HINTED = {"obscene": 0.3, "sexual": 0.3, "threat": 0.3, "spam": 0.005}
LEAST_EACH = 15  # of each answer of a choice
LEAST = 60  # labelled rows from which a language gets weights of its own


@dataclass(frozen=True, slots=True)
class Scored:
    """Held-out rows: logits of both halves, targets and what they count for, all ``[row, head]``, and language numbers."""

    by_grams: Floats
    by_meaning: Floats
    language: NDArray[np.int64]
    values: Floats
    counts: Floats

    def part(self, chosen: NDArray[np.bool_]) -> Scored:
        return Scored(
            self.by_grams[chosen],
            self.by_meaning[chosen],
            self.language[chosen],
            self.values[chosen],
            self.counts[chosen],
        )


def trusted(scored: Scored) -> Floats:
    """``[language, head, 3]``: how far n-grams and encoder are trusted, and the level."""
    trust = np.zeros((len(LANGUAGES) + 1, len(HEADS), 3), dtype=np.float32)
    groups = [[AT[name] for name in names] for names in CHOICES.values()]
    chosen = {column for group in groups for column in group}
    groups += [[column] for column in range(len(HEADS)) if column not in chosen]
    for group in groups:
        for language, found in _group(scored, group).items():
            trust[language, group] = found
    return trust


def _group(scored: Scored, group: list[int]) -> dict[int, Floats]:
    known = ~np.isnan(scored.values[:, group]).any(axis=1)
    everywhere = _fitted(scored.part(known), group, np.tile([0.5, 0.5, 0.0], (len(group), 1)), HOLD / 10)
    found = {}
    for language in range(OTHER + 1):
        own = known & (scored.language == language)
        each = (scored.values[own][:, group] > 0.5).sum(axis=0)
        enough = own.sum() >= LEAST and (len(group) == 1 or each.min() >= LEAST_EACH)
        found[language] = _fitted(scored.part(own), group, everywhere, HOLD) if enough else everywhere
    return found


def _fitted(scored: Scored, group: list[int], start: Floats, hold: float) -> Floats:
    """The trust ``[head of the group, 3]`` that makes the targets most probable, held near ``start``."""
    a, b, y = scored.by_grams[:, group], scored.by_meaning[:, group], scored.values[:, group]
    counts = scored.counts[:, group[0]] / scored.counts[:, group[0]].sum()

    def cost(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        trust = flat.reshape(len(group), 3)
        logits = a * trust[:, 0] + b * trust[:, 1] + trust[:, 2]
        if len(group) == 1:
            missed = np.logaddexp(0, logits) - y * logits
            slope = 1 / (1 + np.exp(-logits)) - y
        else:
            raised = np.exp(logits - logits.max(axis=1, keepdims=True))
            p = raised / raised.sum(axis=1, keepdims=True)
            missed, slope = -np.log(np.maximum(p, 1e-9)) * y, p - y
        slope = slope * counts[:, None]
        away = trust - start
        found = (
            np.stack([(slope * a).sum(axis=0), (slope * b).sum(axis=0), slope.sum(axis=0)], axis=1) + 2 * hold * away
        )
        return float((missed * counts[:, None]).sum() + hold * (away**2).sum()), found.ravel()

    bounds = [(0, 5), (0, 5), (-8, 8)] * len(group)
    return np.asarray(
        minimize(cost, start.ravel(), jac=True, method="L-BFGS-B", bounds=bounds).x, dtype=np.float32
    ).reshape(len(group), 3)


def counts(rows: list[Row], labelled: NDArray[np.bool_]) -> Floats:
    """What each row counts for on each head. Hints count little; sets collected for their toxicity are brought to a
    share of it that channels may have."""
    own = np.array([OWN.get(name, OWN_ELSE) for name in HEADS], dtype=np.float32)
    every = np.ones(len(HEADS), dtype=np.float32)
    trusted = [own if row.task == "own" else PROJECTED * every if row.kind == "projected" else every for row in rows]
    hinted = np.array([HINTED.get(name, HINT) for name in HEADS], dtype=np.float32)
    found = np.where(labelled, np.stack(trusted), hinted).astype(np.float32)
    _even_toxicity(rows, found)
    return found


def _even_toxicity(rows: list[Row], counts: Floats) -> None:
    toxic = Counter((row.source, row.label) for row in rows if row.task == "toxicity")
    for i, row in enumerate(rows):
        if row.task == "toxicity":
            share = toxic[row.source, "1"] / (toxic[row.source, "0"] + toxic[row.source, "1"])
            wanted = min(max(share, TOXIC_SHARES[0]), TOXIC_SHARES[1])
            counts[i, AT["toxic"]] *= wanted / share if row.label == "1" else (1 - wanted) / (1 - share)
