"""From logits to calibrated probabilities: how far each language trusts which half of the model, and what is unsure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from folkmoot.understanding.reading.bundle import Bundle
from folkmoot.understanding.reading.contract import EMOTIONS, HARMS, INTENTS, LANGUAGES, SENTIMENTS

Floats = NDArray[np.float32]

HEADS = (*SENTIMENTS, *HARMS, *INTENTS, *EMOTIONS, "urgency", "calls")
AT = {head: i for i, head in enumerate(HEADS)}
CHOICES = {"sentiment": SENTIMENTS, "intent": INTENTS}
OTHER = len(LANGUAGES)  # the row of ``Mix`` for languages that are not ours
UNSURE = ("sentiment", "intent", *HARMS, *EMOTIONS, "urgency", "calls_for_answer")


@dataclass(frozen=True, slots=True)
class Mix:
    """``trust[language, head] = (n-grams, encoder, level)``; ``doubt[language, what]``: below this certainty it is unsure;
    ``cuts[language, head]``: from this probability on the label is given."""

    trust: Floats
    doubt: Floats
    cuts: Floats

    @staticmethod
    def stored(bundle: Bundle) -> Mix:
        return Mix(*(bundle.arrays[name].astype(np.float32) for name in ("trust", "doubt", "cuts")))

    def probabilities(self, by_grams: Floats, by_meaning: Floats, language: NDArray[np.int64]) -> Floats:
        """``[text, head]``: choices sum to one, the other heads each stand alone."""
        trust = self.trust[language]
        logits = by_grams * trust[:, :, 0] + by_meaning * trust[:, :, 1] + trust[:, :, 2]
        found = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
        for names in CHOICES.values():
            columns = slice(AT[names[0]], AT[names[-1]] + 1)
            raised = np.exp(logits[:, columns] - logits[:, columns].max(axis=1, keepdims=True))
            found[:, columns] = raised / raised.sum(axis=1, keepdims=True)
        return found.astype(np.float32)

    def unsure(self, probabilities: Floats, language: NDArray[np.int64]) -> NDArray[np.bool_]:
        """``[text, what]`` in the order of ``UNSURE``: is the more probable answer not probable enough?"""
        return certainty(probabilities) < self.doubt[language]


def certainty(probabilities: Floats) -> Floats:
    """``[text, what]``: the probability of what is most probable."""
    found = np.empty((len(probabilities), len(UNSURE)), dtype=np.float32)
    for i, what in enumerate(UNSURE):
        if what in CHOICES:
            names = CHOICES[what]
            found[:, i] = probabilities[:, AT[names[0]] : AT[names[-1]] + 1].max(axis=1)
        else:
            p = probabilities[:, AT["calls" if what == "calls_for_answer" else what]]
            found[:, i] = np.maximum(p, 1 - p)
    return found
