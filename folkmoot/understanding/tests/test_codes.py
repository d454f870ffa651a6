from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import WordReader
from folkmoot.understanding import codes
from folkmoot.understanding.codes import BIT, FACETS, LANGUAGE_SURE, NO, YES, pack, read_out, stand, unpack
from folkmoot.understanding.reading.contract import EMOTIONS, HARMS, INTENTS, Reading

NAMES = ("language", "sentiment", "intent", *HARMS, *EMOTIONS, "urgency", "calls_for_answer")
P = st.integers(0, 1000).map(lambda number: number / 1000)


def read(text: str) -> Reading:
    [reading] = WordReader().read([text])
    return reading


@given(
    st.builds(
        Reading,
        language=st.sampled_from(["en", "uk", "unknown", "mixed", "zh"]),
        language_p=P,
        script=st.sampled_from(["Latn", "Cyrl", ""]),
        sentiment=st.tuples(P, P, P),
        harms=st.tuples(*[P] * len(HARMS)),
        intents=st.tuples(*[P] * len(INTENTS)),
        emotions=st.tuples(*[P] * len(EMOTIONS)),
        urgency=P,
        calls_for_answer=P,
        unsure=st.frozensets(st.sampled_from(NAMES)),
        version=st.just("v"),
    )
)
def test_what_is_packed_comes_out_again(reading: Reading) -> None:
    assert unpack(pack(reading), "v") == reading


def test_a_reading_says_what_is_likeliest() -> None:
    found = read_out(read("awful, it is broken now"))
    for mark in ("neg", "complaint", "anger", "urgent", "calls"):
        assert found.says & BIT[mark]
    for mark in ("pos", "neu", "question", "spam", "joy"):
        assert not found.says & BIT[mark]
    assert found.language == "en"
    assert found.sure & LANGUAGE_SURE
    assert (found.urgency, found.balance, found.corrected) == (900, -860, 0)


def test_what_is_unsure_is_not_among_what_is_sure() -> None:
    found = read_out(read("perhaps awful"))
    assert found.says & BIT["neg"]
    assert not found.sure & (codes.MOODS | codes.WANTS | LANGUAGE_SURE)
    assert found.sure & BIT["spam"]


def test_what_a_person_decided_wins_and_is_sure() -> None:
    found = stand(read("perhaps awful"), {"sentiment": "pos", "intent": "praise", "language": "et"})
    assert codes.value_of(found, "sentiment") == "pos"
    assert codes.value_of(found, "intent") == "praise"
    assert found.language == "et"
    assert found.balance == 1000
    assert found.sure & BIT["pos"]
    assert found.sure & LANGUAGE_SURE


@pytest.mark.parametrize(
    ("text", "decided", "toxic", "insult"),
    [
        ("you fool", {"toxic": NO}, NO, NO),
        ("hello", {"insult": YES}, YES, YES),
        ("you fool", {"insult": NO}, YES, NO),
    ],
)
def test_toxicity_and_its_kinds_go_together(text: str, decided: dict[str, str], toxic: str, insult: str) -> None:
    found = stand(read(text), decided)
    assert (codes.value_of(found, "toxic"), codes.value_of(found, "insult")) == (toxic, insult)


def test_urgency_that_a_person_decided_is_all_or_nothing() -> None:
    assert stand(read("now"), {"urgent": NO}).urgency == 0
    assert stand(read("whenever"), {"urgent": YES}).urgency == 1000


@pytest.mark.parametrize("facet", FACETS)
def test_every_facet_can_be_decided_and_told_apart(facet: str) -> None:
    for value in codes.values_of(facet) or ("pl", "unknown"):
        found = stand(read("hello there"), {facet: value})
        assert codes.value_of(found, facet) == value
        assert found.corrected == codes.FACET_BIT[facet]
