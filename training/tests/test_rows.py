"""What the model is taught: labels say what they mean, near-duplicates stay together, our own sentences are whole."""

import hashlib

import numpy as np
import pytest

from folkmoot.understanding.reading.heads import AT, HEADS
from training import corpus, cues, targets
from training.corpus import Row
from training.own_rows import own_rows


def row(task: str, text: str, label: str, **more: str) -> Row:
    return Row(task, more.get("lang", "en"), more.get("source", "made"), text, label, more.get("orig", ""))


def taught(one: Row) -> dict[str, float]:
    values = targets.labels([one])[0]
    return {head: float(values[AT[head]]) for head in HEADS if not np.isnan(values[AT[head]])}


def test_own_sentences_have_no_holes_and_name_only_heads_that_there_are():
    rows = own_rows()
    assert {one.lang for one in rows} == {"en", "ru", "uk", "pl", "et"}
    assert not [one.text for one in rows if "{" in one.text or "}" in one.text]
    assert all(set(targets.taught(one)) <= set(HEADS) for one in rows)


def test_copies_of_a_text_are_held_out_together():
    texts = [
        "the same words again and again, really",
        "The same words again and again, really!!",
        "something quite different is said here",
    ]
    first, copy, other = corpus.groups(texts)
    assert first == copy != other


def test_held_out_rows_are_about_an_eighth_and_always_the_same():
    rows = [row("spam", hashlib.sha256(str(number).encode()).hexdigest(), "0") for number in range(2000)]
    held = corpus.held_out(rows)
    assert 0.05 < held.mean() < 0.2
    assert (held == corpus.held_out(rows)).all()


def test_harsh_criticism_is_taught_apart_from_insults():
    harsh = taught(row("toxicity", "x", "0", source="komentarze_wp", orig="Ostra krytyka"))
    assert (harsh["criticism"], harsh["toxic"]) == (1.0, 0.0)
    insult = taught(row("toxicity", "x", "1", source="komentarze_wp", orig="Obraźliwe"))
    assert (insult["criticism"], insult["insult"]) == (0.0, 1.0)


def test_an_unclear_mood_teaches_none():
    assert taught(row("sentiment", "x", "", orig="skip")) == {}


def test_escapes_of_a_data_set_are_undone():
    assert corpus.plain("tomorrow\\u002c maybe &amp; later") == "tomorrow, maybe & later"


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("how do I reset it?", "question"),
        ("приложение вылетает", "bug"),
        ("było by fajnie, proponuję niedzielę", "suggestion"),
        ("дуже дякую, найкращі", "praise"),
        ("tere hommikust", "greeting"),
        ("the train left at five", "other"),
    ],
)
def test_telling_words_show_an_intent(text: str, intent: str):
    assert cues.intent(text) == intent


def test_real_spam_is_trusted_more_than_sentences_of_our_own_and_rows_nobody_looked_at():
    rows = [row("spam", "earn at home", "1"), row("own", "win a phone", "spam=1"), row("sentiment", "nice", "pos")]
    real, own, hinted = targets.targets(rows).weights[:, AT["spam"]]
    assert real > own > hinted > 0
