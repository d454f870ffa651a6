"""The labelled rows that the model learns from, in one shape, with near-duplicates kept on one side of the split."""

from __future__ import annotations

import codecs
import csv
import hashlib
import html
import os
import re
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SEED = 20261121
DEV_SHARE = 0.12
EMOTION_WORDS = {"anger", "disgust", "fear", "joy", "sadness", "surprise"}
ESCAPED = re.compile(r"\\u[0-9a-f]{4}")
HASHES = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled message. ``weight`` is how far its label is trusted, ``kind`` human, derived, projected or own."""

    task: str
    lang: str
    source: str
    text: str
    label: str
    orig: str
    kind: str = "human"
    weight: float = 1.0


def data_folder() -> Path:
    return Path(os.environ.get("TRAINING_DATA", "../shared/data")).resolve()


def table(folder: Path, task: str) -> list[Row]:
    with (folder / "train" / f"{task}.tsv").open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Row(task, r["lang"], r["source"], plain(r["text"]), r["label"], r["orig"]) for r in rows]


def plain(text: str) -> str:
    """The text as its author saw it: the sets carry escapes and doubled quotes from their way through files."""
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        text = text[1:-1].replace('""', '"')
    text = ESCAPED.sub(lambda found: codecs.decode(found[0], "unicode_escape"), text)
    return html.unescape(text)


def everything(folder: Path) -> list[Row]:
    """All labelled rows."""
    csv.field_size_limit(10_000_000)
    rows = [
        row
        for task in ("sentiment", "toxicity", "emotion", "spam", "intent", "feedback_type")
        for row in table(folder, task)
    ]
    rows += [replace(row, task="sentiment", kind=_derivation(row)) for row in table(folder, "sentiment_from_emotion")]
    return [replace(row, kind="projected", weight=0.5) if row.source == "xed_projection" else row for row in rows]


def _derivation(row: Row) -> str:
    return "projected" if row.source == "xed_projection" else "derived"


def groups(texts: list[str]) -> NDArray[np.int64]:
    """A number a text, the same for texts that share most of their character 5-grams (MinHash, bands of three)."""
    rng = np.random.default_rng(SEED)
    factors = rng.integers(1, 2**61, HASHES, dtype=np.uint64) | np.uint64(1)
    signatures = np.empty((len(texts), HASHES), dtype=np.uint64)
    for i, text in enumerate(texts):
        squeezed = "".join(ch for ch in text.lower() if ch.isalnum()) or text
        grams = {squeezed[j : j + 5] for j in range(max(1, len(squeezed) - 4))}
        keys = np.fromiter((zlib.crc32(gram.encode()) for gram in grams), dtype=np.uint64, count=len(grams))
        signatures[i] = ((keys[:, None] + np.uint64(1)) * factors).min(axis=0)
    parent = np.arange(len(texts))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = int(parent[node])
        return node

    for band in range(0, HASHES, 3):
        first: dict[bytes, int] = {}
        for i, signature in enumerate(signatures[:, band : band + 3]):
            parent[root(i)] = root(first.setdefault(signature.tobytes(), i))
    return np.array([root(i) for i in range(len(texts))])


def held_out(rows: list[Row]) -> NDArray[np.bool_]:
    """True where a row is of the development split: whole groups of near-duplicates, or of one template of our own."""
    keys = [row.orig if row.task == "own" else row.text for row in rows]
    group = groups(keys)
    drawn = {int(g): _draw(keys[int(g)]) < DEV_SHARE for g in np.unique(group)}
    return np.array([drawn[int(g)] for g in group])


def _draw(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32
