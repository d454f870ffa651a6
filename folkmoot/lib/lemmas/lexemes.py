"""What the index holds for a word: the word itself and, marked with their language, its lemmas.

A lemma carries its language as a capital letter at its end, which a folded word never has: so the Polish lemma *on* of
English-looking *go* (``onP``) is not the English *on* (``onE``), and the prefix search ``o:*`` still finds both.
A word that is its own lemma in some language stands only as that lemma; a query asks for both, so that a word is found
by itself whatever language its text was taken for.
"""

from __future__ import annotations

from folkmoot.lib.lemmas.dictionary import dictionaries
from folkmoot.lib.lemmas.languages import ALL, ALL_CYRILLIC, ALL_LATIN, BIT, CYRILLIC, LATIN
from folkmoot.lib.lemmas.tokens import fold, parts

MARK = {"en": "E", "pl": "P", "et": "T", "ru": "R", "uk": "U"}
LONGEST_JOINED = 30
KEPT = 120_000  # runs kept with their lexemes, in all; as many again wait to be dropped (some 40 MB each)

Step = tuple[str, ...]  # all lexemes of one position


def of_word(word: str, languages: int = ALL) -> Step:
    """The lexemes of one folded word in the languages given as bits."""
    opened = dictionaries()
    found: list[str] = []
    own = False
    for language in CYRILLIC if "\u0400" <= word[0] <= "\u04ff" else LATIN:
        if languages & BIT[language]:
            for lemma in opened[language].lemmas(word):
                own = own or lemma == word
                found.append(lemma + MARK[language])
    return tuple(found) if own else (word, *found)


def of_joined(run: str, languages: int = ALL) -> Step:
    """The lexemes of a hyphenated word written as one: ``e-mail`` is found by ``emails`` and the other way round."""
    joined = run.replace("-", "")
    if joined == run or len(joined) > LONGEST_JOINED or not joined.isalpha():
        return ()
    opened = dictionaries()
    script = CYRILLIC if "\u0400" <= joined[0] <= "\u04ff" else LATIN
    known = [language for language in script if languages & BIT[language]]
    return (joined, *(lemma + MARK[language] for language in known for lemma in opened[language].known(joined)))


def of_run(run: str, languages: int = ALL) -> tuple[Step, ...]:
    """The lexemes of a folded run, position by position."""
    steps = [of_word(word, languages) for word in parts(run)]
    if not steps:
        return ()
    if run[0] in "@#" or run[-1] in "+#":
        steps[0] = (run, *steps[0])
    elif "-" in run:
        steps[0] = (*steps[0], *of_joined(run, languages))
    return tuple(steps)


class Learnt(dict[str, tuple[Step, ...]]):
    """Runs as typed with the lexemes they have in a set of languages; what is not used for long is forgotten."""

    def __init__(self, languages: int) -> None:
        super().__init__()
        self.languages = languages
        self.before: dict[str, tuple[Step, ...]] = {}

    def __missing__(self, run: str) -> tuple[Step, ...]:
        steps = self.before.pop(run, None)
        if steps is None:
            steps = tuple(tuple(map(quoted, step)) for step in of_run(fold(run), self.languages))
        if sum(map(len, LEARNT)) >= KEPT:
            for learnt in LEARNT:
                learnt.forget()
        self[run] = steps
        return steps

    def forget(self) -> None:
        """What was learnt since the last time stays within reach; what was learnt before that goes."""
        self.before = dict(self)
        self.clear()


def quoted(lexeme: str) -> str:
    """A lexeme as it stands in the text of a tsvector or tsquery."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


# By what the Latin or the Cyrillic words of a text may be: a word is learnt once, whatever stands beside it.
LEARNT_LATIN = {bits: Learnt(bits | ALL_CYRILLIC) for bits in range(1, ALL_LATIN + 1)}
LEARNT_CYRILLIC = {bits: Learnt(bits | ALL_LATIN) for bits in range(1, ALL_CYRILLIC + 1) if not bits & ALL_LATIN}
LEARNT = (*LEARNT_LATIN.values(), *LEARNT_CYRILLIC.values())
