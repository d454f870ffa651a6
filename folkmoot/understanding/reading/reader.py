"""The product's one model behind the contract: texts in, readings out."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from folkmoot.understanding.reading import features
from folkmoot.understanding.reading.contract import EMOTIONS, HARMS, INTENTS, LANGUAGES, SENTIMENTS, UNKNOWN, Reading
from folkmoot.understanding.reading.heads import AT, OTHER, UNSURE, Mix
from folkmoot.understanding.reading.language import Language, identify
from folkmoot.understanding.reading.model import Model, model
from folkmoot.understanding.reading.prepare import Prepared, prepare

BATCH = 1024
SURE_OF_LANGUAGE = 0.6
NEUTRAL = (0.1, 0.8, 0.1)
SLICES = {names: slice(AT[names[0]], AT[names[-1]] + 1) for names in (SENTIMENTS, HARMS, INTENTS, EMOTIONS)}


class Reader:
    """Reads texts with the model that the package carries, or with another one given."""

    def __init__(self, trained: Model) -> None:
        self.version = trained.version
        self._model = trained
        self._mix = Mix.stored(trained.stored)

    def read(self, texts: list[str]) -> list[Reading]:
        """One reading a text, in the same order; an empty text is read as unknown, neutral and unsure."""
        found: list[Reading] = []
        for start in range(0, len(texts), BATCH):
            found += self._read([prepare(text) for text in texts[start : start + BATCH]])
        return found

    def felt(self, reading: Reading) -> tuple[str, ...]:
        """The emotions to name of a reading: those above the probability at which naming them went best."""
        language = LANGUAGES.index(reading.language) if reading.language in LANGUAGES else OTHER
        cuts = self._mix.cuts[language, SLICES[EMOTIONS]]
        return tuple(name for name, p, cut in zip(EMOTIONS, reading.emotions, cuts, strict=True) if p >= cut)

    def _read(self, prepared: list[Prepared]) -> list[Reading]:
        languages = identify(prepared)
        said = [features.said(text) for text in prepared]
        once = {text: number for number, text in enumerate(dict.fromkeys(said))}  # chats repeat themselves
        at = np.array([once[text] for text in said])
        numbers = np.array([row_of(language) for language in languages])
        by_grams, by_meaning = self._model.by_grams(list(once))[at], self._model.by_meaning(list(once))[at]
        probabilities = self._mix.probabilities(by_grams, by_meaning, numbers)
        unsure = self._mix.unsure(probabilities, numbers)
        return [
            self._reading(language, row, doubts) if text else self._nothing(language)
            for text, language, row, doubts in zip(said, languages, probabilities.tolist(), unsure, strict=True)
        ]

    def _reading(self, language: Language, row: list[float], doubts: NDArray[np.bool_]) -> Reading:
        unsure = {UNSURE[i] for i in np.flatnonzero(doubts)}
        if language.probability < SURE_OF_LANGUAGE or language.code == UNKNOWN:
            unsure.add("language")
        negative, neutral, positive = row[SLICES[SENTIMENTS]]
        return Reading(
            language=language.code,
            language_p=language.probability,
            script=language.script,
            sentiment=(negative, neutral, positive),
            harms=tuple(row[SLICES[HARMS]]),
            intents=tuple(row[SLICES[INTENTS]]),
            emotions=tuple(row[SLICES[EMOTIONS]]),
            urgency=row[AT["urgency"]],
            calls_for_answer=row[AT["calls"]],
            unsure=frozenset(unsure),
            version=self.version,
        )

    def _nothing(self, language: Language) -> Reading:
        """What is read where there are no words at all."""
        return Reading(
            language=UNKNOWN,
            language_p=0.0,
            script=language.script,
            sentiment=NEUTRAL,
            harms=(0.0,) * len(HARMS),
            intents=tuple(float(intent == "other") for intent in INTENTS),
            emotions=(0.0,) * len(EMOTIONS),
            urgency=0.0,
            calls_for_answer=0.0,
            unsure=frozenset(("language", *UNSURE)),
            version=self.version,
        )


def row_of(language: Language) -> int:
    """The row of the mix for a language: of its main part where it is mixed, of its script's where it is unknown."""
    code = language.parts[0] if language.parts else language.code
    if code in LANGUAGES:
        return LANGUAGES.index(code)
    return LANGUAGES.index("ru") if language.script == "Cyrl" else OTHER


@cache
def reader() -> Reader:
    """The reader of the packaged model, loaded once in a process; raises ``bundle.UnreadableBundle``."""
    return Reader(model())
