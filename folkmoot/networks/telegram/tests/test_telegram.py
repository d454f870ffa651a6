"""Telegram exports: what each kind of entry becomes, and going on where an import had stopped."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from folkmoot.lib.archive import open_archive
from folkmoot.networks.base import Batch, Person, Place, SeenMessage, SeenMove, Skipped
from folkmoot.networks.errors import Refused
from folkmoot.networks.payload import Dates
from folkmoot.networks.telegram import Telegram
from folkmoot.networks.telegram.parse import parse_chat, parse_message, parse_post

FIXTURES = Path(__file__).parents[1] / "fixtures"
ARCHIVES = Path(__file__).parents[5] / "shared/data/archives"
DATES = Dates(ZoneInfo("UTC"), datetime(2026, 6, 1, tzinfo=UTC))
GROUP = Place("chat1", "Garden")


def read(path: Path, form: str = "telegram", cursor: str = "", **options: str) -> list[Batch]:
    with open_archive(path) as archive:
        return list(Telegram().backfill(archive, format=form, cursor=cursor, options=options))


def seen(batches: list[Batch]) -> dict[tuple[str, str], Any]:
    return {(batch.place.remote_id, one.remote_id): one for batch in batches if batch.place for one in batch.seen}


def skipped(batches: list[Batch]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for batch in batches:
        for one in batch.skipped:
            counts[one.reason] = counts.get(one.reason, 0) + one.count
    return counts


def recognised(path: Path) -> str | None:
    with open_archive(path) as archive:
        return Telegram().recognises(archive)


def parsed(place: Place = GROUP, **fields: object) -> Any:
    payload = {
        "id": 1,
        "type": "message",
        "date_unixtime": "1767600000",
        "from": "Bo",
        "from_id": "user12",
        "text": "x",
    }
    (found,) = parse_message({**payload, **fields}, place, DATES)
    return found


@pytest.mark.parametrize(
    ("folder", "form"),
    [("telegram", "telegram"), ("telegram-account", "telegram"), ("telegram-posts", "telegram-posts")],
)
def test_each_layout_is_recognised_as_a_folder_and_as_a_single_file(folder, form):
    assert recognised(FIXTURES / folder) == form
    assert recognised(next((FIXTURES / folder).iterdir())) == form


def test_other_json_is_not_recognised(tmp_path):
    (tmp_path / "a.json").write_text('{"messages": [], "channel": {"type": "GuildTextChat"}}')
    (tmp_path / "b.json").write_text('[{"id": 1}]')
    assert recognised(tmp_path) is None


def test_an_export_as_web_pages_is_recognised_and_refused_with_what_to_do(tmp_path):
    (tmp_path / "messages.html").write_text('<html><body><div class="page_wrap">…</div></body></html>')
    assert recognised(tmp_path) == "telegram"
    with pytest.raises(Refused, match="Machine-readable JSON"):
        read(tmp_path)


def test_a_group_is_a_flat_chat_whose_answers_have_parents():
    batches = read(FIXTURES / "telegram")
    assert {batch.place for batch in batches} == {Place("channel4242", "Garden {club}")}
    answer = seen(batches)["channel4242", "3"]
    assert isinstance(answer, SeenMessage)
    assert (answer.kind, answer.thread, answer.parent) == (None, None, "2")
    assert answer.edited_at == datetime(2026, 1, 5, 8, 3, tzinfo=UTC)


def test_a_deleted_account_keeps_its_number():
    answer = seen(read(FIXTURES / "telegram"))["channel4242", "3"]
    assert answer.author == Person("user13")


def test_text_entities_become_plain_text_with_links():
    first = seen(read(FIXTURES / "telegram"))["channel4242", "2"]
    assert first.text == "Seeds: the list (https://seeds.example/list) and https://seeds.example"


def test_reactions_count_more_than_the_people_who_are_named():
    sprout, paid = seen(read(FIXTURES / "telegram"))["channel4242", "2"].reactions
    assert (sprout.value, sprout.count, sprout.people) == ("🌱", 3, (Person("user12", "Bo"),))
    assert (paid.value, paid.count, paid.people) == ("⭐", 1, ())


def test_service_messages_become_moves_or_are_skipped():
    batches = read(FIXTURES / "telegram")
    moves = {
        key[1]: (one.person.remote_id, one.kind) for key, one in seen(batches).items() if isinstance(one, SeenMove)
    }
    assert moves == {
        "1:0": ("name:Bo", "join"),
        "1:1": ("user11", "join"),
        "5": ("user14", "join"),
        "6:0": ("user14", "leave"),
    }
    assert skipped(batches) == {"service message": 1, "no author": 1, "unsupported message": 1}


def test_pictures_stickers_and_polls_are_kept():
    found = seen(read(FIXTURES / "telegram"))
    (photo,) = found["channel4242", "3"].attachments
    (sticker,) = found["channel4242", "7"].attachments
    assert (photo.kind, photo.name, photo.size) == ("image", "photo_1.jpg", 512)
    assert (sticker.kind, sticker.name) == ("sticker", "🌻")
    assert found["channel4242", "8"].text == "When?\n• Monday\n• Friday"


def test_a_file_that_was_not_exported_has_no_name():
    (photo,) = parsed(photo="(File not included. Change data exporting settings to download.)").attachments
    assert (photo.kind, photo.name) == ("image", "")


def test_times_without_a_zone_are_read_in_the_one_given():
    batches = read(FIXTURES / "telegram", timezone="Europe/Tallinn")
    assert seen(batches)["channel4242", "7"].at == datetime(2026, 1, 5, 10, 7, tzinfo=UTC)
    assert seen(batches)["channel4242", "2"].at == datetime(2026, 1, 5, 8, 1, tzinfo=UTC)
    with pytest.raises(Refused, match="no time zone 'Mars'"):
        read(FIXTURES / "telegram", timezone="Mars")


def test_a_whole_account_gives_each_chat_its_own_place():
    batches = read(FIXTURES / "telegram-account")
    assert [batch.place for batch in batches] == [
        Place("user12", "Bo", "direct"),
        Place("channel77", "News", "page"),
        Place("chat12", "Old group", "chat"),
    ]
    assert seen(batches)["user12", "1"].kind == "direct"


def test_each_post_of_a_channel_is_its_own_conversation():
    batches = read(FIXTURES / "telegram-account")
    post = seen(batches)["channel77", "2"]
    assert (post.kind, post.thread, post.author) == ("post", "2", Person("channel77", "News"))


def test_a_list_of_posts_is_a_page_where_the_channel_speaks():
    batches = read(FIXTURES / "telegram-posts", "telegram-posts")
    assert batches[0].place == Place("channel1000000042", "Garden news", "page")
    post = seen(batches)["channel1000000042", "11"]
    assert (post.kind, post.thread, post.author.name) == ("post", "11", "Garden news")
    assert post.at == datetime(2026, 1, 5, 6, 0, tzinfo=UTC)


def test_old_exports_write_people_as_bare_numbers():
    assert parsed(from_id=12).author == Person("user12", "Bo")
    assert parsed(from_id=None).author == Person("name:Bo", "Bo")


def test_chats_of_different_kinds_never_share_an_id():
    ids = {
        parse_chat({"type": kind, "id": 5, "name": "x"}, "f").remote_id
        for kind in ("personal_chat", "private_group", "public_supergroup")
    }
    assert ids == {"user5", "chat5", "channel5"}
    assert parse_chat({"type": "private_group"}, "result").remote_id == "name:result"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"from": None, "from_id": None}, "no author"),
        ({"date_unixtime": None}, "no date"),
        ({"date_unixtime": None, "date": "yesterday"}, "date not understood"),
        ({"date_unixtime": None, "date": "0001-01-01T00:00:00"}, "date out of range"),
        ({"date_unixtime": "0"}, "date out of range"),
        ({"date_unixtime": "99999999999999999"}, "date out of range"),
        ({"id": None}, "no id"),
        ({"type": "ghost"}, "unsupported message"),
    ],
)
def test_what_cant_be_taken_says_why(fields, expected):
    found = parsed(**fields)
    assert isinstance(found, Skipped)
    assert found.reason == expected


def test_a_post_without_a_channel_has_no_author():
    assert parse_post({"message_id": 1, "text": "x", "date": "2026-01-01"}, DATES) == (None, Skipped("no author"))


def test_nul_never_reaches_the_text():
    assert parsed(text=["a\0", {"type": "bold", "text": "\0b"}]).text == "ab"


def chat(count: int, ident: int = 1) -> str:
    rows = [
        {
            "id": n,
            "type": "message",
            "date_unixtime": str(1767600000 + n),
            "from": "Bo",
            "from_id": "user12",
            "text": f"{n}",
        }
        for n in range(1, count + 1)
    ]
    return json.dumps({"name": f"chat {ident}", "type": "private_group", "id": ident, "messages": rows})


@pytest.mark.parametrize("layout", ["single", "account"])
def test_going_on_from_any_batch_gives_exactly_the_rest(tmp_path, layout):
    chats = ", ".join(chat(900, ident) for ident in (1, 2))
    whole = chat(1800) if layout == "single" else f'{{"about": "Telegram", "chats": {{"list": [{chats}]}}}}'
    (tmp_path / "result.json").write_text(whole)
    batches = read(tmp_path)
    everything = [key for batch in batches for key in seen([batch])]
    assert len(everything) == len(set(everything)) == 1800
    assert all(len(batch.seen) <= 500 for batch in batches)
    for index, batch in enumerate(batches[:-1]):
        first = [key for before in batches[: index + 1] for key in seen([before])]
        rest = [key for after in read(tmp_path, cursor=batch.cursor) for key in seen([after])]
        assert first + rest == everything


def test_moves_of_one_service_message_survive_a_cut_between_them(tmp_path):
    members = [f"member {n}" for n in range(700)]
    service = {
        "id": 1,
        "type": "service",
        "action": "invite_members",
        "date_unixtime": "1767600000",
        "members": members,
    }
    export = {"name": "x", "type": "private_group", "id": 1, "messages": [service]}
    (tmp_path / "result.json").write_text(json.dumps(export))
    batches = read(tmp_path)
    assert len(seen(batches)) == 700
    resumed = seen(read(tmp_path, cursor=batches[0].cursor))
    assert seen([batches[0]]).keys() | resumed.keys() == seen(batches).keys()


def test_control_characters_as_telegram_writes_them_do_not_end_the_import(tmp_path):
    broken = (
        chat(3).replace('"2"}', '"a\\x05b\\x0Fc \\ud83d \\u0000"}').replace('"3"}', '"C:\\\\xampp \\ud83c\\udf31"}')
    )
    (tmp_path / "result.json").write_text(broken)
    found = seen(read(tmp_path))
    assert found["chat1", "2"].text == "a\x05b\x0fc \ufffd "
    assert found["chat1", "3"].text == "C:\\xampp 🌱"


def test_a_cut_off_file_gives_what_came_before_the_cut(tmp_path):
    (tmp_path / "result.json").write_text(chat(600)[:-200])
    batches = read(tmp_path)
    assert 590 < len(seen(batches)) < 600
    assert skipped(batches) == {"cut off": 1}


def test_a_damaged_export_between_good_ones_is_skipped(tmp_path):
    for name, content in (
        ("a", chat(2, 1).encode()),
        ("b", b'{"name": "\xcf", "type": "private_group", "id": 3, "messages": [{"id": 1, "text": "\xcf\xf0"}]}'),
        ("c", chat(2, 2).encode()),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "result.json").write_bytes(content)
    batches = read(tmp_path)
    assert len(seen(batches)) == 4
    assert skipped(batches) == {"wrong encoding": 1}


def test_a_zip_damaged_inside_an_entry_is_skipped_not_raised(tmp_path):
    packed = tmp_path / "export.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as zipped:
        zipped.writestr("a/result.json", chat(5, 1))
        zipped.writestr("b/result.json", chat(5, 2))
    raw = bytearray(packed.read_bytes())
    at = raw.index(b'"text": "5"')
    raw[at + 9 : at + 10] = b"6"
    packed.write_bytes(raw)
    batches = read(packed)
    assert skipped(batches) == {"damaged file": 1}
    assert ("chat2", "5") in seen(batches)


def test_an_export_without_a_readable_message_is_refused(tmp_path):
    (tmp_path / "result.json").write_text('{"name": "x", "type": "private_group", "id": 1, "messages": []}')
    with pytest.raises(Refused, match="Machine-readable JSON"):
        read(tmp_path)


@pytest.mark.archives
def test_the_real_desktop_export_has_its_twelve_entries():
    path = ARCHIVES / "telegram_desktop/result.json"
    if not path.exists():
        pytest.skip("the real archives are not beside this checkout")
    entries = json.loads(path.read_text())["messages"]
    batches = read(path)
    kinds = [type(one).__name__ for one in seen(batches).values()]
    assert len(entries) == 12
    assert (kinds.count("SeenMessage"), kinds.count("SeenMove"), skipped(batches)) == (8, 3, {"service message": 1})


@pytest.mark.archives
def test_the_real_channels_have_their_22_099_posts():
    folder = ARCHIVES / "telegram_channels_ru"
    if not folder.exists():
        pytest.skip("the real archives are not beside this checkout")
    rows = sum(len(json.loads(path.read_text())) for path in folder.rglob("*_messages.json"))
    batches = read(folder, "telegram-posts")
    assert len(seen(batches)) == rows == 22_099
    assert len({batch.place for batch in batches}) == 24
    assert skipped(batches) == {}
