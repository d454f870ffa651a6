from __future__ import annotations

import csv
import json
import tracemalloc
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkmoot.lib.archive import open_archive
from folkmoot.networks.base import Batch, Person, Reaction, SeenMessage
from folkmoot.networks.errors import Refused
from folkmoot.networks.file import File
from folkmoot.networks.file.columns import guess
from folkmoot.networks.file.moments import Moments, order

FIXTURES = Path(__file__).parent.parent / "fixtures"
REAL = next(
    (up / "shared/data/archives/facebook_kpi_csv" for up in Path(__file__).parents if (up / "shared").is_dir()), None
)


def read(path: Path, cursor: str = "", **options: str) -> list[Batch]:
    with open_archive(path) as archive:
        format = File().recognises(archive) or "csv"
        return list(File().backfill(archive, format=format, cursor=cursor, options=options))


def messages(found: list[Batch]) -> list[SeenMessage]:
    return [seen for batch in found for seen in batch.seen if isinstance(seen, SeenMessage)]


def skipped(found: list[Batch]) -> dict[str, int]:
    return dict(Counter(item.reason for batch in found for item in batch.skipped for _ in range(item.count)))


def table(folder: Path, text: str | bytes, name: str = "chat.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def test_a_table_with_authors_is_a_chat_and_bad_rows_are_counted() -> None:
    found = read(FIXTURES / "chat.csv")
    one, two = messages(found)
    assert (one.remote_id, one.text, one.at) == ("1", "When do you\nsow beans?", at(2020, 5, 1, 10))
    assert one.author == Person("u1", "Ann")
    assert one.reactions == (Reaction("reaction", 2),)
    assert (two.text, two.at, two.parent) == ('In May, "always"', at(2020, 5, 1, 7, 1), "1")
    assert (one.kind, one.thread) == (None, None)
    assert {(batch.place.name, batch.place.kind) for batch in found if batch.place} == {("chat", "chat")}
    assert skipped(found) == {"no author": 1, "date out of range": 1, "date not understood": 1, "no date": 1}


def test_a_table_without_authors_is_what_the_page_itself_posted() -> None:
    found = read(FIXTURES / "page.csv")
    one, two = messages(found)
    assert one.author == two.author == Person("page", "page")
    assert [each.at for each in (one, two)] == [at(2017, 8, 5, 15, 45), at(2017, 8, 18, 0, 27)]
    assert [each.text for each in (one, two)] == ["Beans", "Peas, and more"]
    assert [each.kind for each in (one, two)] == ["post", "post"]
    assert one.thread == one.remote_id != two.remote_id
    assert [each.reactions[0].count for each in (one, two)] == [21, 1099]
    assert {batch.place.kind for batch in found if batch.place} == {"page"}
    assert messages(read(FIXTURES / "page.csv", author_default="Ann"))[0].author.name == "Ann"


def test_an_old_code_page_and_headers_in_russian_are_read() -> None:
    found = messages(read(FIXTURES / "cp1251.csv", timezone="Europe/Kyiv"))
    assert [(each.author.name, each.text, each.at) for each in found] == [
        ("Аня", "Когда сажать фасоль?", at(2017, 8, 5, 7)),
        ("Боря", "В мае", at(2017, 8, 18, 8, 30)),
    ]


def test_json_lines_are_read_by_paths_and_broken_lines_counted() -> None:
    options = {"author": "from.name", "author_id": "from.id"}
    found = read(FIXTURES / "chat.jsonl", **options)
    one, two = messages(found)
    assert one.author == Person("7", "Ann")
    assert [each.at for each in (one, two)] == [at(2020, 5, 1, 10), at(2020, 5, 1, 10, 1)]
    assert one.reactions == (Reaction("👍", 2), Reaction("🌱", 1))
    assert (two.parent, two.remote_id) == ("1", "2")
    assert skipped(found) == {"not JSON": 1, "not a JSON object": 1, "no author": 1}


def test_a_json_array_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    rows = [{"user": "Ann", "text": f"t{number}", "created_at": "2020-05-01T10:00:00Z"} for number in range(1200)]
    path = table(tmp_path, json.dumps(rows), "chat.json")
    assert len(messages(read(path))) == 1200
    cut = table(tmp_path, json.dumps(rows)[:-50], "cut.json")
    assert len(messages(read(cut))) == 1199
    assert skipped(read(cut)) == {"cut off": 1}


@pytest.mark.parametrize("delimiter", list(",;\t|"))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_delimiters_and_encodings_are_found_out(delimiter: str, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "chat.csv"
    with path.open("w", encoding=encoding, newline="") as out:
        writer = csv.writer(out, delimiter=delimiter)
        writer.writerows(
            [["time", "user", "message"], *([f"2020-05-01 10:{n:02}", "Õnne", "a, b; c | d"] for n in range(60))]
        )
    found = messages(read(path))
    assert len(found) == 60
    assert {(each.author.name, each.text) for each in found} == {("Õnne", "a, b; c | d")}


def test_a_mapping_given_by_hand_wins_and_must_name_columns_that_are_there(tmp_path: Path) -> None:
    path = table(tmp_path, "when,who,what,text\n1588327200,Ann,words,noise\n")
    with pytest.raises(Refused, match="which columns"):
        read(path)
    [only] = messages(read(path, time="when", author="who", text="what"))
    assert (only.text, only.author.name, only.at) == ("words", "Ann", at(2020, 5, 1, 10))
    with pytest.raises(Refused, match="no column 'nothing'"):
        read(path, time="when", text="nothing")
    with pytest.raises(Refused, match="encoding"):
        read(path, encoding="no such")


def test_columns_and_a_guess_are_there_for_a_form(tmp_path: Path) -> None:
    with open_archive(FIXTURES / "chat.csv") as archive:
        columns = File().columns(archive, format="csv", options={})
    assert columns == ["id", "user_id", "user", "created_at", "message", "reply_to", "likes"]
    assert File().guess(columns) == {
        "id": "id",
        "author_id": "user_id",
        "author": "user",
        "time": "created_at",
        "text": "message",
        "parent": "reply_to",
        "reactions": "likes",
    }


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        (["Дата", "Время", "Автор", "Текст"], {"date": "Дата", "time": "Время", "author": "Автор", "text": "Текст"}),
        (["Дата", "Користувач", "Повідомлення"], {"time": "Дата", "author": "Користувач", "text": "Повідомлення"}),
        (["Data", "Użytkownik", "Treść"], {"time": "Data", "author": "Użytkownik", "text": "Treść"}),
        (
            ["Kuupäev", "Kellaaeg", "Saatja", "Sõnum"],
            {"date": "Kuupäev", "time": "Kellaaeg", "author": "Saatja", "text": "Sõnum"},
        ),
        (["createdAt", "userName", "body"], {"time": "createdAt", "author": "userName", "text": "body"}),
        (["date", "created_at", "from", "text"], {"time": "created_at", "author": "from", "text": "text"}),
        (["a", "b"], {}),
    ],
)
def test_columns_are_guessed_in_five_languages(columns: list[str], wanted: dict[str, str]) -> None:
    assert guess(columns) == wanted


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2020-05-01T10:00:00Z", at(2020, 5, 1, 10)),
        ("2020-05-01 10:00:00.123456+02:00", datetime(2020, 5, 1, 8, 0, 0, 123456, tzinfo=UTC)),
        ("2020/5/1 9:07", at(2020, 5, 1, 9, 7)),
        ("20200501", at(2020, 5, 1)),
        ("20200501100000", at(2020, 5, 1, 10)),
        ("1588327200", at(2020, 5, 1, 10)),
        ("1588327200.0", at(2020, 5, 1, 10)),
        ("1588327200000", at(2020, 5, 1, 10)),
        ("1588327200000000", at(2020, 5, 1, 10)),
        ("01.05.2020, 10:00", at(2020, 5, 1, 10)),
        ("1/5/20 10:00 PM", at(2020, 5, 1, 22)),
        ("1 May 2020 10:00", at(2020, 5, 1, 10)),
        ("May 1, 2020 12:05 am", at(2020, 5, 1, 0, 5)),
        ("1 мая 2020 г., 10:00", at(2020, 5, 1, 10)),
        ("1 травня 2020", at(2020, 5, 1)),
        ("1 maja 2020", at(2020, 5, 1)),
        ("1. juuni 2020", at(2020, 6, 1)),
        ("Fri, 01 May 2020 10:00:00 +0000", at(2020, 5, 1, 10)),
        ("Fri May 01 10:00:00 +0000 2020", at(2020, 5, 1, 10)),
        ("soon", None),
        ("32.13.2020", None),
        ("²²", None),
        ("", None),
        ("1" * 100, None),
    ],
)
def test_times_are_read_as_people_and_programs_write_them(text: str, moment: datetime | None) -> None:
    assert Moments(ZoneInfo("UTC")).read(text) == moment


