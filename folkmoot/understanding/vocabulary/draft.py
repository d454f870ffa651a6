"""An entry as somebody wrote it, tidied and checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from django.utils.translation import gettext as _

from folkmoot.lib.lemmas import query
from folkmoot.lib.lemmas.names import words_of
from folkmoot.lib.lemmas.tokens import RUN, fold
from folkmoot.understanding.reading.contract import LANGUAGES
from folkmoot.understanding.vocabulary.models import Entry

LONGEST = 100
LONGEST_NOTE = 300
MOST_WORDS = 8
MOST_FORMS = 50


class Unfit(Exception):
    """It makes no entry; the message tells a person why."""


@dataclass(frozen=True, slots=True)
class Draft:
    kind: str
    word: str
    language: str = ""
    forms: tuple[str, ...] = ()
    meaning: str = ""
    sentiment: str = ""
    note: str = ""

    @property
    def key(self) -> str:
        return key_of(self.word)

    def checked(self) -> Self:
        """The same without needless spaces and repeated forms. Raises ``Unfit``."""
        seen = {self.key}
        forms = []
        for form in map(tidy, self.forms):
            if form and key_of(form) not in seen:
                seen.add(key_of(form))
                forms.append(form)
        slang = self.kind == Entry.Kind.SLANG
        made = type(self)(
            self.kind,
            tidy(self.word),
            self.language,
            tuple(forms),
            tidy(self.meaning) if slang else "",
            self.sentiment if slang else "",
            tidy(self.note),
        )
        made._check()
        return made

    def _check(self) -> None:
        if self.kind not in Entry.Kind.values:
            raise Unfit(_("The kind is one of: %(kinds)s.") % {"kinds": ", ".join(Entry.Kind.values)})
        if self.language and self.language not in LANGUAGES:
            raise Unfit(_("The language is one of: %(languages)s, or empty.") % {"languages": ", ".join(LANGUAGES)})
        if self.sentiment and self.sentiment not in Entry.Sentiment.values:
            raise Unfit(_("The sentiment is neg, neu, pos, or empty."))
        if max(len(self.meaning), len(self.note)) > LONGEST_NOTE:
            raise Unfit(_("Meaning and note take at most %(most)d characters.") % {"most": LONGEST_NOTE})
        if len(self.forms) > MOST_FORMS:
            raise Unfit(_("One entry takes at most %(most)d other forms.") % {"most": MOST_FORMS})
        if self.kind == Entry.Kind.SYNONYMS and not self.forms:
            raise Unfit(_("Synonyms need at least one other word."))
        for spelling in (self.word, *self.forms):
            self._check_spelling(spelling)

    def _check_spelling(self, spelling: str) -> None:
        if len(spelling) > LONGEST or len(words_of(spelling)) > MOST_WORDS:
            raise Unfit(
                _("“%(word)s” is too long: at most %(words)d words and %(letters)d characters.")
                % {"word": f"{spelling[:40]}…", "words": MOST_WORDS, "letters": LONGEST}
            )
        if not query(f'"{spelling}"'):
            raise Unfit(_("“%(word)s” has no letters or digits to search for.") % {"word": spelling})
        marked = any(run[0] in "@#" or run[-1] in "+#" for run in RUN.findall(spelling))
        if self.kind == Entry.Kind.NAME and marked:
            raise Unfit(_("“%(word)s” is kept as it is already: tags, handles and words such as C++ always are.")
                        % {"word": spelling})  # fmt: skip


def tidy(text: str) -> str:
    return " ".join(text.split())


def key_of(spelling: str) -> str:
    """What tells two spellings apart: not capitals, nor ё and е, nor which apostrophe."""
    return " ".join(map(fold, tidy(spelling).split()))[:200]


def listed(text: str) -> tuple[str, ...]:
    """Forms as people write them into one field: by lines, commas or semicolons."""
    return tuple(form for form in map(tidy, text.replace(";", "\n").replace(",", "\n").splitlines()) if form)
