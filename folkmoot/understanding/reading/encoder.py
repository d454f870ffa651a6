"""The sentence encoder: vectors of pieces, two stacks of two convolutions, a small tower; all in NumPy.

After Google's Universal Sentence Encoder, multilingual, version 3 (Yang et al., 2020), fine-tuned on our tasks.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np

from folkmoot.understanding.reading.bundle import Bundle
from folkmoot.understanding.reading.shelf import BRANCH, KEPT, TINY, WIDTH, Floats, Numbers, Shelf

FEATURES = 2 * WIDTH
PORTION = 256  # pieces at a time: as much as stays in the processor's cache
JUDGED = 256  # texts at a time: few need little memory
LONG = 8.0


class Room:
    """Space to work in, taken once and used for portion after portion: asking the system each time costs more."""

    def __init__(self, rank: int) -> None:
        self.shallow, self.deep, self.taken, self.hidden = (
            np.empty((PORTION, WIDTH), dtype=np.float32) for _ in range(4)
        )
        self.coded = np.empty((PORTION, WIDTH), dtype=np.int8)
        self.behind = np.empty((PORTION, BRANCH), dtype=np.float32)
        self.none = np.zeros((PORTION, WIDTH), dtype=np.float32)  # four times as fast a maximum as with 0 alone
        self.near2 = np.ones((PORTION, 2 * rank + 1), dtype=np.float32)
        self.near3 = np.ones((PORTION, 3 * rank + 1), dtype=np.float32)


class Encoder:
    def __init__(self, bundle: Bundle, kept: int = KEPT) -> None:
        """``kept``: of how many pieces it remembers what they come to; at least those of one text."""
        own = {
            name.removeprefix("encoder."): array for name, array in bundle.arrays.items() if name.startswith("encoder.")
        }
        self._w = w = {name: array.astype(np.float32) for name, array in own.items()}
        self._vectors, self._sizes = bundle.arrays["vectors"], bundle.arrays["vector_sizes"].astype(np.float32)
        self._shelf = Shelf(self._vectors, self._sizes, w, kept)
        self._second2, self._second3 = (_stacked(w[f"second{order}"], w[f"second{order}_b"]) for order in (2, 3))
        self._rank = len(w["second2"])

    def scores(self, numbers: list[list[int]]) -> Floats:
        """``[text, head]``: the logits of texts given as the numbers of their pieces."""
        pooled = self._pooled(numbers)
        parts = (slice(begin, begin + JUDGED) for begin in range(0, len(numbers), JUDGED))
        found = [self._body(*(x[part] for x in pooled)) @ self._w["heads"] + self._w["heads_b"] for part in parts]
        return np.concatenate(found, dtype=np.float32)

    def bodies(self, numbers: list[list[int]]) -> Floats:
        """``[text, feature]``: what the heads judge by; mean, tower and peak end to end."""
        return self._body(*self._pooled(numbers))

    def _pooled(self, numbers: list[list[int]]) -> tuple[Floats, Floats, Floats]:
        """``[text, feature]``: sums and peaks of the features of each text's pieces; and the root of how many those are."""
        lengths = np.fromiter(map(len, numbers), dtype=np.int64, count=len(numbers))
        order = np.argsort(lengths, kind="stable")
        flat = np.fromiter(chain.from_iterable(numbers[i] for i in order), dtype=np.int64, count=int(lengths.sum()))
        distinct = np.unique(flat)
        if len(distinct) > self._shelf.size:
            half = len(numbers) // 2
            first, second = self._pooled(numbers[:half]), self._pooled(numbers[half:])
            sums, peaks, roots = (np.concatenate(both) for both in zip(first, second, strict=True))
            return sums, peaks, roots
        self._shelf.hold(distinct)
        summed = np.empty((len(numbers), FEATURES), dtype=np.float32)
        peak = np.empty_like(summed)
        room, at = Room(self._rank), 0
        for begin, end in _portions(lengths[order]):
            length, texts = int(lengths[order[begin]]), order[begin:end]
            pieces = flat[at : at + length * len(texts)]
            at += len(pieces)
            for half, x in enumerate(self._features(pieces, length, room)):
                columns, by_text = slice(half * WIDTH, (half + 1) * WIDTH), x.reshape(-1, length, WIDTH)
                summed[texts, columns] = by_text.sum(axis=1)
                peak[texts, columns] = by_text.max(axis=1)
        return summed, peak, np.sqrt(lengths.astype(np.float32))[:, None]

    def _features(self, pieces: Numbers, length: int, room: Room) -> tuple[Floats, Floats]:
        """``[place, feature]`` of texts of the same length, their pieces end to end: vectors, and what is made of them;
        each place brought to mean 0 and variance 1 over both."""
        places = self._shelf.places(pieces)
        deep, shallow = self._deep(places, length, room), room.shallow[: len(pieces)]
        np.copyto(shallow, np.take(self._vectors, pieces, axis=0, out=room.coded[: len(pieces)], mode="clip"))
        sums = self._shelf.sums[places]
        mean = (sums[:, 0] + deep @ np.ones(WIDTH, dtype=np.float32)) / FEATURES
        scale = 1 / np.sqrt((sums[:, 1] + np.vecdot(deep, deep)) / FEATURES - mean * mean + TINY)
        shift = mean * scale
        for x, size in ((shallow, scale * self._sizes[pieces]), (deep, scale)):
            x *= size[:, None]
            x -= shift[:, None]
        return shallow, deep

    def _deep(self, places: Numbers, length: int, room: Room) -> Floats:
        """What both stacks make of the pieces at these places."""
        count, (own, here, before, behind) = len(places), self._shelf.kept
        starts, stops = slice(0, count, length), slice(length - 1, count, length)
        hidden, taken = room.hidden[:count], room.taken[:count]
        np.take(here, places, axis=0, out=hidden, mode="clip")
        hidden += np.take(before, _shifted(places, 1, stops, self._shelf.size), axis=0, out=taken, mode="clip")
        hidden[:, BRANCH:] += np.take(
            behind, _shifted(places, -1, starts, self._shelf.size), axis=0, out=room.behind[:count], mode="clip"
        )
        np.maximum(hidden, room.none[:count], out=hidden)
        hidden += np.take(own, places, axis=0, out=taken, mode="clip")
        deep, near2, near3, r = room.deep[:count], room.near2[:count], room.near3[:count], self._rank
        np.matmul(hidden[:, :BRANCH], self._w["narrow2"], out=near2[:, :r])
        np.matmul(hidden[:, BRANCH:], self._w["narrow3"], out=near3[:, r : 2 * r])
        near2[:-1, r : 2 * r] = near2[1:, :r]
        near2[stops, r : 2 * r] = 0
        near3[1:, :r] = near3[:-1, r : 2 * r]
        near3[starts, :r] = 0
        near3[:-1, 2 * r : 3 * r] = near3[1:, r : 2 * r]
        near3[stops, 2 * r : 3 * r] = 0
        np.matmul(near2, self._second2, out=deep[:, :BRANCH])
        np.matmul(near3, self._second3, out=deep[:, BRANCH:])
        np.maximum(deep, room.none[:count], out=deep)
        deep += hidden
        return deep

    def _body(self, summed: Floats, peak: Floats, root: Floats) -> Floats:
        """Mean, tower and peak. Scaling after summing is the same and less work."""
        scale, shift = self._w["level"], self._w["level_b"]
        mean = (summed / root * scale + shift * root) @ self._w["mean"] + self._w["mean_b"] * root
        y1 = mean @ self._w["p1"] + np.maximum(mean @ self._w["d0"], 0) @ self._w["d1"]
        np.maximum(y1, 0, out=y1)
        z = np.tanh(y1 @ self._w["p3"] + np.maximum(y1 @ self._w["d2"], 0) @ self._w["d3"])
        z *= LONG / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), TINY)
        return np.concatenate([mean, z, peak * scale + shift], axis=1)


def _stacked(weights: Floats, level: Floats) -> Floats:
    """``[own and neighbours' columns, feature]`` of ``[column, neighbour * feature]``, and a last row for the level."""
    return np.concatenate([*np.hsplit(weights, weights.shape[1] // BRANCH), level[None]])


def _shifted(places: Numbers, step: int, ends: slice, none: int) -> Numbers:
    """Of each place its neighbour one step on, or back; ``none`` at the ends of texts."""
    shifted = np.roll(places, -step)
    shifted[ends] = none
    return shifted


def _portions(lengths: Numbers) -> Iterator[tuple[int, int]]:
    """Beginnings and ends of runs of the same length that have no more pieces than a portion."""
    begin = 0
    while begin < len(lengths):
        same = int(np.searchsorted(lengths, lengths[begin], side="right"))
        end = min(same, begin + max(1, PORTION // int(lengths[begin])))
        yield begin, end
        begin = end
