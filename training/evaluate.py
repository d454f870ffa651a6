"""``python -m training.evaluate``: the packaged model beside fastText and TF-IDF with logistic regression, on the same held-out rows.

The product's figures are those of the whole reader, language identification included. The two others are trained, one
model a task, on the same rows as the product's model.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import fasttext
import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from folkmoot.understanding.reading.contract import EMOTIONS, SENTIMENTS
from folkmoot.understanding.reading.heads import AT, HEADS
from folkmoot.understanding.reading.reader import Reader, reader
from training import corpus, lessons, measures
from training.corpus import SEED
from training.lessons import Course

COMPARED = ("sentiment", "toxic", "emotion", "spam")
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Rival:
    """A way to read: probabilities ``[row, head]`` of texts, and how many texts a second it read on one core."""

    name: str
    probabilities: Floats
    cuts: Floats
    speed: float


@click.command()
@click.option(
    "--data", type=click.Path(path_type=Path), default=corpus.data_folder, help="The folder with train/*.tsv."
)
@click.option("--alone", is_flag=True, help="The product's model alone, without its rivals.")
def evaluate(data: Path, alone: bool) -> None:
    course = lessons.course(data)
    held = np.flatnonzero(course.held)
    rivals = [_product(reader(), [course.rows[i].text for i in held])]
    if not alone:
        rivals += [_rival("fastText", _fasttext, course, held), _rival("TF-IDF + LR", _tf_idf, course, held)]
    rows, taught = [course.rows[i] for i in held], course.taught[held]
    tables = [{_key(m): m for m in measures.measured(rows, taught, r.probabilities, r.cuts)} for r in rivals]
    click.echo("\t".join(["task", "lang", "source", "labels", "n", "measure", *(r.name for r in rivals), "95 %"]))
    for key, first in tables[0].items():
        if alone or first.task in COMPARED:
            values = [f"{table[key].value:.3f}" for table in tables]
            click.echo(
                "\t".join(
                    [
                        first.task,
                        first.language,
                        first.source,
                        first.labels,
                        str(first.n),
                        first.measure,
                        *values,
                        f"{first.low:.3f}-{first.high:.3f}",
                    ]
                )
            )
    for rival in rivals:
        click.echo(f"{rival.name}: {rival.speed:.0f} texts/s on one core")


def _key(measured: measures.Measured) -> tuple[str, str, str]:
    return measured.task, measured.language, measured.source


def _product(used: Reader, texts: list[str]) -> Rival:
    used.read(texts[:500])
    begun = time.process_time()
    readings = used.read(texts)
    speed = len(texts) / (time.process_time() - begun)
    rows = [[*r.sentiment, *r.harms, *r.intents, *r.emotions, r.urgency, r.calls_for_answer] for r in readings]
    found = np.array(rows, dtype=np.float32)
    cuts = np.full(found.shape, 0.5, dtype=np.float32)
    for row, reading in enumerate(readings):
        felt = used.felt(reading)
        for name in EMOTIONS:  # a cut that says the same as the reader does of this row
            cuts[row, AT[name]] = 0.0 if name in felt else 1.1
    return Rival("Folkmoot", found, cuts, speed)


Learner = Callable[[list[str], list[str], list[str]], tuple[list[dict[str, float]], float]]


def _rival(name: str, learner: Learner, course: Course, held: NDArray[np.int64]) -> Rival:
    """One model for sentiment, and one for each yes-or-no head compared; ``learner`` gives label probabilities."""
    found = np.zeros((len(held), len(HEADS)), dtype=np.float32)
    texts = [course.said[i] for i in held]
    seconds = 0.0
    for heads in (SENTIMENTS, ("toxic",), ("spam",), *((emotion,) for emotion in EMOTIONS)):
        at = [AT[head] for head in heads]
        rows = np.flatnonzero(~course.held & ~np.isnan(course.taught[:, at]).any(axis=1) & ~course.own)
        labels = [
            heads[int(values.argmax())] if len(heads) > 1 else str(int(values[0]))
            for values in course.taught[rows][:, at]
        ]
        told, spent = learner([course.said[i] for i in rows], labels, texts)
        seconds += spent
        for column, head in zip(at, heads, strict=True):
            found[:, column] = [one.get(head if len(heads) > 1 else "1", 0.0) for one in told]
    return Rival(name, found, np.full(found.shape, 0.5, dtype=np.float32), len(texts) / seconds)


def _fasttext(texts: list[str], labels: list[str], asked: list[str]) -> tuple[list[dict[str, float]], float]:
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.writelines(
            f"__label__{label} {' '.join(text.split())}\n" for text, label in zip(texts, labels, strict=True)
        )
        file.flush()
        made = fasttext.train_supervised(
            file.name,
            epoch=10,
            lr=0.5,
            wordNgrams=2,
            minn=2,
            maxn=5,
            dim=50,
            bucket=200_000,
            thread=1,
            seed=SEED,
            verbose=0,
        )
    begun = time.process_time()
    names, values = made.predict([" ".join(text.split()) for text in asked], k=-1)
    spent = time.process_time() - begun
    return [
        {n.removeprefix("__label__"): float(v) for n, v in zip(*pair, strict=True)}
        for pair in zip(names, values, strict=True)
    ], spent


def _tf_idf(texts: list[str], labels: list[str], asked: list[str]) -> tuple[list[dict[str, float]], float]:
    made = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True), LogisticRegression(C=4.0, max_iter=300)
    )
    made.fit(texts, labels)
    begun = time.process_time()
    found = made.predict_proba(asked)
    spent = time.process_time() - begun
    return [dict(zip(map(str, made.classes_), map(float, row), strict=True)) for row in found], spent


if __name__ == "__main__":
    evaluate()
