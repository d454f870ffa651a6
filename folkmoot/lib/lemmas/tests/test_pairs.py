"""Sixty searches a language, each for another form of a word than the one that was written."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from folkmoot.lib.lemmas import query, vector
from folkmoot.lib.lemmas.tests.conftest import Found

LANGUAGES = ("en", "ru", "uk", "pl", "et")
EACH = 60
FLOOR = 0.95
PAIRS = Path(__file__).parent / "families" / "pairs.txt"
AROUND = ("", "the new", "наш новый", "наш новий", "się na nowy", "või see uus")
# Names and product words, some of which look like other forms of something.
NAMES = (
    "Siemens", "Kubernetes", "iOS", "macOS", "Jenkins", "Redis", "Postgres", "Philips", "Adidas", "Mercedes", "Atlas", "Windows", "Linux", "Discourse",
    "Mattermost", "GitLab", "Nginx", "Swedbank", "Rimi", "Omniva", "Žabka", "Orlen", "Яндекс", "Сбер", "Ашан", "Розетка", "Монобанк", "Київстар", "C++", ".NET", "Node.js",
)  # fmt: skip


def pairs() -> dict[str, list[tuple[str, str]]]:
    """What is searched for and what was written, by language."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for line in PAIRS.read_text(encoding="utf-8").splitlines():
        language, _, rest = line.partition(" ")
        asked, _, written = rest.partition(" | ")
        found[language].append((asked, written))
    return found


def test_there_are_sixty_pairs_a_language() -> None:
    assert {language: len(set(rows)) for language, rows in pairs().items()} == dict.fromkeys(LANGUAGES, EACH)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_word_is_found_by_another_of_its_forms(found: Found, language: str) -> None:
    missed = [(asked, written) for asked, written in pairs()[language] if not found(vector(written), query(asked))]
    assert len(missed) <= (1 - FLOOR) * EACH, missed


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_pair_is_found_by_the_word_as_typed(language: str) -> None:
    """Else the list would measure nothing."""
    plain = [asked for asked, written in pairs()[language] if asked.casefold() in written.casefold().split()]
    assert not plain


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_found_whatever_language_stands_around_it(found: Found, name: str) -> None:
    assert all(found(vector(f"{around} {name}"), query(asked)) for around in AROUND for asked in (name, name.lower()))


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Siemens", "rohkem seemet"),
        ("Siemens", "siemen"),
        ("iOS", "io"),
        ("macOS", "maco"),
        ("Redis", "redo"),
        ("Rimi", "rim"),
        ("Jenkins", "jenkin"),
        ("Mercedes", "mercy"),
        ("Atlas", "atlantic"),
        ("Сбер", "сберечь"),
        ("Ашан", "аша"),
        ("Монобанк", "банк"),
        ("Node.js", "a node of a tree"),
        ("C++", "c"),
    ],
)
def test_a_name_is_not_taken_for_another_word(found: Found, name: str, written: str) -> None:
    assert not found(vector(written), query(name))
