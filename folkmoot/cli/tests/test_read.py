"""folkmoot read: texts of a table or of standard input, without a database."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from folkmoot import cli
from folkmoot.cli.read import COLUMNS
from folkmoot.cli.tests.conftest import FOLKMOOT, environment, folkmoot
from folkmoot.understanding.reading.contract import EMOTIONS, INTENTS, SENTIMENTS

TABLE = (
    "id\tlang\ttext\nq1\ten\tWhere is my order? I have waited for two weeks!\nq2\tru\tСпасибо, всё отлично\nq3\t\t\n"
)


def read(table: str | bytes, tmp_path: Path, *options: str) -> Result:
    file = tmp_path / "in.tsv"
    file.write_bytes(table if isinstance(table, bytes) else table.encode())
    arguments = ["read", str(file), "--out", str(tmp_path / "out.tsv"), *options]
    return CliRunner().invoke(cli.folkmoot, arguments)


def rows(tmp_path: Path) -> list[dict[str, str]]:
    header, *lines = (tmp_path / "out.tsv").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    assert tuple(header.split("\t")) == COLUMNS
    return [dict(zip(COLUMNS, line.split("\t"), strict=True)) for line in lines]


def refusal(result: Result) -> str:
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("folkmoot: ") and result.stderr.count("\n") == 1
    return result.stderr


def test_a_table_is_read_row_by_row(tmp_path: Path) -> None:
    assert read(TABLE, tmp_path).exit_code == 0
    first, second, third = rows(tmp_path)
    assert [first["id"], second["id"], third["id"]] == ["q1", "q2", "q3"]
    assert [first["lang"], second["lang"], third["lang"]] == ["en", "ru", "unknown"]
    assert second["sentiment"] == "pos"
    assert float(first["calls_for_answer"]) > float(second["calls_for_answer"])


def test_every_answer_is_of_the_words_and_numbers_that_the_reference_names(tmp_path: Path) -> None:
    read(TABLE, tmp_path)
    for row in rows(tmp_path):
        assert row["sentiment"] in SENTIMENTS
        assert row["intent"] in INTENTS
        assert set(filter(None, row["emotions"].split(","))) <= set(EMOTIONS)
        numbers = [name for name in COLUMNS if name.endswith("_p") or name in ("urgency", "calls_for_answer")]
        assert all(0 <= float(row[name]) <= 1 for name in numbers)


def test_rows_without_names_are_numbered(tmp_path: Path) -> None:
    assert read("body\nhello there\nthank you\n", tmp_path, "--text-column", "body").exit_code == 0
    assert [row["id"] for row in rows(tmp_path)] == ["1", "2"]


def test_a_hint_settles_the_language_only_where_the_text_leaves_it_open(tmp_path: Path) -> None:
    table = "text\tl\n123\tpl\nDziękuję bardzo za pomoc\ten\nwhat a day\t??\n"
    assert read(table, tmp_path, "--lang-column", "l").exit_code == 0
    assert [row["lang"] for row in rows(tmp_path)] == ["pl", "pl", "en"]


@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "\n"])
def test_tables_of_any_system_are_read_alike(start: str, end: str, last: str, tmp_path: Path) -> None:
    lines = ["id\ttext", "a\tone\u2028line", 'b\t"so ""quoted"""', "c"]
    assert read(start + end.join(lines) + last.replace("\n", end), tmp_path).exit_code == 0
    assert [row["id"] for row in rows(tmp_path)] == ["a", "b", "c"]


def test_a_line_of_a_megabyte_is_read(tmp_path: Path) -> None:
    assert read("text\n" + "дуже довгий рядок " * 60_000 + "\nok\n", tmp_path).exit_code == 0
    assert next(row["lang"] for row in rows(tmp_path)) == "uk"
    assert len(rows(tmp_path)) == 2


def test_a_header_alone_gives_a_header_alone(tmp_path: Path) -> None:
    assert read("id\ttext\n", tmp_path).exit_code == 0
    assert (tmp_path / "out.tsv").read_text() == "\t".join(COLUMNS) + "\n"


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"\x00\xff\xfe\x80garbage", "line 1 is not UTF-8"),
        (b"text\nok\n\xff\xfe\n", "line 3 is not UTF-8"),
        (b"a\tb\nx\ty\n", "has no column text"),
        (b"text\tx\na\tb\tc\n", "line 2 has 3 cells"),
        (b"PK\x03\x04\x00", "has no column text"),
    ],
)
def test_what_is_no_table_is_refused_and_nothing_written(table: bytes, told: str, tmp_path: Path) -> None:
    assert told in refusal(read(table, tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["in.tsv"]


def test_a_result_that_is_there_stays_when_the_input_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out.tsv").write_text("mine")
    refusal(read(b"text\n\xff\n", tmp_path))
    assert (tmp_path / "out.tsv").read_text() == "mine"


def test_a_file_that_is_missing_or_has_no_place_to_go_is_bad_input(tmp_path: Path) -> None:
    run = CliRunner()
    assert "No such file" in refusal(run.invoke(cli.folkmoot, ["read", str(tmp_path / "no.tsv"), "--out", "x.tsv"]))
    assert "can't be used" in refusal(run.invoke(cli.folkmoot, ["read", str(tmp_path), "--out", "x.tsv"]))
    assert "--out" in refusal(run.invoke(cli.folkmoot, ["read", str(tmp_path / "no.tsv")]))
    assert "no column dialect" in refusal(read(TABLE, tmp_path, "--lang-column", "dialect"))


def test_lines_of_json_are_answered_by_lines_of_json() -> None:
    given = '{"id": 7, "text": "Kus mu pilet on?"}\n\n"Дякую!"\n{"text": "\\ud800 x", "lang": 3, "id": [1]}\n'
    done = CliRunner().invoke(cli.folkmoot, ["read", "-"], input=given)
    assert done.exit_code == 0, done.output
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [tuple(answer) for answer in answers] == [COLUMNS] * 3
    assert [(answer["id"], answer["lang"]) for answer in answers][:2] == [("7", "et"), ("3", "uk")]


@pytest.mark.parametrize("line", ["nonsense", "{}", "[1]", "null", '{"text": 5}', "[" * 100_000, "\udcff"])
def test_a_line_that_is_no_text_in_json_is_refused_after_those_before_it_were_answered(line: str) -> None:
    given = ('{"text": "hello"}\n' + line + "\n").encode("utf-8", "surrogateescape")
    done = CliRunner().invoke(cli.folkmoot, ["read", "-"], input=given)
    assert "Line 2" in refusal(done)
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.processes
def test_each_line_is_answered_before_the_next_is_asked(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*FOLKMOOT, "read", "-"], env=environment(tmp_path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout
        for text, language in (("where is my ticket", "en"), ("gdzie jest mój bilet", "pl")):
            process.stdin.write(json.dumps({"text": text}) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["lang"] == language
        process.stdin.close()
        assert process.wait(timeout=30) == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.processes
def test_it_needs_no_database_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "in.tsv").write_text(TABLE, encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()
    done = folkmoot(home, "read", str(tmp_path / "in.tsv"), "--out", str(tmp_path / "out.tsv"))
    assert done.returncode == 0, done.stderr
    assert not list(home.iterdir())
    assert len(rows(tmp_path)) == 3