def test_a_format_given_by_hand_is_the_only_one_taken() -> None:
    moments = Moments(ZoneInfo("Europe/Tallinn"), "%d|%m|%Y %H.%M")
    assert moments.read("01|05|2020 10.00") == at(2020, 5, 1, 7)
    assert moments.read("2020-05-01") is None


@given(st.text(max_size=40) | st.integers().map(str) | st.floats().map(str))
def test_any_text_is_a_time_or_none(text: str) -> None:
    try:
        Moments(ZoneInfo("Pacific/Kiritimati")).read(text)
    except OverflowError:
        return


@pytest.mark.parametrize(
    ("sample", "wanted"),
    [
        (["01/02/2020", "13/02/2020"], "dmy"),
        (["01/02/2020", "02/13/2020"], "mdy"),
        (["01/02/2020 3:45 pm"], "mdy"),
        (["01/02/2020 15:45"], "dmy"),
        (["01.02.2020"], "dmy"),
        ([], "dmy"),
    ],
)
def test_a_column_settles_whether_day_or_month_comes_first(sample: list[str], wanted: str) -> None:
    assert order(sample) == wanted


def test_rows_alike_in_everything_are_different_messages_with_lasting_ids(tmp_path: Path) -> None:
    row = "2020-05-01T10:00:00Z,Ann,hi\n"
    path = table(tmp_path, "time,user,text\n" + row * 3 + "2020-05-01T10:00:01Z,Ann,hi\n")
    found = [each.remote_id for each in messages(read(path))]
    assert len(set(found)) == 4
    assert [each.remote_id for each in messages(read(path))] == found


