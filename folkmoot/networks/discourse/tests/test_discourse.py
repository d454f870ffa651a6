from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from folkmoot.lib.archive import open_archive
from folkmoot.networks.base import Attachment, Backfills, Batch, Person, Place, Reaction, SeenMessage
from folkmoot.networks.discourse import Discourse
from folkmoot.networks.discourse.parse import parse_reactions
from folkmoot.networks.errors import Refused

FIXTURES = Path(__file__).parents[1] / "fixtures"
ARCHIVE = Path(__file__).parents[5] / "shared/data/archives/discourse"


def read(path: Path, cursor: str = "") -> list[Batch]:
    with open_archive(path) as archive:
        return list(Discourse().backfill(archive, format="discourse", cursor=cursor))


def seen(batches: list[Batch]) -> dict[str, SeenMessage]:
    return {
        message.remote_id: message for batch in batches for message in batch.seen if isinstance(message, SeenMessage)
    }


def skipped(batches: list[Batch]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for batch in batches:
        for skip in batch.skipped:
            counts[skip.reason] += skip.count
    return dict(counts)


def post(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "topic_id": 1,
        "post_number": number,
        "user_id": 3,
        "username": "mira",
        "created_at": "2024-03-01T10:00:00Z",
        "cooked": f"<p>{number}</p>",
    } | changes


def write_lines(path: Path, posts: list[Any]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in posts), "utf-8")
    return path


def test_it_is_a_connector_that_backfills() -> None:
    assert isinstance(Discourse(), Backfills)


@pytest.mark.parametrize("name", ["posts", "topic.json", "latest.json", "posts.jsonl"])
def test_it_recognises_posts_in_whatever_files(name: str) -> None:
    with open_archive(FIXTURES / name) as archive:
        assert Discourse().recognises(archive) == "discourse"


@pytest.mark.parametrize(
    "other", ["zulip/fixtures/public", "zulip/fixtures/export", "gitter/fixtures", "matrix/fixtures"]
)
def test_it_leaves_others_alone(other: str) -> None:
    with open_archive(FIXTURES.parents[1] / other) as archive:
        assert Discourse().recognises(archive) is None


def test_the_forum_is_one_place_named_after_its_host() -> None:
    assert {batch.place for batch in read(FIXTURES / "posts")} == {
        Place("forum.example.org", "forum.example.org", "forum", "https://forum.example.org")
    }


def test_a_forum_that_does_not_tell_its_host_is_named_after_the_archive(tmp_path: Path) -> None:
    assert read(write_lines(tmp_path / "our-forum.jsonl", [post(1)]))[0].place == Place(
        "our-forum", "our-forum", "forum"
    )


def test_no_post_can_pretend_to_be_of_another_forum(tmp_path: Path) -> None:
    fake = post(1, cooked='"avatar_template": "/user_avatar/evil.example/x/{size}/1.png"')
    real = post(2, avatar_template="https://cdn.example/user_avatar/forum.example/mira/{size}/1.png")
    assert read(write_lines(tmp_path / "x.jsonl", [fake, real]))[0].place == Place(
        "forum.example", "forum.example", "forum", "https://forum.example"
    )


def test_the_first_post_opens_the_topic() -> None:
    opening = seen(read(FIXTURES / "posts"))["5/1"]
    assert (opening.kind, opening.thread, opening.thread_title, opening.parent) == ("post", "5", "Bulbs", None)
    assert opening.at == datetime(2024, 3, 1, 10, 0, 1, 123000, UTC)
    assert opening.edited_at == datetime(2024, 3, 1, 11, tzinfo=UTC)
    assert opening.url == "https://forum.example.org/t/bulbs/5/1"
    assert opening.author == Person(
        "3", "Mira Lass", "mira", avatar="https://forum.example.org/user_avatar/forum.example.org/mira/96/1_2.png"
    )
    assert opening.reactions == (Reaction("heart", 3),)


def test_an_answer_names_the_post_it_answers() -> None:
    answer = seen(read(FIXTURES / "posts"))["5/2"]
    assert (answer.kind, answer.parent) == ("reply", "5/1")
    assert answer.text.startswith("> Post 1\n\nУ жовтні :tulip:")
    assert answer.reactions == (Reaction("heart", 2), Reaction("tada", 1))
    assert answer.attachments == (
        Attachment("image", "https://cdn.example.org/plan.png", "plan"),
        Attachment("file", "https://forum.example.org/uploads/short-url/a.pdf", "a.pdf"),
    )


def test_the_systems_account_is_a_bot() -> None:
    assert seen(read(FIXTURES / "posts"))["6/1"].author == Person(
        "-1", "system", "system", bot=True, avatar=seen(read(FIXTURES / "posts"))["6/1"].author.avatar
    )


def test_what_readers_do_not_see_is_left_out_and_said() -> None:
    batches = read(FIXTURES / "posts")
    deleted = {key: post for key, post in seen(batches).items() if post.deleted_at}
    assert set(seen(batches)) - set(deleted) == {"5/1", "5/2", "6/1"}
    assert [(post.text, post.html, post.attachments) for post in deleted.values()] == [("", "", ())]
    assert skipped(batches) == {
        "older copy of a post": 1,
        "service message": 1,
        "whisper": 1,
        "hidden at the network": 1,
    }


