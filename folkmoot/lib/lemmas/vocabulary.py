"""A workspace's own words as search takes them: spellings that stand for each other, and names kept whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from folkmoot.lib.lemmas.languages import ALL, BIT
from folkmoot.lib.lemmas.lexemes import of_word
from folkmoot.lib.lemmas.names import Name, Names
from folkmoot.lib.lemmas.query import Term, Word, parse

MOST_LEXEMES = 120  # that one query is widened by: the database compares each with thousands of messages


@dataclass(frozen=True, slots=True)
class Group:
    """Words and phrases that find each other, in one language or (``""``) in all."""

    spellings: tuple[str, ...]
    language: str = ""


class Vocabulary:
    """Widens queries. It is made once and asked often: a query looks its own words up and nothing else."""

    def __init__(self, groups: Iterable[Group] = (), names: Iterable[Name] = ()) -> None:
        self.names = Names(names)
        self._groups: list[tuple[Term, ...]] = []
        self._by_lexeme: dict[str, list[tuple[int, tuple[Word, ...]]]] = {}
        for group in groups:
            self._add(group)

    def _add(self, group: Group) -> None:
        terms = [term for spelling in group.spellings if (term := self._term(spelling, group.language))]
        for term in terms:
            for lexeme in term.words[0].lexemes:
                self._by_lexeme.setdefault(lexeme, []).append((len(self._groups), term.words))
        self._groups.append(tuple(dict.fromkeys(terms)))

    def _term(self, spelling: str, language: str) -> Term | None:
        """A spelling as one term: its words follow each other."""
        typed = [term for terms in parse(spelling.replace("*", " ").replace('"', " ")) for term in terms]
        bits = BIT.get(language, ALL)
        known = [term if bits == ALL or not term.plain else _only(term, bits) for term in typed]
        chained = [word for term in self._named(known) for word in (term.either or (term,))[-1].words]
        joined = known[0].joined if len(known) == 1 else ()
        return Term(tuple(chained), joined) if chained else None

    def widen(self, terms: list[Term]) -> list[Term]:
        """Each run of plain terms that is a spelling of a group becomes the group; each name is kept whole."""
        widened: list[Term] = []
        left, at = MOST_LEXEMES, 0
        terms = self._named(terms)
        while at < len(terms):
            numbers, length = self._group_at(terms, at)
            either = _within(left, [other for number in numbers for other in self._groups[number]])
            if either:
                own = terms[at : at + length]
                either += [_chain(own)] if not any(_same(_chain(own), other) for other in either) else []
                widened.append(Term((), negative=own[0].negative, either=tuple(dict.fromkeys(either))))
                left -= sum(map(_size, either))
            else:
                widened.append(terms[at])
            at += length
        return widened

    def _group_at(self, terms: Sequence[Term], at: int) -> tuple[list[int], int]:
        """The groups that have a spelling which begins at a term, by the longest of such; and how many terms it is."""
        best: list[int] = []
        length = 1
        if not terms[at].plain:
            return best, length
        words = _run(terms, at)
        lexemes = terms[at].words[0].lexemes if terms[at].words else ()
        for number, spelling in {pair for lexeme in lexemes for pair in self._by_lexeme.get(lexeme, ())}:
            count = _covered(words, spelling)
            if count > length:
                best, length = [number], count
            elif count == length:
                best.append(number)
        return sorted(set(best)), length

    def _named(self, terms: list[Term]) -> list[Term]:
        """Names among plain terms as the index holds them; until all of it does, the ordinary way as well."""
        if not self.names:
            return terms
        owners = [at for at, term in enumerate(terms) for _ in term.words if term.plain]
        words = [word.lexemes[0] for term in terms for word in term.words if term.plain]
        made = list(terms)
        gone: set[int] = set()
        for found in self.names.within(words):
            covered = sorted(set(owners[found.start : found.start + found.length]))
            own = terms[covered[0] : covered[-1] + 1]
            if sum(len(term.words) for term in own) != found.length or not _is_one(own):
                continue
            term = Term((Word((found.name.lexeme,)),), negative=own[0].negative, plain=True)
            if not found.name.settled:
                either = (replace(term, negative=False), _chain(own))
                term = Term((), negative=own[0].negative, either=either)
            made[covered[0]] = term
            gone |= set(covered[1:])
        return [term for at, term in enumerate(made) if at not in gone]


def _size(term: Term) -> int:
    return len(term.joined) + sum(len(word.lexemes) for word in term.words)


def _within(left: int, terms: Sequence[Term]) -> list[Term]:
    """The first of the terms, as many as have no more lexemes together."""
    taken: list[Term] = []
    for term in terms:
        left -= _size(term)
        if left < 0:
            break
        taken.append(term)
    return taken


def _is_one(terms: Sequence[Term]) -> bool:
    """Whether terms can be one: what says not, and what is quoted, stands alone."""
    return len(terms) == 1 or all(term.plain and not term.negative for term in terms)


def _only(term: Term, bits: int) -> Term:
    words = tuple(Word(tuple(dict.fromkeys((word.lexemes[0], *of_word(word.lexemes[0], bits))))) for word in term.words)
    return replace(term, words=words)


def _chain(terms: Sequence[Term]) -> Term:
    if len(terms) == 1:
        return replace(terms[0], negative=False)
    return Term(tuple(word for term in terms for word in term.words))


def _same(one: Term, other: Term) -> bool:
    return (one.words, one.joined) == (other.words, other.joined)


def _run(terms: Sequence[Term], at: int) -> list[tuple[Word, int]]:
    """The words of the plain terms from here on that can be one, each with how many terms end with it (0 or 1)."""
    words: list[tuple[Word, int]] = []
    for term in terms[at:]:
        if not term.plain or (words and (term.negative or terms[at].negative)):
            break
        words += [(word, int(number == len(term.words))) for number, word in enumerate(term.words, 1)]
    return words


def _covered(words: Sequence[tuple[Word, int]], spelling: tuple[Word, ...]) -> int:
    """How many terms a spelling covers from the first on; 0 when it does not fit or ends within one."""
    pairs = list(zip(words, spelling, strict=False))
    if len(pairs) < len(spelling) or not all(word.matches(other.lexemes) for (word, _), other in pairs):
        return 0
    return sum(ends for (_, ends), _ in pairs) if pairs[-1][0][1] else 0


PLAIN = Vocabulary()
