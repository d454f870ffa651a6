from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from conftest import Make, WordReader
from folkmoot.cli import folkmoot
from folkmoot.conversations.models import Message
from folkmoot.flow import corrections, reading
from folkmoot.understanding import reader
from folkmoot.understanding.models import Correction, Reading
from folkmoot.workspaces.models import Workspace

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("words_are_read")


@pytest.fixture
def workspace(db: None) -> Workspace:
    return Workspace.objects.create(slug="moot", name="Moot")


def run(*arguments: str, **options: str) -> Result:
    return CliRunner().invoke(folkmoot, arguments, **options)  # type: ignore[arg-type]


def test_what_is_unread_is_read_and_told(workspace: Workspace, make: Make) -> None:
    make.talk(make.channel(workspace), ("ada", "awful"), ("bo", "nice"))
    done = run("understand", "--workspace", "moot", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["unread"], told["read_anew"]) == (2, 2)
    assert Reading.objects.count() == 2
    again = run("understand", "--workspace", "moot")
    assert "Read 0 new messages" in again.stdout


def test_a_new_version_is_read_with_on_the_spot(
    workspace: Workspace, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.talk(make.channel(workspace), ("ada", "awful"))
    reading.read(workspace.pk)
    monkeypatch.setattr(reader, "base", lambda: WordReader("newer"))
    assert run("understand", "--workspace", "moot").exit_code == 0
    assert Reading.objects.get().version.name == "newer"


@pytest.mark.parametrize(
    "arguments",
    [("understand",), ("corrections", "export"), ("corrections", "import", "-")],
)
@pytest.mark.django_db
def test_a_workspace_that_is_not_there_is_told(arguments: tuple[str, ...]) -> None:
    done = run(*arguments, "--workspace", "nowhere")
    assert done.exit_code == 2 or "no workspace nowhere" in str(done.exception)
    assert "Traceback" not in done.output


def test_without_a_model_it_says_so(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise reader.NoModel

    monkeypatch.setattr(reader, "base", missing)
    done = run("understand", "--workspace", "moot")
    assert done.exit_code == 1
    assert "no model to read with" in done.output


def test_corrections_go_out_and_come_in(workspace: Workspace, make: Make, tmp_path: Path) -> None:
    make.talk(make.channel(workspace), ("ada", "awful weather"))
    reading.read(workspace.pk)
    corrections.correct(workspace, [Message.objects.get().pk], "sentiment", "neu", by=None, now=NOW)
    file = tmp_path / "c.jsonl"
    assert run("corrections", "export", "--workspace", "moot", "--out", str(file)).exit_code == 0
    line = json.loads(file.read_text(encoding="utf-8"))
    assert (line["text"], line["facet"], line["value"], line["was"]) == ("awful weather", "sentiment", "neu", "neg")
    other = Workspace.objects.create(slug="other", name="Other")
    make.talk(make.channel(other), ("dan", "Awful weather!"))
    reading.read(other.pk)
    for _time in range(2):
        done = run("corrections", "import", str(file), "--workspace", "other", "--json")
        assert json.loads(done.stdout) == {"corrections": 1, "messages": 1}
    assert Correction.objects.filter(workspace=other).count() == 1
    assert Reading.objects.get(workspace=other).corrected


def test_a_file_with_a_bad_line_is_refused_whole(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "c.jsonl"
    file.write_text('{"text": "a", "facet": "sentiment", "value": "neg"}\n{"text": "b"}\n', encoding="utf-8")
    done = run("corrections", "import", str(file), "--workspace", "moot")
    assert done.exit_code == 2
    assert "Line 2" in done.output
    assert not Correction.objects.exists()
