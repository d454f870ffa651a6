"""The model card's tables, written into the page between its marks from what training measured."""

from __future__ import annotations

import json
from pathlib import Path

PAGE = Path("docs/reference/models/reading.md")
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
Told = dict[str, object]


def write(quality: Path, page: Path = PAGE) -> None:
    told = json.loads(quality.read_text(encoding="utf-8"))
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{tables(told)}\n{END}{after}", encoding="utf-8")


def tables(told: dict[str, list[Told]]) -> str:
    lines = [f"Model version `{told['version']}`.", ""]
    lines += [
        "| task | language | source | labels | rows | measure | value | 95 % interval | floor |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(row) for row in told["rows"]]
    lines += ["", "| task | language | rows | calibration error |", "|---|---|---|---|"]
    lines += [f"| {row['task']} | {row['language']} | {row['n']} | {row['error']:.3f} |" for row in told["calibration"]]
    return "\n".join(lines)


def _row(row: Told) -> str:
    floor = "–" if row["floor"] is None else f"{row['floor']:.3f}"
    names = " | ".join(str(row[name]) for name in ("task", "language", "source", "labels", "n", "measure"))
    return f"| {names} | {row['value']:.3f} | {row['low']:.3f}–{row['high']:.3f} | {floor} |"
