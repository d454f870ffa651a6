"""From a text to the words that tell what it is about: lemmas, hashtags and addresses, each with how it was written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from folkmoot.lib.lemmas.languages import candidates
from folkmoot.lib.lemmas.lexemes import MARK, of_word
from folkmoot.lib.lemmas.tokens import RUN, fold, parts
from folkmoot.understanding.topics.stopwords import STOPWORDS

SHORTEST = 3
LONGEST_LINK = 120
TAG, LINK, TOPIC = "#", "/", "*"  # what a term that is no word begins with; words begin with a letter or a figure

_URL = re.compile(r"https?://[^\s<>\"'()\[\]]+", re.IGNORECASE)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_QUOTE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
_VERSION = re.compile(r"v?\d{1,3}(?:\.\d{1,3}){2,3}")
_CYRILLIC = "\u0400"
_MARKS = frozenset(MARK.values())


class Term(NamedTuple):
    """``key`` is a lemma with the mark of its language (``printerE``), a folded ``#tag`` or ``/host/path``."""

    key: str
    written: str


def terms(text: str) -> Iterator[Term]:
    """The telling words of a text in order, repeats and all; code, quotes of others and stop words are left out."""
    if ">" in text:
        text = _QUOTE.sub(" ", text)
    if "`" in text:
        text = _CODE.sub(" ", text)
    if "://" in text:
        yield from (Term(key, key[1:]) for url in _URL.findall(text) if (key := link(url)))
        text = _URL.sub(" ", text)
    found = RUN.findall(text)
    latin, cyrillic = candidates(text, found)
    for run in found:
        yield from _of_run(run, latin if run < _CYRILLIC else cyrillic)


def link(url: str) -> str:
    """An address as a term: host and path without what only counts clicks; empty for what is no address."""
    try:
        split = urlsplit(url.rstrip(".,;:!?*_"))
    except ValueError:
        return ""
    host = (split.hostname or "").removeprefix("www.")
    return f"{LINK}{host}{split.path.rstrip('/')}"[:LONGEST_LINK] if "." in host else ""


def language(key: str) -> str:
    """The language of a word's key, as its mark; empty for tags, addresses and words without a lemma."""
    return key[-1] if key[-1] in _MARKS else ""


def bare(key: str) -> str:
    """A key without the mark of its language."""
    return key[:-1] if key[-1] in _MARKS else key


@lru_cache(maxsize=100_000)
def _of_run(run: str, languages: int) -> tuple[Term, ...]:
    folded = fold(run)
    if folded.startswith("@"):
        return ()
    if folded.startswith(TAG):
        return (Term(folded, run),) if len(folded) > 2 and not folded[1:].isdecimal() else ()
    if _VERSION.fullmatch(folded):
        return (Term(folded, run),)
    words = parts(folded)
    if len(words) > 1:  # a compound: its parts, as typed when that is easily told
        return tuple(term for word in words for term in _of_word(word, word, languages))
    return _of_word(words[0], run.strip("_"), languages) if words else ()


def _of_word(word: str, written: str, languages: int) -> tuple[Term, ...]:
    if len(word) < SHORTEST or word in STOPWORDS or not any(map(str.isalpha, word)):
        return ()
    for lexeme in of_word(word, languages):
        if lexeme[-1] in _MARKS:
            return (Term(lexeme, written),) if lexeme[:-1] not in STOPWORDS else ()
    return (Term(word, written),)
