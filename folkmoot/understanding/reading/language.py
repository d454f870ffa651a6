"""Which language a text is in, of ours and of those that look like them, and how sure that is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from folkmoot.understanding.reading.contract import MIXED, UNKNOWN
from folkmoot.understanding.reading.language_grams import READ, SCRIPTS, grams, letters, together
from folkmoot.understanding.reading.prepare import Prepared
from folkmoot.understanding.reading.sums import sums_of_rows

MODEL = Path(__file__).parent / "data" / "language.npz"
BATCH = 1024

# Scripts in which but one language is likely.
_BY_SCRIPT = {
    "Grek": "el",
    "Hebr": "he",
    "Armn": "hy",
    "Geor": "ka",
    "Thai": "th",
    "Hang": "ko",
    "Jpan": "ja",
    "Hans": "zh",
}
_BY_SCRIPT |= {"Arab": "ar", "Deva": "hi"}
_SURE_BY_SCRIPT = 0.9
_LEAST = 0.2  # below this, the answer is that it is unknown
_LONG = 60  # letters from which a text may change its language within
_UNSURE = 0.97
_SURE = 0.95  # what both parts of a mixed text must be
_DOUBTFUL = 0.6  # below this, words that make sense written back in Cyrillic are transliterated
_FEWEST_WORDS = 4  # of the second language in a mixed text: fewer are names and loans
_RUSSIAN_ALONE, _UKRAINIAN_ALONE = re.compile("[ыэъ]"), re.compile("[іїєґ]")
# Words enough in a row for a sentence: product names stand in threes and fours.
_IN_A_ROW = {
    script: re.compile(rf"(?<![\w<])[{span}']+(?:[ ,]+[{span}']+){{4}}(?![\w>])")
    for script, span in (("Latn", "a-zß-öø-ɏ"), ("Cyrl", "\u0400-\u052f"))
}
_SPLIT = re.compile(r"[.!?;\n]+\s+|\s[-–—]\s")
Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Language:
    """An ISO 639-1 code, ``unknown`` or ``mixed``, its probability, and the ISO 15924 code of most letters ("" if none).

    ``parts`` are the languages of a mixed text, the first the one of most words.
    """

    code: str
    probability: float
    script: str
    parts: tuple[str, ...] = ()

    @property
    def mixed(self) -> bool:
        return self.code == MIXED


@dataclass(frozen=True, slots=True)
class Classifier:
    """One script's languages: weights of n-gram buckets as small integers, their scale and bias a language."""

    languages: tuple[str, ...]
    weights: NDArray[np.int8]
    scale: Scores
    bias: Scores
    sharpness: tuple[float, float]

    def probabilities(self, texts: Sequence[str]) -> Scores:
        """For texts as ``letters`` gives them: one row a text, one column a language."""
        bits = len(self.weights).bit_length() - 1
        found = together(grams(texts, bits))
        total = found.counts
        sums = sums_of_rows(self.weights, found.buckets, np.concatenate(([0], np.cumsum(total))))
        scores = sums * self.scale / np.sqrt(np.maximum(total, 1))[:, None] + self.bias
        base, slope = self.sharpness
        scores *= np.maximum(0.05, base + slope * np.log1p(total))[:, None]
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        return np.asarray(scores / scores.sum(axis=1, keepdims=True), dtype=np.float32)


@cache
def classifiers(model: Path = MODEL) -> dict[str, Classifier]:
    """The classifiers of both scripts, read once in a process."""
    with np.load(model, allow_pickle=False) as stored:
        return {
            script: Classifier(
                tuple(str(code) for code in stored[f"{script}_languages"]),
                stored[f"{script}_weights"],
                stored[f"{script}_scale"],
                stored[f"{script}_bias"],
                (float(stored[f"{script}_sharpness"][0]), float(stored[f"{script}_sharpness"][1])),
            )
            for script in SCRIPTS
        }


def identify(prepared: Sequence[Prepared]) -> list[Language]:
    """The language of each text, in the same order."""
    found: list[Language] = []
    for start in range(0, len(prepared), BATCH):
        found += _identify(prepared[start : start + BATCH])
    return found


@dataclass(frozen=True, slots=True)
class _Guess:
    """The likeliest language of one piece of text and the next one."""

    code: str
    probability: float
    second: str
    second_probability: float
    words: int

    def language(self, script: str) -> Language:
        if self.probability < _LEAST or self.code == UNKNOWN:
            return Language(UNKNOWN, self.probability, script)
        return Language(_bare(self.code), self.probability, script)


def _bare(code: str) -> str:
    """The language of a class: ``ru`` of ``ru-Latn``."""
    return code.partition("-")[0]


