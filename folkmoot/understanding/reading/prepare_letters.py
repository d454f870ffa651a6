"""Letters put on to deceive a word filter, or for emphasis, written as the plain word they stand for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from unicodedata import name as character_name
from unicodedata import normalize

from confusable_homoglyphs.confusables import confusables_data

from folkmoot.lib.lemmas.dictionary import dictionaries
from folkmoot.lib.lemmas.tokens import fold

_RUSSIAN = "абвгдежзийклмнопрстуфхцчшщъыьэюяё"
_CYRILLIC = _RUSSIAN + "іїєґ"
_LATIN_LANGUAGES, _CYRILLIC_LANGUAGES = ("en", "pl", "et"), ("ru", "uk")

# Likenesses of shape that Unicode's table of confusables, made for names and addresses, does not list.
_LIKE_CYRILLIC = dict(zip("bghkmntruw3046@", "вднкмптгишзочба", strict=True))
_LIKE_CYRILLIC |= dict(zip("πλβτκμηωγεδιχ", "плвткмншуедих", strict=True))
_ELSE_LIKE_CYRILLIC = dict(zip("bmnruhi", "ьтияучи", strict=True))
_LIKE_LATIN = dict(zip("кмнтвгпияшз", "kmhtbrnnrwz", strict=True))
_LIKE_LATIN |= dict(zip("ασερτκμηιβχ", "aoeptkmhibx", strict=True))
_LEET = str.maketrans("0134567@$", "oieasgtas")

_WORD = r"[^\W_]"
_LETTER = r"[^\W\d_]"
_FIGURE_INSIDE = re.compile(rf"{_LETTER}[0134567@$]{{1,2}}{_LETTER}")
_NOT_ASCII_WORD = re.compile(rf"{_WORD}*[^\W\x00-\x7f]{_WORD}*")
_HAS_LATIN, _HAS_CYRILLIC, _HAS_GREEK = (
    re.compile(f"[{letters}]") for letters in ("a-z", "\u0400-\u052f", "\u0370-\u03ff")
)
_MIXED = re.compile(
    "[a-z\u0370-\u03ff][\u0400-\u052f]|[\u0400-\u052f][a-z\u0370-\u03ff]|[a-z][\u0370-\u03ff]|[\u0370-\u03ff][a-z]"
    "|[\u0250-\u02af\u1d00-\u1d2f\ua730\ua731]"
)
# Of each of these a text has a letter that has words of mixed scripts; looked for first, as it takes a tenth of the time
_NOT_CYRILLIC = re.compile("[a-z\u0250-\u02af\u0370-\u03ff\u1d00-\u1d2f\ua730\ua731]")
_NOT_LATIN = re.compile("[\u0250-\u02af\u0370-\u052f\u1d00-\u1d2f\ua730\ua731]")
_FIGURE = re.compile("[0134567@$]")
_LATIN_RUN = re.compile("[a-z]+")
_LEETED = re.compile(rf"(?<!\w){_LETTER}(?:{_LETTER}|[0134567@$]){{2,18}}(?<=[^\W_])(?!\w)")
_SPACED_OUT = re.compile(rf"(?<![\w])({_LETTER})([ .*_-])({_LETTER})((?:\2{_LETTER}){{2,20}})(?!\w)")
_WHOLE = re.compile(rf"{_WORD}+")
_REPEATED = re.compile(rf"({_LETTER})\1+")
_TRIPLED = re.compile(r"([^\W\d_])\1{2,}")
_MAYBE_TRIPLED = re.compile(r"(\w)\1\1")
_ROMAN = re.compile("[ivxlcdm]+")
_LONGEST = 64


@cache
def _tables() -> tuple[dict[str, str], dict[str, str]]:
    """For each letter that looks like another: the Latin and the Cyrillic small letter it may stand for."""
    shapes: dict[str, str] = {}
    for letter, likenesses in confusables_data.items():
        plain = [
            each["c"] for each in likenesses if len(each["c"]) == 1 and each["c"].isascii() and each["c"].isalpha()
        ]
        if plain and len(letter) == 1 and not letter.isascii():
            shapes[letter] = plain[0]
    latin = {letter: shape.lower() for letter, shape in shapes.items() if letter.lower() == letter} | _LIKE_LATIN
    latin |= dict(_small_capitals())
    cyrillic = {shapes[letter].lower(): letter for letter in _CYRILLIC if letter in shapes}
    for letter in _CYRILLIC.upper():
        if letter in shapes:
            cyrillic.setdefault(shapes[letter].lower(), letter.lower())
    of_shape = {
        letter: cyrillic[shape] for letter, shape in latin.items() if shape in cyrillic and letter not in _CYRILLIC
    }
    return latin, _LIKE_CYRILLIC | of_shape | cyrillic | {"i": "і", "6": "б"}


def _small_capitals() -> Iterable[tuple[str, str]]:
    for point in (*range(0x250, 0x2B0), *range(0x1D00, 0x1D30), 0xA730, 0xA731):
        words = character_name(chr(point), "").split()
        if words[:4] == ["LATIN", "LETTER", "SMALL", "CAPITAL"] and len(words) == 5 and len(words[4]) == 1:
            yield chr(point), words[4].lower()


def unmixed(text: str) -> tuple[str, int]:
    """A small-letter text with its words of mixed scripts written in one script, and how many those were."""
    if not (_NOT_CYRILLIC.search(text) and _NOT_LATIN.search(text) and _MIXED.search(text)):
        return text, 0
    found = 0

    def write(match: re.Match[str]) -> str:
        nonlocal found
        word = _of_one_script(match[0]) if len(match[0]) <= _LONGEST else match[0]
        found += word != match[0]
        return word

    return _NOT_ASCII_WORD.sub(write, text), found


@lru_cache(maxsize=8192)
def _of_one_script(word: str) -> str:
    """The word in the script that most of it is unmistakably in; as it is if a letter has no likeness there.

    A Latin beginning of three letters or more with a Cyrillic ending (``smsка``) is how loans are inflected.
    """
    latin, cyrillic, greek = (
        bool(_HAS_LATIN.search(word)),
        bool(_HAS_CYRILLIC.search(word)),
        bool(_HAS_GREEK.search(word)),
    )
    to_latin, to_cyrillic = _tables()
    if latin + cyrillic + greek < 2:
        return "".join(to_latin.get(letter, letter) for letter in word) if _is_small_capitals(word) else word
    if latin and cyrillic and not greek and _is_inflected_loan(word):
        return word
    if greek and not latin and not cyrillic:
        return word
    only_cyrillic = sum(1 for letter in word if letter in _CYRILLIC and letter not in to_latin)
    only_latin = sum(1 for letter in word if letter.isascii() and letter.isalpha() and letter not in to_cyrillic)
    in_cyrillic = "" if only_latin > only_cyrillic else _spelt(word, to_cyrillic, _CYRILLIC)
    in_latin = "" if only_cyrillic > only_latin else _spelt(word, to_latin, "")
    if in_cyrillic and not _is_word(in_cyrillic):
        other = _spelt(word, to_cyrillic | _ELSE_LIKE_CYRILLIC, _CYRILLIC)
        in_cyrillic = other if _is_word(other) else in_cyrillic
    if in_latin and sum(1 for letter in word if letter.isascii()) * 2 < len(word) and not _is_word(in_latin):
        in_latin = ""
    if in_cyrillic and in_latin:
        return in_latin if _is_word(in_latin) and not _is_word(in_cyrillic) else in_cyrillic
    return in_cyrillic or in_latin or word


def _is_small_capitals(word: str) -> bool:
    return any("\u0250" <= letter <= "\u02af" or "\u1d00" <= letter <= "\u1d2f" for letter in word)


def _is_inflected_loan(word: str) -> bool:
    run = _LATIN_RUN.match(word)
    return run is not None and len(run[0]) > 2 and not _HAS_LATIN.search(word, run.end())


def _spelt(word: str, table: dict[str, str], alphabet: str) -> str:
    """The word with every letter of another alphabet replaced by its likeness, "" if one has none."""
    letters = []
    for letter in word:
        ours = letter in alphabet if alphabet else (letter.isascii() and letter.isalpha())
        like = letter if ours else table.get(letter, letter if letter.isdigit() else "")
        if not like:
            return ""
        letters.append(like)
    return "".join(letters)


@lru_cache(maxsize=32768)
def _known(word: str, languages: tuple[str, ...]) -> bool:
    opened = dictionaries()
    folded = fold(word)
    return any(opened[language].known(folded) for language in languages)


def _is_word(word: str) -> bool:
    return _known(word, _CYRILLIC_LANGUAGES if _HAS_CYRILLIC.search(word) else _LATIN_LANGUAGES)


def unleeted(text: str) -> tuple[str, int]:
    """A small-letter text with figures for letters inside words undone, where that gives a known word."""
    if not (_FIGURE.search(text) and _FIGURE_INSIDE.search(text)):
        return text, 0
    return _rewritten(_LEETED, text, _letters_for_figures)


@lru_cache(maxsize=8192)
def _letters_for_figures(word: str) -> str:
    figures = sum(1 for letter in word if not letter.isalpha())
    if not figures or figures * 2 >= len(word):
        return word
    if _HAS_CYRILLIC.search(word):
        _, to_cyrillic = _tables()
        spelt = "".join(to_cyrillic.get(letter, letter) for letter in word)
    else:
        spelt = word.translate(_LEET)
    return spelt if spelt.isalpha() and _is_word(spelt) else word


def closed_up(text: str) -> tuple[str, int]:
    """A text with words written letter by letter (``s.p.a.m``, from four letters) closed up."""
    return _rewritten(_SPACED_OUT, text, lambda spaced: spaced[::2])


def shortened(text: str) -> tuple[str, int]:
    """A small-letter text with letters repeated thrice or more for emphasis written twice or once."""
    if not (_MAYBE_TRIPLED.search(text) and _TRIPLED.search(text)):
        return text, 0
    return _rewritten(_WHOLE, text, _plain)


@lru_cache(maxsize=8192)
def _plain(word: str) -> str:
    if len(set(word)) == 1:
        return word[:3]
    twice = _TRIPLED.sub(r"\1\1", word)
    if twice == word or len(word) > _LONGEST:
        return twice
    if _ROMAN.fullmatch(word) or _is_word(word):
        return word
    candidates = (twice, _TRIPLED.sub(r"\1", word), _REPEATED.sub(r"\1", word))
    for language in _CYRILLIC_LANGUAGES if _HAS_CYRILLIC.search(word) else _LATIN_LANGUAGES:
        for candidate in candidates:
            if _known(candidate, (language,)):
                return candidate
    return twice if len(twice) < 4 else _TRIPLED.sub(r"\1", word)


def _rewritten(pattern: re.Pattern[str], text: str, rewrite: Callable[[str], str]) -> tuple[str, int]:
    found = 0

    def write(match: re.Match[str]) -> str:
        nonlocal found
        word = rewrite(match[0])
        found += word != match[0]
        return word

    return pattern.sub(write, text), found


def composed(text: str) -> str:
    """The text in Unicode's compatible composed form: ornamental alphabets become plain letters."""
    return text if text.isascii() else normalize("NFKC", text)
