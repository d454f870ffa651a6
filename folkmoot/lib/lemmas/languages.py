"""Which of the five languages a text may be in, from cheap evidence: letters and the commonest words."""

from __future__ import annotations

from collections.abc import Collection

from folkmoot.lib.lemmas.dictionary import LANGUAGES

BIT = {language: 1 << place for place, language in enumerate(LANGUAGES)}
LATIN = ("en", "pl", "et")
CYRILLIC = ("ru", "uk")
ALL = (1 << len(LANGUAGES)) - 1

_LETTERS = {
    "pl": frozenset("ąęłśźżćńĄĘŁŚŹŻĆŃ"),
    "et": frozenset("õäöüšžÕÄÖÜŠŽ"),
    "ru": frozenset("ыэъёЫЭЪЁ"),
    "uk": frozenset("іїєґІЇЄҐ"),
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
_TELLING = {
    language: frozenset(words.split()) | {word.capitalize() for word in words.split()}
    for language, words in _WORDS.items()
}
_SCRIPTS = tuple(
    (
        sum(BIT[language] for language in script),
        tuple((BIT[language], _TELLING[language], _LETTERS.get(language, frozenset())) for language in script),
    )
    for script in (LATIN, CYRILLIC)
)


def candidates(text: str, words: Collection[str]) -> int:
    """The languages (as bits) that a text's words may be in: in each script those with evidence, or all without any."""
    distinct, letters = set(words), set(text)
    found = 0
    for everything, languages in _SCRIPTS:
        seen = 0
        for bit, telling, own_letters in languages:
            if not (telling.isdisjoint(distinct) and own_letters.isdisjoint(letters)):
                seen |= bit
        found |= seen or everything
    return found