def test_several_channels_in_one_table_become_places_of_their_own(tmp_path: Path) -> None:
    rows = "".join(f"2020-05-01T10:00:00Z,Ann,hi {number},room{number % 3}\n" for number in range(2000))
    found = read(table(tmp_path, "time,user,text,channel\n" + rows))
    assert Counter(batch.place.name for batch in found if batch.place for _ in batch.seen) == {
        "room0": 667,
        "room1": 667,
        "room2": 666,
    }
    assert len(found) < 10


def test_what_can_not_be_taken_is_counted_by_reason(tmp_path: Path) -> None:
    good = b"2020-05-01T10:00:00Z,Ann,fine\n"
    path = table(
        tmp_path,
        b"time,user,text\n"
        + good
        + b"2020-05-01T10:00:00Z,Ann,"
        + b"x" * (10 * 1024 * 1024)
        + b"\n"
        + b"2020-05-01T10:00:00Z,Ann,too,many,columns\n"
        + b"2020-05-01T10:00:00Z\n"
        + b"\n"
        + b"2020-05-01T10:00:00Z,A\0nn,NUL\0 and \xe9\n"
        + good.replace(b"fine", b'"never closed'),
    )
    found = read(path)
    assert [each.text for each in messages(found)][:2] == ["fine", "NUL and é"]
    counts = skipped(found)
    assert counts == {"line too long": 1, "more columns than the header has": 1, "no author": 1}


def test_what_is_no_table_of_messages_is_not_recognised(tmp_path: Path) -> None:
    for name, text in (
        ("a.csv", "a,b\n1,2\n"),
        ("b.csv", ""),
        ("c.json", '{"text": 1}'),
        ("d.jsonl", "nothing\n"),
        ("e.txt", "time,user,text\n"),
    ):
        path = table(tmp_path, text, name)
        with open_archive(path) as archive:
            assert File().recognises(archive) is None, name
        with pytest.raises(Refused):
            read(path)


def test_memory_stays_small_however_long_the_table(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    with path.open("w") as out:
        out.write("time,user,text\n")
        out.writelines(f"2020-05-01T10:00:00Z,u{number % 99},text {number}\n" for number in range(40_000))
    with open_archive(path) as archive:
        tracemalloc.start()
        count = sum(len(batch.seen) for batch in File().backfill(archive, format="csv"))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert count == 40_000
    assert peak < 40 * 1024 * 1024


@pytest.mark.archives
@pytest.mark.skipif(REAL is None, reason="the real archives do not lie beside the checkout")
def test_a_real_pages_posts_are_all_read_with_their_reactions() -> None:
    assert REAL is not None
    path = REAL / "facebook-fCC-data/data/freeCodeCamp-facebook-page-activity.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = messages(read(path))
    assert len(found) == len({each.remote_id for each in found}) == len(rows) == 420
    assert sum(each.reactions[0].count for each in found if each.reactions) == sum(
        int(row["reactions"]) for row in rows if row["reactions"].isdigit()
    )
    assert [f"{each.at:%m/%d/%Y}" for each in found] == [row["date"] for row in rows]
    assert {each.kind for each in found} == {"post"}


def test_a_field_said_to_be_in_no_column_is_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("time,author,text,title\n2026-03-02 12:00,ada,hello,Greetings\n")
    with open_archive(path) as archive:
        [batch] = File().backfill(archive, format="csv", options={"title": "-"})
    [message] = batch.seen
    assert isinstance(message, SeenMessage)
    assert (message.text, message.thread_title) == ("hello", "")


def test_a_day_alone_is_time_enough(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("When,Who,What\n2026-03-02,ada,hello\n")
    options = {"date": "When", "time": "-", "author": "Who", "text": "What"}
    with open_archive(path) as archive:
        [batch] = File().backfill(archive, format="csv", options=options)
    assert len(batch.seen) == 1
