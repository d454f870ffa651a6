from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from folkmoot.understanding.neighbours.meaning import WIDTH, Floats, Meanings, meanings, says_enough

ROWS = Path(__file__).with_name("paraphrases.tsv")
# Of twenty questions a language, how many find their other wording among the three nearest of some 200 sentences;
# half a dozen below what was measured, so that another model may differ but not fail
FOUND = {"en": 12, "ru": 11, "uk": 3, "pl": 6, "et": 3}


@pytest.fixture(scope="module")
def known() -> Meanings:
    return meanings()


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with ROWS.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.fixture(scope="module")
def likeness(known: Meanings, rows: list[dict[str, str]]) -> Floats:
    """``[said, again]``: the cosine of every sentence with every other wording."""
    said = known.vectors([row["said"] for row in rows])
    again = known.vectors([row["again"] for row in rows])
    return np.asarray(said @ again.T, dtype=np.float32)


def test_directions_have_length_one(known: Meanings) -> None:
    vectors = known.vectors(["where is my parcel, it should be here by now", "", "да"])
    assert vectors.shape == (3, WIDTH)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)


def test_no_texts_have_no_directions(known: Meanings) -> None:
    assert known.vectors([]).shape == (0, WIDTH)


@pytest.mark.parametrize("language", list(FOUND))
def test_a_question_finds_its_other_wording(language: str, rows: list[dict[str, str]], likeness: Floats) -> None:
    own = [i for i, row in enumerate(rows) if row["lang"] == language]
    found = sum(int((likeness[i, own] > likeness[i, i]).sum() < 3) for i in own)
    assert found >= FOUND[language]


def test_a_question_finds_itself_in_another_language(rows: list[dict[str, str]], known: Meanings) -> None:
    by_language = {
        code: known.vectors([row["said"] for row in rows if row["lang"] == code]) for code in ("en", "ru", "pl")
    }
    for asked, other in (("en", "ru"), ("ru", "en"), ("pl", "en")):
        near = (by_language[asked] @ by_language[other].T).argmax(axis=1)
        assert (near == np.arange(20)).sum() >= 14, (asked, other)


def test_short_texts_are_not_compared() -> None:
    assert not says_enough("ok thanks a lot")
    assert not says_enough("a b c d e f g")
    assert not says_enough("12 34 56 78 90 https 11")
    assert says_enough("when does the next meetup start")
