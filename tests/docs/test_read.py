"""docs/reference/read.md names the columns of the result, in their order, and the words that stand in them."""

from __future__ import annotations

import re

from folkmoot.cli.read import COLUMNS
from folkmoot.understanding.reading.contract import EMOTIONS, INTENTS, SENTIMENTS
from tests.docs.tables import page, sections

TABLE = sections(page("reference/read.md"))["Columns"]


def words_of(column: str) -> list[str]:
    [meaning] = re.findall(rf"^\| `{column}` \| (.*) \|$", TABLE, re.MULTILINE)
    return re.findall(r"`(\w+)`", meaning)


def test_the_columns_are_those_of_the_command() -> None:
    assert tuple(re.findall(r"^\| `(\w+)` \|", TABLE, re.MULTILINE)) == COLUMNS


def test_the_words_are_those_of_a_reading() -> None:
    assert tuple(words_of("sentiment")) == SENTIMENTS
    assert tuple(words_of("intent")) == INTENTS
    assert tuple(words_of("emotions")) == EMOTIONS
