"""``python -m training.asked [MODEL]``: what a model makes of sentences that nothing was taught from or chosen by.

Each is about one thing that models of hate get wrong (after Röttger et al., *HateCheck*, 2021): a group named without
hate, hate denied or quoted, insults of what is no group, swearing for joy, slurs in odd spelling.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import click

from folkmoot.understanding.reading import bundle
from folkmoot.understanding.reading.model import Model
from folkmoot.understanding.reading.reader import Reader, reader

TABLE = Path(__file__).with_name("asked.tsv")


@dataclass(frozen=True, slots=True)
class Asked:
    language: str
    hateful: bool
    text: str


def sentences() -> list[Asked]:
    with TABLE.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Asked(row["lang"], row["hateful"] == "1", row["text"]) for row in rows]


def found(used: Reader, asked: list[Asked]) -> tuple[float, float]:
    """Shares: of hateful sentences seen as hate, and of the others left alone."""
    seen = [reading.harm("hate") >= 0.5 for reading in used.read([one.text for one in asked])]
    hateful = [hit for one, hit in zip(asked, seen, strict=True) if one.hateful]
    others = [not hit for one, hit in zip(asked, seen, strict=True) if not one.hateful]
    return sum(hateful) / len(hateful), sum(others) / len(others)


@click.command()
@click.argument("model", type=click.Path(path_type=Path, exists=True), required=False)
def ask(model: Path | None) -> None:
    used = Reader(Model(bundle.read(model))) if model else reader()
    every = sentences()
    for language in sorted({one.language for one in every}):
        own = [one for one in every if one.language == language]
        seen, left = found(used, own)
        click.echo(f"{language}\t{len(own)} sentences\thate seen {seen:.2f}\tothers left alone {left:.2f}")


if __name__ == "__main__":
    ask()
