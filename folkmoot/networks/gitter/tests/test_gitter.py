from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from folkmoot.lib.archive import open_archive
from folkmoot.networks.base import Backfills, Batch, Person, Place, SeenMessage
from folkmoot.networks.errors import Refused
from folkmoot.networks.gitter import Gitter
from folkmoot.networks.gitter.parse import is_dialogs, is_log, parse_room

FIXTURES = Path(__file__).parents[1] / "fixtures"
ARCHIVE = Path(__file__).parents[5] / "shared/data/archives/gitter"


def read(path: Path, cursor: str = "", **options: str) -> list[Batch]:
    with open_archive(path) as archive:
        return list(Gitter().backfill(archive, format="gitter", cursor=cursor, options=options))


def messages(batches: list[Batch]) -> list[SeenMessage]:
    return [message for batch in batches for message in batch.seen if isinstance(message, SeenMessage)]


def skipped(batches: list[Batch]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for batch in batches:
        for skip in batch.skipped:
            counts[skip.reason] += skip.count
    return dict(counts)


def log(path: Path, *lines: str | bytes) -> Path:
    path.write_bytes(b"".join(line if isinstance(line, bytes) else f"{line}\n".encode() for line in lines))
    return path


def test_it_is_a_connector_that_backfills() -> None:
    assert isinstance(Gitter(), Backfills)


@pytest.mark.parametrize("name", ["rooms", "rooms/garden_talk.txt", "api.json", "api.jsonl"])
def test_it_recognises_logs_and_api_messages(name: str) -> None:
    with open_archive(FIXTURES / name) as archive:
        assert Gitter().recognises(archive) == "gitter"


@pytest.mark.parametrize("other", ["zulip/fixtures", "discourse/fixtures", "matrix/fixtures"])
def test_it_leaves_others_alone(other: str) -> None:
    with open_archive(FIXTURES.parents[1] / other) as archive:
        assert Gitter().recognises(archive) is None


def test_a_log_needs_a_full_date() -> None:
    assert is_log(b"[2016-11-21 08:47:30] <mira> hello\n")
    assert is_log(b"\xef\xbb\xbf[2016-11-21T08:47:30] <mira> hello\n")
    assert not is_log(b"[08:47] <mira> hello\n")
    assert not is_log(b"2016-11-21 08:47:30 <mira> hello\n")


def test_lines_without_a_header_continue_the_message() -> None:
    found = messages(read(FIXTURES / "rooms"))
    assert [message.text for message in found] == [
        "When do you plant tulips?",
        "У жовтні:\n    – глибоко\n    – рано",
        "ok",
        "ok",
        "<bo> said so",
    ]
    assert found[1].author == Person("olena", "olena", "olena")
    assert found[0].at == datetime(2016, 11, 21, 8, 47, 30, tzinfo=UTC)
    assert {(message.thread, message.kind) for message in found} == {(None, None)}


def test_messages_alike_in_everything_have_ids_of_their_own() -> None:
    assert len({message.remote_id for message in messages(read(FIXTURES / "rooms"))}) == 5


def test_dialogs_cut_out_of_a_log_are_not_read_again() -> None:
    batches = read(FIXTURES / "rooms")
    assert skipped(batches) == {"dialogs cut out of a log": 1}
    assert {batch.place for batch in batches} == {Place("garden/talk", "garden/talk", "chat")}
    assert is_dialogs(b"1 [2016-11-21T02:33:15] <a> b\n" + b"-" * 90 + b"\n")
    with pytest.raises(Refused):
        read(FIXTURES / "rooms/garden_dialogs.txt")


def test_rooms_are_named_after_owner_and_repository() -> None:
    assert parse_room("owner_some_repository").name == "owner/some_repository"
    assert parse_room("owner_repository_chatFormat").name == "owner/repository"


def test_times_are_read_in_the_zone_asked_for() -> None:
    found = messages(read(FIXTURES / "rooms", timezone="Europe/Kyiv"))
    assert found[0].at == datetime(2016, 11, 21, 6, 47, 30, tzinfo=UTC)


@pytest.mark.parametrize("name", ["api.json", "api.jsonl"])
def test_a_thread_of_the_api_is_a_conversation(name: str) -> None:
    batches = read(FIXTURES / name)
    opening, answer, plain = messages(batches)
    assert (opening.remote_id, opening.kind, opening.thread, opening.parent) == ("m1", "post", "m1", None)
    assert opening.author == Person("u1", "Mira Lass", "mira", avatar="https://avatars.example.org/mira")
    assert opening.text == "Tulips **when**?"
    assert (answer.kind, answer.thread, answer.parent) == ("comment", "m1", "m1")
    assert answer.edited_at == datetime(2020, 3, 23, 13, 20, tzinfo=UTC)
    assert (plain.kind, plain.thread) == (None, None)
    assert skipped(batches) == {"deleted at the network": 1, "no author": 1}


def test_who_wrote_over_a_bridge_is_not_the_bridge() -> None:
    _, answer, _ = messages(read(FIXTURES / "api.json"))
    assert answer.author == Person("olena:example.org", "Олена", "olena:example.org")


def test_what_cannot_be_read_is_skipped_with_its_reason(tmp_path: Path) -> None:
    path = log(
        tmp_path / "a_b.txt",
        "[2020-01-01 00:00:00] <mira> first",
        "[0001-01-01 00:00:00] <mira> long ago",
        "[2999-01-01 00:00:00] <mira> not yet",
        "[2020-13-01 00:00:00] <mira> no month",
        "[2020-01-01 00:00:01] <mi\0ra> a\0b",
        b"[2020-01-01 00:00:02] <bo> gr\xfc\xdfe\r\n",
        b"x" * (8 * 1024 * 1024 + 10) + b"\n",
        "[2020-01-01 00:00:03] <bo> last",
    )
    batches = read(path)
    assert [(message.author.name, message.text) for message in messages(batches)] == [
        ("mira", "first"),
        ("mira", "ab"),
        ("bo", "grüße"),
        ("bo", "last"),
    ]
    assert skipped(batches) == {"date out of range": 2, "date not understood": 1, "line too long": 1}


def test_a_flood_without_headers_is_no_message(tmp_path: Path) -> None:
    batches = read(log(tmp_path / "a.log", "[2020-01-01 00:00:00] <mira> see", *["x" * 1000] * 2000))
    assert len(messages(batches)[0].text) < 1_000_100
    assert skipped(batches) == {"no author": 1002}


def test_nothing_readable_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="choose text logs"):
        read(log(tmp_path / "a.txt", "no log at all"))


