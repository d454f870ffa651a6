"""Discord exports in their three forms: what each item becomes, and going on where an import had stopped."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from folkmoot.lib.archive import open_archive
from folkmoot.networks.base import Batch, Person, Place, SeenMove, Skipped
from folkmoot.networks.discord import Discord
from folkmoot.networks.discord.parse import parse_author, parse_channel, parse_message
from folkmoot.networks.errors import Refused
from folkmoot.networks.payload import Dates

FIXTURES = Path(__file__).parents[1] / "fixtures"
ARCHIVES = Path(__file__).parents[5] / "shared/data/archives"
DATES = Dates(ZoneInfo("UTC"), datetime(2026, 6, 1, tzinfo=UTC))
GENERAL = Place("100000000000000001", "general")
HEADER = "AuthorID,Author,Date,Content,Attachments,Reactions\n"


def read(path: Path, form: str, cursor: str = "", **options: str) -> list[Batch]:
    with open_archive(path) as archive:
        return list(Discord().backfill(archive, format=form, cursor=cursor, options=options))


def keys(batches: list[Batch]) -> list[tuple[str, str]]:
    return [(batch.place.remote_id, one.remote_id) for batch in batches if batch.place for one in batch.seen]


def seen(batches: list[Batch]) -> list[Any]:
    return [one for batch in batches for one in batch.seen]


def skipped(batches: list[Batch]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for batch in batches:
        for one in batch.skipped:
            counts[one.reason] = counts.get(one.reason, 0) + one.count
    return counts


def parsed(place: Place = GENERAL, **fields: object) -> Any:
    payload = {
        "id": "1",
        "type": "Default",
        "timestamp": "2026-01-05T08:00:00+00:00",
        "content": "x",
        "author": {"id": "301", "name": "bo"},
    }
    (found,) = parse_message({**payload, **fields}, place, DATES)
    return found


def rows(*lines: str) -> str:
    return HEADER + "".join(f"{line}\n" for line in lines)


def row(minute: int, text: str, author: str = "301") -> str:
    return f'"{author}","Bo#4321","05-Jan-26 {minute // 60 % 12 or 12:02}:{minute % 60:02} {"AP"[minute // 720]}M","{text}","",""'


@pytest.mark.parametrize("form", ["discord-json", "discord-csv", "discord-xml"])
def test_each_form_is_recognised_as_a_folder_and_as_a_single_file(form):
    files = [path for path in (FIXTURES / form).rglob("*") if path.is_file()]
    for path in (FIXTURES / form, *files):
        with open_archive(path) as archive:
            assert Discord().recognises(archive) == form


def test_other_tables_and_pages_are_not_recognised(tmp_path):
    (tmp_path / "a.csv").write_text("date;amount\n2026-01-01;5\n")
    (tmp_path / "b.json").write_text('{"messages": []}')
    (tmp_path / "c.xml").write_text("<rss></rss>")
    with open_archive(tmp_path) as archive:
        assert Discord().recognises(archive) is None


def test_a_split_export_is_read_in_the_order_of_time():
    batches = read(FIXTURES / "discord-json", "discord-json")
    assert [one.remote_id[-1] for one in seen(batches)] == ["1", "2", "3", "5", "6", "7"]
    assert skipped(batches) == {"service message": 1}


def test_an_answer_has_its_parent_and_a_join_is_a_move():
    join, first, answer, *_ = seen(read(FIXTURES / "discord-json", "discord-json"))
    assert isinstance(join, SeenMove)
    assert (join.kind, join.person) == ("join", Person("301", "Bo", "bo"))
    assert answer.parent == first.remote_id
    assert (answer.kind, answer.thread) == (None, None)
    assert answer.url == "https://discord.com/channels/900000000000000001/100000000000000001/500000000000000003"


def test_a_message_keeps_author_edit_files_and_reactions():
    first = seen(read(FIXTURES / "discord-json", "discord-json"))[1]
    assert first.author == Person("302", "Mira K", "mira#1234", avatar="https://pictures.example/mira.png")
    assert first.at == datetime(2026, 1, 5, 8, 1, 0, 123456, tzinfo=UTC)
    assert first.edited_at == datetime(2026, 1, 5, 8, 2, tzinfo=UTC)
    assert [(file.kind, file.name) for file in first.attachments] == [("image", "poster.png"), ("sticker", "Wave")]
    assert [(one.value, one.count, len(one.people)) for one in first.reactions] == [("👍", 3, 1), (":moot:", 1, 0)]


def test_what_stands_on_a_bots_card_is_its_text():
    card = seen(read(FIXTURES / "discord-json", "discord-json"))[3]
    assert card.text == "New release\nVersion 2"
    assert (card.author.bot, card.attachments[0].url) == (True, "https://moot.example/2")


def test_a_thread_is_a_place_and_a_conversation_of_its_own():
    batches = read(FIXTURES / "discord-json", "discord-json")
    assert batches[-1].place is not None
    assert batches[-1].place.name == "help / seeds"
    assert seen(batches)[-1].thread == "100000000000000002"


def test_private_channels_are_direct():
    place = parse_channel(
        {"id": "0", "name": "Direct Messages"}, {"id": "5", "type": "DirectTextChat", "name": "Bo"}, "f"
    )
    assert place == Place("5", "Bo", "direct", "https://discord.com/channels/@me/5")
    assert parsed(place).kind == "direct"


def test_a_forwarded_message_answers_nothing():
    assert parsed(reference={"type": "Forward", "messageId": "7", "channelId": GENERAL.remote_id}).parent is None
    assert parsed(reference={"messageId": "7", "channelId": "another"}).parent is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"author": {}}, "no author"),
        ({"author": None}, "no author"),
        ({"timestamp": None}, "no date"),
        ({"timestamp": "late"}, "date not understood"),
        ({"timestamp": "0001-01-01T00:00:00+14:00"}, "date out of range"),
        ({"timestamp": "2030-01-01T00:00:00+00:00"}, "date out of range"),
        ({"id": None}, "no id"),
        ({"type": "Call"}, "service message"),
    ],
)
def test_what_cant_be_taken_says_why(fields, expected):
    assert parsed(**fields) == Skipped(expected)


def test_nul_never_reaches_the_text(tmp_path):
    assert parsed(content="a\0b").text == "ab"
    (tmp_path / "a.csv").write_bytes(rows(row(1, "a\0b")).encode())
    assert seen(read(tmp_path, "discord-csv"))[0].text == "ab"


def test_both_dialects_of_a_table_make_one_channel():
    batches = read(FIXTURES / "discord-csv", "discord-csv")
    assert {batch.place for batch in batches} == {Place("lobby/introductions", "lobby / introductions")}
    first, *_, last = seen(batches)
    assert first.text == 'Two lines,\nwith "quotes" and ; a semicolon'
    assert first.author == Person("301", "Bo", "Bo#4321")
    assert first.at == datetime(2026, 1, 5, 10, 1, tzinfo=UTC)
    assert [file.kind for file in first.attachments] == ["image", "video"]
    assert [(one.value, one.count) for one in first.reactions] == [("🤘", 5), ("👍", 1)]
    assert last.author == Person("456226577798135808", "Deleted User", "Deleted User#0000")
    assert last.at == datetime(2026, 1, 6, 0, 5, tzinfo=UTC)


def test_what_is_said_again_over_the_edge_of_a_page_is_kept():
    found = seen(read(FIXTURES / "discord-csv", "discord-csv"))
    repeats = [one.remote_id for one in found if one.text == "same"]
    assert repeats == [repeats[0], f"{repeats[0]}-2", f"{repeats[0]}-3"]


def test_pages_that_overlap_give_each_message_once(tmp_path):
    said = [row(minute, text) for minute, text in ((600, "a"), (601, "b"), (601, "b"), (602, "c"), (603, "d"))]
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds/1.csv").write_text(rows(*said[:4]))
    (tmp_path / "seeds/2.csv").write_text(rows(*said[1:]))
    assert len(set(keys(read(tmp_path, "discord-csv")))) == 5


def test_a_table_imported_alone_gives_the_same_ids_whatever_the_time_zone():
    path = FIXTURES / "discord-csv/lobby/introductions/1.csv"
    here, there = read(path, "discord-csv"), read(path, "discord-csv", timezone="Asia/Tokyo")
    assert [one.remote_id for one in seen(here)] == [one.remote_id for one in seen(there)]
    assert seen(there)[0].at == datetime(2026, 1, 5, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("Moot - Lounge - talk [123456789012345678] [part 2].csv", Place("123456789012345678", "talk")),
        ("before-2026/csv/lobby/hall/7.csv", Place("lobby/hall", "lobby / hall")),
        ("2026-Jan-05/csv/lobby/hall/part.csv", Place("lobby/hall", "lobby / hall")),
        ("lobby/hall/123456789012345678.csv", Place("lobby/hall", "lobby / hall")),
        ("hall.csv", Place("hall", "hall")),
    ],
)
def test_a_tables_channel_is_told_by_its_name_and_folders(tmp_path, name, place):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(rows(row(1, "x")))
    assert read(tmp_path, "discord-csv")[0].place == place


def test_channel_numbers_side_by_side_are_channels(tmp_path):
    for number in ("123456789012345678", "123456789012345679"):
        (tmp_path / f"{number}.csv").write_text(rows(row(1, "x")))
    assert len({batch.place for batch in read(tmp_path, "discord-csv")}) == 2


def test_a_table_without_ids_takes_the_exact_name_for_the_person(tmp_path):
    (tmp_path / "a.csv").write_text("Author;Date;Content;Attachments;Reactions;\nBo#4321;2026-01-05T10:00:00;x;;;\n")
    assert seen(read(tmp_path, "discord-csv"))[0].author == Person("Bo#4321", "Bo", "Bo#4321")


def test_webhooks_are_bots_and_the_deleted_are_not():
    assert parse_author("7", "Feeds#0000").bot
    assert not parse_author("8", "Deleted User#0000").bot
    assert parse_author("9", "newname") == Person("9", "newname", "newname")


def test_bad_rows_of_a_table_are_skipped_with_the_reason(tmp_path):
    lines = rows(
        row(1, "good"), '"","","05-Jan-26 10:00 AM","x","",""', '"301","Bo","","x","",""', '"301","Bo","soon","x","",""'
    )
    lines += rows('"301","Bo","01-Jan-0001 10:00 AM","x","",""').removeprefix(HEADER)
    (tmp_path / "a.csv").write_bytes(
        lines.encode() + '"301","Bo","05-Jan-26 10:00 AM","Привет","",""\n'.encode("cp1251")
    )
    batches = read(tmp_path, "discord-csv")
    assert [one.text for one in seen(batches)] == ["good"]
    assert skipped(batches) == {
        "no author": 1,
        "no date": 1,
        "date not understood": 1,
        "date out of range": 1,
        "wrong encoding": 1,
    }


def test_a_line_that_never_ends_and_a_quote_never_closed_are_not_held(tmp_path):
    (tmp_path / "a.csv").write_text(rows(row(1, "x"), '"301","Bo","05-Jan-26 10:00 AM","' + "y" * 9_000_000))
    (tmp_path / "b.csv").write_text(rows(row(1, "x"), '"301","Bo","05-Jan-26 10:00 AM","' + "y\n" * 6_000))
    limit = csv.field_size_limit(10_000)
    try:
        batches = read(tmp_path, "discord-csv")
    finally:
        csv.field_size_limit(limit)
    assert [one.text for one in seen(batches)] == ["x", "x"]
    reasons = skipped(batches)
    assert (reasons["line too long"], reasons["not CSV"]) == (1, 1)


def test_rows_behind_a_broken_one_are_read(tmp_path):
    (tmp_path / "a.csv").write_bytes(rows(row(1, "x"), "a\rb", row(2, "y")).encode())
    batches = read(tmp_path, "discord-csv")
    assert [one.text for one in seen(batches)] == ["x", "y"]
    assert skipped(batches) == {"not CSV": 1}


def test_conversations_are_told_apart_where_the_xml_does():
    batches = read(FIXTURES / "discord-xml", "discord-xml")
    assert batches[0].place == Place("Moot/seeds", "Moot / seeds")
    first, second = seen(batches)
    assert (first.author, first.text, first.thread) == (Person("Mira", "Mira"), "if a < b & b < c", "seeds:1")
    assert second.at == datetime(2026, 1, 5, 10, 1, 0, 500000, tzinfo=UTC)


def test_xml_with_and_without_conversations_holds_the_same_messages():
    with_them = read(FIXTURES / "discord-xml/seeds.xml.out", "discord-xml")
    without = read(FIXTURES / "discord-xml/seeds.xml", "discord-xml")
    assert [one.remote_id for one in seen(with_them)] == [one.remote_id for one in seen(without)]
    assert {one.thread for one in seen(without)} == {None}


def test_bad_xml_is_skipped_with_the_reason(tmp_path):
    whole = (FIXTURES / "discord-xml/seeds.xml").read_text()
    (tmp_path / "a.xml").write_text(whole.replace("<user>Bo</user>", ""))
    (tmp_path / "b.xml").write_text(whole.replace("seeds<", "beans<").replace("2026-01-05T10:01:00.500000", ""))
    (tmp_path / "c.xml").write_text(whole.replace("seeds<", "peas<")[:-40])
    batches = read(tmp_path, "discord-xml")
    assert len(seen(batches)) == 3
    assert skipped(batches) == {"no author": 1, "no date": 1, "cut off": 1}


def large(root: Path, form: str) -> None:
    if form == "discord-json":
        messages = [
            {
                "id": f"{n}",
                "type": "Default",
                "timestamp": f"2026-01-05T{n // 60:02}:{n % 60:02}:00Z",
                "content": "x",
                "author": {"id": "1"},
            }
            for n in range(1, 1300)
        ]
        for channel in (1, 2):
            export = {"guild": {"id": "9"}, "channel": {"id": f"{channel}", "name": "c"}, "messages": messages}
            (root / f"{channel}.json").write_text(json.dumps(export))
        return
    if form == "discord-xml":
        lines = [
            f"<message><ts>2026-01-05T10:00:00.{n:06}</ts><user>Bo</user><text>x</text></message>" for n in range(1299)
        ]
        for channel in (1, 2):
            (root / f"{channel}.xml").write_text(
                f"<discord><channel_name>{channel}</channel_name>{''.join(lines)}</discord>"
            )
        return
    for folder in ("a", "b"):
        (root / folder).mkdir()
        # Twice the same in a minute, and a page ends between the two.
        said = [row(n // 2, "x") for n in range(1299)]
        for page, start in enumerate(range(0, 1299, 301), 1):
            (root / folder / f"{page}.csv").write_text(rows(*said[start : start + 301]))


@pytest.mark.parametrize("form", ["discord-json", "discord-csv", "discord-xml"])
def test_going_on_from_any_batch_gives_exactly_the_rest(tmp_path, form):
    large(tmp_path, form)
    batches = read(tmp_path, form)
    everything = keys(batches)
    assert len(everything) == len(set(everything)) == 2598
    assert all(len(batch.seen) <= 500 for batch in batches)
    for index, batch in enumerate(batches[:-1]):
        assert keys(batches[: index + 1]) + keys(read(tmp_path, form, batch.cursor)) == everything


def test_damaged_json_files_are_skipped_and_the_others_read(tmp_path):
    large(tmp_path, "discord-json")
    whole = (tmp_path / "1.json").read_text()
    (tmp_path / "1.json").write_text(whole[: len(whole) // 2])
    (tmp_path / "3.json").write_bytes(
        whole.replace('"channel": {"id": "1"', '"channel": {"id": "3"').encode()[:5000] + b"\xff\xfe"
    )
    batches = read(tmp_path, "discord-json")
    assert len(seen(batches)) > 1299 + 600
    assert skipped(batches) == {"cut off": 1, "wrong encoding": 1}


@pytest.mark.parametrize("form", ["discord-json", "discord-csv", "discord-xml"])
def test_an_export_without_a_readable_message_is_refused(tmp_path, form):
    (tmp_path / "a.csv").write_text(HEADER)
    (tmp_path / "a.json").write_text('{"guild": {}, "channel": {}, "messages": []}')
    (tmp_path / "a.xml").write_text("<discord><message></discord>")
    with pytest.raises(Refused, match="export the channels again"):
        read(tmp_path, form)


@pytest.mark.archives
def test_the_real_xml_has_its_6_552_messages():
    folder = ARCHIVES / "discord_xml"
    if not folder.exists():
        pytest.skip("the real archives are not beside this checkout")
    opened = sum(len(re.findall("<message ", path.read_text())) for path in folder.rglob("*.xml.out"))
    batches = read(folder, "discord-xml")
    assert len(set(keys(batches))) == opened == 6_552
    assert skipped(batches) == {}


@pytest.mark.archives
@pytest.mark.parametrize("name", ["sample", "handout_csv.tar.xz"])
def test_the_real_tables_lose_no_row(name):
    path = ARCHIVES / "discord_csv" / name
    if not path.exists():
        pytest.skip("the real archives are not beside this checkout")
    counted = 0
    with open_archive(path) as archive:
        for entry in archive.find(".csv"):
            text = archive.open(entry.name).read().decode("utf-8-sig")
            delimiter = ";" if text.startswith("AuthorID;") else ","
            counted += max(sum(1 for _ in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)) - 1, 0)
        batches = Discord().backfill(archive, format="discord-csv")
        names = {key for batch in batches for key in keys([batch])}
    assert len(names) == counted == {"sample": 24_908, "handout_csv.tar.xz": 663_832}[name]
