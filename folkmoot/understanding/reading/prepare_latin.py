"""Russian and Ukrainian written in Latin letters, as people type without a Cyrillic keyboard: ``privet kak dela``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from folkmoot.lib.lemmas.dictionary import dictionaries
from folkmoot.lib.lemmas.languages import BIT, candidates

_WORD = re.compile(r"(?<!<)\b[^\W_][\w'`]*")
_ACCENTED = re.compile("[ß-öø-ɏ]")
_LATIN_WORD = re.compile(r"(?=.*[a-z])[a-z46][a-z46'`]*")
_LONGEST = 20
_MOST_STEPS = 300
_TELLING = 3  # letters: shorter words are found in every language
_ENOUGH = 2  # telling words, or one of those that tell alone

# The commonest words that dictionaries of Latin languages list too, as rare ones.
_NEVER_LATIN = frozenset(("privet", "kak", "dela", "chto", "dlya", "vse", "nado", "kogda", "menya", "tebya"))
_TELLING_ALONE = frozenset(
    (
        "privet",
        "spasibo",
        "pozhaluista",
        "pozhalusta",
        "zdravstvuite",
        "zdravstvuyte",
        "privit",
        "dyakuyu",
        "diakuyu",
        "dyakuju",
    )
)

# Longest first. The first spelling is what stands for the letters in a word that no dictionary lists.
_SPELLINGS: dict[str, tuple[str, ...]] = {
    "shch": ("щ",), "sch": ("щ", "сч"), "sh": ("ш", "сх"), "ch": ("ч",), "zh": ("ж",), "kh": ("х",), "ts": ("ц", "тс"),
    "tz": ("ц",), "ya": ("я", "ья"), "ja": ("я", "ья"), "ia": ("ия", "я"), "yu": ("ю",), "ju": ("ю",), "iu": ("ю",),
    "yo": ("е", "йо"), "jo": ("е", "йо"), "ye": ("е", "є"), "je": ("е", "є"), "ie": ("ие", "є", "ье"),
    "yi": ("ї", "ы"), "ji": ("ї",), "ii": ("ий", "ии", "ії"), "iy": ("ий",), "ij": ("ий",), "yy": ("ый",), "yj": ("ый", "ий"),
    "ay": ("ай",), "ey": ("ей",), "oy": ("ой",), "uy": ("уй",), "oi": ("ой", "ои"), "ai": ("ай", "аи"), "ei": ("ей",),
    "a": ("а",), "b": ("б",), "c": ("ц", "с", "к"), "d": ("д",), "e": ("е", "э"), "f": ("ф",), "g": ("г", "ж"),
    "h": ("х", "г"), "i": ("и", "і", "й"), "j": ("й", "ж"), "k": ("к",), "l": ("л", "ль"), "m": ("м",), "n": ("н", "нь"),
    "o": ("о",), "p": ("п",), "q": ("я", "к"), "r": ("р",), "s": ("с",), "t": ("т",), "u": ("у", "ю"), "v": ("в",),
    "w": ("ш", "в"), "x": ("х", "кс"), "y": ("ы", "й", "и", "у"), "z": ("з", "ж"), "4": ("ч",), "6": ("ш",),
    "'": ("ь", "'"), "`": ("ь", "ъ"),
}  # fmt: skip
_SOFT_AT_END = frozenset("тлнрсдвмшчжщ")  # people leave the soft sign out
_SOFT_FIRST = frozenset("тнш")  # more often with it than without: делать, очень, хочешь
# Beginnings of words where these letters are no ending: йу… and ыа… begin none.
_AT_START = {"y": ("й", "у", "и"), "e": ("э", "е"), "yi": ("ї",)}


def cyrillic(text: str) -> str:
    """A small-letter Latin text written back in Cyrillic, or "" if it is not transliterated Russian or Ukrainian.

    It is when its telling words (of three letters and more) are Russian or Ukrainian ones rather than words of ours in
    Latin letters, or of neither.
    """
    if _ACCENTED.search(text):
        return ""
    words = [word for word in _WORD.findall(text) if len(word) >= _TELLING and not word.isdigit()]
    if not words or sum(map(_is_latin, words)) * 2 > len(words):
        return ""
    read = [_read(word) for word in words]
    spoken = [word for word, (latin, *spelt) in zip(words, read, strict=True) if any(spelt) and not latin]
    either = sum(1 for latin, *spelt in read if any(spelt) and latin)
    foreign = len(words) - len(spoken) - either
    one = len(spoken) == 1 and not foreign and spoken[0] in _TELLING_ALONE
    if not (len(spoken) >= _ENOUGH or one) or len(spoken) + either / 2 < 2 * foreign or len(spoken) * 2 < either:
        return ""
    return back(text)


def back(text: str) -> str:
    """A small-letter text known to be transliterated, written back: words that no dictionary lists stay in Latin."""
    read = [_read(word) for word in _WORD.findall(text)]
    first, second = (2, 1) if _is_ukrainian(read) else (1, 2)

    def write(match: re.Match[str]) -> str:
        found = _read(match[0])
        return str(found[first] or found[second]) or match[0]

    return _WORD.sub(write, text)


def _is_ukrainian(read: list[tuple[bool, str, str]]) -> bool:
    """Whether words, as read, are Ukrainian: by the commonest words of both languages, else by how many are known."""
    _, told = candidates("", {spelling for _, *spelt in read for spelling in spelt})
    if told in (BIT["ru"], BIT["uk"]):
        return told == BIT["uk"]
    return sum(1 for *_, spelt in read if spelt) > sum(1 for _, spelt, _ in read if spelt)


@lru_cache(maxsize=65536)
def _is_latin(word: str) -> bool:
    opened, plain = dictionaries(), word.strip("'`")
    return word not in _NEVER_LATIN and any(opened[language].known(plain) for language in ("en", "pl", "et"))


@lru_cache(maxsize=16384)
def _read(word: str) -> tuple[bool, str, str]:
    """Whether a word is known in Latin letters, and its Russian and its Ukrainian spelling where they are known."""
    if len(word) > _LONGEST or not _LATIN_WORD.fullmatch(word):
        return False, "", ""
    opened = dictionaries()
    spellings = tuple(_spellings(word))
    russian = next((spelling for spelling in spellings if opened["ru"].known(spelling)), "")
    ukrainian = next((spelling for spelling in spellings if opened["uk"].known(spelling)), "")
    return _is_latin(word), russian, ukrainian


def _spellings(word: str) -> Iterator[str]:
    """The ways to write a word in Cyrillic, likely ones first, at most ``_MOST_SPELLINGS``."""
    begun: list[tuple[str, int]] = [("", 0)]
    for _ in range(_MOST_STEPS):
        if not begun:
            return
        spelt, place = begun.pop()
        if place == len(word):
            soft = (spelt + "ь",) if spelt[-1] in _SOFT_AT_END else ()
            yield from (*soft, spelt) if spelt[-1] in _SOFT_FIRST else (spelt, *soft)
            continue
        for length in range(1, 5):
            letters = word[place : place + length]
            options = _SPELLINGS.get(letters, ()) if len(letters) == length else ()
            if not place:
                options = _AT_START.get(letters, options)
            begun += [(spelt + option, place + length) for option in reversed(options)]
