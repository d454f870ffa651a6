"""Settings from the environment, read with types; anything unclear fails loudly and names the variable."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit


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


def choice(name: str, default: str, known: Collection[str]) -> str:
    value = text(name, default)
    if value not in known:
        raise BadSetting(f"{name} is {value!r}; it takes one of: {', '.join(known)}")
    return value


def address(name: str) -> str:
    """A web address without a slash at its end, or nothing."""
    value = text(name).rstrip("/")
    if value and not (value.startswith(("http://", "https://")) and urlsplit(value).hostname):
        raise BadSetting(f"{name} is {value!r}; it takes an address such as https://moot.example.org")
    return value


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]