def test_reading_goes_on_behind_any_batch(tmp_path: Path) -> None:
    for room in ("a_one.txt", "b_two.txt"):
        log(tmp_path / room, *[f"[2020-01-01 00:00:{n % 60:02}] <mira> {n // 7}\nmore" for n in range(1100)])
    (tmp_path / "c.jsonl").write_text(
        "".join(
            json.dumps({"id": str(n), "text": "x", "sent": "2020-03-23T13:18:08Z", "fromUser": {"id": "1"}}) + "\n"
            for n in range(700)
        )
    )
    batches = read(tmp_path)
    assert len(batches) <= 9
    assert len({(batch.place, message.remote_id) for batch in batches for message in batch.seen}) == 2900
    for cut in range(len(batches)):
        assert read(tmp_path, batches[cut].cursor) == batches[cut + 1 :]


@pytest.mark.archives
def test_every_line_of_the_real_logs_is_accounted_for() -> None:
    if not ARCHIVE.exists():
        pytest.skip(f"no real archive at {ARCHIVE}")
    lines = [
        line for path in (ARCHIVE / "data/raw").glob("*.txt") for line in path.read_bytes().splitlines(keepends=True)
    ]
    text = b"".join(lines).decode()
    assert text.count("\n") == 69_410
    headers = re.findall(r"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] <(\S+)> ?(.*)$", text.replace("\0", ""), re.MULTILINE)
    batches = read(ARCHIVE)
    found = messages(batches)
    assert len(found) == len(headers) == 68_323
    assert Counter(message.author.name for message in found) == Counter(nick for nick, _ in headers)
    assert len({(batch.place, message.remote_id) for batch in batches for message in batch.seen}) == len(found)
    # What continues a message is in its text: no line is lost.
    continued = sum(message.raw["text"].count("\n") for message in found)
    assert 69_410 - 68_323 - continued < 100
    assert skipped(batches) == {"dialogs cut out of a log": 10}
