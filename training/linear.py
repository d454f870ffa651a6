"""Linear heads over hashed n-grams, weighted by how telling each n-gram is (Wang and Manning's NB-SVM, with a logistic loss)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags, hstack
from sklearn.linear_model import LogisticRegression

from folkmoot.understanding.reading import features
from training.corpus import SEED
from training.packing import Linear

SMOOTH = 1.0
LEVEL = 0.5  # how freely a source may have its own level
MOST_WITHOUT = 30_000  # rows that say no, drawn from more where a label is rare; calibration puts the level right


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the rows teach one head, how far each is trusted, and the number of its source."""

    values: NDArray[np.float32]
    weights: NDArray[np.float32]
    source: NDArray[np.int64]


def matrix(texts: list[str], batch: int = 2000) -> csr_matrix:
    """``[text, bucket]``: one over the root of the number of a text's n-grams where it has the n-gram."""
    buckets, counts = [], []
    for start in range(0, len(texts), batch):
        found = features.grams(texts[start : start + batch])
        buckets.append(found.buckets)
        counts.append(np.diff(found.starts))
    sizes = np.concatenate(counts)
    values = np.repeat(1 / np.sqrt(np.maximum(sizes, 1)), sizes).astype(np.float32)
    rows = np.concatenate(([0], np.cumsum(sizes)))
    return csr_matrix((values, np.concatenate(buckets), rows), shape=(len(texts), features.BUCKETS))


def head(x: csr_matrix, lesson: Lesson, strength: float) -> tuple[NDArray[np.float32], float]:
    """Weights of the buckets and the level of one yes-or-no head; rows whose value is not a number are left out.

    Sources hold a label more or less often; that is a matter of the source, not of its words. So each source counts
    evenly for yes and no when it is worked out how telling a bucket is, and has a level of its own while learning.
    """
    known = _enough(np.flatnonzero(~np.isnan(lesson.values)), lesson.values)
    part, said, trusted, source = x[known], lesson.values[known] > 0.5, lesson.weights[known], lesson.source[known]
    present = part.astype(bool).astype(np.float32)
    even = _even(said, trusted, source)
    with_label = SMOOTH + present.T @ (even * said)
    without = SMOOTH + present.T @ (even * ~said)
    telling = np.log((with_label / with_label.sum()) / (without / without.sum())).astype(np.float32)
    used = np.flatnonzero(np.asarray(present.sum(axis=0)).ravel() > 2)
    names, which = np.unique(source, return_inverse=True)
    levels = csr_matrix(
        (np.full(len(which), LEVEL, dtype=np.float32), (np.arange(len(which)), which)), shape=(len(which), len(names))
    )
    design = hstack([part[:, used] @ diags(telling[used]), levels], format="csr")
    solver = LogisticRegression(
        C=strength, solver="liblinear", dual=True, max_iter=15, random_state=SEED, tol=0.1, intercept_scaling=3
    )
    solver.fit(design, said, sample_weight=trusted)
    found = np.zeros(features.BUCKETS, dtype=np.float32)
    found[used] = solver.coef_[0][: len(used)] * telling[used]
    return found, float(solver.intercept_[0])


def _even(said: NDArray[np.bool_], trusted: NDArray[np.float32], source: NDArray[np.int64]) -> NDArray[np.float32]:
    """Weights with which each source says yes as often as no; one that says but one of them counts as it is."""
    found = trusted.copy()
    for one in np.unique(source):
        own = source == one
        yes, no = trusted[own & said].sum(), trusted[own & ~said].sum()
        if yes and no:
            found[own & said] *= (yes + no) / 2 / yes
            found[own & ~said] *= (yes + no) / 2 / no
    return found


def _enough(known: NDArray[np.int64], values: NDArray[np.float32]) -> NDArray[np.int64]:
    """All rows that say yes, and of those that say no as many as tell something."""
    without = known[values[known] < 0.5]
    if len(without) <= MOST_WITHOUT:
        return known
    drawn = np.random.default_rng(SEED).choice(without, MOST_WITHOUT, replace=False)
    return np.sort(np.concatenate([known[values[known] > 0.5], drawn]))


def scores(linear: Linear, texts: list[str]) -> NDArray[np.float32]:
    """``[text, head]``: logits."""
    return np.asarray(matrix(texts) @ linear.weights + linear.levels, dtype=np.float32)
