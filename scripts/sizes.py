"""Checks sizes and names: an alarm that a file or function has become two."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "folkmoot"
FILE_LINES = 500
LONG_FILES_SHARE = 0.10
P90_LINES = 30
LONG_LINES = 50
LONG_SHARE = 0.03
BANNED = {"utils", "helpers", "common", "misc", "util", "helper"}

# Files that are one thing and long for a good reason
LONGER: frozenset[str] = frozenset()


def sources() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each function with its lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.relative_to(PACKAGE)}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def file_offences(paths: list[Path]) -> Iterator[str]:
    if len(LONGER) > LONG_FILES_SHARE * len(paths):
        yield f"more than {LONG_FILES_SHARE:.0%} of the files are listed as longer"
    for path in paths:
        name = str(path.relative_to(PACKAGE))
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > FILE_LINES and name not in LONGER:
            yield f"{name} has {lines} lines (at most {FILE_LINES})"
        if BANNED & set(path.relative_to(PACKAGE).with_suffix("").parts):
            yield f"{name} says nothing about what is in it; name it after its noun"


def function_offences(paths: list[Path]) -> Iterator[str]:
    found = sorted((lines, name) for path in paths for name, lines in functions(path))
    p90 = found[int(0.9 * (len(found) - 1))][0]
    if p90 > P90_LINES:
        yield f"one function in ten has over {p90} lines (at most {P90_LINES})"
    long = [(lines, name) for lines, name in found if lines > LONG_LINES]
    if len(long) > LONG_SHARE * len(found):
        yield f"{len(long)} of {len(found)} functions have over {LONG_LINES} lines (at most {LONG_SHARE:.0%}):"
        yield from (f"  {name}: {lines}" for lines, name in reversed(long))


def main() -> int:
    paths = sources()
    code = [path for path in paths if "tests" not in path.parts]
    found = [*file_offences(paths), *function_offences(code)]
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
