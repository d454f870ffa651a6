"""How good the model is on rows it did not learn from: one figure with its interval for each task, language and source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, recall_score

from folkmoot.understanding.reading.contract import EMOTIONS, INTENTS, SENTIMENTS
from folkmoot.understanding.reading.heads import AT, CHOICES
from training.corpus import SEED, Row

Floats = NDArray[np.float32]
RESAMPLES = 400
BINS = 10
FEWEST = 25


@dataclass(frozen=True, slots=True)
class Spec:
    """What is measured: ``sources`` are beginnings of names; ``floor`` is of other rows of the same kind, if known."""

    task: str
    language: str
    sources: tuple[str, ...]
    measure: str
    labels: str = "human"
    floor: float | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure on held-out rows with its 95 % interval (bootstrap over rows)."""

    task: str
    language: str
    source: str
    n: int
    measure: str
    value: float
    low: float
    high: float
    floor: float | None
    labels: str

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


OWN = ("own_",)
SPECS = (
    Spec("sentiment", "ru", ("rusentitweet",), "macro-F1", floor=0.668, name="RuSentiTweet"),
    Spec("sentiment", "ru", ("opensentimentcorpus",), "macro-F1", name="OpenSentimentCorpus"),
    Spec("sentiment", "en", ("semeval",), "macro-recall", floor=0.601, name="SemEval tweets"),
    Spec("sentiment", "en", ("senti4sd",), "macro-F1", floor=0.794, name="Stack Overflow"),
    Spec("sentiment", "et", ("ekt_valence",), "accuracy", floor=0.643, name="Valence"),
    Spec("sentiment", "uk", ("brighter",), "macro-F1", "derived", 0.632, "BRIGHTER, from emotions"),
    Spec("sentiment", "ru", ("brighter",), "macro-F1", "derived", 0.825, "BRIGHTER, from emotions"),
    Spec("sentiment", "pl", ("xed",), "macro-F1", "projected", 0.633, "film subtitles, from emotions"),
    Spec("emotion", "en", ("brighter",), "macro-F1", floor=0.5235, name="BRIGHTER"),
    Spec("emotion", "ru", ("brighter",), "macro-F1", floor=0.7966, name="BRIGHTER"),
    Spec("emotion", "uk", ("brighter",), "macro-F1", floor=0.4415, name="BRIGHTER"),
    Spec("emotion", "pl", ("xed",), "macro-F1", "projected", name="film subtitles"),
    Spec("emotion", "et", ("xed",), "macro-F1", "projected", name="film subtitles"),
    Spec("toxic", "en", ("olid",), "macro-F1", floor=0.731, name="OLID"),
    Spec("toxic", "en", ("toxicr",), "macro-F1", floor=0.867, name="code review"),
    Spec("toxic", "en", ("surge",), "macro-F1", floor=0.89, name="Surge"),
    Spec("toxic", "pl", ("poleval",), "F1", floor=0.484, name="PolEval 2019"),
    Spec("toxic", "pl", ("komentarze",), "macro-F1", name="news comments"),
    Spec("toxic", "ru", ("hse",), "macro-F1", floor=0.748, name="VK and OK comments"),
    Spec("toxic", "ru", ("russe",), "macro-F1", floor=0.927, name="RUSSE 2022"),
    Spec("criticism", "pl", ("komentarze",), "macro-F1", name="news comments"),
    Spec("spam", "ru", ("tg_spam",), "macro-F1", floor=0.937, name="Telegram groups"),
    Spec("intent", "en", ("app_reviews", "banking77"), "macro-F1", "derived", name="app reviews, bank customers"),
    *(Spec("hate", language, OWN, "accuracy", "none", name="own sentences") for language in ("en", "ru", "uk", "pl", "et")),
    *(Spec("toxic", language, OWN, "accuracy", "none", name="own sentences") for language in ("uk", "et")),
    *(Spec("spam", language, OWN, "accuracy", "none", name="own sentences") for language in ("en", "uk", "pl", "et")),
    *(Spec("intent", language, OWN, "accuracy", "none", name="own sentences") for language in ("en", "ru", "uk", "pl", "et")),
    *(Spec("urgency", language, OWN, "accuracy", "none", name="own sentences") for language in ("en", "ru", "uk", "pl", "et")),
)  # fmt: skip


