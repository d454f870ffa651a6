"""Rows of our own making: short sentences from the phrase books in ``own/``, filled in with groups, things and people;
and messages as communities write them in ``own/chat/``, for languages in which no set of such messages is labelled."""

from __future__ import annotations

import random
import re
import tomllib
from pathlib import Path

from training.corpus import SEED, Row

BOOKS = Path(__file__).parent / "own"
FILLINGS, AS_IT_IS = 14, 2
WEIGHT = 1.0
SLOT = re.compile(r"\{(\w)(\d?)\}")
ENDS = ("", "", ".", "!", "!!", " :)", "...")


def own_rows() -> list[Row]:
    rng = random.Random(SEED)
    books = [row for book in sorted(BOOKS.glob("*.toml")) for row in _book(book, rng, FILLINGS)]
    return books + [row for book in sorted((BOOKS / "chat").glob("*.toml")) for row in _book(book, rng, AS_IT_IS)]


def _book(book: Path, rng: random.Random, fillings: int) -> list[Row]:
    told = tomllib.loads(book.read_text(encoding="utf-8"))
    slots = {name: [form.split("|") for form in forms] for name, forms in told.get("slots", {}).items()}
    rows = []
    for said in told["say"]:
        for template in said["texts"]:
            texts = sorted({_filled(template, slots, rng) for _ in range(fillings)})
            rows += [
                Row("own", book.stem, f"own_{_family(said['as'])}", text, said["as"], template, "own", WEIGHT)
                for text in texts
            ]
    return rows


def _family(labels: str) -> str:
    """The first label with its value, as a name of what the sentences are about."""
    return labels.split()[0].replace("=", "_")


def _filled(template: str, slots: dict[str, list[list[str]]], rng: random.Random) -> str:
    chosen = {name: rng.choice(forms) for name, forms in slots.items()}
    text = SLOT.sub(lambda found: chosen[found[1]][int(found[2] or 0)], template)
    text = text[0].upper() + text[1:] if rng.random() < 0.5 else text
    return text if text[-1] in "?!." else text + rng.choice(ENDS)
