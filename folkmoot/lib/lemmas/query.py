"""What a person types into the search box, as PostgreSQL's tsquery: docs/reference/search.md says what can be typed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from folkmoot.lib.lemmas.lexemes import Step, of_joined, of_word, quoted
from folkmoot.lib.lemmas.tokens import RUN, fold, parts

MOST_WORDS = 64  # of a query; more are left out
OR = frozenset({"or", "или", "або", "lub", "või"})

_ITEM = re.compile(
    r"(?P<minus>(?<![^\s(])-(?=[^\s-]))?"
    r'(?:["“”„«](?P<phrase>[^"“”„«»]*)["“”»]?'
    rf"|(?P<run>{RUN.pattern})(?P<star>\*)?)"
)


@dataclass(frozen=True)
class Word:
    """One word of a query: any of its lexemes stands for it; with ``prefix``, anything that begins with it."""

    lexemes: Step
    prefix: bool = False

    def __str__(self) -> str:
        ending = ":*" if self.prefix else ""
        listed = " | ".join(quoted(lexeme) + ending for lexeme in self.lexemes)
        return f"({listed})" if len(self.lexemes) > 1 else listed

    def matches(self, lexemes: Step) -> bool:
        if self.prefix:
            return any(lexeme.startswith(self.lexemes) for lexeme in lexemes)
        return not set(self.lexemes).isdisjoint(lexemes)


@dataclass(frozen=True)
class Term:
    """Words that follow each other; ``joined`` are the lexemes of a hyphenated word written as one.

    With ``either`` it has no words of its own: any of those terms will do. ``plain`` is a run typed without quotes,
    star or tag, which a vocabulary may widen.
    """

    words: tuple[Word, ...]
    joined: Step = ()
    negative: bool = False
    either: tuple[Term, ...] = ()
    plain: bool = False

    def __str__(self) -> str:
        chain = " | ".join(map(str, self.either)) or " <-> ".join(map(str, self.words))
        if len(self.words) + len(self.either) > 1:
            chain = f"({chain})"
        if self.joined:
            chain = f"({chain} | {Word(self.joined)})"
        return f"!{chain}" if self.negative else chain


class Widens(Protocol):
    def widen(self, terms: list[Term]) -> list[Term]:
        """The same terms, with what else stands for them."""


def parse(text: str, vocabulary: Widens | None = None) -> list[list[Term]]:
    """The alternatives of a query, each the terms that must all hold."""
    found = [terms for terms in _alternatives(text) if terms]
    return [vocabulary.widen(terms) for terms in found] if vocabulary else found


def _alternatives(text: str) -> list[list[Term]]:
    alternatives: list[list[Term]] = [[]]
    negative = False
    left = MOST_WORDS
    for item in _ITEM.finditer(text):
        if item["run"] == "NOT":
            negative = True
            continue
        if item["run"] and fold(item["run"]) in OR and not (item["minus"] or item["star"]):
            alternatives.append([])
            negative = False
            continue
        negative = negative or item["minus"] is not None
        term = _phrase(item["phrase"], negative) if item["run"] is None else _single(item, negative)
        negative = False
        if term and len(term.words) <= left:
            left -= len(term.words)
            alternatives[-1].append(term)
    return alternatives


def query(text: str, vocabulary: Widens | None = None) -> str:
    """The text of a tsquery, empty when there is nothing to look for."""
    return " | ".join(" & ".join(map(str, terms)) for terms in parse(text, vocabulary))


def _phrase(text: str, negative: bool) -> Term | None:
    words = [word for match in RUN.finditer(text) for word in _words(fold(match[0]))]
    return Term(tuple(words), negative=negative) if words else None


def _single(item: re.Match[str], negative: bool) -> Term | None:
    run = fold(item["run"])
    words = _words(run)
    if not words:
        return None
    if item["star"]:
        last = run if len(words) == 1 else parts(run)[-1]
        return Term((*words[:-1], Word((last,), prefix=True)), negative=negative)
    return Term(tuple(words), of_joined(run), negative, plain=run[0] not in "@#" and run[-1] not in "+#")


def _words(run: str) -> list[Word]:
    """The words of a folded run. A tag, a handle and ``C++`` mean just themselves, though a plain word finds them too."""
    words = [Word(_once((word, *of_word(word)))) for word in parts(run)]
    if words and (run[0] in "@#" or run[-1] in "+#"):
        words[0] = Word((run,))
    return words


def _once(lexemes: Step) -> Step:
    return tuple(dict.fromkeys(lexemes))
