"""``python -m folkmoot.lib.lemmas.measure``: how much is found, how fast, in how much memory.

Recall is over ordered pairs of different forms of one word: the share in which a query of the first finds a text that
holds only the second, when the query's language is unknown and the text's is known. A merge is a pair of unrelated
words of which one finds the other. The words are those of ``tests/families``; FILE, one message a line, is for speed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import permutations
from pathlib import Path

from psutil import Process

from folkmoot.lib.lemmas.dictionary import LANGUAGES
from folkmoot.lib.lemmas.languages import BIT
from folkmoot.lib.lemmas.lexemes import of_word
from folkmoot.lib.lemmas.tokens import fold
from folkmoot.lib.lemmas.vector import vector

FAMILIES = Path(__file__).parent / "tests" / "families"
# common: forms looked at while the rules were made; unseen: written afterwards and only measured; new: in no dictionary
SETS = ("common", "unseen", "new")
ROUNDS = 5


def read(name: str, language: str) -> list[list[str]]:
    """The words of a language in a file of families, folded, one list per family or pair."""
    lines = (line.split() for line in (FAMILIES / f"{name}.txt").read_text(encoding="utf-8").splitlines())
    return [list(dict.fromkeys(map(fold, words))) for of, *words in lines if of == language]


def finds(asked: str, written: str, language: str) -> bool:
    """True when a query of one word finds the other in a text of the language."""
    return not {asked, *of_word(asked)}.isdisjoint(of_word(written, BIT[language]))


def recall(families: Iterable[list[str]], language: str) -> float:
    """Share (0 to 1) of ordered pairs of forms of one word in which the first finds the second."""
    found = [finds(asked, written, language) for family in families for asked, written in permutations(family, 2)]
    return sum(found) / len(found)


def merged(pairs: Iterable[list[str]], language: str) -> list[tuple[str, str]]:
    """The pairs of unrelated words that find each other."""
    return [(one, two) for one, two in pairs if finds(one, two, language) or finds(two, one, language)]


def megabytes() -> tuple[float, float]:
    """Memory of this process: (resident, its own, that is without what it shares)."""
    used = Process().memory_full_info()
    return used.rss / 2**20, used.uss / 2**20


def _texts(path: Path | None) -> list[str]:
    if path:
        return path.read_text(encoding="utf-8").splitlines()
    rows = [words for language in LANGUAGES for words in read("common", language)]
    return [" ".join(words[start::3]) for words in rows for start in range(3)] * 100


def _quality() -> Iterator[str]:
    for language in LANGUAGES:
        figures = [f"{name} {recall(read(name, language), language):.3f}" for name in SETS]
        pairs = read("apart", language)
        yield f"{language}: recall {', '.join(figures)}; {len(merged(pairs, language))} of {len(pairs)} pairs merged\n"


def _speed(texts: list[str]) -> Iterator[str]:
    vector("")
    yield "memory: {:.0f} MB resident ({:.0f} its own) when opened\n".format(*megabytes())
    for turn in range(ROUNDS):
        began = time.process_time()
        for text in texts:
            vector(text)
        seconds = time.process_time() - began
        yield f"turn {turn + 1}: {len(texts) / seconds:,.0f} messages a second of processor time\n"
    yield "memory: {:.0f} MB resident ({:.0f} its own) afterwards\n".format(*megabytes())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m folkmoot.lib.lemmas.measure", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, help="messages to measure speed with, one a line")
    texts = _texts(parser.parse_args().file)
    average = sum(map(len, texts)) / len(texts)
    sys.stdout.write(f"{len(texts)} messages of {average:.0f} characters\n")
    for line in (*_speed(texts), *_quality()):
        sys.stdout.write(line)


if __name__ == "__main__":
    main()
