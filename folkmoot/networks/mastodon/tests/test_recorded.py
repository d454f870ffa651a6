"""Answers of a real Mastodon 4, as recorded by the tests of Mastodon.py."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from folkmoot.networks.base import SeenMessage
from folkmoot.networks.mastodon.parse import Home, parse_notification, parse_status
from folkmoot.networks.payload import Dates, Unfit, mapping, mappings, text

pytestmark = pytest.mark.archives
CASSETTES = Path(__file__).parents[5] / "shared/data/fixtures/mastodon/cassettes"
HOME = Home("http://localhost:3000", "localhost:3000", "117020566092212359", "mastodonpy_test_2@localhost:3000")
DATES = Dates(ZoneInfo("UTC"), datetime(2027, 1, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def answers() -> list[Any]:
    if not CASSETTES.is_dir():
        pytest.skip("no recorded traffic of Mastodon beside the checkout")
    return [found for path in sorted(CASSETTES.glob("*.yaml")) for found in recorded(path)]


def recorded(path: Path) -> Iterator[Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for interaction in yaml.load(path.read_text(), loader)["interactions"]:  # noqa: S506 - a safe loader in C
        body = mapping(mapping(interaction.get("response")).get("body")).get("string")
        try:
            yield json.loads(body) if isinstance(body, str) else None
        except ValueError:
            yield None


def inside(found: Any) -> Iterator[dict[str, Any]]:
    """All objects in an answer, at whatever depth."""
    if isinstance(found, dict):
        yield found
        for value in found.values():
            yield from inside(value)
    elif isinstance(found, list):
        for value in found:
            yield from inside(value)


def test_every_recorded_post_is_read(answers: list[Any]) -> None:
    posts = [one for answer in answers for one in inside(answer) if "spoiler_text" in one and "visibility" in one]
    posts = [one for one in posts if text(one.get("id")) and one.get("account")]
    assert len(posts) > 100
    taken = 0
    for one in posts:
        try:
            seen = parse_status(one, HOME, HOME.page, "", DATES)
        except Unfit as unfit:
            assert unfit.reason == "boost"
            continue
        taken += 1
        assert isinstance(seen, SeenMessage)
        assert seen.url.startswith("http")
        assert seen.author.remote_id.count("@") == 1
        assert seen.ours == (one["account"]["id"] == HOME.ident)
        assert bool(seen.attachments) == bool(one["media_attachments"])
        assert "<p>" not in seen.text
    assert taken > 100


def test_every_recorded_notification_is_read_or_named(answers: list[Any]) -> None:
    told = [one for answer in answers for one in mappings(answer) if "account" in one and "type" in one]
    kinds = {text(one["type"]) for one in told}
    assert {"mention", "favourite", "reblog", "follow"} & kinds
    for one in told:
        try:
            seen = parse_notification(one, HOME, HOME.page, "", DATES)
        except Unfit as unfit:
            assert unfit.reason == "notification of another kind"
        else:
            assert seen.remote_id
