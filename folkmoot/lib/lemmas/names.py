"""Names that are kept whole: the index holds them as they are and under a lexeme of their own, not under lemmas.

So the product *Apples* is not found by *apple*, and *Red Bull* is one thing. The lexeme is the name's first spelling with
a capital N at its end, where lemmas carry their language, and stands at each of the name's words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from folkmoot.lib.lemmas.languages import candidates
from folkmoot.lib.lemmas.lexemes import Step, of_run, quoted
from folkmoot.lib.lemmas.tokens import RUN, fold, parts, runs
from folkmoot.lib.lemmas.vector import LARGEST, LAST_POSITION, joined, vector

MARK = "N"

Place = tuple[Step, int, int]  # the lexemes of one position, and where its run begins and ends in the text


def words_of(spelling: str) -> tuple[str, ...]:
    """The folded words of a name or phrase."""
    return tuple(word for match in RUN.finditer(spelling) for word in parts(fold(match[0])))


def lexeme_of(spelling: str) -> str:
    return " ".join(words_of(spelling)) + MARK


@dataclass(frozen=True, slots=True)
class Name:
    """Spellings of one name, the first of which stands for all; ``settled`` once the whole index knows of it."""

    spellings: tuple[str, ...]
    settled: bool = True

    @property
    def lexeme(self) -> str:
        return lexeme_of(self.spellings[0])


@dataclass(frozen=True, slots=True)
class Found:
    """A name that stands at ``start`` among some words."""

    start: int
    length: int
    name: Name


class Names:
    """All names of a workspace, found in texts by their words."""

    def __init__(self, names: Iterable[Name] = ()) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], Name]]] = {}
        for name in names:
            for spelling in name.spellings:
                if words := words_of(spelling):
                    self._by_first.setdefault(words[0], []).append((words, name))
        for listed in self._by_first.values():
            listed.sort(key=lambda entry: -len(entry[0]))

    def __bool__(self) -> bool:
        return bool(self._by_first)

    def within(self, words: Sequence[str]) -> Iterator[Found]:
        """The names among folded words from left to right, the longest where several begin; none overlap."""
        at = 0
        while at < len(words):
            fits = (
                (spelling, name)
                for spelling, name in self._by_first.get(words[at], ())
                if tuple(words[at : at + len(spelling)]) == spelling
            )
            spelling, name = next(fits, ((), None))
            if name is not None:
                yield Found(at, len(spelling), name)
            at += len(spelling) or 1

    def are_in(self, text: str) -> bool:
        return next(self.within(words_of(text)), None) is not None

    def steps(self, text: str) -> list[Place]:
        """The lexemes of a text as the index holds them, position by position."""
        latin, cyrillic = candidates(text, RUN.findall(text))
        places: list[Place] = []
        words: list[str] = []
        for run, start, end in runs(text):
            steps = of_run(run, latin | cyrillic)
            places += [(step, start, end) for step in steps]
            words += parts(run)[: len(steps)]
        for found in self.within(words) if self else ():
            for at in range(found.start, found.start + found.length):
                step, start, end = places[at]
                places[at] = (_whole(step, words[at], found.name.lexeme), start, end)
        return places

    def vector(self, text: str) -> str:
        """What ``vector`` gives, with names kept whole."""
        entries: dict[str, str] = {}
        for position, (step, _, _) in enumerate(self.steps(text)[:LAST_POSITION], 1):
            for lexeme in map(quoted, step):
                entries[lexeme] = f"{entries[lexeme]},{position}" if lexeme in entries else f"{lexeme}:{position}"
        literal = joined(entries)
        return literal if len(literal.encode()) <= LARGEST else vector(text)


def _whole(step: Step, word: str, lexeme: str) -> Step:
    """A position of a name: no lemmas, which end in a capital letter."""
    kept = (each for each in step if not each[-1].isupper())
    return tuple(dict.fromkeys((word, *kept, lexeme)))
