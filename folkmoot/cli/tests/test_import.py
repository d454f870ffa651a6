"""An import that was killed goes on where it stopped, if the same is asked for again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from folkmoot.channels import actions
from folkmoot.channels.models import ArchiveImport
from folkmoot.cli import database, imports
from folkmoot.flow import archive
from folkmoot.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 1200
BATCH = 500


@pytest.fixture
def workspace(db: None, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(database, "migrated", lambda: None)  # the tests' own database is there
    return Workspace.objects.create(slug="moot", name="Moot")


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    """Every hundredth row has no author."""
    path = tmp_path / "talk.jsonl"
    rows = [
        {"id": n, "author": f"p{n % 9}" if n % 100 else "", "text": f"word {n}", "time": 1_770_000_000 + n}
        for n in range(ROWS)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


class Killed(BaseException):
    """As when the process is killed: nothing is tidied up."""


def kill_after_a_batch(path: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> None:
    def die(order: ArchiveImport) -> None:
        raise Killed

    real = archive.run
    with monkeypatch.context() as patched:
        patched.setattr(archive, "run", lambda order, progress: real(order, die))
        with pytest.raises(Killed):
            CliRunner().invoke(
                imports.command, [str(path), "--workspace", "moot", "--json", *more], catch_exceptions=False
            )


def read(path: Path, *more: str) -> dict[str, Any]:
    done = CliRunner().invoke(imports.command, [str(path), "--workspace", "moot", "--json", *more])
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_what_goes_on_tells_of_this_run_alone(
    workspace: Workspace, talk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_after_a_batch(talk, monkeypatch)
    [first] = ArchiveImport.objects.all()
    before = first.skipped["no author"]["count"]
    assert before
    told = read(talk)
    assert ArchiveImport.objects.count() == 1
    first.refresh_from_db()
    assert told["messages_seen"] == first.messages_seen - BATCH
    [skipped] = told["skipped"]
    assert (skipped["reason"], skipped["count"]) == ("no author", ROWS // 100 - before)


@pytest.mark.parametrize("form", ["jsonl", "file"])
def test_the_same_format_goes_on(workspace: Workspace, talk: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    kill_after_a_batch(talk, monkeypatch)
    read(talk, "--format", form)
    assert ArchiveImport.objects.count() == 1


def test_another_format_begins_anew(workspace: Workspace, talk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kill_after_a_batch(talk, monkeypatch)
    CliRunner().invoke(imports.command, [str(talk), "--workspace", "moot", "--format", "gitter"])
    assert list(ArchiveImport.objects.order_by("pk").values_list("format", "state")) == [
        ("jsonl", "running"),
        ("gitter", "failed"),
    ]


def test_other_options_begin_anew(workspace: Workspace, talk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kill_after_a_batch(talk, monkeypatch)
    read(talk, "--option", "timezone=Europe/Kyiv")
    assert ArchiveImport.objects.count() == 2


def test_one_of_another_path_is_none_of_this(workspace: Workspace, talk: Path) -> None:
    assert actions.interrupted(workspace, str(talk), formats=(), options={}) is None
