"""``python -m folkmoot.lib.lemmas.build``: packs simplemma's dictionaries into small tries that processes share.

``<language>.words`` maps each known form to the edits that make its lemmas; ``<language>.endings`` maps the endings of
words to the edits they most often stand for, which is how unknown words are handled.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from zlib import crc32

from marisa_trie import BytesTrie
from simplemma.strategies.dictionaries import DefaultDictionaryFactory

from folkmoot.lib.lemmas.closure import second_words
from folkmoot.lib.lemmas.dictionary import (
    ENDINGS,
    FOLDER,
    FORMAT,
    LANGUAGES,
    LONGEST_ENDING,
    MANIFEST,
    SHORTEST_GUESS,
    SHORTEST_STEM,
    WORDS,
    edit,
)
from folkmoot.lib.lemmas.tokens import fold, is_word

LEARNT_FROM = 400_000  # forms per language that endings are learnt from: more take time and change little
SEEN_ENOUGH = 10  # forms that share an ending before it says anything
MOST_EDITS = 3  # of an ending
WORTH_KEEPING = 0.15  # share of an ending's forms at which an edit that is not its commonest is kept too
NOTICE = """\
These files are made from the dictionaries of simplemma (https://github.com/adbar/simplemma, MIT licence), which by its
own account draws on: lemmatization lists by Michal Mechura (Open Database License), Wiktionary entries packaged by Kaikki
(CC BY-SA), FreeLing, spaCy's lookups data, UniMorph, and the Wikinflection corpus by Eleni Metheniti (CC BY 4.0).
"""


@dataclass(frozen=True)
class Built:
    language: str
    forms: int
    endings: int
    megabytes: float
    seconds: float
    peak_megabytes: int


def forms(language: str, dictionary: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(form, lemma), folded. A headword that is listed only as a form of another word stands for itself as well."""
    headwords = set()
    for form, lemma in chain(dictionary.items(), second_words(language, dictionary)):
        word, head = fold(form), fold(lemma)
        if is_word(word) and is_word(head):
            headwords.add(head)
            yield word, head
    for head in headwords:
        yield head, head


def endings(pairs: Iterable[tuple[str, str]]) -> dict[str, list[bytes]]:
    """The edits that an ending most often stands for; an ending that says what its own ending says is left out."""
    seen: defaultdict[str, Counter[bytes]] = defaultdict(Counter)
    for form, lemma in pairs:
        change = edit(form, lemma)
        longest = min(LONGEST_ENDING, len(form) - SHORTEST_STEM)
        for length in range(max(1, change[0]), longest + 1):
            seen[form[-length:]][change] += 1
    chosen: dict[str, list[bytes]] = {}
    for ending in sorted(seen, key=len):
        total = seen[ending].total()
        if total < SEEN_ENOUGH:
            continue
        (best, _), *rest = seen[ending].most_common(MOST_EDITS)
        changes = sorted([best, *(change for change, count in rest if count >= WORTH_KEEPING * total)])
        if _said_by(chosen, ending[1:]) != changes:
            chosen[ending] = changes
    return chosen


def _said_by(chosen: dict[str, list[bytes]], ending: str) -> list[bytes]:
    while ending:
        if ending in chosen:
            return chosen[ending]
        ending = ending[1:]
    return []


def build_language(language: str, folder: Path) -> Built:
    """Writes one language's two files; each appears whole or not at all."""
    began = time.monotonic()
    dictionary = DefaultDictionaryFactory(cache_max_size=1).get_dictionary(language)
    every = max(1, len(dictionary) // LEARNT_FROM)
    lessons: list[tuple[str, str]] = []

    def entries() -> Iterator[tuple[str, bytes]]:
        for form, lemma in forms(language, dictionary):
            if len(form) >= SHORTEST_GUESS and crc32(lemma.encode()) % every == 0 and form.isalpha():
                lessons.append((form, lemma))
            yield form, edit(form, lemma)

    words = BytesTrie(entries())
    last = BytesTrie((ending, change) for ending, changes in endings(lessons).items() for change in changes)
    size = 0
    for trie, kind in ((words, WORDS), (last, ENDINGS)):
        path = folder / f"{language}.{kind}"
        part = path.with_suffix(path.suffix + ".part")
        trie.save(str(part))
        size += part.stat().st_size
        os.replace(part, path)
    return Built(
        language=language,
        forms=len(words),
        endings=len(last),
        megabytes=round(size / 1e6, 1),
        seconds=round(time.monotonic() - began, 1),
        peak_megabytes=getrusage(RUSAGE_SELF).ru_maxrss // 1024,
    )


def is_built(folder: Path) -> bool:
    """True when the folder holds what this version of the code and of simplemma would write."""
    manifest = folder / MANIFEST
    return manifest.exists() and json.loads(manifest.read_text()) == _manifest()


def _manifest() -> dict[str, object]:
    return {"format": FORMAT, "simplemma": version("simplemma"), "languages": list(LANGUAGES)}


def build(folder: Path = FOLDER) -> Iterator[Built]:
    """Builds every language in turn, each in a process of its own so that its memory is given back."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    for language in LANGUAGES:
        with get_context("spawn").Pool(1) as pool:
            yield pool.apply(build_language, (language, folder))
    (folder / "NOTICE.txt").write_text(NOTICE)
    part = folder / f"{MANIFEST}.part"
    part.write_text(json.dumps(_manifest()))
    os.replace(part, folder / MANIFEST)


def main() -> None:
    """Builds what is not built yet and says what it took."""
    parser = argparse.ArgumentParser(prog="python -m folkmoot.lib.lemmas.build", description=__doc__)
    parser.add_argument("--target", type=Path, default=FOLDER, help="the folder to write to")
    folder = parser.parse_args().target
    if is_built(folder):
        sys.stdout.write(f"Dictionaries of word forms: already built in {folder}.\n")
        return
    for done in build(folder):
        sys.stdout.write(
            f"{done.language}: {done.forms} forms, {done.endings} endings, {done.megabytes} MB"
            f" in {done.seconds} s, at most {done.peak_megabytes} MB of memory\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
