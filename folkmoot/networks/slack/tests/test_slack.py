"""Slack exports: what each kind of message becomes, and going on where an import had stopped."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from folkmoot.lib.archive import open_archive
from folkmoot.networks.base import Batch, Person, Place, SeenMessage, SeenMove
from folkmoot.networks.errors import Refused
from folkmoot.networks.payload import Dates
from folkmoot.networks.slack import Slack
from folkmoot.networks.slack.parse import Names, parse_message, plain

FIXTURE = Path(__file__).parents[1] / "fixtures" / "slack"
ARCHIVES = Path(__file__).parents[5] / "shared/data/archives/slack/internal/fixtures/assets"
DATES = Dates(ZoneInfo("UTC"), datetime(2026, 6, 1, tzinfo=UTC))
NAMES = Names({"U01": Person("U01", "Mira")}, {"C01": Place("C01", "general")})
GENERAL = Place("C01", "general")


def read(path: Path, cursor: str = "") -> list[Batch]:
    with open_archive(path) as archive:
        return list(Slack().backfill(archive, format="slack", cursor=cursor))


def seen(batches: list[Batch]) -> dict[tuple[str, str], Any]:
    return {(batch.place.remote_id, one.remote_id): one for batch in batches if batch.place for one in batch.seen}


def skipped(batches: list[Batch]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for batch in batches:
        for one in batch.skipped:
            counts[one.reason] = counts.get(one.reason, 0) + one.count
    return counts


def message(**fields: object) -> SeenMessage:
    payload = {"type": "message", "user": "U01", "text": "hi", "ts": "1767600000.000100", **fields}
    parsed = parse_message(payload, GENERAL, NAMES, DATES)
    assert isinstance(parsed, SeenMessage), parsed
    return parsed


def reason(**fields: object) -> str:
    payload = {"type": "message", "user": "U01", "text": "hi", "ts": "1767600000.000100", **fields}
    return parse_message(payload, GENERAL, NAMES, DATES).reason  # type: ignore[union-attr]


def test_the_export_is_recognised_as_folder_and_as_zip_with_a_folder_inside(tmp_path):
    packed = tmp_path / "export.zip"
    with zipfile.ZipFile(packed, "w") as zipped:
        for path in FIXTURE.rglob("*.json"):
            zipped.write(path, f"Moot export/{path.relative_to(FIXTURE)}")
    for path in (FIXTURE, packed):
        with open_archive(path) as archive:
            assert Slack().recognises(archive) == "slack"
    assert seen(read(packed)).keys() == seen(read(FIXTURE)).keys()


def test_other_json_is_not_recognised(tmp_path):
    (tmp_path / "channels.json").write_text("{}")
    (tmp_path / "notes.json").write_text('[{"text": "x"}]')
    with open_archive(tmp_path) as archive:
        assert Slack().recognises(archive) is None


def test_a_reply_joins_its_thread_and_the_opener_is_no_reply():
    found = seen(read(FIXTURE))
    opener, reply = found["C01", "1767600060.000200"], found["C01", "1767600120.000300"]
    assert (opener.thread, opener.parent, opener.kind) == ("1767600060.000200", None, None)
    assert (reply.thread, reply.parent, reply.kind) == ("1767600060.000200", "1767600060.000200", "reply")
    assert reply.edited_at == datetime(2026, 1, 5, 8, 3, tzinfo=UTC)


def test_references_become_names_and_links():
    opener = seen(read(FIXTURE))["C01", "1767600060.000200"]
    assert opener.text == "Welcome @Bo Lind! Rules & dates: the rules (https://moot.example/rules), see #general"
    assert opener.author == Person("U01", "Mira", "mira", avatar="https://pictures.example/mira.png")
    assert plain("<!here> <!subteam^S1|@team> <mailto:a@b.example|a@b.example> <https://x.example>", NAMES) == (
        "@here @team a@b.example https://x.example"
    )
    assert plain("<@U77> <#C77> 1 &lt; 2", NAMES) == "@U77 #C77 1 < 2"


def test_reactions_name_who_gave_them_also_those_who_are_in_no_list():
    (reaction,) = seen(read(FIXTURE))["C01", "1767600060.000200"].reactions
    assert (reaction.value, reaction.count) == (":wave:", 2)
    assert [person.remote_id for person in reaction.people] == ["U02", "U09"]


def test_a_join_is_a_move_and_other_service_messages_are_skipped():
    batches = read(FIXTURE)
    move = seen(batches)["C01", "1767600000.000100"]
    assert isinstance(move, SeenMove)
    assert (move.kind, move.person.name) == ("join", "Bo Lind")
    assert skipped(batches) == {"service message": 1, "deleted message": 1}


def test_a_file_is_attached_and_a_deleted_one_is_not():
    (file,) = seen(read(FIXTURE))["C01", "1767690000.000100"].attachments
    assert (file.kind, file.name, file.size) == ("image", "poster.png", 2048)


def test_what_a_bot_attached_is_its_text():
    bot = seen(read(FIXTURE))["C01", "1767690060.000100"]
    assert bot.author == Person("B01", "Builds", bot=True)
    assert bot.text == "Build 7\npassed"


def test_direct_messages_are_a_direct_place_named_after_its_people():
    assert Place("D01", "Mira, Bo Lind", "direct") in [batch.place for batch in read(FIXTURE)]
    assert seen(read(FIXTURE))["D01", "1767693600.000100"].kind == "direct"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"user": None}, "no author"),
        ({"ts": None}, "no date"),
        ({"ts": "soon"}, "date not understood"),
        ({"ts": "-62135596800"}, "date out of range"),
        ({"ts": "1e300"}, "date out of range"),
        ({"ts": "1893456000"}, "date out of range"),
        ({"type": "event"}, "service message"),
    ],
)
def test_what_cant_be_taken_says_why(fields, expected):
    assert reason(**fields) == expected


def test_nul_never_reaches_the_text():
    assert message(text="a\0b").text == "ab"


def test_fields_of_a_wrong_type_are_as_good_as_missing():
    odd = message(reactions="x", files=7, edited=[], attachments={}, thread_ts=None)
    assert (odd.reactions, odd.attachments, odd.edited_at, odd.thread) == ((), (), None, None)


def test_slackdumps_layout_holds_replies_inside_their_openers(tmp_path):
    opener = {
        "type": "message",
        "user": "U01",
        "text": "a",
        "ts": "1767600000.000100",
        "thread_ts": "1767600000.000100",
    }
    reply = {**opener, "text": "b", "ts": "1767600001.000100"}
    dump = {"channel_id": "C09", "name": "seeds", "messages": [{**opener, "slackdump_thread_replies": [reply]}]}
    (tmp_path / "C09.json").write_text(json.dumps(dump))
    with open_archive(tmp_path) as archive:
        assert Slack().recognises(archive) == "slack"
    found = seen(read(tmp_path))
    assert found["C09", "1767600001.000100"].parent == "1767600000.000100"


def large(root: Path, days: int = 3, each: int = 700) -> Path:
    (root / "users.json").write_text('[{"id": "U01", "name": "mira"}]')
    (root / "channels.json").write_text('[{"id": "C01", "name": "a"}, {"id": "C02", "name": "b"}]')
    for folder in ("a", "b"):
        (root / folder).mkdir()
        for day in range(days):
            messages = [
                {"type": "message", "user": "U01", "text": f"{n}", "ts": f"{1767600000 + day * 86400 + n}.000100"}
                for n in range(each)
            ]
            (root / folder / f"2026-01-0{day + 5}.json").write_text(json.dumps(messages))
    return root


def test_going_on_from_any_batch_gives_exactly_the_rest(tmp_path):
    batches = read(large(tmp_path))
    everything = [key for batch in batches for key in seen([batch])]
    assert len(everything) == len(set(everything)) == 4200
    assert all(len(batch.seen) <= 500 for batch in batches)
    assert [batch.more for batch in batches] == [True] * (len(batches) - 1) + [False]
    for index, batch in enumerate(batches[:-1]):
        first = [key for before in batches[: index + 1] for key in seen([before])]
        rest = [key for after in read(tmp_path, batch.cursor) for key in seen([after])]
        assert first + rest == everything


def test_damaged_files_are_skipped_and_the_others_read(tmp_path):
    large(tmp_path, days=4, each=3)
    (tmp_path / "a/2026-01-05.json").write_text(
        '[{"type": "message", "user": "U01", "text": "x", "ts": "1767600000.1"}, {"ty'
    )
    (tmp_path / "a/2026-01-06.json").write_bytes(b'[{"text": "\xcf\xf0\xe8"}]')
    (tmp_path / "a/2026-01-07.json").write_text("")
    (tmp_path / "a/2026-01-08.json").write_text("hello")
    batches = read(tmp_path)
    assert len(seen(batches)) == 1 + 12
    assert skipped(batches) == {"cut off": 1, "wrong encoding": 1, "empty file": 1, "not JSON": 1}


def test_an_export_without_a_readable_message_is_refused(tmp_path):
    large(tmp_path, days=0)
    with pytest.raises(Refused, match="zip as Slack gave it"):
        read(tmp_path)


@pytest.mark.archives
@pytest.mark.parametrize("name", ["source_export.zip", "source_export_dir"])
def test_a_real_export_has_its_sixteen_messages(name):
    if not ARCHIVES.exists():
        pytest.skip("the real archives are not beside this checkout")
    rows = sum(len(json.loads(day.read_text())) for day in (ARCHIVES / "source_export_dir").glob("*/*.json"))
    batches = read(ARCHIVES / name)
    kinds = [type(one).__name__ for one in seen(batches).values()]
    assert rows == 16
    assert (kinds.count("SeenMessage"), kinds.count("SeenMove"), skipped(batches)) == (14, 1, {"deleted message": 1})
