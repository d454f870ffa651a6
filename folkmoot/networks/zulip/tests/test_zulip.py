from __future__ import annotations

import json
import tarfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from folkmoot.lib.archive import open_archive
from folkmoot.networks.base import Backfills, Batch, Person, Place, SeenMessage
from folkmoot.networks.errors import Refused
from folkmoot.networks.zulip import Zulip
from folkmoot.networks.zulip.parse import parse_file_name, parse_person, parse_stream, parse_topic

FIXTURES = Path(__file__).parents[1] / "fixtures"
ARCHIVES = Path(__file__).parents[5] / "shared/data/archives/zulip"
NOW = 1_700_000_000


def read(path: Path, cursor: str = "") -> list[Batch]:
    with open_archive(path) as archive:
        return list(Zulip().backfill(archive, format="zulip", cursor=cursor))


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


def write_topic(folder: Path, stream: str, topic: str, messages: object) -> None:
    path = folder / "zulip_json" / stream / f"{topic}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(messages if isinstance(messages, str) else json.dumps(messages), "utf-8")


def message(ident: int, **changes: Any) -> dict[str, Any]:
    return {"id": ident, "sender_full_name": "Mira", "timestamp": NOW + ident, "content": f"<p>{ident}</p>"} | changes


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """1 300 messages in 430 small topics of one stream, and 40 in another."""
    for topic in range(430):
        write_topic(tmp_path, "3-small-talk", f"topic.20{topic}", [message(topic * 10 + n) for n in range(1, 4)])
    write_topic(tmp_path, "3-small-talk", "long", [message(10_000 + n) for n in range(10)])
    write_topic(tmp_path, "20-news", "all", [message(20_000 + n) for n in range(40)])
    return tmp_path


def test_it_is_a_connector_that_backfills() -> None:
    assert isinstance(Zulip(), Backfills)


@pytest.mark.parametrize("name", ["public", "public/zulip_json/7-garden-talk", "export"])
def test_it_recognises_archive_and_export(name: str) -> None:
    with open_archive(FIXTURES / name) as archive:
        assert Zulip().recognises(archive) == "zulip"


@pytest.mark.parametrize("other", ["discourse/fixtures/posts", "gitter/fixtures/api.json", "matrix/fixtures"])
def test_it_leaves_others_alone(other: str) -> None:
    with open_archive(FIXTURES.parents[1] / other) as archive:
        assert Zulip().recognises(archive) is None


def test_a_topic_is_a_conversation_in_its_stream() -> None:
    first, *_ = batches = read(FIXTURES / "public")
    messages = seen(batches)
    assert first.place == Place("7", "garden talk", "forum")
    assert [batch.more for batch in batches] == [True, False]
    assert messages["101"] == SeenMessage(
        remote_id="101",
        at=datetime.fromtimestamp(NOW, UTC),
        author=Person("Mira Lass", "Mira Lass"),
        text="When do you plant tulips?",
        html="<p>When do you plant <strong>tulips</strong>?</p>",
        kind="post",
        thread="spring bulbs",
        thread_title="spring bulbs",
    )
    assert messages["102"].text == "У жовтні 🌷"
    assert messages["102"].kind == "comment"
    assert messages["103"].thread_title == "Літо"
    assert messages["103"].author == Person("12", "Олена Коваль")
    assert messages["103"].raw["content"] == "<p>Літо!</p>"


def test_a_quotation_makes_a_reply() -> None:
    reply = seen(read(FIXTURES / "public"))["104"]
    assert (reply.kind, reply.parent) == ("reply", "101")
    assert reply.text == "Mira Lass said:\n\n> When do you plant tulips?\n\nNever, see plan.png"
    assert [(attachment.kind, attachment.name) for attachment in reply.attachments] == [("image", "plan.png")]


def test_a_message_never_answers_itself(tmp_path: Path) -> None:
    quote = '<p><a href="#narrow/stream/1-a/topic/x/near/2">said</a>:</p>\n<blockquote><p>a</p></blockquote>'
    write_topic(tmp_path, "1-a", "x", [message(1), message(2, content=quote)])
    found = seen(read(tmp_path))["2"]
    assert (found.kind, found.parent) == ("comment", None)


def test_a_resolved_topic_stays_the_same_conversation() -> None:
    resolved = seen(read(FIXTURES / "public"))["105"]
    assert resolved.thread == "spring bulbs"
    assert resolved.thread_title == "✔ spring bulbs"
    assert resolved.kind == "comment"
    assert resolved.author.bot


def test_names_of_files_are_spelt_out() -> None:
    assert parse_file_name(".E2.9C.94.20100.25.20of.20it.3F").title == "✔ 100% of it?"
    assert parse_file_name("").title == "(no topic)"
    assert parse_topic("✔ ✔ done").thread == "done"
    assert parse_stream("113-new-members", {}) == Place("113", "new-members", "forum")
    assert parse_stream("notes", {}) is None


