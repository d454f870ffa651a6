"""What people say, in one language: sentences with slots, read from ``data/<language>.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

DATA = Path(__file__).resolve().parent / "data"
LANGUAGES = ("en", "ru", "uk", "pl", "et")
# numbers that take the same form of a noun after them in every one of the languages
NUMBERS = (5, 6, 7, 8, 9, 12, 14, 15, 16, 18, 20, 25, 27, 30, 36, 40, 48)
VERSIONS = ("2.2.4", "2.3.0", "2.3.1", "2.3.5")
CRISIS = {"bad": "2.4.0", "good": "2.3.5", "fixed": "2.4.1"}

_GENDERED = re.compile(r"\[([^|\]]*)\|([^\]]*)\]")
_SLOT = re.compile(r"\{([a-z.]+)\}")


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language's sentences by kind, its names, and what fills the slots."""

    language: str
    weight: int
    names: Mapping[str, Sequence[str]]
    slots: Mapping[str, Sequence[str]]
    parts: Sequence[Mapping[str, str]]
    lines: Mapping[str, Sequence[str]]


@cache
def read(language: str) -> Phrases:
    found = _toml(f"{language}.toml")
    return Phrases(language, found["weight"], found["names"], found["slots"], found["part"], found["lines"])


@cache
def places() -> dict[str, Any]:
    return _toml("places.toml")


def _toml(name: str) -> dict[str, Any]:
    with (DATA / name).open("rb") as file:
        return tomllib.load(file)


class Talk:
    """One conversation's words: what it is about stays the same, and no sentence comes twice."""

    def __init__(self, phrases: Phrases, rng: Random, *, first: str = "") -> None:
        self.phrases = phrases
        self._rng = rng
        self._said: set[str] = set()
        self._first = first
        self._part = rng.choice(phrases.parts)
        self._material = rng.choice(phrases.slots["material"])

    def say(self, kind: str, *, female: bool) -> str:
        """A sentence of this kind as a woman or a man would write it."""
        fresh = [line for line in self.phrases.lines[kind] if line not in self._said]
        line = self._rng.choice(fresh or self.phrases.lines[kind])
        self._said.add(line)
        line = _GENDERED.sub(r"\2" if female else r"\1", line)
        line = _SLOT.sub(lambda slot: self._fill(slot[1]), line)
        return line[0].upper() + line[1:]

    def _fill(self, slot: str) -> str:
        if slot.startswith("part"):
            return self._part[slot.partition(".")[2] or "nom"]
        if slot in self.phrases.slots and slot != "material":
            return self._rng.choice(self.phrases.slots[slot])
        filled = {
            "material": self._material,
            "n": str(self._rng.choice(NUMBERS)),
            "version": self._rng.choice(VERSIONS),
            "link": f"https://example.org/wiki/{self._rng.randrange(100, 999)}",
            "first": self._first,
            **CRISIS,
        }
        return filled[slot]
