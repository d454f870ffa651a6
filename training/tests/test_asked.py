"""The sentences that models are asked about stay unseen."""

from training.asked import sentences
from training.own_rows import own_rows


def plain(text: str) -> str:
    return "".join(ch for ch in text.lower() if ch.isalpha())


def test_no_sentence_that_is_asked_was_taught():
    taught = {plain(row.text) for row in own_rows()}
    assert not [one.text for one in sentences() if plain(one.text) in taught]


def test_each_language_is_asked_about_hate_and_about_what_only_looks_like_it():
    for language in ("en", "pl"):
        hateful = [one.hateful for one in sentences() if one.language == language]
        assert 10 <= sum(hateful) < len(hateful) - 10
