"""Learns to tell languages. Usage: python -m training.languages.train CACHE [--check SOURCE,…]; see the model's card."""

from __future__ import annotations

import argparse
import random
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from folkmoot.understanding.reading.language import MODEL
from folkmoot.understanding.reading.language_grams import grams
from training.languages import samples
from training.languages.measure import interval

SEED = 20261121
BITS = {"Cyrl": 17, "Latn": 18}
CLASSES = {"Cyrl": samples.CYRILLIC, "Latn": samples.LATIN}
BATCH, EPOCHS, RATE = 4096, 3, 0.03
MOST = 127
# How often a language is meant when several fit alike; against 1 for each that is not ours.
PRIORS = {"en": 4.0, "ru": 4.0, "uk": 2.0, "pl": 2.0, "et": 2.0}
Floats = NDArray[np.float32]


def features(texts: list[str], bits: int) -> csr_matrix:
    """Texts as rows of n-gram counts, each divided by the root of how many the text has."""
    rows, columns = [], []
    for kind in grams(texts, bits):
        rows.append(np.repeat(np.arange(len(texts)), kind.counts))
        columns.append(kind.buckets)
    row, column = np.concatenate(rows), np.concatenate(columns)
    total = np.maximum(np.bincount(row, minlength=len(texts)), 1)
    values = (1 / np.sqrt(total))[row].astype(np.float32)
    return csr_matrix((values, (row, column)), shape=(len(texts), 1 << bits))


def counted(texts: list[str], bits: int) -> NDArray[np.int64]:
    """How many n-grams and words each text has."""
    return np.sum([kind.counts for kind in grams(texts, bits)], axis=0)


def probabilities(x: csr_matrix, weights: Floats, bias: Floats) -> Floats:
    scores = x @ weights + bias
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    return scores / scores.sum(axis=1, keepdims=True)


def fit(texts: list[str], classes: NDArray[np.int64], count: int, bits: int) -> tuple[Floats, Floats]:
    """Multinomial logistic regression by Adam."""
    chance = np.random.default_rng(SEED)
    weights, bias = np.zeros((1 << bits, count), np.float32), np.zeros(count, np.float32)
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    step, total = 0, EPOCHS * (len(texts) // BATCH + 1)
    for epoch in range(EPOCHS):
        started, loss = time.time(), 0.0
        order = chance.permutation(len(texts))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            x = features([texts[number] for number in chosen], bits)
            p = probabilities(x, weights, bias)
            rows = np.arange(len(chosen))
            loss -= float(np.log(p[rows, classes[chosen]] + 1e-9).sum())
            p[rows, classes[chosen]] -= 1
            gradient = np.asarray((x.T @ p) / len(chosen), np.float32)
            step += 1
            rate = RATE * (1 - step / (total + 1))
            first += (gradient - first) * 0.1
            second += (gradient * gradient - second) * 0.01
            weights -= rate * np.sqrt(1 - 0.99**step) / (1 - 0.9**step) * first / (np.sqrt(second) + 1e-7)
            bias -= 0.1 * rate * p.mean(axis=0) * len(chosen) ** 0.5
        print(f"epoch {epoch}: loss {loss / len(order):.4f}, {time.time() - started:.0f} s", flush=True)
    return weights, bias


def whole_numbers(weights: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Weights as small whole numbers and what one of them is worth, class by class."""
    scale = np.abs(weights).max(axis=0) / MOST
    return np.round(weights / scale).astype(np.int8), scale.astype(np.float32)


def sharpened(scores: Floats, totals: NDArray[np.int64], base: float, slope: float) -> Floats:
    scores = scores * (base + slope * np.log1p(totals))[:, None]
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    return np.asarray(scores / scores.sum(axis=1, keepdims=True))


def sharpness(scores: Floats, totals: NDArray[np.int64], labels: NDArray[np.int64]) -> tuple[float, float]:
    """How far to trust scores, given how many n-grams they are made of: the best of a grid by likelihood."""
    rows = np.arange(len(labels))

    def loss(base: float, slope: float) -> float:
        return -float(np.log(sharpened(scores, totals, base, slope)[rows, labels] + 1e-9).mean())

    grid = [(base, slope) for base in np.arange(-1.0, 2.01, 0.2) for slope in np.arange(-0.2, 0.91, 0.1)]
    return min(grid, key=lambda each: loss(*each))


def pack(path: Path, fitted: dict[str, tuple[Floats, Floats]], dev: list[tuple[str, str, str]]) -> None:
    """Writes the model."""
    stored: dict[str, NDArray[np.generic]] = {}
    for script, (weights, bias) in fitted.items():
        classes = CLASSES[script]
        small, scale = whole_numbers(weights)
        rows = [row for row in dev if row[0] in classes]
        x = features([text for *_, text in rows], BITS[script])
        found = sharpness(
            np.asarray(x @ (small * scale) + bias), counted([text for *_, text in rows], BITS[script]),
            np.array([classes.index(language) for language, *_ in rows]),
        )  # fmt: skip
        stored |= {f"{script}_languages": np.array(classes), f"{script}_weights": small, f"{script}_scale": scale}
        stored |= {f"{script}_bias": bias, f"{script}_sharpness": np.array(found)}
    np.savez_compressed(path, **stored)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("cache", type=Path)
    arguments.add_argument("--data", type=Path, default=Path("../shared/data"))
    arguments.add_argument("--check", default="", help="sources to leave out of training and to test on")
    arguments.add_argument("--out", type=Path, default=MODEL)
    asked = arguments.parse_args()
    left_out = frozenset(filter(None, asked.check.split(",")))
    texts = samples.gather(asked.data, asked.cache)
    made = samples.training(texts, left_out, SEED)
    print({language: len(rows) for language, rows in made.items()}, flush=True)
    dev = samples.development(texts, left_out, SEED)
    fitted = {}
    for script, classes in CLASSES.items():
        pieces = [(text, number) for number, code in enumerate(classes) for text in made[code]]
        random.Random(SEED).shuffle(pieces)
        labels = np.array([number for _, number in pieces])
        weights, bias = fit([text for text, _ in pieces], labels, len(classes), BITS[script])
        fitted[script] = weights, bias + np.log([PRIORS.get(code, 1.0) for code in classes]).astype(np.float32)
        report(dev, script, *fitted[script])
    pack(asked.out, fitted, dev)


def report(dev: list[tuple[str, str, str]], script: str, weights: Floats, bias: Floats) -> None:
    classes = CLASSES[script]
    rows = [row for row in dev if row[0] in classes]
    found = probabilities(features([text for *_, text in rows], BITS[script]), weights, bias).argmax(axis=1)
    right: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for (language, source, _), number in zip(rows, found, strict=True):
        right[language, source].append(classes[number].partition("-")[0] == language)
    for key, values in sorted(right.items()):
        low, high = interval(sum(values), len(values))
        print(f"| {' | '.join(key)} | {len(values)} | {np.mean(values):.1%} | {low:.1%} to {high:.1%} |", flush=True)


if __name__ == "__main__":
    main()