def rows_of(spec: Spec, rows: list[Row], values: Floats) -> NDArray[np.int64]:
    """The numbers of the rows that a person labelled for this (hints from telling words do not count)."""
    at = [AT[name] for name in columns(spec.task)]
    labelled = ~np.isnan(values[:, at])
    known = labelled.all(axis=1) if spec.task in CHOICES else labelled.any(axis=1)
    return np.array(
        [
            i
            for i, row in enumerate(rows)
            if known[i] and row.lang == spec.language and row.source.startswith(spec.sources)
        ],
        dtype=np.int64,
    )


def columns(task: str) -> tuple[str, ...]:
    return {"sentiment": SENTIMENTS, "emotion": EMOTIONS, "intent": INTENTS}.get(task, (task,))


def measured(rows: list[Row], taught: Floats, probabilities: Floats, cuts: Floats) -> list[Measured]:
    """``taught`` are people's labels alone; ``cuts[row, head]`` from what probability on a head counts as yes."""
    found = []
    for spec in SPECS:
        chosen = rows_of(spec, rows, taught)
        if len(chosen) < FEWEST:
            continue
        score = _scorer(spec, taught[chosen], probabilities[chosen], cuts[chosen])
        value = score(np.arange(len(chosen)))
        rng = np.random.default_rng(SEED)
        drawn = [score(rng.integers(0, len(chosen), len(chosen))) for _ in range(RESAMPLES)]
        low, high = np.quantile(drawn, (0.025, 0.975))
        figures = (round(float(figure), 4) for figure in (value, low, high))
        found.append(
            Measured(spec.task, spec.language, spec.name, len(chosen), spec.measure, *figures, spec.floor, spec.labels)
        )
    return found


def _scorer(spec: Spec, values: Floats, probabilities: Floats, cuts: Floats) -> Callable[[NDArray[np.int64]], float]:
    at = [AT[name] for name in columns(spec.task)]
    if spec.task in CHOICES:
        at = [column for column in at if values[:, column].any()]  # only answers that the source knows at all
        said, guessed = values[:, at].argmax(axis=1), probabilities[:, at].argmax(axis=1)
        return lambda drawn: _score(spec.measure, said[drawn], guessed[drawn])
    told = [column for column in at if not np.isnan(values[:, column]).any()]
    said, guessed = values[:, told] > 0.5, probabilities[:, told] >= cuts[:, told]
    if spec.task == "emotion":
        return lambda drawn: float(
            np.mean([f1_score(said[drawn, i], guessed[drawn, i], zero_division=0) for i in range(len(told))])
        )
    return lambda drawn: _score(spec.measure, said[drawn, 0], guessed[drawn, 0])


def _score(measure: str, said: NDArray[np.generic], guessed: NDArray[np.generic]) -> float:
    if measure == "accuracy":
        return float(accuracy_score(said, guessed))
    if measure == "macro-recall":
        return float(recall_score(said, guessed, average="macro", zero_division=0))
    return float(f1_score(said, guessed, average="binary" if measure == "F1" else "macro", zero_division=0))


def calibration_error(probability: Floats, right: NDArray[np.bool_]) -> float:
    """Expected calibration error (Guo et al., 2017): mean distance of probability and truth over ten equal bins."""
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    gaps = [
        abs(probability[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean()
        for b in range(BINS)
        if (bins == b).any()
    ]
    return float(sum(gaps))


def calibration(rows: list[Row], taught: Floats, probabilities: Floats) -> list[dict[str, object]]:
    """The calibration error of each task and language with enough rows labelled by people."""
    found: list[dict[str, object]] = []
    languages = np.array([row.lang for row in rows])
    for task in ("sentiment", "intent", "toxic", "insult", "hate", "spam", *EMOTIONS):
        at = [AT[name] for name in columns(task)]
        for language in sorted(set(languages)):
            chosen = (languages == language) & ~np.isnan(taught[:, at]).any(axis=1)
            if chosen.sum() < FEWEST * 2:
                continue
            p, y = probabilities[chosen][:, at], taught[chosen][:, at]
            error = (
                calibration_error(p.max(axis=1), p.argmax(axis=1) == y.argmax(axis=1))
                if len(at) > 1
                else calibration_error(p[:, 0], y[:, 0] > 0.5)
            )
            found.append({"task": task, "language": str(language), "n": int(chosen.sum()), "error": round(error, 4)})
    return found
