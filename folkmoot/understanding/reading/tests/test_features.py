"""N-grams: those of a text don't depend on its company, and the same text has the same ones."""

from hypothesis import given
from hypothesis import strategies as st

from folkmoot.understanding.reading import features
from folkmoot.understanding.reading.prepare import prepare


def of(grams: features.Grams, text: int) -> list[int]:
    return [int(bucket) for bucket in grams.buckets[grams.starts[text] : grams.starts[text + 1]]]


def said(text: str) -> str:
    return features.said(prepare(text))


def test_a_text_has_the_same_grams_alone_and_in_company():
    texts = ["добрый день", "x", "kas keegi teab? 😀", "a longer one with many more words"]
    together = features.grams(texts)
    for number, text in enumerate(texts):
        assert of(together, number) == of(features.grams([text]), 0)


@given(st.lists(st.text(max_size=60), min_size=1, max_size=5))
def test_any_texts_give_each_bucket_once_and_in_range(texts: list[str]):
    found = features.grams([said(text) for text in texts])
    assert len(found.starts) == len(texts) + 1
    for number in range(len(texts)):
        own = of(found, number)
        assert own
        assert len(set(own)) == len(own)
        assert all(0 <= bucket < features.BUCKETS for bucket in own)


def test_pairs_of_words_tell_order():
    assert of(features.grams(["not good"]), 0) != of(features.grams(["good not"]), 0)


def test_people_and_links_are_told_only_as_such():
    assert said("@Anna see https://example.org/a") == said("@Peter see https://example.com/b")
    assert "@user" in said("@Anna hello")


def test_shouting_is_told():
    assert said("WHERE IS MY ORDER") == "where is my order <caps>"
    assert said("OK") == "ok"
