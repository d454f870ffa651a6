from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from folkmoot.lib.archive import open_archive
from folkmoot.networks.base import Batch, SeenMessage, SeenMove
from folkmoot.networks.errors import Refused
from folkmoot.networks.irc import Irc
from folkmoot.networks.irc.parse import line, replies

FIXTURES = Path(__file__).parent.parent / "fixtures"
REAL = next((up / "shared/data/archives/irc" for up in Path(__file__).parents if (up / "shared").is_dir()), None)


def read(path: Path, **options: str) -> list[Batch]:
    with open_archive(path) as archive:
        return list(Irc().backfill(archive, format="irc", options=options))


def messages(found: list[Batch]) -> list[SeenMessage]:
    return [seen for batch in found for seen in batch.seen if isinstance(seen, SeenMessage)]


def moves(found: list[Batch]) -> list[SeenMove]:
    return [seen for batch in found for seen in batch.seen if isinstance(seen, SeenMove)]


def skipped(found: list[Batch]) -> dict[str, int]:
    return dict(Counter(item.reason for batch in found for item in batch.skipped for _ in range(item.count)))


def log(folder: Path, name: str, *rows: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows) + "\n")
    return path


def clock(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def test_a_public_log_of_a_day_goes_on_past_midnight_and_knows_who_answers_whom() -> None:
    found = read(FIXTURES / "garden")
    assert {batch.place.remote_id for batch in found if batch.place} == {"#garden"}
    said = messages(found)
    assert [(each.author.remote_id, each.text) for each in said] == [
        ("Robin", "has anybody sown beans yet?"),
        ("Ann", "not before May"),
        ("Robin", "Robin sighs"),
        ("Ann", "patience!"),
        ("Ann", "patience!"),
        ("Robin", "Ann: happy new year"),
    ]
    assert [each.at.replace(microsecond=0) for each in said] == [
        clock(2019, 12, 31, 23, 57),
        clock(2019, 12, 31, 23, 57),
        *[clock(2019, 12, 31, 23, 58)] * 3,
        clock(2020, 1, 1, 0, 3),
    ]
    assert [each.at for each in said] == sorted(each.at for each in said)
    by_id = {each.remote_id: index for index, each in enumerate(said)}
    assert [by_id[each.parent] if each.parent else None for each in said] == [None, 0, None, 2, None, 1]
    assert [(each.person.remote_id, each.kind) for each in moves(found)] == [("Robin", "join"), ("Ann", "leave")]


@pytest.mark.parametrize("name", ["irssi.log", "irc.example.#tea.weechatlog", "hexchat.log"])
def test_clients_write_the_same_evening_in_their_own_ways(name: str) -> None:
    found = read(FIXTURES / name)
    said = messages(found)
    assert {batch.place.remote_id for batch in found if batch.place} == {"#tea"}
    assert (said[0].author.remote_id, said[0].text) == ("Bo", "good evening")
    assert said[-1].text == "Cy raises a cup"
    assert said[-1].at.replace(microsecond=0) == clock(2021, 1, 1, 0, 5)
    assert [each.kind for each in moves(found)] == ["join", "leave"]
    assert not skipped(found)


@pytest.mark.parametrize(
    ("text", "event", "nick", "said"),
    [
        ("12:34 < nick> hello", "said", "nick", "hello"),
        ("12:34 <@nick> hello", "said", "nick", "hello"),
        ("[12:34:56] *** Joins: nick (~u@h)", "join", "nick", ""),
        ("[12:34:56] *** Parts: nick (~u@h) (bye)", "leave", "nick", ""),
        ("[12:34:56] *** Quits: nick (~u@h) (bye)", "leave", "nick", ""),
        ("[12:34:56] *** nick was kicked by op (reason)", "leave", "nick", ""),
        ("[12:34:56] *** nick sets mode: +o x", "server", "", ""),
        ("[12:34] * nick (u@h) has joined #c", "join", "nick", ""),
        ("[12:34] * nick has quit IRC (bye)", "leave", "nick", ""),
        ("[12:34] * nick left the building", "said", "nick", "nick left the building"),
        ("[12:34] * Now talking in #c", "server", "", ""),
        ("2011-05-29T01:00:00  <nick> text", "said", "nick", "text"),
        ("2011-05-29T01:00:00  *** nick <u@h> has quit IRC (x)", "leave", "nick", ""),
        ("[00:01] nick (user@host) joined #chan.", "join", "nick", ""),
        ("[00:01] nick (user@host) left irc: Quit", "leave", "nick", ""),
        ("[00:01] Action: nick waves", "said", "nick", "nick waves"),
        ("[00:01] Nick change: a -> b", "server", "", ""),
        ("[2015-01-01T12:00:00+0000] <nick> text", "said", "nick", "text"),
        ("=== x left the room (quit: gone).", "leave", "x", ""),
        ("=== a is now known as b", "server", "", ""),
        ("[12:01] -nick:#ubuntu- notice", "said", "nick", "notice"),
        ("[12:01] <bur[n] er> odd nick", "said", "bur[n] er", "odd nick"),
        ("[12:01] <nick> \x0304red\x03 and \x02bold\x0f\0", "said", "nick", "red and bold"),
    ],
)
def test_a_line_says_who_did_what(text: str, event: str, nick: str, said: str) -> None:
    found = line(text)
    assert found is not None
    assert (found.event, found.nick, found.text) == (event, nick, said)


@pytest.mark.parametrize(
    "text", ["hello world", "[99:99] <x> y", '{"a": 1}', "12:30 in the afternoon", "[2015-01-01 12:00:00] <nick> text"]
)
def test_what_is_no_line_of_a_log_is_not_taken_for_one(text: str) -> None:
    assert line(text) is None


def test_links_are_taken_to_the_nearest_line_before() -> None:
    assert replies("5 5 -\n3 9 -\n7 9 -\n9 8 -\nnonsense\n") == {9: 8}


@pytest.mark.parametrize(
    ("path", "channel"),
    [
        ("libera/#tea/2020-05-01.log", "#tea"),
        ("user_net_#tea_20200501.log", "#tea"),
        ("2020/05/01/%23tea.txt", "#tea"),
        ("#node.js.2020-05-01.log", "#node.js"),
        ("2020-05-01.log", "logs"),
    ],
)
def test_channel_and_day_are_read_off_the_path(path: str, channel: str, tmp_path: Path) -> None:
    log(tmp_path / "logs", path, "[10:00:00] <Ann> hello")
    found = read(tmp_path / "logs")
    assert [batch.place.name for batch in found if batch.place] == [channel]
    assert [each.at for each in messages(found)] == [clock(2020, 5, 1, 10)]


def test_a_file_that_names_no_channel_belongs_to_the_one_that_the_others_name(tmp_path: Path) -> None:
    log(tmp_path, "2020-05-01.log", "=== Ann has joined #tea", "[10:00] <Ann> hello")
    log(tmp_path, "2020-05-02.log", "[10:00] <Ann> again")
    assert {batch.place.name for batch in read(tmp_path) if batch.place} == {"#tea"}


def test_a_clock_of_twelve_hours_passes_noon_before_midnight(tmp_path: Path) -> None:
    path = log(
        tmp_path,
        "2004-11-15.log",
        "[09:00] <A> a",
        "[12:30] <A> b",
        "[01:15] <A> c",
        "[11:00] <A> d",
        "[12:10] <A> e",
        "[01:05] <A> f",
    )
    assert [each.at.replace(microsecond=0) for each in messages(read(path))] == [
        clock(2004, 11, 15, 9),
        clock(2004, 11, 15, 12, 30),
        clock(2004, 11, 15, 13, 15),
        clock(2004, 11, 15, 23),
        clock(2004, 11, 16, 0, 10),
        clock(2004, 11, 16, 1, 5),
    ]


def test_a_clock_set_back_for_winter_is_not_midnight(tmp_path: Path) -> None:
    path = log(tmp_path, "2020-10-25.log", "[14:30] <A> a", "[13:40] <A> b", "[23:59] <A> c", "[00:01] <A> d")
    assert [each.at.day for each in messages(read(path))] == [25, 25, 25, 26]


def test_times_are_read_in_the_zone_asked_for(tmp_path: Path) -> None:
    path = log(tmp_path, "2020-07-01.log", "[10:00] <A> a")
    assert messages(read(path, timezone="Europe/Warsaw"))[0].at == clock(2020, 7, 1, 8)
    with pytest.raises(Refused, match="time zone"):
        read(path, timezone="Nowhere/Land")


def test_without_any_day_nothing_is_taken_unless_one_is_given(tmp_path: Path) -> None:
    path = log(tmp_path, "tea.log", "[10:00] <Ann> hello", "[11:00] <Bo> hi")
    with pytest.raises(Refused, match="date"):
        read(path)
    assert [each.at.day for each in messages(read(path, date="2020-05-07"))] == [7, 7]
    with pytest.raises(Refused, match="YYYY-MM-DD"):
        read(path, date="yesterday")


def test_what_can_not_be_taken_is_counted_by_reason(tmp_path: Path) -> None:
    path = log(
        tmp_path,
        "#tea.log",
        "2020-05-01T10:00:00  <Ann> fine",
        "0001-01-01T10:00:00  <Ann> long ago",
        "2999-01-01T10:00:00  <Ann> not yet",
        "2020-05-01T10:00:00  <> nobody",
        "2020-05-01T10:00:00  < > nobody",
        "=== Ann waves",
        "some other line",
        "2020-05-01T10:00:01  <Ann> " + "x" * (9 * 1024 * 1024),
        "2020-05-01T10:00:02  <Ann> \xe9 and \0 NUL",
    )
    path.write_bytes(path.read_bytes().replace("\xe9".encode(), b"\xe9"))
    found = read(path)
    assert [each.text for each in messages(found)] == ["fine", "é and  NUL"]
    assert skipped(found) == {
        "date out of range": 2,
        "no author": 1,
        "line without a time": 1,
        "not a chat line": 2,
        "line too long": 1,
    }


def test_the_same_words_in_one_minute_are_two_messages_and_in_two_files_one(tmp_path: Path) -> None:
    rows = ["[10:00] <Ann> hi", "[10:00] <Ann> hi", "[10:01] <Ann> hi"]
    log(tmp_path, "a/#tea/2020-05-01.log", *rows)
    log(tmp_path, "b/#tea/2020-05-01.log", *rows)
    assert len({each.remote_id for each in messages(read(tmp_path))}) == 3


@pytest.mark.archives
@pytest.mark.skipif(REAL is None, reason="the real archives do not lie beside the checkout")
def test_the_real_logs_give_as_many_messages_as_their_lines_show() -> None:
    assert REAL is not None
    wanted = 0
    for path in REAL.glob("data/*/*.txt"):
        if path.name.endswith(".raw.txt") and path.name[0].isdigit():
            wanted += len(re.findall(rb"^\[\d\d:\d\d\] (?:<[^>]+>| \* |-\S+:#)", path.read_bytes(), re.M))
    with open_archive(REAL) as archive:
        assert Irc().recognises(archive) == "irc"
    found = [batch for batch in read(REAL) if batch.place is None or batch.place.remote_id == "#ubuntu"]
    assert len(messages(found)) == wanted > 200_000
    assert len({each.remote_id for each in messages(found)}) == wanted
    assert sum(each.parent is not None for each in messages(found)) > 50_000
