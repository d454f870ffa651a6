"""What was measured: every figure beside its target and beside a limit measured in the same run."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """``target`` is what is asked for, at most (or ``at_least``) this; ``limit`` what the bare database or kernel does."""

    part: str
    name: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False
    limit: float | None = None
    limit_of: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def good(self) -> bool | None:
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


def quantile(values: Sequence[float], share: float) -> float:
    """The nearest-rank quantile: the smallest value that at least ``share`` of all values don't exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def spread(milliseconds: Sequence[float]) -> dict[str, float | int]:
    return {
        "n": len(milliseconds),
        "p50": round(quantile(milliseconds, 0.5), 2),
        "p95": round(quantile(milliseconds, 0.95), 2),
        "max": round(max(milliseconds), 2),
    }


def show(figures: Iterable[Figure]) -> None:
    table = Table(title="Folkmoot measured", title_justify="left")
    for heading, side in (("part", "left"), ("figure", "left"), ("measured", "right"), ("target", "right")):
        table.add_column(heading, justify=side)  # type: ignore[arg-type]
    table.add_column("limit in the same run", justify="right")
    table.add_column("", justify="center")
    for one in figures:
        sign = "≥" if one.at_least else "≤"
        target = f"{sign} {_number(one.target)} {one.unit}" if one.target is not None else ""
        limit = f"{_number(one.limit)} {one.unit} ({one.limit_of})" if one.limit is not None else ""
        mark = {None: "", True: "[green]yes[/]", False: "[red]no[/]"}[one.good]
        table.add_row(one.part, one.name, f"{_number(one.value)} {one.unit}", target, limit, mark)
    Console(width=None if os.isatty(1) else 150).print(table)


def write(path: Path, figures: Iterable[Figure], facts: dict[str, Any]) -> None:
    told = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "world": facts,
        "figures": [{**asdict(one), "good": one.good} for one in figures],
    }
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def machine() -> dict[str, Any]:
    load = os.getloadavg()
    return {
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1024**3, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load_at_the_end": [round(each, 2) for each in load],
    }


def _number(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
