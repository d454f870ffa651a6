from __future__ import annotations

from collections.abc import Mapping

import pytest

from folkmoot.web.workspaces.details import told


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ({}, ""),
        ({"name": "lounge"}, "lounge"),
        ({"added": 12, "changed": 0}, "12 new · 0 changed"),
        ({"corrections": 1}, "1 correction"),
        ({"parts": [4, 5, 6]}, "3 parts"),
        ({"facet": "sentiment", "value": "neg", "was": "neu"}, "Mood: Neutral → Negative"),
        ({"facet": "toxic", "value": "no", "was": "no"}, "Toxic: no"),
        ({"facet": "intent"}, "Intent"),
        ({"from": False, "to": True}, "no → yes"),
        ({"was": "", "now": "Evenings"}, "Evenings"),
        ({"rank": "moderator", "channels": [1, 2]}, "Moderator · 2 channels"),
        ({"rank": "guest", "channels": None}, "Guest"),
        ({"word": "Лумен", "kind": "name"}, "Лумен · Name"),
        ({"url": "http://x/v1", "reads": True, "summarises": False}, "http://x/v1 · it may be asked about messages"),
        ({"merge": 4, "kept": 1, "gone": 2, "identities": [7]}, "1 account"),
    ],
)
def test_a_detail_is_told_in_words_with_its_counts(detail: Mapping[str, object], said: str) -> None:
    assert told(detail) == said
