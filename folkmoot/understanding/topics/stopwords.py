"""Words that never tell what a text is about."""

from __future__ import annotations

from pathlib import Path

_LINES = (Path(__file__).parent / "stopwords.txt").read_text(encoding="utf-8").splitlines()

STOPWORDS = frozenset(
    word.replace("ё", "е") for line in _LINES if not line.startswith("#") for word in line.split()[1:]
)
