"""Which of the five languages a text may be in, from cheap evidence: letters and the commonest words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from folkmoot.lib.lemmas.dictionary import LANGUAGES

BIT = {language: 1 << place for place, language in enumerate(LANGUAGES)}
LATIN = ("en", "pl", "et")
CYRILLIC = ("ru", "uk")
ALL_LATIN = sum(BIT[language] for language in LATIN)
ALL_CYRILLIC = sum(BIT[language] for language in CYRILLIC)
ALL = ALL_LATIN | ALL_CYRILLIC
_SHARED = len(LANGUAGES)

_LETTERS = {
    "pl": "ąęłśźżćń",
    "et": "õäöüšž",
    "ru": "ыэъё",
    "uk": "іїєґ",
}
# Common words of each language; one that is also a word of another language of its script stands in both lists.
_WORDS = {
    "en": "the is are was were you your it of and for this that these those with have has had what how when where why who "
    "which can could would should will just there they them from but not if by an so get got thanks please i'm it's don't "
    "i've you're that's can't he she his her our us been does did want know think to do we my me see need all mind too "
    "ten be no ty",
    "pl": "w z nie się jest że jak czy dla już tak mnie tego są było przez ale od ze bo tylko mam jestem ten ta tym też "
    "może być ma ja te mu nad by to do my we no ty są był była które który która jeśli jeszcze bardzo wszystko dzięki "
    "dziękuję tutaj teraz gdzie kiedy można po za przy pod co ich nas mi cię sobie jako lub oraz ponieważ proszę witam "
    "cześć was",
    "et": "ja ei ole oli või mis siis aga nii seda olen kas kes kui kuidas miks kus veel juba väga tere aitäh palun "
    "selle sellest seal siin minu sinu meie teie nende olid saab saan ainult kõik ka ning oma mulle mind sind meil teil "
    "neil nagu lihtsalt praegu peab võib tuleb ma me ta te nad mu see need all too et",
    "ru": "и что как это но или если есть он она они меня мне только уже когда чтобы где тоже еще ещё нет да был была "
    "было были кто его ее их для очень можно нужно надо почему потому с к от без при под со ко об бы вот здесь та тому",
    "uk": "та що як це але чи або якщо дуже вже навіть можна треба буде від він вона вони мене мені тільки коли щоб де "
    "теж ще ні був була було були хто його її їх чому тому з із зі до без бо є немає дякую для от при",
}

COMMON = frozenset(word for words in _WORDS.values() for word in words.split())
"""Words that nobody is called by, however they are written: the commonest of all five languages."""


def _evidence(table: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """Which languages (as bits) a word or letter speaks for; the bits stand higher when it speaks for several."""
    spoken: dict[str, int] = {}
    for language, entries in table.items():
        for entry in entries:
            for written in {entry, entry.capitalize()}:
                spoken[written] = spoken.get(written, 0) | BIT[language]
    return {entry: bits if bits.bit_count() == 1 else bits << _SHARED for entry, bits in spoken.items()}


_BY_WORD = _evidence({language: words.split() for language, words in _WORDS.items()})
_BY_LETTER = _evidence(_LETTERS)
_TELLING_WORDS, _TELLING_LETTERS = frozenset(_BY_WORD), frozenset(_BY_LETTER)


def candidates(text: str, words: Iterable[str]) -> tuple[int, int]:
    """The languages (as bits) that a text's Latin and its Cyrillic words may be in.

    Those that a word or letter of their own speaks for; else those that a shared word speaks for; else all.
    """
    found = 0
    for word in _TELLING_WORDS.intersection(words):
        found |= _BY_WORD[word]
    if not text.isascii():
        for letter in _TELLING_LETTERS.intersection(text):
            found |= _BY_LETTER[letter]
    shared = found >> _SHARED
    return (
        found & ALL_LATIN or shared & ALL_LATIN or ALL_LATIN,
        found & ALL_CYRILLIC or shared & ALL_CYRILLIC or ALL_CYRILLIC,
    )
