from __future__ import annotations

import pytest

from folkmoot.understanding.normal import anchors, nearly, normal, shape

LONG = "The parcel has still not come and nobody answers my mails about it"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Thanks!", "thanks!"),
        ("sooooo good", "so good"),
        ("look: https://example.org/a?b=1", "look https://example.com"),
        ("@anna, когда?", "@bob когда?"),
        ("order 1234 is late.", "Order 99 is late"),
        ("ﬁne", "fine"),
    ],
)
def test_what_does_not_matter_makes_no_other_text(one: str, other: str) -> None:
    assert shape(one) == shape(other)


@pytest.mark.parametrize(("one", "other"), [("good", "not good"), ("ok", "ok?"), ("👍", "👎"), ("да", "нет")])
def test_other_words_and_signs_make_another_text(one: str, other: str) -> None:
    assert shape(one) != shape(other)


@pytest.mark.parametrize("text", ["", "  ", "...", "@anna", "https://example.org"])
def test_a_text_of_which_nothing_is_left_has_no_shape(text: str) -> None:
    assert shape(text) is None


def test_one_word_more_in_a_long_text_is_nearly_the_same() -> None:
    one, other = normal(LONG), normal(LONG + " today")
    assert nearly(one, other)
    assert anchors(one) & anchors(other)


def test_short_texts_are_the_same_or_not() -> None:
    assert not nearly(normal("it is good"), normal("it is good!!"))


def test_another_long_text_is_not_nearly_the_same() -> None:
    assert not nearly(
        normal(LONG), normal("The parcel came yesterday and somebody answered my mail within the hour, nice")
    )
