"""A vocabulary widens queries, and keeps names whole in the index."""

from __future__ import annotations

import pytest
from django.db import connection

from folkmoot.lib.lemmas import PLAIN, Vocabulary, highlight, query, snippet, vector
from folkmoot.lib.lemmas.names import Name, Names
from folkmoot.lib.lemmas.vocabulary import Group


def found(asked: str, text: str, vocabulary: Vocabulary = PLAIN, *, indexed: Vocabulary | None = None) -> bool:
    """Whether PostgreSQL finds the text; ``indexed`` is what was known when it was written."""
    names = (indexed or vocabulary).names
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT %s::tsvector @@ %s::tsquery",
            [names.vector(text) if names else vector(text), query(asked, vocabulary)],
        )
        return bool(cursor.fetchone()[0])


REFUND = Vocabulary([Group(("refund", "money back", "возврат", "деньги назад"))])

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "asked", ["refund", "refunds", "refunded", "money back", "возврат", "возвратом", "деньги назад"]
)
@pytest.mark.parametrize("text", ["a refund please", "I want my money back", "где мой возврат", "верните деньги назад"])
def test_any_form_of_a_synonym_finds_the_others(asked: str, text: str) -> None:
    assert found(asked, text, REFUND)


def test_without_a_vocabulary_they_do_not_find_each_other() -> None:
    assert not found("refund", "I want my money back")


def test_a_synonym_narrows_together_with_the_words_around_it() -> None:
    assert found("late money back today", "my late refund came today", REFUND)
    assert not found("late money back today", "my refund came today", REFUND)


def test_the_words_of_a_phrase_apart_are_not_the_phrase() -> None:
    assert not found("refund", "back then money was no object", REFUND)
    assert not found("back money", "a refund", REFUND)


def test_what_is_excluded_is_excluded_with_its_synonyms() -> None:
    assert not found("ticket -refund", "my ticket, my money back", REFUND)
    assert found("ticket -refund", "my ticket", REFUND)


@pytest.mark.parametrize("asked", ['"money back"', "refu*", "#refund"])
def test_quotes_stars_and_tags_ask_for_just_what_they_say(asked: str) -> None:
    assert query(asked, REFUND) == query(asked)


def test_alternatives_are_widened_each() -> None:
    assert found("weather OR refund", "деньги назад", REFUND)


def test_the_longest_spelling_is_taken() -> None:
    both = Vocabulary([Group(("money", "cash")), Group(("money back", "refund"))])
    assert found("money back", "a refund", both)
    assert not found("money back", "cash", both)


def test_a_word_of_two_groups_finds_both() -> None:
    both = Vocabulary([Group(("gg", "good game")), Group(("gg", "mother hen"))])
    assert found("gg", "a good game", both)
    assert found("gg", "the mother hen", both)


def test_a_language_keeps_a_word_from_meaning_that_of_another() -> None:
    """The Polish *on* (he) has the form *go*."""
    group = ("go", "walk")
    assert found("ona", "we walk", Vocabulary([Group(("ona", "walk"))]))
    assert found("goes", "we walk", Vocabulary([Group(group, "en")]))
    assert not found("jego", "we walk", Vocabulary([Group(group, "en")]))


def test_words_with_marks_may_be_synonyms() -> None:
    assert found("cpp", "I write C++ daily", Vocabulary([Group(("cpp", "C++"))]))


APPLES = Vocabulary(names=[Name(("Apples", "Яблоки"))])
BULL = Vocabulary(names=[Name(("Red Bull", "редбул", "редбула"))])


def test_a_name_is_not_found_by_the_word_it_looks_like() -> None:
    assert found("apple", "Apples is down again")
    assert not found("apple", "Apples is down again", APPLES)
    assert found("apples", "Apples is down again", APPLES)
    assert not found("apples", "an apple a day", APPLES)


def test_the_listed_forms_of_a_name_find_each_other() -> None:
    assert found("яблоки", "Apples is down again", APPLES)
    assert found("red bull", "литр редбула", BULL)
    assert found("редбул", "a can of Red-Bull", BULL)


def test_a_name_of_two_words_is_one_thing() -> None:
    assert not found("red bull", "a bull in a red barn", BULL)
    assert found("red bull cheap", "cheap Red Bull here", BULL)
    assert found("bull", "a can of red bull", BULL)


def test_a_phrase_may_hold_a_name() -> None:
    assert found('"can of red bull"', "a can of Red Bull here", BULL)
    assert found('"bull here"', "a can of Red Bull here", BULL)


def test_until_the_index_knows_of_a_name_it_is_found_as_before() -> None:
    before = Vocabulary()
    young = Vocabulary(names=[Name(("Apples",), settled=False)])
    assert found("apples", "an apple a day", young, indexed=before)
    assert found("apples", "Apples is down", young, indexed=before)
    assert found("apples", "Apples is down", young)


def test_a_name_may_be_a_synonym() -> None:
    both = Vocabulary([Group(("Red Bull", "energy drink"))], [Name(("Red Bull", "редбул"))])
    assert found("energy drinks", "литр редбул", both)
    assert found("редбул", "an energy drink", both)


def test_names_in_texts_are_excluded_too() -> None:
    assert not found("can -редбул", "a can of red bull", BULL)


def test_all_forms_that_a_query_finds_are_marked() -> None:
    assert highlight("my money back, a refund", "refunds", REFUND) == [
        ("my ", False), ("money", True), (" ", False), ("back", True), (", a ", False), ("refund", True),
    ]  # fmt: skip
    assert [piece for piece, hit in snippet("x " * 300 + "a can of Red Bull", "редбул", vocabulary=BULL) if hit] == [
        "Red",
        "Bull",
    ]


def test_an_empty_vocabulary_changes_nothing() -> None:
    for text in ("good morning", 'a "b c" -d e* #f', "C++ OR e-mail"):
        assert query(text, PLAIN) == query(text)
    assert Names().vector("Some mixed текст, e-mail и C++") == vector("Some mixed текст, e-mail и C++")


def test_a_query_is_not_widened_without_end() -> None:
    large = Vocabulary([Group(tuple(f"w{n}x{m}" for m in range(50))) for n in range(64)])
    asked = " ".join(f"w{n}x0" for n in range(64))
    assert query(asked, large).count("|") - query(asked).count("|") < 300
    assert found("w3x1", "about w3x5", large)
    assert found("w63x0", "about w63x0", large)
