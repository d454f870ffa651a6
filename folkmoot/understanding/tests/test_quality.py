from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from conftest import WordReader
from folkmoot.understanding import codes, quality, reader
from folkmoot.understanding.codes import BIT
from folkmoot.understanding.quality import Measured
from folkmoot.understanding.reading.contract import LANGUAGES


def measured(task: str, language: str, labels: str, n: int = 100) -> Measured:
    return Measured(task, language, "somewhere", n, "macro-F1", 0.8, 0.7, 0.9, None, labels)


def test_what_the_package_carries_can_be_read() -> None:
    rows = quality.measured()
    assert {row.labels for row in rows} <= {"human", "derived", "projected", "none"}
    assert all(row.value is None or 0 <= row.value <= 1 for row in rows)


def test_languages_are_measured_as_the_card_of_the_language_model_says() -> None:
    card = (Path(settings.PACKAGE).parent / "docs" / "reference" / "models" / "language.md").read_text(encoding="utf-8")
    told = [one for one in quality.measured() if one.task == "language"]
    assert {one.language for one in told} == set(LANGUAGES)
    for one in told:
        assert f"| {one.language} | {one.n} | {one.value:.1%} |".replace("%", " %") in card


def test_harm_that_no_people_labelled_is_not_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (measured("toxic", "en", "human"), measured("toxic", "ru", "none"), measured("hate", "ru", "human"))
    monkeypatch.setattr(quality, "measured", lambda: rows)
    unproven = quality.unproven()
    assert unproven["en"] == frozenset()
    assert unproven["ru"] == {"toxic", "insult", "threat", "obscene", "sexual"}
    assert "hate" in unproven["et"]
    careful = reader.Careful(WordReader(), unproven)
    english, russian = (codes.read_out(one) for one in careful.read(["you fool", "ты fool"]))
    assert english.says & english.sure & BIT["insult"]
    assert russian.says & BIT["insult"]
    assert not russian.sure & BIT["insult"]
    assert russian.sure & BIT["spam"]


def test_without_measurements_nothing_is_doubted_for_their_sake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "measured", lambda: ())
    assert quality.unproven() == {}
