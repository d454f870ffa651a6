"""Topics of a real archive: news posts that people sorted into categories."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from folkmoot.understanding.topics import fitting
from folkmoot.understanding.topics.documents import Documents
from folkmoot.understanding.topics.vectors import Vocabulary

POSTS = Path(__file__).parents[5] / "shared/data/archives/telegram_channels_ru/data"
SIZE = 6_000


@pytest.mark.archives
def test_topics_agree_with_how_people_sorted_real_posts() -> None:
    if not POSTS.exists():
        pytest.skip(f"no real archive at {POSTS}")
    posts = [post for path in sorted(POSTS.rglob("*.json")) for post in json.loads(path.read_bytes())]
    sorted_ones = [post for post in posts if post.get("category") and post.get("text")]
    chosen = sorted(sorted_ones, key=lambda post: (post["date"], post["message_id"]))[:: len(sorted_ones) // SIZE]
    documents = Documents()
    for number, post in enumerate(chosen):
        documents.add(number, 1, "", [post["text"]])
    vocabulary = Vocabulary.learn(documents.texts)
    found = fitting.fit(documents.texts, vocabulary, documents.forms, [None] * len(chosen))
    roots = [topic for topic in found if topic.parent is None]
    placed = sum(len(topic.members) for topic in roots)
    agree = sum(Counter(chosen[n]["category"] for n in topic.members).most_common(1)[0][1] for topic in roots)
    commonest = Counter(post["category"] for post in chosen).most_common(1)[0][1]
    assert 20 <= len(roots) <= 120
    assert placed / len(chosen) > 0.95
    assert agree / placed > 0.45
    assert commonest / len(chosen) < 0.25