def test_an_export_knows_its_people_and_reactions() -> None:
    messages = seen(read(FIXTURES / "export"))
    opening = messages["201"]
    assert opening.author == Person("11", "Mira Lass")
    assert (opening.kind, opening.thread, opening.text) == ("post", "bulbs", "When do you plant tulips?")
    assert opening.edited_at == datetime.fromtimestamp(NOW + 9.25, UTC)
    assert [(given.value, given.count, [one.name for one in given.people]) for given in opening.reactions] == [
        ("+1", 2, ["Олена Коваль", "Left Long Ago"])
    ]
    assert (messages["203"].kind, messages["203"].parent) == ("reply", "201")
    assert [attachment.name for attachment in messages["203"].attachments] == ["plan.png"]
    assert (messages["204"].author.bot, messages["204"].kind, messages["204"].thread) == (True, "comment", "bulbs")


def test_talk_between_two_is_a_place_of_its_own() -> None:
    places = {message.remote_id: batch.place for batch in read(FIXTURES / "export") for message in batch.seen}
    assert places["201"] == Place("21", "garden talk", "forum")
    assert places["202"] == Place("direct-11-12", "Mira Lass, Олена Коваль", "direct")
    assert places["205"] == Place("direct-12-12", "Олена Коваль", "direct")
    assert places["206"] == Place("group-33", "Group conversation 33", "direct")
    direct = seen(read(FIXTURES / "export"))["202"]
    assert (direct.kind, direct.thread) == ("direct", None)


def test_whoever_is_not_in_the_export_is_no_author() -> None:
    assert skipped(read(FIXTURES / "export")) == {"no author": 1}


def test_a_system_account_is_named_after_its_address() -> None:
    assert parse_person({"id": 1, "email": "welcome-bot@zulip.com"}) == Person("1", "Welcome Bot", bot=True)


def test_many_small_topics_fill_whole_batches(large: Path) -> None:
    batches = read(large)
    assert [(batch.place and batch.place.name, len(batch.seen)) for batch in batches] == [
        ("small-talk", 500),
        ("small-talk", 500),
        ("small-talk", 300),
        ("news", 40),
    ]


def test_reading_goes_on_behind_any_batch(large: Path) -> None:
    batches = read(large)
    for cut in range(len(batches)):
        assert read(large, batches[cut].cursor) == batches[cut + 1 :]


def test_an_export_goes_on_behind_any_batch() -> None:
    batches = read(FIXTURES / "export")
    for cut in range(len(batches)):
        assert read(FIXTURES / "export", batches[cut].cursor) == batches[cut + 1 :]


def test_all_of_the_archive_counts_as_read(large: Path) -> None:
    for path in (large, FIXTURES / "public", FIXTURES / "export"):
        with open_archive(path) as archive:
            list(Zulip().backfill(archive, format="zulip"))
            assert archive.read_bytes == archive.total_bytes


def test_what_cannot_be_read_is_skipped_with_its_reason(tmp_path: Path) -> None:
    write_topic(
        tmp_path,
        "1-a",
        "odd",
        [
            message(1),
            message(2, sender_full_name=""),
            message(3, timestamp=-62_000_000_000),
            message(4, timestamp=NOW * 1000),
            message(5, timestamp=None),
            message(6, timestamp="soon"),
            message(9, id=None),
            "not an object",
            message(7, content="<p>a\x00b</p>", sender_full_name="Mi\x00ra"),
            message(8, content=None),
        ],
    )
    write_topic(tmp_path, "1-a", "cut", json.dumps([message(20), message(21)])[:-20])
    write_topic(tmp_path, "1-a", "empty", "")
    (tmp_path / "zulip_json/1-a/latin.json").write_bytes(
        json.dumps([message(30, content="é")], ensure_ascii=False).encode("latin-1")
    )
    batches = read(tmp_path)
    messages = seen(batches)
    assert set(messages) == {"1", "7", "8", "20"}
    assert (messages["7"].text, messages["7"].author.name) == ("ab", "Mira")
    assert skipped(batches) == {
        "no author": 1,
        "date out of range": 2,
        "no date": 1,
        "date not understood": 1,
        "no id": 2,
        "cut off": 1,
        "empty file": 1,
        "wrong encoding": 1,
    }


def test_nothing_readable_is_refused_with_what_to_do(tmp_path: Path) -> None:
    write_topic(tmp_path, "1-a", "x", "[{]")
    with pytest.raises(Refused, match="choose the export"):
        read(tmp_path)


def test_an_export_without_people_is_refused(tmp_path: Path) -> None:
    (tmp_path / "realm.json").write_text("{}")
    (tmp_path / "messages-000001.json").write_text("{}")
    with pytest.raises(Refused, match="names no people"):
        read(tmp_path)


@pytest.mark.archives
@pytest.mark.parametrize("name", ["new-members.tar.xz", "loose"])
def test_every_message_of_the_real_archive_is_seen(name: str) -> None:
    path = ARCHIVES / name
    if not path.exists():
        pytest.skip(f"no real archive at {path}")
    if path.is_dir():
        texts = [file.read_bytes() for file in path.rglob("*.json")]
    else:
        with tarfile.open(path) as tar:
            texts = [file.read() for member in tar if (file := tar.extractfile(member))]
    expected = {item["id"] for text in texts for item in json.loads(text)}
    found: set[int] = set()
    with open_archive(path) as archive:
        for batch in Zulip().backfill(archive, format="zulip"):
            assert not batch.skipped
            found |= {int(message.remote_id) for message in batch.seen}
    assert found == expected
    assert len(found) == {"new-members.tar.xz": 190_245, "loose": 3_329}[name]
