"""What to call a topic: the words that tell it from all others, in the form in which people write them most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from folkmoot.understanding.topics.terms import LINK, bare
from folkmoot.understanding.topics.vectors import Labels, Matrix

WORDS = 3
COMMON = 0.08  # share of a topic's texts that a word of its name occurs in, at least
STEM = 4  # letters that two words of one name must not share at their beginning

Means = NDArray[np.float32]
Forms = Mapping[str, Mapping[str, int]]


def telling(rows: Matrix, members: Labels, everywhere: Means, most: int = 40) -> list[tuple[int, float]]:
    """The words (as columns) that tell some rows from all, best first, with how well they do.

    ``everywhere`` is the mean of all rows. The measure is the share of the Kullback-Leibler divergence that a
    word contributes.
    """
    mine = rows[members]
    mean = np.asarray(mean_of(mine)).ravel()
    share = np.diff(mine.tocsc().indptr) / max(len(members), 1)
    gain = mean * np.log((mean + 1e-6) / (everywhere + 1e-6))
    if (gain > 1e-6).sum() < WORDS:  # it is all there is: nothing to be told from
        gain = mean
    gain[share < COMMON] *= 0.3
    best = np.argsort(-gain, kind="stable")[:most]
    return [(int(column), float(gain[column])) for column in best if gain[column] > 0]


def mean_of(rows: Matrix) -> Means:
    """The mean of all rows, as one dense row."""
    return np.asarray(rows.mean(axis=0)).ravel()


def name(words: Iterable[str], forms: Forms) -> str:
    """Up to three of the words, written as people write them; words of the same family stand for each other."""
    chosen: list[str] = []
    stems: set[str] = set()
    for word in words:
        if word.startswith(LINK):
            continue
        written = usual(word, forms.get(word, {}))
        stem = bare(word).lstrip("#")[:STEM].casefold()
        if stem in stems:
            continue
        stems.add(stem)
        chosen.append(written)
        if len(chosen) == WORDS:
            break
    return ", ".join(chosen)


def usual(word: str, written: Mapping[str, int]) -> str:
    """The form of a word that people write most; capitals at its beginning go unless most write it with them."""
    if not written:
        return bare(word)
    folded: Counter[str] = Counter()
    for form, count in written.items():
        folded[form.lower()] += count
    best, total = folded.most_common(1)[0]
    capital = {form: count for form, count in written.items() if form.lower() == best and form != best}
    if sum(capital.values()) * 2 > total:
        return max(capital, key=lambda form: (capital[form], form))
    return best


def typical(rows: Matrix, members: Labels, centre: Matrix) -> int:
    """The row that lies nearest to the middle of its topic."""
    likeness = np.asarray((rows[members] @ centre.T).todense()).ravel()
    return int(members[int(likeness.argmax())])
