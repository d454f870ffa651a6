from __future__ import annotations

import pytest

from folkmoot.understanding.topics.terms import language, link, terms


def keys(text: str) -> list[str]:
    return [term.key for term in terms(text)]


def test_words_come_as_lemmas_with_the_form_they_had() -> None:
    assert list(terms("Printers are broken")) == [("printerE", "Printers"), ("brokenE", "broken")]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("сломались оба принтера", "принтерR"),
        ("у мене зламалися два принтери", "принтерU"),
        ("drukarki się zepsuły", "drukarkaP"),
        ("printerid on katki, aga miks", "printerT"),
    ],
)
def test_every_language_has_its_own(text: str, key: str) -> None:
    assert key in keys(text)


def test_code_quotes_and_stop_words_tell_nothing() -> None:
    assert keys("> the quoted nozzle\nplease `import nozzle` and then\n```\nnozzle = 1\n```\nthanks") == []


def test_tags_and_addresses_are_terms_of_their_own() -> None:
    found = keys("see https://www.example.org/Wiki/Nozzle/?utm_source=x. #Nozzle @somebody #12")
    assert found == ["/example.org/Wiki/Nozzle", "#nozzle"]


@pytest.mark.parametrize("url", ["https://[broken", "https:///nothing", "https://localhost/x"])
def test_what_is_no_address_is_left_out(url: str) -> None:
    assert link(url) == ""


def test_the_language_stands_at_the_end() -> None:
    assert language("printerE") == "E"
    assert language("#nozzle") == ""


def test_a_version_is_a_term_and_a_figure_is_none() -> None:
    assert keys("after 2.4.0 it cost 12.50 on 01.02.2026") == ["2.4.0", "costE"]
