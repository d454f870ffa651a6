"""Texts in five languages: real word forms, used as often as words are (Zipf), and what to search for in them."""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from random import Random

from folkmoot.flow.demo import phrases
from folkmoot.lib.lemmas import vector
from folkmoot.lib.lemmas.dictionary import dictionaries

LANGUAGES = phrases.LANGUAGES
VOCABULARY = 20_000
POOL = 8_000
RARE = 200
_WORD = re.compile(r"[^\W\d_]{2,}")
_SLOT = re.compile(r"\{[^}]*\}")
_MARKS = (".", ".", ".", "!", "?", "…")


@dataclass(frozen=True, slots=True)
class Text:
    words: str
    lexemes: str


class Vocabulary:
    """One language's words, the commonest first: those of the demo's sentences, then forms of its dictionary."""

    def __init__(self, language: str, seed: int) -> None:
        self.language = language
        self._rng = Random(f"{seed}/{language}")
        lines = phrases.read(language).lines.values()
        spoken = Counter(
            word.lower() for kind in lines for line in kind for word in _WORD.findall(_SLOT.sub(" ", line))
        )
        listed: list[str] = dictionaries()[language]._words.keys()
        drawn = self._rng.sample(range(len(listed)), (VOCABULARY + RARE) * 2)
        forms = [listed[n] for n in drawn if 3 <= len(listed[n]) <= 14 and listed[n].isalpha()]
        forms = [form for form in forms if form not in spoken][: VOCABULARY + RARE - len(spoken)]
        self.words: list[str] = [word for word, _count in spoken.most_common()] + forms[:-RARE]
        self.rare: list[str] = forms[-RARE:]
        self._weights = list(accumulate(1 / (rank + 2.7) for rank in range(len(self.words))))

    def texts(self, count: int) -> Iterator[Text]:
        for _ in range(count):
            text = self.say()
            yield Text(text, vector(text))

    def say(self) -> str:
        """A message of 1 to 150 words, of eleven words in the middle."""
        length = max(1, min(int(self._rng.lognormvariate(2.4, 0.8)), 150))
        said = [self._word() for _ in range(length)]
        return " ".join(said).capitalize() + self._rng.choice(_MARKS)

    def _word(self) -> str:
        return self.words[bisect(self._weights, self._rng.random() * self._weights[-1])]

    @cached_property
    def common(self) -> list[str]:
        """Words of ranks 5 to 60, four letters or more: each in every hundredth message or so."""
        return [word for word in self.words[5:60] if len(word) >= 4]
