"""Settings from the environment, read with types; anything unclear fails loudly and names the variable."""

from __future__ import annotations

import os
from pathlib import Path


class BadSetting(Exception):
    """A variable holds something it can't; the message names it and says what it takes."""


def text(name: str, default: str = "") -> str:
    """The variable, or the contents of the file that ``NAME_FILE`` points at."""
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BadSetting(f"{name}_FILE can't be read: {error}") from error
    return os.environ.get(name, default)


def boolean(name: str, default: bool) -> bool:
    value = text(name, "yes" if default else "no").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise BadSetting(f"{name} is {value!r}; it takes yes or no")


def integer(name: str, default: int) -> int:
    value = text(name, str(default))
    try:
        return int(value)
    except ValueError as error:
        raise BadSetting(f"{name} is {value!r}; it takes a whole number") from error


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]
