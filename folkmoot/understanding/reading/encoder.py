"""The sentence encoder: vectors of pieces, two stacks of two convolutions, a small tower; all in NumPy.

After Google's Universal Sentence Encoder, multilingual, version 3 (Yang et al., 2020), fine-tuned on our tasks.
"""

from __future__ import annotations

from itertools import chain

import numpy as np
from numpy.typing import NDArray

from folkmoot.understanding.reading.bundle import Bundle

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]

ORDERS = (2, 3)
WIDTH, BRANCH = 512, 256
FEATURES = WIDTH + BRANCH * len(ORDERS)
PORTION = 768  # pieces at a time: as much as stays in the processor's cache
TINY = 1e-5
LONG = 8.0


class Encoder:
    def __init__(self, bundle: Bundle) -> None:
        self._table = bundle.arrays["vectors"]
        self._sizes = bundle.arrays["vector_sizes"].astype(np.float32)
        own = {
            name.removeprefix("encoder."): array for name, array in bundle.arrays.items() if name.startswith("encoder.")
        }
        self._w = {name: array.astype(np.float32) for name, array in own.items()}

    def scores(self, numbers: list[list[int]]) -> Floats:
        """``[text, head]``: the logits of texts given as the numbers of their pieces."""
        lengths = np.fromiter(map(len, numbers), dtype=np.int64, count=len(numbers))
        flat = np.fromiter(chain.from_iterable(numbers), dtype=np.int64, count=int(lengths.sum()))
        distinct, which = np.unique(flat, return_inverse=True)
        raw, parts = self._pieces(distinct)
        near = self._nearby(parts)
        body = np.empty((len(numbers), WIDTH * 2 + FEATURES), dtype=np.float32)
        begin = 0
        while begin < len(numbers):
            end = begin + max(1, int(np.searchsorted(np.cumsum(lengths[begin:]), PORTION, side="right")))
            first, last = int(lengths[:begin].sum()), int(lengths[:end].sum())
            features = self._features(which[first:last], lengths[begin:end], raw, parts, near)
            self._summary(features, lengths[begin:end], body[begin:end])
            begin = end
        return body @ self._w["heads"] + self._w["heads_b"]

    def _pieces(self, distinct: Numbers) -> tuple[Floats, Floats]:
        raw = self._table[distinct].astype(np.float32)
        raw *= self._sizes[distinct, None]
        parts = raw @ self._w["project"]
        parts += self._w["project_b"]
        return raw, _leveled(parts, self._w["scale"], self._w["shift"])

    def _nearby(self, parts: Floats) -> list[Floats]:
        """What each distinct piece adds to a first convolution from each of its places; the last row is of no piece."""
        found = []
        for i, order in enumerate(ORDERS):
            own = parts[:, i * BRANCH : (i + 1) * BRANCH]
            added = np.zeros((len(parts) + 1, order, BRANCH), dtype=np.float32)
            np.matmul(own, self._w[f"first{order}"], out=added[:-1].reshape(len(parts), order * BRANCH))
            found.append(added)
        return found

    def _features(self, which: Numbers, lengths: Numbers, raw: Floats, parts: Floats, near: list[Floats]) -> Floats:
        features = np.empty((len(which), FEATURES), dtype=np.float32)
        features[:, :WIDTH] = raw[which]
        nothing = len(raw)
        place = np.arange(len(which)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        room = np.repeat(lengths, lengths) - place
        below = np.zeros((len(which) + 1, BRANCH), dtype=np.float32)
        for i, order in enumerate(ORDERS):
            left = (order - 1) // 2
            h = np.broadcast_to(self._w[f"first{order}_b"], (len(which), BRANCH)).copy()
            at = np.empty((len(which), order), dtype=np.int64)
            for step in range(order):
                shift = step - left
                there = np.arange(len(which)) + shift
                inside = (place + shift >= 0) & (shift < room)
                at[:, step] = np.where(inside, there, len(which))
                h += near[i][np.where(inside, which[np.minimum(np.maximum(there, 0), len(which) - 1)], nothing), step]
            np.maximum(h, 0, out=h)
            h += parts[which, i * BRANCH : (i + 1) * BRANCH]
            below[:-1] = h
            second = below[at].reshape(len(which), order * BRANCH) @ self._w[f"second{order}"]
            second += self._w[f"second{order}_b"]
            np.maximum(second, 0, out=second)
            second += h
            features[:, WIDTH + i * BRANCH : WIDTH + (i + 1) * BRANCH] = second
        return _leveled(features, self._w["level"], self._w["level_b"])

    def _summary(self, features: Floats, lengths: Numbers, body: Floats) -> None:
        starts = np.cumsum(lengths) - lengths
        root = np.sqrt(lengths.astype(np.float32))[:, None]
        mean = np.add.reduceat(features, starts, axis=0) / root @ self._w["mean"] + self._w["mean_b"] * root
        y1 = mean @ self._w["p1"] + np.maximum(mean @ self._w["d0"], 0) @ self._w["d1"]
        np.maximum(y1, 0, out=y1)
        z = np.tanh(y1 @ self._w["p3"] + np.maximum(y1 @ self._w["d2"], 0) @ self._w["d3"])
        body[:, :WIDTH] = mean
        body[:, WIDTH : 2 * WIDTH] = z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), TINY) * LONG
        body[:, 2 * WIDTH :] = np.maximum.reduceat(features, starts, axis=0)


def _leveled(x: Floats, scale: Floats, shift: Floats) -> Floats:
    """Layer normalisation of the rows, in place."""
    x -= x.mean(axis=1, keepdims=True)
    x *= (1 / np.sqrt(np.einsum("ij,ij->i", x, x) / x.shape[1] + TINY))[:, None]
    x *= scale
    x += shift
    return x
