"""Heads: logits become probabilities; what is not probable enough is unsure."""

import numpy as np

from folkmoot.understanding.reading.heads import AT, HEADS, OTHER, UNSURE, Mix


def mix(trust_grams: float = 1.0, trust_meaning: float = 0.0) -> Mix:
    trust = np.zeros((OTHER + 1, len(HEADS), 3), dtype=np.float32)
    trust[:, :, 0], trust[:, :, 1] = trust_grams, trust_meaning
    return Mix(
        trust,
        np.full((OTHER + 1, len(UNSURE)), 0.6, dtype=np.float32),
        np.full((OTHER + 1, len(HEADS)), 0.5, dtype=np.float32),
    )


def logits(**named: float) -> np.ndarray:
    found = np.zeros((1, len(HEADS)), dtype=np.float32)
    for name, value in named.items():
        found[0, AT[name]] = value
    return found


def test_choices_sum_to_one_and_the_others_stand_alone():
    p = mix().probabilities(logits(pos=2.0, toxic=4.0, insult=4.0), logits(), np.array([0]))
    assert np.isclose(p[0, AT["neg"] : AT["pos"] + 1].sum(), 1)
    assert p[0, AT["pos"]] > 0.7
    assert p[0, AT["toxic"]] > 0.9
    assert p[0, AT["insult"]] > 0.9
    assert np.isclose(p[0, AT["spam"]], 0.5)


def test_each_half_counts_as_far_as_it_is_trusted():
    half = mix(0.5, 0.5).probabilities(logits(spam=4.0), logits(spam=-4.0), np.array([0]))
    assert np.isclose(half[0, AT["spam"]], 0.5)


def test_even_answers_are_unsure_and_clear_ones_are_not():
    judge = mix()
    p = judge.probabilities(logits(pos=4.0, toxic=0.1), logits(), np.array([0]))
    doubts = dict(zip(UNSURE, judge.unsure(p, np.array([0]))[0].tolist(), strict=True))
    assert doubts["toxic"]
    assert not doubts["sentiment"]
    assert doubts["calls_for_answer"]


def test_huge_logits_stay_finite():
    p = mix().probabilities(logits(pos=1e6, toxic=-1e6), logits(), np.array([0]))
    assert np.isfinite(p).all()
