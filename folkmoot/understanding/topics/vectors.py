"""Texts as vectors: how much each telling word says about each text (TF-IDF), unit length, in a sparse matrix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Matrix = Any  # a sparse.csr_matrix of 32-bit floats; SciPy says nothing about its types
Weights = Mapping[str, float]
Labels = NDArray[np.int64]

FEWEST_TEXTS = 3  # that a word must occur in, to join texts at all
MOST_TEXTS = 0.10  # share of texts; a word in more of them tells nothing apart
MOST_OF_FEW, ALWAYS_FINE = 0.4, 60  # in small communities, where a topic may be a third of all, up to so many texts
KEPT = 40  # words of a text: the most telling ones


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words that count, in order, and how rare each is (inverse document frequency, natural logarithm)."""

    idf: dict[str, float]

    @classmethod
    def learn(cls, texts: Sequence[Mapping[str, int]], without: frozenset[str] = frozenset()) -> Vocabulary:
        seen: Counter[str] = Counter()
        for text in texts:
            seen.update(text.keys())
        most = max(MOST_TEXTS * len(texts), min(MOST_OF_FEW * len(texts), ALWAYS_FINE))
        return cls(
            {
                word: log(len(texts) / count) if count < len(texts) else 0.1
                for word, count in sorted(seen.items())
                if FEWEST_TEXTS <= count <= most and word not in without
            }
        )

    def vectors(self, texts: Iterable[Mapping[str, int]]) -> Matrix:
        """One row a text, one column a word; rows have length 1, or 0 where no word counts."""
        place = {word: number for number, word in enumerate(self.idf)}
        return matrix((self._weights(text) for text in texts), place)

    def _weights(self, text: Mapping[str, int]) -> Weights:
        found = {word: (1 + log(count)) * self.idf[word] for word, count in text.items() if word in self.idf}
        if len(found) <= KEPT:
            return found
        return dict(sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))[:KEPT])


def matrix(rows: Iterable[Weights], place: Mapping[str, int]) -> Matrix:
    """Rows of weights by word as a matrix with rows of unit length; words without a place are left out."""
    starts, columns, values = [0], list[int](), list[float]()
    for row in rows:
        known = [(place[word], weight) for word, weight in row.items() if word in place]
        columns += [column for column, _ in known]
        values += [weight for _, weight in known]
        starts.append(len(columns))
    shape = (len(starts) - 1, len(place))
    made = sparse.csr_matrix(
        (np.array(values, np.float32), np.array(columns, np.int32), np.array(starts, np.int64)), shape=shape
    )
    return unit(made)


def unit(rows: Matrix) -> Matrix:
    """The same rows, each divided by its Euclidean length."""
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return sparse.csr_matrix(sparse.diags(scale.astype(np.float32)) @ rows)


def centres(rows: Matrix, labels: Labels, count: int) -> Matrix:
    """The mean direction of each of ``count`` clusters; ``labels`` holds a cluster a row, -1 for none."""
    members = np.flatnonzero(labels >= 0)
    chooses = sparse.csr_matrix(
        (np.ones(len(members), np.float32), (labels[members], members)), shape=(count, rows.shape[0])
    )
    return unit(sparse.csr_matrix(chooses @ rows))


def nearest(rows: Matrix, centre: Matrix, *, at_least: float) -> Labels:
    """For each row the most similar centre (cosine), -1 where none reaches ``at_least``."""
    found = np.full(rows.shape[0], -1, np.int64)
    if not centre.shape[0]:
        return found
    across = centre.T.tocsr()
    for start in range(0, rows.shape[0], 2000):
        likeness = (rows[start : start + 2000] @ across).toarray()
        best = likeness.argmax(axis=1)
        good = likeness[np.arange(len(best)), best] >= at_least
        found[start : start + len(best)] = np.where(good, best, -1)
    return found