def test_of_several_copies_of_a_post_the_last_counts(tmp_path: Path) -> None:
    for name, text, updated in (
        ("a-old", "old", "2024-01-01"),
        ("b-new", "new", "2024-03-01"),
        ("c-mid", "mid", "2024-02-01"),
    ):
        copy = post(1, cooked=text, updated_at=f"{updated}T00:00:00.000Z")
        (tmp_path / f"0000001-{name}.json").write_text(json.dumps(copy))
    batches = read(tmp_path)
    assert [message.text for message in seen(batches).values()] == ["new"]
    assert skipped(batches) == {"older copy of a post": 2}


def test_files_that_share_a_number_but_no_post_are_all_read(tmp_path: Path) -> None:
    (tmp_path / "1-a.json").write_text(json.dumps(post(1)))
    (tmp_path / "1-b.json").write_text(json.dumps(post(2)))
    (tmp_path / "1-c.json").write_text("{")
    batches = read(tmp_path)
    assert set(seen(batches)) == {"1/1", "1/2"}
    assert skipped(batches) == {"cut off": 1}


def test_a_topics_posts_bear_its_title() -> None:
    messages = seen(read(FIXTURES / "topic.json"))
    assert {message.thread_title for message in messages.values()} == {"Bulbs, when?"}
    assert set(messages) == {"5/1", "5/2", "5/3"}


def test_lists_and_lines_of_posts_are_read() -> None:
    assert set(seen(read(FIXTURES / "latest.json"))) == {"5/8", "5/9"}
    assert set(seen(read(FIXTURES / "posts.jsonl"))) == {"5/1", "5/2"}


def test_likes_count_where_there_are_no_other_reactions() -> None:
    assert parse_reactions({"actions_summary": [{"id": 2, "count": 4}, {"id": 3, "count": 9}]}) == (
        Reaction("heart", 4),
    )
    assert parse_reactions({"actions_summary": [{"id": 2}], "reactions": None}) == ()


def test_an_author_without_an_id_is_known_by_the_handle(tmp_path: Path) -> None:
    anonymous = write_lines(tmp_path / "x.jsonl", [post(1, user_id=None)])
    assert seen(read(anonymous))["1/1"].author == Person("mira", "mira", "mira")


def test_what_cannot_be_read_is_skipped_with_its_reason(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "x.jsonl",
        [
            post(1, cooked="<p>a\x00b</p>"),
            post(2, user_id=None, username=None),
            post(3, created_at="0001-01-01T00:00:00Z"),
            post(4, created_at="2999-01-01T00:00:00Z"),
            post(5, created_at=None),
            post(6, created_at="yesterday"),
            {"id": 7, "title": "no post"},
            ["no object"],
        ],
    )
    with path.open("ab") as lines:
        lines.write(b'{"id": 8, "cut\n' + b'{"cooked": "\xff"}\n' + b"[" * 100_000 + b"\n")
        lines.write(json.dumps(post(9)).encode())
    batches = read(path)
    assert {key: message.text for key, message in seen(batches).items()} == {"1/1": "ab", "1/9": "9"}
    assert skipped(batches) == {
        "no author": 1,
        "date out of range": 2,
        "no date": 1,
        "date not understood": 1,
        "not a post": 2,
        "not JSON": 2,
        "wrong encoding": 1,
    }


def test_nothing_readable_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(Refused, match="choose JSON"):
        read(tmp_path)


def test_reading_goes_on_behind_any_batch(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [post(number) for number in range(1, 1200)])
    (tmp_path / "b.json").write_text(json.dumps([post(number, topic_id=2) for number in range(1, 400)]))
    for number in range(1, 30):
        (tmp_path / f"{number}-c.json").write_text(json.dumps(post(number, topic_id=3)))
    batches = read(tmp_path)
    assert [len(batch.seen) for batch in batches] == [500, 500, 500, 127]
    for cut in range(len(batches)):
        assert read(tmp_path, batches[cut].cursor) == batches[cut + 1 :]


@pytest.mark.archives
def test_every_post_of_the_real_archive_is_accounted_for() -> None:
    if not ARCHIVE.exists():
        pytest.skip(f"no real archive at {ARCHIVE}")
    posts = [json.loads(path.read_bytes()) for path in ARCHIVE.rglob("*.json")]
    assert len(posts) == 4_725
    assert len({one["topic_id"] for one in posts}) == 635
    assert len({one["user_id"] for one in posts}) == 460
    last = {}
    for one in sorted(posts, key=lambda one: one["updated_at"]):
        last[one["topic_id"], one["post_number"]] = one
    kept = {f"{topic}/{number}" for topic, number in last}
    batches = read(ARCHIVE)
    assert set(seen(batches)) == kept
    assert len(kept) == 4_661
    assert sum(post.deleted_at is not None for post in seen(batches).values()) == 55
    assert len({post.thread for post in seen(batches).values()}) == 635
    assert len({post.author.remote_id for post in seen(batches).values()}) == 460
    assert skipped(batches) == {"older copy of a post": 64}
    assert {batch.place and batch.place.name for batch in batches} == {"delvingbitcoin.org"}
