"""What the doctor says of the model that reads messages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from conftest import Make, WordReader
from folkmoot.cli import folkmoot
from folkmoot.understanding import reader
from folkmoot.understanding.reading import bundle
from folkmoot.understanding.reading import reader as packaged
from folkmoot.workspaces.models import Workspace


def findings() -> dict[str, dict[str, object]]:
    done = CliRunner().invoke(folkmoot, ["doctor", "--json"])
    return {finding["what"]: finding for finding in json.loads(done.stdout)["findings"]}


@pytest.mark.django_db
def test_a_model_that_reads_is_told_by_its_version(words_are_read: WordReader) -> None:
    assert findings()["Reading model"] == {
        "what": "Reading model", "ok": True, "found": words_are_read.version, "do": ""
    }  # fmt: skip


@pytest.mark.parametrize("stored", [None, b"", b"something else", bundle.MAGIC + b"\x10\0\0\0\0\0\0\0{}"])
@pytest.mark.django_db
def test_a_model_that_is_missing_or_damaged_is_told_with_what_to_do(
    stored: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "reading.model"
    if stored is not None:
        file.write_bytes(stored)
    monkeypatch.setattr(packaged, "reader", lambda: bundle.read(file))
    monkeypatch.setattr(reader, "base", reader.base.__wrapped__)
    found = findings()["Reading model"]
    assert found["ok"] is False
    assert "can't be used" in str(found["found"])
    assert "install Folkmoot again" in str(found["do"])


def test_messages_that_wait_to_be_read_are_counted(db: None, make: Make, words_are_read: WordReader) -> None:
    make.talk(make.channel(Workspace.objects.create(slug="moot", name="Moot")), ("ada", "one"), ("bo", "two"))
    assert findings()["Messages unread"]["found"] == "2"
