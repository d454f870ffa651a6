"""Russian and Ukrainian put into Latin letters the many ways people do it."""

from __future__ import annotations

import random

_RUSSIAN = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ж": "zh|j|z", "з": "z", "и": "i", "й": "y|i|j", "к": "k", "л": "l",
    "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "h|kh|x", "ц": "c|ts", "ч": "ch|4",
    "ш": "sh|w|6", "щ": "sch|shch|sh", "ъ": "|'", "ы": "y|i", "ь": "|'|", "э": "e", "ю": "yu|ju|u", "я": "ya|ja|ia", "ё": "e|yo|jo",
}  # fmt: skip
_UKRAINIAN = _RUSSIAN | {"г": "h|g", "ґ": "g", "и": "y", "і": "i", "ї": "i|yi|ji", "є": "ye|e|je", "х": "kh|h", "'": ""}


def scheme(language: str, chance: random.Random) -> dict[str, str]:
    """One person's way of writing: a choice for every letter, kept through a text."""
    table = _UKRAINIAN if language == "uk" else _RUSSIAN
    return {letter: chance.choice(choices.split("|")) for letter, choices in table.items()}


def written(text: str, way: dict[str, str]) -> str:
    """A small-letter Cyrillic text in Latin letters."""
    return "".join([way.get(letter, letter) for letter in text])
