"""The sentence encoder: vectors of pieces, two stacks of two convolutions, a small tower; all in NumPy.

After Google's Universal Sentence Encoder, multilingual, version 3 (Yang et al., 2020), fine-tuned on our tasks.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from folkmoot.understanding.reading.bundle import Bundle

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]

ORDERS = (2, 3)
WIDTH, BRANCH = 512, 256
FEATURES = WIDTH + BRANCH * len(ORDERS)
FREQUENT = 6144  # pieces that are worked out once for all: most of those that are met
PORTION = 768  # pieces at a time: as much as stays in the processor's cache
TINY = 1e-5
LONG = 8.0


class Known(NamedTuple):
    """Of each piece: its vector, what of it goes into the convolutions, and what these make of it, by place."""

    raw: Floats
    parts: Floats
    near2: Floats
    near3: Floats


class Room:
    """Space to work in, taken once and used for portion after portion: asking the system each time costs more."""

    def __init__(self) -> None:
        self.features = np.empty((PORTION, FEATURES), dtype=np.float32)
        self.own = np.empty((PORTION, BRANCH * len(ORDERS)), dtype=np.float32)
        self.below = np.empty((PORTION, BRANCH), dtype=np.float32)
        self.added = np.empty(PORTION * max(ORDERS) * BRANCH, dtype=np.float32)


class Encoder:
    def __init__(self, bundle: Bundle) -> None:
        self._table = bundle.arrays["vectors"]
        self._sizes = bundle.arrays["vector_sizes"].astype(np.float32)
        own = {
            name.removeprefix("encoder."): array for name, array in bundle.arrays.items() if name.startswith("encoder.")
        }
        self._w = {name: array.astype(np.float32) for name, array in own.items()}
        self._frequent = self._worked_out(np.arange(min(FREQUENT, len(self._table))))

    def scores(self, numbers: list[list[int]]) -> Floats:
        """``[text, head]``: the logits of texts given as the numbers of their pieces."""
        return np.asarray(self.bodies(numbers) @ self._w["heads"] + self._w["heads_b"], dtype=np.float32)

    def bodies(self, numbers: list[list[int]]) -> Floats:
        """``[text, feature]``: what the heads judge by; mean, tower and peak end to end."""
        lengths = np.fromiter(map(len, numbers), dtype=np.int64, count=len(numbers))
        order = np.argsort(lengths, kind="stable")
        flat = np.fromiter(chain.from_iterable(numbers[i] for i in order), dtype=np.int64, count=int(lengths.sum()))
        distinct, which = np.unique(flat, return_inverse=True)
        known = self._known(distinct)
        summed = np.empty((len(numbers), FEATURES), dtype=np.float32)
        peak = np.empty_like(summed)
        room = Room()
        at = 0
        for begin, end in _portions(lengths[order]):
            length = int(lengths[order[begin]])
            pieces = which[at : at + length * (end - begin)]
            at += len(pieces)
            features = self._features(pieces, length, known, room)
            summed[order[begin:end]] = features.sum(axis=1)
            peak[order[begin:end]] = features.max(axis=1)
        return self._body(summed, peak, np.sqrt(lengths.astype(np.float32))[:, None])

    def _known(self, distinct: Numbers) -> Known:
        """Of the distinct pieces of a batch, in rising order: the frequent ones, which come first, are known already."""
        frequent = distinct[: np.searchsorted(distinct, len(self._frequent.raw))]
        rare = self._worked_out(distinct[len(frequent) :])
        return Known(*(np.concatenate([known[frequent], new]) for known, new in zip(self._frequent, rare, strict=True)))

    def _worked_out(self, distinct: Numbers) -> Known:
        raw = self._table[distinct].astype(np.float32)
        raw *= self._sizes[distinct, None]
        parts = raw @ self._w["project"]
        parts += self._w["project_b"]
        _level(parts)
        parts *= self._w["scale"]
        parts += self._w["shift"]
        near = [
            np.asarray(parts[:, i * BRANCH : (i + 1) * BRANCH] @ self._w[f"first{order}"], dtype=np.float32)
            for i, order in enumerate(ORDERS)
        ]
        return Known(raw, parts, *near)

    def _features(self, pieces: Numbers, length: int, known: Known, room: Room) -> Floats:
        """``[text, place, feature]`` of texts of the same length, their pieces end to end."""
        count = len(pieces)
        features = room.features[:count]
        np.take(known.raw, pieces, axis=0, out=features[:, :WIDTH], mode="clip")
        own = np.take(known.parts, pieces, axis=0, out=room.own[:count], mode="clip")
        for i, (order, near) in enumerate(zip(ORDERS, (known.near2, known.near3), strict=True)):
            added = room.added[: count * order * BRANCH].reshape(count, order * BRANCH)
            h, second = room.below[:count], features[:, WIDTH + i * BRANCH : WIDTH + (i + 1) * BRANCH]
            np.take(near, pieces, axis=0, out=added, mode="clip")
            _convolve(added, self._w[f"first{order}_b"], length, h)
            h += own[:, i * BRANCH : (i + 1) * BRANCH]
            np.matmul(h @ self._w[f"narrow{order}"], self._w[f"second{order}"], out=added)
            _convolve(added, self._w[f"second{order}_b"], length, second)
            second += h
        _level(features)
        return features.reshape(-1, length, FEATURES)

    def _body(self, summed: Floats, peak: Floats, root: Floats) -> Floats:
        """Mean, tower and peak. Scaling after summing is the same and less work."""
        scale, shift = self._w["level"], self._w["level_b"]
        mean = (summed / root * scale + shift * root) @ self._w["mean"] + self._w["mean_b"] * root
        y1 = mean @ self._w["p1"] + np.maximum(mean @ self._w["d0"], 0) @ self._w["d1"]
        np.maximum(y1, 0, out=y1)
        z = np.tanh(y1 @ self._w["p3"] + np.maximum(y1 @ self._w["d2"], 0) @ self._w["d3"])
        z *= LONG / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), TINY)
        return np.concatenate([mean, z, peak * scale + shift], axis=1)


def _portions(lengths: Numbers) -> Iterator[tuple[int, int]]:
    """Beginnings and ends of runs of the same length that have no more pieces than a portion."""
    begin = 0
    while begin < len(lengths):
        same = int(np.searchsorted(lengths, lengths[begin], side="right"))
        end = min(same, begin + max(1, PORTION // int(lengths[begin])))
        yield begin, end
        begin = end


def _convolve(added: Floats, level: Floats, length: int, out: Floats) -> None:
    """Sums what each place gets from itself and its neighbours, ``added[place, neighbour * branch]``; never below 0."""
    left = (added.shape[1] // BRANCH - 1) // 2
    np.add(added[:, left * BRANCH : (left + 1) * BRANCH], level, out=out)
    texts, parted = _parted(out, length), _parted(added, length)
    for step in range(added.shape[1] // BRANCH):
        shift = step - left
        if shift and abs(shift) < length:
            from_, to = (
                (slice(shift, None), slice(0, length - shift)) if shift > 0 else (slice(0, shift), slice(-shift, None))
            )
            texts[:, to] += parted[:, from_, step * BRANCH : (step + 1) * BRANCH]
    np.maximum(out, 0, out=out)


def _parted(x: Floats, length: int) -> Floats:
    """A view ``[text, place, column]`` of ``x[place, column]``."""
    step = x.strides[0]
    return np.lib.stride_tricks.as_strided(
        x, (len(x) // length, length, x.shape[1]), (step * length, step, x.strides[1])
    )


def _level(x: Floats) -> None:
    """Brings rows to mean 0 and variance 1, in place."""
    x -= (x @ np.full(x.shape[1], 1 / x.shape[1], dtype=np.float32))[:, None]
    x *= 1 / np.sqrt(np.einsum("ij,ij->i", x, x)[:, None] / x.shape[1] + TINY)
