"""What real forums answered, as others recorded it, and a real forum's archive."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from folkmoot.lib.archive import open_archive
from folkmoot.networks.base import Place, SeenMessage
from folkmoot.networks.discourse import Discourse
from folkmoot.networks.discourse.session import DiscourseSession
from folkmoot.networks.errors import Later
from folkmoot.networks.live import Access

pytestmark = pytest.mark.archives

SHARED = Path(__file__).parents[5] / "shared/data"
RECORDED = SHARED / "fixtures/discourse_api/spec/fixtures"
PERCEVAL = SHARED / "fixtures/perceval/tests/data/discourse"
ARCHIVE = SHARED / "archives/discourse/archive/posts"
FORUM = Place("forum.example.org", "forum.example.org", "forum", "https://forum.example.org")
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def recorded(path: Path) -> Any:
    if not path.exists():
        pytest.skip(f"no recordings at {path.parent}")
    return json.loads(path.read_text())


def session(respond: Callable[[httpx.Request], httpx.Response], host: str = "forum.example.org") -> DiscourseSession:
    def dial(*_: object, **__: object) -> Any:
        raise Later("nobody", retry_after=1)

    http = httpx.Client(transport=httpx.MockTransport(respond))
    return Discourse.session(Access({"server": host, "user": "johndoe"}, {"api_key": "k"}, http, dial, lambda: NOW))


def test_the_latest_posts_and_those_before_them_are_one_list() -> None:
    pages = {None: recorded(RECORDED / "posts_latest.json"), "14": recorded(RECORDED / "posts_before.json")}
    asked = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("before"))
        return httpx.Response(200, json=pages.get(asked[-1], {"latest_posts": []}))

    seen: list[SeenMessage] = []
    cursor = '{"top": 1}'
    for _ in range(9):
        batch = session(respond).poll(FORUM, "posts", cursor)
        seen += [one for one in batch.seen if isinstance(one, SeenMessage)]
        cursor = batch.cursor
        assert not batch.skipped
        if not batch.more:
            break
    told = [*pages[None]["latest_posts"], *pages["14"]["latest_posts"]]
    assert {one.remote_id for one in seen} == {f"{one['topic_id']}/{one['post_number']}" for one in told}
    assert all(one.ours == (one.author.handle == "johndoe") for one in seen)
    assert all(one.text and one.thread_title for one in seen)


@pytest.mark.parametrize("name", ["topic.json", "topic_posts.json"])
def test_posts_of_recorded_topics_are_read(name: str) -> None:
    items = recorded(RECORDED / name)["post_stream"]["posts"]
    batch = session(lambda request: httpx.Response(200, json={"latest_posts": items})).poll(FORUM, "posts", "")
    assert len(batch.seen) == len(items)
    assert not batch.skipped


def test_posts_that_perceval_recorded_are_read() -> None:
    items = [
        recorded(PERCEVAL / "discourse_post.json"),
        *recorded(PERCEVAL / "discourse_posts.json")["post_stream"]["posts"],
    ]
    batch = session(lambda request: httpx.Response(200, json={"latest_posts": items})).poll(FORUM, "posts", "")
    assert len(batch.seen) + sum(one.count for one in batch.skipped) == len(items)
    assert batch.seen


def test_a_forum_that_was_imported_and_is_then_connected_is_the_same() -> None:
    if not ARCHIVE.exists():
        pytest.skip(f"no archive at {ARCHIVE}")
    folder = min(ARCHIVE.iterdir())
    with open_archive(folder) as archive:
        batches = list(Discourse().backfill(archive, format="discourse"))
    imported = {one.remote_id: one for batch in batches for one in batch.seen if isinstance(one, SeenMessage)}
    items = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    [place] = {batch.place for batch in batches}
    assert place
    live = session(lambda request: httpx.Response(200, json={"latest_posts": items}), place.remote_id)
    met = {one.remote_id: one for one in live.poll(place, "posts", "").seen if isinstance(one, SeenMessage)}
    assert len(imported) > 5
    assert set(imported) <= set(met)
    same = (
        "author",
        "at",
        "text",
        "html",
        "thread",
        "thread_title",
        "parent",
        "kind",
        "url",
        "edited_at",
        "attachments",
    )
    for remote_id, one in imported.items():
        assert [getattr(met[remote_id], name) for name in same] == [getattr(one, name) for name in same]

    def about(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"title": "Any"})

    assert session(about, place.remote_id).places()[0].remote_id == place.remote_id
