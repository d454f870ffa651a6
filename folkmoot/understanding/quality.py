"""How well the product's model understands: what was measured when it was trained, as the package carries it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from folkmoot.understanding.codes import KINDS_OF_TOXIC
from folkmoot.understanding.reading.contract import LANGUAGES

FILES = ("quality.json", "language-quality.json")


@dataclass(frozen=True, slots=True)
class Measured:
    """One thing measured in one language on one source of rows that training had not seen.

    ``value``, ``low`` and ``high`` (the 95 % interval) are 0 to 1, None where nothing could be measured; ``floor`` is
    what a plain TF-IDF and logistic regression reaches on the same rows. ``labels`` is ``human``, ``derived`` (from
    something people did, as stars of a review), ``projected`` (by a model, from another language) or ``none``.
    """

    task: str
    language: str
    source: str
    n: int
    measure: str
    value: float | None
    low: float | None
    high: float | None
    floor: float | None
    labels: str


@cache
def measured() -> tuple[Measured, ...]:
    """Empty where the package carries no measurements."""
    folder = files("folkmoot.understanding.reading") / "data"
    stored = [json.loads((folder / name).read_text(encoding="utf-8")) for name in FILES if (folder / name).is_file()]
    return tuple(_row(row) for file in stored for row in (file["rows"] if isinstance(file, dict) else file))


def _row(row: dict[str, Any]) -> Measured:
    value, low, high, floor = (row.get(name) for name in ("value", "low", "high", "floor"))
    return Measured(
        task=str(row["task"]),
        language=str(row["language"]),
        source=str(row.get("source") or ""),
        n=int(row.get("n") or 0),
        measure=str(row.get("measure") or ""),
        value=value,
        low=low,
        high=high,
        floor=floor,
        labels=str(row.get("labels") or "none"),
    )


def unproven() -> dict[str, frozenset[str]]:
    """By language, the harms (as ``Reading.unsure`` names them) for which no text labelled by people exists: nobody may
    be accused of them on the model's word alone."""
    found = {}
    for language in LANGUAGES:
        proven = {
            one.task for one in measured() if one.language == language and one.labels in ("human", "derived") and one.n
        }
        harms = {kind for kind in KINDS_OF_TOXIC if kind not in proven} | {"toxic"} if "toxic" not in proven else set()
        found[language] = frozenset(harms)
    return found if measured() else {}
