"""folkmoot read"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import click

from folkmoot.cli.failures import BadInput, Failed
from folkmoot.understanding.reading.bundle import UnreadableBundle
from folkmoot.understanding.reading.contract import LANGUAGES, UNKNOWN, Reading
from folkmoot.understanding.reading.reader import reader

BATCH = 512
STANDARD = "-"
HINTED = 0.5  # below this probability of a language, a hint is believed rather than the text
COLUMNS = (
    "id", "lang", "lang_p", "sentiment", "sentiment_p", "toxic_p", "insult_p", "threat_p", "hate_p", "obscene_p", "spam_p",
    "intent", "intent_p", "emotions", "urgency", "calls_for_answer",
)  # fmt: skip
_HARMS = ("toxic", "insult", "threat", "hate", "obscene", "spam")


@dataclass(frozen=True, slots=True)
class Row:
    """One text to read, with what the table says about it."""

    id: str
    text: str
    hint: str = ""


@click.command("read")
@click.argument("file", metavar="FILE")
@click.option("--text-column", default="text", show_default=True, help="The column with the texts.")
@click.option("--lang-column", default="", help="A column with languages: hints where a text leaves it open.")
@click.option(
    "--id-column", default="id", show_default=True, help="The column with names of the rows; else their numbers."
)
@click.option("--out", default="", help="The table to write; - is standard output. Needed unless FILE is -.")
def command(file: str, text_column: str, lang_column: str, id_column: str, out: str) -> None:
    """Read texts: language, sentiment, harm, intent, emotions, urgency.

    FILE is a table with a header, columns parted by tabs, one row a line (.tsv); OUT gets one line for each of its
    rows, in the same order. With - as FILE, each line of standard input is a JSON object such as {"text": "Hello"}
    (or a JSON text alone), and each is answered at once by a line of JSON. No database is needed.
    """
    names = Names(text_column, lang_column, id_column)
    try:
        if file == STANDARD:
            _answer_lines(sys.stdin.buffer, names)
        elif out:
            _read_table(Path(file), out, names)
        else:
            raise BadInput("Say where to write the result: --out OUT.tsv")
    except UnreadableBundle as error:
        raise Failed(f"The model can't be read: {error}") from error


@dataclass(frozen=True, slots=True)
class Names:
    """What the columns are called."""

    text: str
    language: str
    id: str


def _read_table(path: Path, out: str, names: Names) -> None:
    with _opened(path) as lines, _written(out) as result:
        rows = _rows(lines, names, str(path))
        result.write("\t".join(COLUMNS) + "\n")
        while batch := list(islice(rows, BATCH)):
            for row, reading in zip(batch, reader().read([row.text for row in batch]), strict=True):
                result.write("\t".join(map(_cell, _answer(row, reading).values())) + "\n")


def _answer(row: Row, reading: Reading) -> dict[str, str | float]:
    """A reading as the columns of the result, in their order."""
    language = reading.language
    if row.hint in LANGUAGES and (language == UNKNOWN or reading.language_p < HINTED):
        language = row.hint
    answer: dict[str, str | float] = {"id": row.id, "lang": language, "lang_p": reading.language_p}
    answer |= {"sentiment": reading.mood, "sentiment_p": max(reading.sentiment)}
    answer |= {f"{name}_p": reading.harm(name) for name in _HARMS}
    answer |= {"intent": reading.intent, "intent_p": max(reading.intents)}
    answer |= {
        "emotions": ",".join(reader().felt(reading)),
        "urgency": reading.urgency,
        "calls_for_answer": reading.calls_for_answer,
    }
    return {name: value if isinstance(value, str) else round(float(value), 4) for name, value in answer.items()}


def _cell(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.4f}"


def _rows(lines: IO[bytes], names: Names, file: str) -> Iterator[Row]:
    """The rows of a table; a row that is shorter than the header lacks its last cells."""
    header = _cells(lines.readline(), 1, file)
    if header == [""]:
        raise BadInput(f"{file} is empty: its first line must name the columns, {names.text} among them.")
    places = {name: place for place, name in enumerate(header)}
    for name in filter(None, (names.text, names.language)):
        if name not in places:
            raise BadInput(
                f"{file} has no column {name}; it has {', '.join(header)[:200]}. Name it: --text-column NAME"
            )
    text, language, key = places[names.text], places.get(names.language, -1), places.get(names.id, -1)
    for number, line in enumerate(lines, start=1):
        cells = _cells(line, number + 1, file)
        if len(cells) > len(header):
            raise BadInput(
                f"{file}: line {number + 1} has {len(cells)} cells, the header {len(header)}. A text can't hold tabs."
            )
        cells += [""] * (len(header) - len(cells))
        name = cells[key] if key >= 0 else ""
        yield Row(name or str(number), _unquoted(cells[text]), cells[language].strip().lower() if language >= 0 else "")


def _cells(line: bytes, number: int, file: str) -> list[str]:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n").split("\t")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file}: line {number} is not UTF-8 text. Save the table as UTF-8.") from error


def _unquoted(cell: str) -> str:
    """A text without the quotation marks that spreadsheets put around it; others stay."""
    inner = cell[1:-1]
    quoted = len(cell) > 1 and cell[0] == cell[-1] == '"' and '"' not in inner.replace('""', "")
    return inner.replace('""', '"') if quoted else cell


def _answer_lines(lines: IO[bytes], names: Names) -> None:
    for number, line in enumerate(iter(lines.readline, b""), start=1):
        if line.strip():
            row = _row_of_json(line, number, names)
            (reading,) = reader().read([row.text])
            click.echo(json.dumps(_answer(row, reading)))
            sys.stdout.flush()


def _row_of_json(line: bytes, number: int, names: Names) -> Row:
    try:
        given = json.loads(line.decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BadInput(f'Line {number} is not JSON in UTF-8; a line looks like {{"text": "Hello"}}.') from error
    if isinstance(given, str):
        given = {names.text: given}
    if not isinstance(given, dict) or not isinstance(given.get(names.text), str):
        raise BadInput(f'Line {number} has no text; a line looks like {{"{names.text}": "Hello"}}.')
    key, hint = given.get(names.id, ""), given.get(names.language or "lang")
    text = given[names.text].encode("utf-8", "replace").decode()  # JSON may hold halves of characters
    name = str(key) if isinstance(key, str | int) else ""
    return Row(name or str(number), text, hint.strip().lower() if isinstance(hint, str) else "")


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as lines:
            yield lines
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise BadInput(f"{error.filename or path} can't be used: {error.strerror}.") from error


@contextmanager
def _written(out: str) -> Iterator[IO[str]]:
    """The result, whole or not at all: a file appears when everything is written."""
    if out == STANDARD:
        yield sys.stdout
        return
    part = Path(f"{out}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as result:
            yield result
        os.replace(part, out)
    except OSError as error:
        raise Failed(f"{out} can't be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
