"""Checks that foreign keys, which name models by string, go downwards through the layers just as imports do."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from pathlib import Path

import django
from django.apps import apps

ROOT = Path(__file__).resolve().parent.parent


def layers() -> dict[str, int]:
    """Each package with its height, from the import contract; packages of one layer share theirs."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    rows = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return {name: -number for number, row in enumerate(rows) for name in re.findall(r"\w+", row)}


def offences(heights: dict[str, int]) -> list[str]:
    """Foreign keys that point up or sideways, as one line each; Django's and other people's models lie below all."""
    found = []
    for model in apps.get_models():
        for field in model._meta.get_fields(include_hidden=False):
            target = field.related_model
            if not field.concrete or not isinstance(target, type):
                continue
            here, there = _package(model), _package(target)
            if here is None or there is None or here == there:
                continue
            if heights[there] >= heights[here]:
                found.append(f"{model.__module__}.{model.__name__}.{field.name} points up or sideways, at {there}")
    return found


def _package(model: type) -> str | None:
    parts = model.__module__.split(".")
    return parts[1] if parts[0] == "folkmoot" else None


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "folkmoot.settings")
    django.setup()
    found = offences(layers())
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
