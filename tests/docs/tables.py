"""Tables and sections out of a page of the documentation."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def sections(text: str, level: int = 2) -> dict[str, str]:
    """What stands under each heading of that level, by the heading without its marks of code."""
    parts = re.split(rf"^{'#' * level} (.+)$", text, flags=re.MULTILINE)
    return {title.replace("`", "").strip(): body for title, body in zip(parts[1::2], parts[2::2], strict=True)}


def tables(text: str) -> list[list[dict[str, str]]]:
    """Every table as rows by column."""
    found: list[list[dict[str, str]]] = []
    for block in re.findall(r"(?:^\|.*\|[ ]*\n?)+", text, flags=re.MULTILINE):
        head, _rule, *body = (_cells(line) for line in block.splitlines())
        found.append([dict(zip(head, row, strict=True)) for row in body])
    return found


def rows(text: str, *columns: str) -> list[dict[str, str]]:
    """The rows of all tables that have these columns."""
    return [row for table in tables(text) for row in table if set(columns) <= row.keys()]


def code(cell: str) -> str:
    """What stands in the marks of code that a cell begins with, else the cell."""
    found = re.match(r"`([^`]+)`", cell)
    return found[1] if found else cell


def _cells(line: str) -> list[str]:
    return [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
