"""Topics found in made-up conversations about five things, and kept when more is said."""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np

from folkmoot.understanding.topics import clusters, fitting, naming
from folkmoot.understanding.topics.fitting import Known
from folkmoot.understanding.topics.matching import match
from folkmoot.understanding.topics.vectors import Vocabulary

THEMES = {
    theme: [f"{letter}{theme}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    for theme in ("printing", "sewing", "garden", "bikes", "music")
}
COMMON = [f"filler{number}" for number in range(60)]


def talk(theme: str, rng: Random) -> Counter[str]:
    return Counter([*rng.choices(THEMES[theme], k=9), *rng.choices(COMMON, k=6)])


def community(size: int, seed: int = 1) -> tuple[list[Counter[str]], list[str]]:
    rng = Random(seed)
    themes = [rng.choice(list(THEMES)) for _ in range(size)]
    return [talk(theme, rng) for theme in themes], themes


def fit(texts: list[Counter[str]], before: list[int | None] | None = None, known: list[Known] | None = None):
    vocabulary = Vocabulary.learn(texts)
    return fitting.fit(texts, vocabulary, {}, before or [None] * len(texts), known or []), vocabulary


def test_each_theme_becomes_a_topic_named_by_its_words() -> None:
    texts, themes = community(300)
    found, _ = fit(texts)
    assert len(found) == len(THEMES)
    for topic in found:
        (theme, count), *_ = Counter(themes[member] for member in topic.members).most_common()
        assert count / len(topic.members) > 0.97
        assert set(topic.name.split(", ")) <= set(THEMES[theme])
        assert themes[topic.typical] == theme


def test_the_same_texts_give_the_same_topics() -> None:
    texts, _ = community(200)
    assert fit(texts) == fit(texts)


def test_topics_keep_their_identity_when_more_is_said() -> None:
    texts, _ = community(300)
    first, _ = fit(texts)
    before: list[int | None] = [None] * 360
    for number, topic in enumerate(first):
        for member in topic.members:
            before[member] = 100 + number
    known = [Known(100 + number, None, topic.centre) for number, topic in enumerate(first)]
    again, _ = fit(texts + community(60, seed=9)[0], before, known)
    assert {topic.id for topic in again} == {100 + number for number in range(len(first))}
    kept = sum(before[member] == topic.id for topic in again for member in topic.members if before[member])
    assert kept / 300 > 0.98


def test_what_is_new_is_placed_or_opens_a_topic_only_with_enough_support() -> None:
    texts, _ = community(300)
    found, vocabulary = fit([*texts, *[Counter({"kiln": 3, "glaze": 3, "clay": 2})] * 3])
    known = [Known(number, None, topic.centre) for number, topic in enumerate(found)]
    more, themes = community(50, seed=4)
    placed = fitting.place(more, vocabulary, known)
    named = {number: next(theme for theme, words in THEMES.items() if set(topic.name.split(", ")) <= set(words)) for number, topic in enumerate(found)}  # fmt: skip
    assert [named[topic] for topic in placed if topic is not None] == themes
    pottery = [Counter({"kiln": 2, "glaze": 1, "clay": 2})] * fitting.OPENS
    assert fitting.place(pottery, vocabulary, known) == [None] * fitting.OPENS
    assert fitting.fresh(pottery[:-1], vocabulary, {}) == []
    (new,) = fitting.fresh(pottery, vocabulary, {})
    assert set(new.name.split(", ")) == {"clay", "kiln", "glaze"}


def test_a_fixed_topic_keeps_its_texts_and_draws_new_ones() -> None:
    texts, _themes = community(300)
    found, _ = fit(texts)
    fixed = found[0]
    before: list[int | None] = [7 if number in fixed.members else None for number in range(300)]
    again, _ = fit(texts, before, [Known(7, None, fixed.centre, fixed=True)])
    assert len(again) == len(found) - 1
    assert not {member for topic in again for member in topic.members} & set(fixed.members)


def test_a_mixed_topic_falls_into_its_parts() -> None:
    texts, _ = community(300)
    vocabulary = Vocabulary.learn(texts)
    assert len(fitting.parts(texts, vocabulary, {})) == len(THEMES)


def test_large_clusters_are_divided_once_more() -> None:
    rng = Random(3)
    texts = [
        Counter([*rng.choices(["print", "printer", "maker"], k=4), *rng.choices(THEMES[theme], k=5)])
        for theme in ("printing", "sewing")
        for _ in range(80)
    ]
    rows = Vocabulary.learn(texts).vectors(texts)
    labels, parent = clusters.divide(rows, np.zeros(160, np.int64))
    assert set(parent.values()) == {0}
    assert len({int(label) for label in labels[:80]} & {int(label) for label in labels[80:]}) == 0


def test_clusters_carry_on_the_topics_they_share_most_with() -> None:
    before = [1, 1, 1, 1, 2, 2, 2, None, None, 3]
    labels = np.array([0, 0, 0, 1, 1, 1, 1, 1, 2, 2])
    assert match(before, labels) == {0: 1, 1: 2, 2: 3}


def test_nothing_comes_of_nothing() -> None:
    assert fit([])[0] == []
    assert fit([Counter(), Counter({"lonely": 1})])[0] == []


def test_names_are_written_as_people_write_them() -> None:
    forms = {"принтерR": {"принтеры": 5, "Принтеры": 1, "принтер": 3}, "таллинR": {"Таллине": 4, "таллине": 1}}
    assert naming.name(["принтерR", "таллинR"], forms) == "принтеры, Таллине"
    assert naming.name(["channelE", "channelsE", "/example.org"], {}) == "channel"
