"""The pieces of a text that a query found, told from the rest."""

from __future__ import annotations

from folkmoot.lib.lemmas.query import Term, parse
from folkmoot.lib.lemmas.vocabulary import PLAIN, Vocabulary

Pieces = list[tuple[str, bool]]


def highlight(text: str, query: str, vocabulary: Vocabulary = PLAIN) -> Pieces:
    """A text cut into pieces; True marks those that the query finds, in any form."""
    return _cut(text, _hits(text, query, vocabulary), 0, len(text))


def snippet(text: str, query: str, width: int = 240, vocabulary: Vocabulary = PLAIN) -> Pieces:
    """About ``width`` characters of a text around the first place that the query finds, or its beginning."""
    if len(text) <= width:
        return highlight(text, query, vocabulary)
    hits = _hits(text, query, vocabulary)
    first = hits[0][0] if hits else 0
    start = max(0, min(first - width // 3, len(text) - width))
    end = min(len(text), start + width)
    start, end = _at_spaces(text, start, end, first)
    pieces = _cut(text, hits, start, end)
    return [*([("…", False)] if start else []), *pieces, *([("…", False)] if end < len(text) else [])]


def _hits(text: str, query: str, vocabulary: Vocabulary) -> list[tuple[int, int]]:
    """From where to where the words stand that the query finds, in order."""
    terms = [term for terms in parse(query, vocabulary) for term in terms if not term.negative]
    steps = vocabulary.names.steps(text)
    found = {place for term in terms for either in term.either or (term,) for place in _places(either, steps)}
    return sorted(found)


def _places(term: Term, steps: list[tuple[tuple[str, ...], int, int]]) -> list[tuple[int, int]]:
    places = []
    for first in range(len(steps)):
        chain = steps[first : first + len(term.words)]
        if len(chain) == len(term.words) and all(
            word.matches(step) for word, (step, _, _) in zip(term.words, chain, strict=True)
        ):
            places += [(start, end) for _, start, end in chain]
        if not set(term.joined).isdisjoint(steps[first][0]):
            places.append(steps[first][1:])
    return places


def _at_spaces(text: str, start: int, end: int, first: int) -> tuple[int, int]:
    """A window moved inwards to the nearest spaces, as long as the first hit stays inside."""
    space = text.find(" ", start, first)
    if start and space >= 0:
        start = space + 1
    space = text.rfind(" ", first, end)
    if end < len(text) and space > first:
        end = space
    return start, end


def _cut(text: str, hits: list[tuple[int, int]], start: int, end: int) -> Pieces:
    pieces: Pieces = []
    for begin, stop in hits:
        if begin < start or stop > end:
            continue
        if begin > start:
            pieces.append((text[start:begin], False))
        pieces.append((text[begin:stop], True))
        start = stop
    if start < end:
        pieces.append((text[start:end], False))
    return pieces