def _guesses(texts: Sequence[str], script: str) -> list[_Guess | None]:
    """What each text is in; none for texts without words of the script."""
    classifier = classifiers()[script]
    filled = [number for number, text in enumerate(texts) if text]
    found: list[_Guess | None] = [None] * len(texts)
    if not filled:
        return found
    probabilities = classifier.probabilities([texts[number] for number in filled])
    order = np.argpartition(probabilities, -2, axis=1)[:, -2:]
    for number, row, (one, other) in zip(filled, probabilities.tolist(), order.tolist(), strict=True):
        first, second = (one, other) if row[one] >= row[other] else (other, one)
        names = classifier.languages
        found[number] = _Guess(names[first], row[first], names[second], row[second], texts[number].count(" ") + 1)
    return found


def _identify(texts: Sequence[Prepared]) -> list[Language]:
    pieces = {script: [_piece(text, script) for text in texts] for script in SCRIPTS}
    guesses = {script: _guesses(pieces[script], script) for script in SCRIPTS}
    found = []
    for number, text in enumerate(texts):
        cyrillic, latin = guesses["Cyrl"][number], guesses["Latn"][number]
        found.append(_of_scripts(text, cyrillic, latin) if cyrillic and latin else _of_script(text, cyrillic or latin))
    _look_into_sentences(texts, found)
    return found


def _piece(text: Prepared, script: str) -> str:
    return (
        letters(text.words, script) if text.script == script or (text.mixed_scripts and text.script in SCRIPTS) else ""
    )


def _of_script(text: Prepared, guess: _Guess | None) -> Language:
    if guess is None:
        code = _BY_SCRIPT.get(text.script, UNKNOWN)
        return Language(code, _SURE_BY_SCRIPT if code != UNKNOWN else 0.0, text.script)
    if text.cyrillic and "-" not in guess.code and guess.probability < _DOUBTFUL:
        (back,) = _guesses([letters(text.cyrillic, "Cyrl")], "Cyrl")
        if back is not None and back.code in ("ru", "uk"):
            return Language(back.code, back.probability * _SURE, text.script)
    if {guess.code, guess.second} == {"ru", "uk"} and _is_surzhyk(text, guess):
        return Language(MIXED, guess.second_probability + guess.probability, text.script, (guess.code, guess.second))
    return guess.language(text.script)


def _is_surzhyk(text: Prepared, guess: _Guess) -> bool:
    """Russian and Ukrainian in one text: letters that only one of them has, of both."""
    both = _RUSSIAN_ALONE.search(text.words) is not None and _UKRAINIAN_ALONE.search(text.words) is not None
    return both and guess.words > _FEWEST_WORDS and guess.second_probability > 1 - _UNSURE


def _of_scripts(text: Prepared, cyrillic: _Guess, latin: _Guess) -> Language:
    """A text in two scripts: names and loans in Latin letters leave it in the language of its Cyrillic words."""
    main, other, script = (cyrillic, latin, "Latn") if cyrillic.words * 3 >= latin.words else (latin, cyrillic, "Cyrl")
    two = _bare(main.code) != _bare(other.code) and _is_language(main) and _is_language(other)
    if two and _IN_A_ROW[script].search(text.words):
        return Language(MIXED, main.probability * other.probability, text.script, (_bare(main.code), _bare(other.code)))
    return main.language(text.script)


def _is_language(guess: _Guess) -> bool:
    return guess.words >= _FEWEST_WORDS and guess.probability >= _SURE and guess.code != UNKNOWN


def _look_into_sentences(texts: Sequence[Prepared], found: list[Language]) -> None:
    """Texts long enough to hold two languages: mixed if their sentences, each surely in one, are not all in the same."""
    for script in SCRIPTS:
        owners, sentences = [], []
        for number, text in enumerate(texts):
            if len(text.words) >= _LONG and text.script == script and not found[number].mixed:
                pieces = _sentences(text.words[: 3 * READ], halve=found[number].probability < _UNSURE)
                owners += [number] * len(pieces)
                sentences += [letters(piece, script) for piece in pieces]
        counts: dict[int, Counter[str]] = {}
        for number, guess in zip(owners, _guesses(sentences, script), strict=True):
            if guess is not None and _is_language(guess):
                counts.setdefault(number, Counter())[_bare(guess.code)] += guess.words
        for number, count in counts.items():
            if len(count) > 1:
                codes = tuple(code for code, _ in count.most_common())
                found[number] = Language(MIXED, _SURE, texts[number].script, codes)


def _sentences(text: str, *, halve: bool) -> list[str]:
    """The sentences of a text; of one alone its halves, if asked for, else none."""
    sentences = _SPLIT.split(text)
    if len(sentences) > 1:
        return sentences
    words = text.split()
    return [" ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])] if halve else []
