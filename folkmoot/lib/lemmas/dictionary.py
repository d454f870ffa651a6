"""Lemmas of words, from memory-mapped tries that all processes of a machine share."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from marisa_trie import BytesTrie

LANGUAGES = ("en", "pl", "et", "ru", "uk")
FOLDER = Path(__file__).parent / "data"
MANIFEST = "built.json"
WORDS, ENDINGS = "words", "endings"
FORMAT = 2  # of the files: raise it when they, or the folding of words, change, so that old ones are built anew

SHORTEST_GUESS = 5  # unknown words shorter than this are left as they are
LONGEST_ENDING = 6
SHORTEST_STEM = 3
SHORTEST_LAST_PART = 4  # of an Estonian compound


class DictionariesMissing(Exception):
    """The dictionaries of word forms are not built here; run: python -m folkmoot.lib.lemmas.build"""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{self.__doc__} (looked in {folder})")


def edit(form: str, lemma: str) -> bytes:
    """How a form becomes its lemma: how many letters go from its end, then the letters that come."""
    kept = 0
    for one, other in zip(form, lemma, strict=False):
        if one != other:
            break
        kept += 1
    return bytes([len(form) - kept]) + lemma[kept:].encode()


def apply(form: str, change: bytes) -> str:
    """The lemma that an edit makes of a form."""
    return form[: len(form) - change[0]] + change[1:].decode()


class Dictionary:
    """One language's forms and, for words it does not know, its endings."""

    def __init__(self, language: str, folder: Path = FOLDER) -> None:
        self.language = language
        self._words = BytesTrie().mmap(str(folder / f"{language}.{WORDS}"))
        # Few, and asked several times for every unknown word: a plain dict is worth its size here.
        self._endings: dict[str, list[bytes]] = {}
        for ending, change in BytesTrie().load(str(folder / f"{language}.{ENDINGS}")).items():
            self._endings.setdefault(ending, []).append(change)

    def known(self, word: str) -> tuple[str, ...]:
        """The lemmas of a folded word that the dictionary lists, else none."""
        changes = self._words.get(word)
        return tuple([apply(word, change) for change in changes]) if changes else ()

    def lemmas(self, word: str) -> tuple[str, ...]:
        """The lemmas of a folded word: as listed, else of its last part (Estonian) or as its ending suggests."""
        found = self.known(word)
        if found:
            return found
        head, apostrophe, _ = word.partition("'")
        if apostrophe and len(head) > 1 and self.language not in ("ru", "uk"):
            return self.known(head) or (head,)
        if len(word) < SHORTEST_GUESS or not word.isalpha():
            return ()
        return (self.language == "et" and self._of_compound(word)) or self._guessed(word)

    def _of_compound(self, word: str) -> tuple[str, ...]:
        """Lemmas of a compound: its beginning as it is, with the lemmas of the longest known last part."""
        for start in range(SHORTEST_STEM, len(word) - SHORTEST_LAST_PART + 1):
            if word[start:] in self._words:
                return tuple([word[:start] + lemma for lemma in self.known(word[start:])])
        return ()

    def _guessed(self, word: str) -> tuple[str, ...]:
        for length in range(min(LONGEST_ENDING, len(word) - SHORTEST_STEM), 0, -1):
            changes = self._endings.get(word[-length:])
            if changes:
                return tuple([apply(word, change) for change in changes])
        return ()


@cache
def dictionaries(folder: Path = FOLDER) -> dict[str, Dictionary]:
    """The dictionaries of all five languages, opened once in a process."""
    try:
        if json.loads((folder / MANIFEST).read_text())["format"] != FORMAT:
            raise DictionariesMissing(folder)
        return {language: Dictionary(language, folder) for language in LANGUAGES}
    except OSError as error:
        raise DictionariesMissing(folder) from error
