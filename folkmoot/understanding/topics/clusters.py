"""Texts that are about the same: communities in the graph of nearest neighbours.

The Leiden algorithm (Traag, Waltman and van Eck 2019, doi:10.1038/s41598-019-41695-z) on cosine similarities.
"""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import igraph
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from folkmoot.understanding.topics.vectors import Labels, Matrix

NEIGHBOURS = 10
ALIKE = 0.1  # cosine from which two texts are neighbours at all
SUPPORT = 5  # texts that a topic needs
DIVISIBLE = 100  # texts from which a topic may have topics of its own
ROUNDS = 5
BLOCK = 1000


def cluster(rows: Matrix, *, start: Labels | None = None, support: int = SUPPORT, seed: int = 1) -> Labels:
    """A cluster's number for each row, -1 for rows that belong nowhere; numbers run from 0, the largest first.

    ``start`` holds the numbers of an earlier run, -1 for what is new: from there communities move only where that
    is better, which keeps them from one day to the next.
    """
    graph = _graph(rows)
    igraph.set_random_number_generator(Random(seed))  # noqa: S311 - repeatable, not secret
    found = graph.community_leiden(
        "modularity",
        weights="weight" if graph.ecount() else None,
        n_iterations=ROUNDS,
        initial_membership=None if start is None else _own_place(start),
    ).membership
    return by_size(np.array(found, np.int64), support)


def divide(
    rows: Matrix, labels: Labels, *, start: Labels | None = None, seed: int = 1
) -> tuple[Labels, dict[int, int]]:
    """Large clusters cut into smaller ones: new labels, and of each new cluster the one it is part of.

    A text of a large cluster that fits none of its parts keeps the large one's label. ``start`` as for ``cluster``.
    """
    divided, parent = labels.copy(), dict[int, int]()
    following = int(labels.max(initial=-1)) + 1
    for number in range(following):
        members = np.flatnonzero(labels == number)
        if len(members) < DIVISIBLE:
            continue
        warm = None if start is None else start[members]
        parts = cluster(rows[members], start=warm, support=max(SUPPORT, len(members) // 40), seed=seed)
        if parts.max(initial=-1) < 1:
            continue
        for part in range(int(parts.max()) + 1):
            divided[members[parts == part]] = following
            parent[following] = number
            following += 1
    return divided, parent


def by_size(labels: Labels, support: int) -> Labels:
    """Numbers from 0 for the largest cluster on; what has fewer than ``support`` members is -1."""
    sizes = Counter(labels[labels >= 0].tolist())
    ranked = sorted((number for number, size in sizes.items() if size >= support), key=lambda n: (-sizes[n], n))
    new = {number: rank for rank, number in enumerate(ranked)}
    return np.array([new.get(label, -1) for label in labels.tolist()], np.int64)


def _own_place(start: Labels) -> list[int]:
    """What is new begins as a community of its own."""
    first = int(start.max(initial=-1)) + 1
    fresh = start < 0
    placed = start.copy()
    placed[fresh] = np.arange(first, first + int(fresh.sum()))
    return [int(label) for label in placed]


def _graph(rows: Matrix) -> igraph.Graph:
    """An edge between two rows if one is among the other's nearest; its weight is the cosine of the two."""
    ends, others, likeness = _neighbours(rows)
    shape = (rows.shape[0], rows.shape[0])
    table = sparse.csr_matrix((likeness, (ends, others)), shape=shape)
    both = sparse.triu(table.maximum(table.T), 1).tocoo()
    graph = igraph.Graph(n=shape[0], edges=np.column_stack([both.row, both.col]))
    graph.es["weight"] = both.data.tolist()
    return graph


def _neighbours(rows: Matrix) -> tuple[Labels, Labels, NDArray[np.float32]]:
    across = rows.T.tocsr()
    ends, others, likeness = list[NDArray[Any]](), list[NDArray[Any]](), list[NDArray[Any]]()
    for start in range(0, rows.shape[0], BLOCK):
        product = (rows[start : start + BLOCK] @ across).tocsr()
        for offset in range(product.shape[0]):
            first, last = product.indptr[offset], product.indptr[offset + 1]
            other, value = product.indices[first:last], product.data[first:last]
            near = (other != start + offset) & (value >= ALIKE)
            other, value = other[near], value[near]
            if len(other) > NEIGHBOURS:
                best = np.argpartition(-value, NEIGHBOURS)[:NEIGHBOURS]
                other, value = other[best], value[best]
            ends.append(np.full(len(other), start + offset))
            others.append(other)
            likeness.append(value)
    if not ends:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
    return np.concatenate(ends), np.concatenate(others), np.concatenate(likeness)
