"""Trains the reading model: ``python -m training [--data FOLDER] [--keep FOLDER]``; finished stages in ``--keep`` are used again."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click
import numpy as np
import structlog
import torch
from numpy.typing import NDArray
from scipy.special import softmax

from folkmoot.understanding.reading.contract import SENTIMENTS
from folkmoot.understanding.reading.heads import HEADS
from folkmoot.understanding.reading.model import FILE, LAST, LONGEST
from folkmoot.understanding.reading.pieces import Pieces
from training import card, corpus, encoder, lessons, linear, mixing, narrowing, packing, quality
from training.lessons import Course
from training.mixing import Scored
from training.original import Original, original

DATA = Path("folkmoot/understanding/reading/data")
STRENGTH = 16.0
SAMPLE = 1500
AGAIN = encoder.Plan(passes=1, rate=4e-4, vector_rate=4e-4, seed=2)
log = structlog.get_logger()


@click.command()
@click.option(
    "--data", type=click.Path(path_type=Path), default=corpus.data_folder, help="The folder with train/*.tsv."
)
@click.option(
    "--keep", type=click.Path(path_type=Path), default=Path("var/training"), help="Where finished stages are kept."
)
@click.option(
    "--to", type=click.Path(path_type=Path), default=DATA, help="Where the model and its quality are written."
)
def train(data: Path, keep: Path, to: Path) -> None:
    """Trains the reading model.

    Run `python -m training.neighbours` after it, which fits what tells paraphrases to the new model. The model of
    languages is another one: `python -m training.languages.collect CACHE`, then `python -m training.languages.train
    CACHE`.
    """
    begun = time.monotonic()
    keep.mkdir(parents=True, exist_ok=True)
    course = lessons.course(data)
    log.info("rows", rows=len(course.rows), held=int(course.held.sum()))
    start, model = meaning(course, keep)
    wondering = course.guessing()
    moods = encoder.scores(model, _numbers(start, course, wondering))[:, : len(SENTIMENTS)]
    course.guess(wondering, softmax(moods, axis=1))
    half = grams(course, keep / "linear.npz")
    held = np.flatnonzero(course.held)
    scored = _scored(course, held, half, encoder.scores(model, _numbers(start, course, held)))
    outcome = quality.judged([course.rows[i] for i in held], course.taught[held], scored)
    parts = packing.grams(half) | packing.encoder(model, start)
    version = packing.pack(to / FILE, {"heads": list(HEADS), "rows": len(course.rows)}, parts, outcome.mix)
    told = {"version": version, "rows": [row.as_dict() for row in outcome.measured], "calibration": outcome.calibration}
    (to / "quality.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    card.write(to / "quality.json")
    log.info("trained", version=version, minutes=round((time.monotonic() - begun) / 60, 1))


def _scored(course: Course, held: NDArray[np.int64], half: packing.Linear, by_meaning: NDArray[np.float32]) -> Scored:
    """The held-out rows as both halves see them, the n-grams as they are after packing."""
    return Scored(
        linear.scores(packing.as_read(half), [course.said[i] for i in held]),
        by_meaning,
        course.language[held],
        course.targets.values[held],
        mixing.counts([course.rows[i] for i in held], ~np.isnan(course.taught[held])),
    )


def grams(course: Course, kept: Path) -> packing.Linear:
    if kept.exists():
        with np.load(kept) as stored:
            return packing.Linear(stored["weights"], stored["levels"])
    rows = np.flatnonzero(~course.held)
    x = linear.matrix([course.said[i] for i in rows])
    found = packing.Linear(np.zeros((x.shape[1], len(HEADS)), dtype=np.float32), np.zeros(len(HEADS), dtype=np.float32))
    for i, name in enumerate(HEADS):
        lesson = linear.Lesson(course.targets.values[rows, i], course.targets.weights[rows, i], course.source[rows])
        found.weights[:, i], found.levels[i] = linear.head(x, lesson, STRENGTH)
        log.info("n-grams", head=name)
    np.savez(kept, weights=found.weights, levels=found.levels)
    return found


def meaning(course: Course, keep: Path) -> tuple[Original, encoder.Encoder]:
    """The encoder after both its courses."""
    start = original([text for text, own in zip(course.said, course.own, strict=True) if not own])
    model = encoder.Encoder(start, int(course.source.max()) + 1)
    for name, rows, plan in (("first", course.first(), encoder.Plan()), ("second", course.second(), AGAIN)):
        kept = keep / f"{name}.pt"
        if not _kept(kept, start, model):
            taught = encoder.Lessons(
                _numbers(start, course, rows),
                course.targets.values[rows],
                course.targets.weights[rows],
                course.source[rows],
            )
            encoder.fine_tune(model, taught, plan)
            torch.save({"pieces": start.pieces, "state": model.state_dict()}, kept)
    sample = np.random.default_rng(corpus.SEED).choice(np.flatnonzero(~course.held), SAMPLE, replace=False)
    narrowing.narrow(model, _numbers(start, course, sample))
    return start, model


def _kept(file: Path, start: Original, model: encoder.Encoder) -> bool:
    """Takes up what an earlier run learnt, if it knew the same pieces."""
    if not file.exists():
        return False
    stored = torch.load(file)
    if stored["pieces"] != start.pieces:
        return False
    model.load_state_dict(stored["state"])
    return True


def _numbers(start: Original, course: Course, rows: NDArray[np.int64]) -> list[list[int]]:
    pieces = Pieces(start.pieces, start.scores)
    return [pieces.numbers(course.said[i], LONGEST, LAST) for i in rows]


if __name__ == "__main__":
    train()
