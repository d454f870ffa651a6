import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkmoot.lib.lemmas import tokens
from folkmoot.lib.lemmas.tokens import LONGEST, fold


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ёлка ЁЛКА елка", ["елка", "елка", "елка"]),
        ("п'ять п’ять пʼять", ["п'ять"] * 3),
        ("молоко\u0301 моло\u00adко мо\u200bлоко", ["молоко"] * 3),
        ("и\u0306 й і\u0308 ї", ["й", "й", "ї", "ї"]),
        ("кое-что", ["кое-что", "кое", "что"]),
        ("C++ и C#", ["c++", "c", "и", "c#", "c"]),
        ("#Ёлки @Mira_k", ["#елки", "елки", "@mira_k", "mira", "k"]),
        ("mira@example.org", ["mira@example.org", "mira", "example", "org"]),
        ("https://www.example.org/a-page", ["example.org", "example", "org", "a-page", "a", "page"]),
        ("_foo_ «Да», 'single'", ["foo", "да", "single"]),
        ("3.14 и 2026", ["3.14", "3", "14", "и", "2026"]),
        ("ﬁne Ｗide", ["fine", "wide"]),
        ("", []),
        ("🎉 !!! …", []),
    ],
)
def test_a_text_gives_its_words_in_one_spelling(text, expected):
    assert list(tokens(text)) == expected


def test_pasted_junk_is_left_out():
    assert list(tokens("ключ " + "QUJD" * 40 + " вот")) == ["ключ", "вот"]


@given(st.text())
def test_any_text_gives_folded_words_of_bounded_length(text):
    for token in tokens(text):
        assert token
        assert len(token) <= LONGEST
        assert fold(token) == token
