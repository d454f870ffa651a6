"""The product's model, as packaged: it loads, keeps order, and reads plain cases of five languages rightly."""

import dataclasses
import math

import pytest

from folkmoot.understanding.reading.contract import EMOTIONS, HARMS, INTENTS
from folkmoot.understanding.reading.reader import reader

PLAIN = [
    ("I love this, thank you so much!", "en", "pos"),
    ("This is terrible, I hate it", "en", "neg"),
    ("Обожаю вас, вы лучшие!", "ru", "pos"),
    ("Какой ужас, отвратительный сервис", "ru", "neg"),
    ("Дуже дякую, все чудово, ви найкращі!", "uk", "pos"),
    ("Uwielbiam to, jesteście wspaniali!", "pl", "pos"),
    ("See oli kohutav õhtu, olen väga pettunud", "et", "neg"),
]


def test_readings_come_in_the_order_of_the_texts():
    texts = [text for text, _, _ in PLAIN] * 90
    together = reader().read(texts)
    assert len(together) == len(texts)
    assert together[: len(PLAIN)] == together[len(PLAIN) * 89 :]


def test_a_text_is_read_the_same_alone_and_in_company():
    texts = [text for text, _, _ in PLAIN]
    for text, in_company in zip(texts, reader().read(texts), strict=True):
        (alone,) = reader().read([text])
        assert alone.mood == in_company.mood
        assert alone.sentiment == pytest.approx(in_company.sentiment, abs=1e-4)


@pytest.mark.parametrize(("text", "language", "mood"), PLAIN)
def test_plain_words_are_read_as_they_are_meant(text: str, language: str, mood: str):
    (reading,) = reader().read([text])
    assert reading.language == language
    assert reading.mood == mood


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_an_empty_text_is_unknown_neutral_and_unsure(text: str):
    (reading,) = reader().read([text])
    assert (reading.language, reading.mood, reading.intent) == ("unknown", "neu", "other")
    assert {"language", "sentiment", "toxic"} <= reading.unsure


@pytest.mark.parametrize("text", ["a" * 100_000, "\ud83d", "🔥" * 3000, "...", "​", "> quoted only", "0" * 50])
def test_strange_texts_are_read_without_complaint(text: str):
    (reading,) = reader().read([text])
    assert math.isclose(sum(reading.sentiment), 1, abs_tol=1e-3)
    assert math.isclose(sum(reading.intents), 1, abs_tol=1e-3)
    assert (len(reading.harms), len(reading.intents), len(reading.emotions)) == (
        len(HARMS),
        len(INTENTS),
        len(EMOTIONS),
    )
    assert all(0 <= p <= 1 for p in (*reading.harms, *reading.emotions, reading.urgency, reading.calls_for_answer))


def test_insults_of_others_that_one_quotes_are_not_ones_own():
    own, quoting = reader().read(
        ["you are a stupid idiot, shut up", "> you are a stupid idiot, shut up\nthanks, that helped"]
    )
    assert own.harm("toxic") > 0.5 > quoting.harm("toxic")


def test_a_question_asks_for_an_answer_and_a_remark_does_not():
    asked, remarked = reader().read(["how do I reset my password?", "we went for a walk with the dog"])
    assert asked.intent == "question"
    assert asked.calls_for_answer > 0.5 > remarked.calls_for_answer


def test_named_emotions_are_those_above_their_cut():
    (reading,) = reader().read(["I am so happy, what a joy!"])
    assert "joy" in reader().felt(reading)
    assert reader().felt(dataclasses.replace(reading, emotions=(0.0,) * len(EMOTIONS))) == ()


def test_every_reading_says_which_model_made_it():
    assert {reading.version for reading in reader().read(["a", "b"])} == {reader().version}
