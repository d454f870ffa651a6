import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkmoot.lib.lemmas import highlight, snippet


def marked(pieces: list[tuple[str, bool]]) -> list[str]:
    return [piece for piece, hit in pieces if hit]


@pytest.mark.parametrize(
    ("text", "typed", "expected"),
    [
        ("Мы купили Книги и ёлку.", "книга ёлка", ["Книги", "ёлку"]),
        ("Dzieci, dziecko!", "dziecko", ["Dzieci", "dziecko"]),
        ("добрый день и день", '"добрый день"', ["добрый", "день"]),
        ("кошка, не собака", "кошка -собака", ["кошка"]),
        ("привет, приветы", "прив*", ["привет", "приветы"]),
        ("an e-mail", "emails", ["e-mail"]),
        ("nothing here", "мост", []),
        ("nothing here", "", []),
    ],
)
def test_the_words_that_match_are_marked(text, typed, expected):
    assert marked(highlight(text, typed)) == expected


@given(st.text(), st.text())
def test_the_pieces_make_up_the_text(text, typed):
    assert "".join(piece for piece, _ in highlight(text, typed)) == text


def test_a_snippet_shows_the_first_hit_with_whole_words_around():
    text = "начало " * 100 + "книгами " + "конец " * 100
    pieces = snippet(text, "книга", width=60)
    assert marked(pieces) == ["книгами"]
    assert pieces[0] == pieces[-1] == ("…", False)
    shown = "".join(piece for piece, _ in pieces[1:-1])
    assert len(shown) <= 60
    assert set(shown.split()) == {"начало", "книгами", "конец"}


def test_a_short_text_is_its_own_snippet():
    assert snippet("Купил книгу", "книга") == [("Купил ", False), ("книгу", True)]


def test_without_a_hit_a_snippet_is_the_beginning():
    assert snippet("слово " * 100, "мост", width=20) == [("слово слово слово", False), ("…", False)]


@given(st.text(min_size=30), st.text(), st.integers(min_value=10, max_value=40))
def test_a_snippet_is_never_much_longer_than_asked(text, typed, width):
    assert sum(len(piece) for piece, _ in snippet(text, typed, width)) <= width + 2
