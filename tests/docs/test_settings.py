"""docs/reference/settings.md tells of every environment variable that is read, and of no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.tables import ROOT, code, page, rows

TABLE = {code(row["variable"]): row for row in rows(page("reference/settings.md"), "variable", "default")}
READS = {"text", "boolean", "integer", "words", "choice", "address"}
NOT_OURS = {"DJANGO_SETTINGS_MODULE", "DJANGO_ALLOW_ASYNC_UNSAFE"}


def sources() -> Iterator[Path]:
    yield from (path for path in (ROOT / "folkmoot").rglob("*.py"))
    yield from (ROOT / "scripts").glob("*.py")
    yield from (ROOT / "tests").rglob("*.py")


def scripts() -> Iterator[Path]:
    for path in [ROOT / "Makefile", ROOT / ".ci" / "run", *sorted((ROOT / "scripts").iterdir())]:
        if path.is_file():
            yield path


def calls(tree: ast.AST) -> Iterator[tuple[str, str, ast.expr | None]]:
    """The variables that a module reads: how, which, and the default."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            owner, name = ast.unparse(node.func.value), node.func.attr
            first = node.args[0]
            ours = (owner == "env" and name in READS) or (owner == "os.environ" and name in {"get", "setdefault"})
            if ours and isinstance(first, ast.Constant):
                yield name, str(first.value), node.args[1] if len(node.args) > 1 else None
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and _is_environ(node.value):
            yield "item", str(node.slice.value), None


def _is_environ(node: ast.expr) -> bool:
    return ast.unparse(node) == "os.environ"


def read() -> set[str]:
    found = {name for path in sources() for _how, name, _default in calls(ast.parse(path.read_text(encoding="utf-8")))}
    for path in scripts():
        found |= set(re.findall(r"\bFOLKMOOT_[A-Z_]+\b|\bDATABASE_URL\b", path.read_text(encoding="utf-8")))
    return found - NOT_OURS


def defaults() -> dict[str, set[str]]:
    """What each variable is taken for when it is not set, as the page writes it; defaults worked out are left out."""
    found: dict[str, set[str]] = {}
    for path in sources():
        if "tests" in path.parts:
            continue
        for how, name, default in calls(ast.parse(path.read_text(encoding="utf-8"))):
            if how in READS and (default is None or isinstance(default, ast.Constant)):
                value = default.value if isinstance(default, ast.Constant) else ""
                shown = {True: "yes", False: "no", "": "–"}.get(value, str(value))
                found.setdefault(name, set()).add("0" if value == 0 and value is not False else shown)
    return found


def test_every_variable_that_is_read_is_told_of() -> None:
    assert read() - TABLE.keys() == set()


def test_nothing_is_told_of_that_nobody_reads() -> None:
    assert TABLE.keys() - read() == set()


def test_no_variable_is_told_of_twice() -> None:
    told = [code(row["variable"]) for row in rows(page("reference/settings.md"), "variable", "default")]
    assert len(told) == len(set(told))


@pytest.mark.parametrize(("name", "values"), sorted(defaults().items()))
def test_the_default_is_the_one_in_the_code(name: str, values: set[str]) -> None:
    shown = TABLE[name]["default"]
    if name == "FOLKMOOT_HOME":  # worked out in lib/home.py
        return
    assert {code(shown)} == values


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_variable_has_an_example_and_says_what_it_takes(name: str) -> None:
    row = TABLE[name]
    assert code(row["example"]) != row["example"]
    assert len(row["what it does"]) > 15
    if row["takes"] == "number":
        assert code(row["example"]).isdecimal()
    if row["takes"] == "yes or no":
        assert code(row["example"]) in {"yes", "no"}
