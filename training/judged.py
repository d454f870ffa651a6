"""Messages that were judged by eye, and how far the model agrees with them.

    python -m training.judged sample FOLDER      200 messages a language into FOLDER/<language>.tsv (id, text)
    python -m training.judged agree              the agreement of the model with docs/reference/models/judged.tsv

Who judges sees the text alone. The judgements are kept without texts: an id names a row of the shared data.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from folkmoot import networks
from folkmoot.lib.archive import open_archive
from folkmoot.networks.base import Backfills, SeenMessage
from folkmoot.understanding.reading.contract import LANGUAGES, Reading
from folkmoot.understanding.reading.reader import reader
from training import corpus

COUNT = 200
LONGEST = 600  # characters: longer ones are essays, and judged as a whole they say little of a line of chat
TABLE = Path("docs/reference/models/judged.tsv")
# (language, connector, path below archives, how many): the rest of a language comes from the development split
ARCHIVES = (
    ("en", "zulip", "zulip/loose", 40),
    ("en", "discord", "discord_csv/sample", 40),
    ("en", "discourse", "discourse/archive", 40),
    ("ru", "telegram", "telegram_channels_ru/data", 60),
)


def sampled(folder: Path) -> Iterator[tuple[str, str, str]]:
    """(language, id, text): from real archives first, then rows that the model was not trained on."""
    taken: dict[str, int] = {}
    for language, slug, path, count in ARCHIVES:
        for key, text in _first(_archived(slug, folder / "archives" / path), count):
            taken[language] = taken.get(language, 0) + 1
            yield language, f"{path.split('/')[0]}:{key}", text
    rows = corpus.everything(folder)
    kept = corpus.held_out(rows)
    for language in LANGUAGES:
        own = {
            (row.source, hashlib.sha256(row.text.encode()).hexdigest()[:12]): row.text
            for row, held in zip(rows, kept, strict=True)
            if held and row.lang == language and row.task in {"sentiment", "emotion", "toxicity"}
        }
        drawn = ((f"{source}:{key}", text) for (source, key), text in own.items())
        yield from ((language, *one) for one in _first(drawn, COUNT - taken.get(language, 0)))


def _archived(slug: str, path: Path) -> Iterator[tuple[str, str]]:
    connector = networks.get(slug)
    if not isinstance(connector, Backfills):
        raise SystemExit(f"{slug} reads no archives")
    with open_archive(path) as archive:
        form = connector.recognises(archive) or connector.facts.formats[0].name
        for batch in connector.backfill(archive, format=form, cursor="", options={}):
            for seen in batch.seen:
                if isinstance(seen, SeenMessage) and seen.text.strip():
                    yield hashlib.sha256(f"{seen.remote_id}/{seen.text}".encode()).hexdigest()[:12], seen.text


def _first(found: Iterator[tuple[str, str]], count: int) -> list[tuple[str, str]]:
    """As many as wanted, in an order that has nothing to do with what they say."""
    fitting = [(key, text) for key, text in found if 2 < len(text) <= LONGEST]
    return sorted(fitting, key=lambda one: hashlib.sha256(one[0].encode()).digest())[:count]


def write_sample(target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    by_language: dict[str, list[tuple[str, str]]] = {}
    for language, key, text in sampled(corpus.data_folder()):
        by_language.setdefault(language, []).append((key, " ".join(text.split())))
    for language, rows in by_language.items():
        with (target / f"{language}.tsv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None)
            writer.writerow(["id", "text"])
            writer.writerows(rows)
        print(language, len(rows))


@dataclass(frozen=True, slots=True)
class Agreement:
    """On how many messages the model says what the judge said; ``kappa`` is Cohen's, 0 for chance and 1 for all."""

    language: str
    facet: str
    messages: int
    agreed: float
    kappa: float


def agreements(texts: dict[str, str]) -> Iterator[Agreement]:
    """Of each language and facet: over all messages, and of the mood also over those of which the judge was sure."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["id"] in texts]
    readings = dict(zip((row["id"] for row in rows), reader().read([texts[row["id"]] for row in rows]), strict=True))
    for language in LANGUAGES:
        own = [row for row in rows if row["language"] == language]
        for facet, judged, sure in (
            ("language", "reads_as", False), ("mood", "mood", False), ("mood, sure", "mood", True),
            ("toxic", "toxic", False), ("intent", "intent", False),
        ):  # fmt: skip
            pairs = [(row[judged], _said(readings[row["id"]], judged)) for row in own if row["sure"] == "1" or not sure]
            yield Agreement(language, facet, len(pairs), *_agreed(pairs))


def _said(reading: Reading, column: str) -> str:
    match column:
        case "reads_as":
            return reading.language
        case "mood":
            return reading.mood
        case "intent":
            return reading.intent
        case _:
            return str(int(reading.harm("toxic") >= 0.5))


def _agreed(pairs: list[tuple[str, str]]) -> tuple[float, float]:
    judged, said = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    agreed = sum(one == other for one, other in pairs) / len(pairs)
    chance = sum(judged[label] * said[label] for label in judged) / len(pairs) ** 2
    return agreed, (agreed - chance) / (1 - chance) if chance < 1 else 0.0


def show_agreement() -> None:
    texts = {key: " ".join(text.split()) for _language, key, text in sampled(corpus.data_folder())}
    print("| language | facet | messages | agreed | kappa |\n|---|---|--:|--:|--:|")
    for one in agreements(texts):
        print(f"| {one.language} | {one.facet} | {one.messages} | {one.agreed:.0%} | {one.kappa:.2f} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["sample"] and len(sys.argv) == 3:
        write_sample(Path(sys.argv[2]))
    elif sys.argv[1:] == ["agree"]:
        show_agreement()
    else:
        raise SystemExit(__doc__)
