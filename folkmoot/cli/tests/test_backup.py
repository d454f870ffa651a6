from __future__ import annotations

import gzip
import json
import os
import shutil
import stat
import tarfile
import uuid
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pytest

from folkmoot.cli import tables
from folkmoot.cli.tests.conftest import folkmoot
from folkmoot.lib import postgres

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("backup")]

OLD_SERVER = os.environ.get("FOLKMOOT_TEST_POSTGRESQL", "")
SERVERS = [
    "embedded",
    pytest.param(
        "old", marks=pytest.mark.skipif(not OLD_SERVER, reason="FOLKMOOT_TEST_POSTGRESQL names no PostgreSQL 15")
    ),
]


@pytest.fixture
def empty_database() -> Iterator[str]:
    """A new database on the other server, dropped afterwards."""
    name = f"restore_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(OLD_SERVER, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield OLD_SERVER.replace("/folkmoot?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def backed_up(home: Path) -> Path:
    """A lively installation with files, and its backup beside it."""
    made = folkmoot(home, "demo", "--until", "2026-01-31")
    assert made.returncode == 0, made.stderr
    added = folkmoot(home, "user", "create", "mira@example.org", "--workspace", "demo", "--role", "admin")
    assert added.returncode == 0, added.stderr
    for name, content in {"a/один.txt": b"first", "b.bin": bytes(range(256)) * 5000, "empty": b""}.items():
        path = home / "media" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    done = folkmoot(home, "backup", str(home / "all.tar.gz"), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["media"] == 3
    return home / "all.tar.gz"


def contents(url: str) -> dict[str, Any]:
    """Every table with its rows counted and summed, and every sequence."""
    with psycopg.connect(url) as connection:
        tables.settle(connection)
        found: dict[str, Any] = {table.name: tables.tally(connection, table) for table in tables.tables(connection)}
        return found | tables.sequences(connection)


def contents_of(home: Path, url: str = "") -> dict[str, Any]:
    if url:
        return contents(url)
    try:
        return contents(postgres.ensure_running(home))
    finally:
        postgres.leave(home)


def files(home: Path) -> dict[str, bytes]:
    root = home / "media"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("server", SERVERS)
def test_what_is_restored_is_what_was_backed_up(
    server: str, backed_up: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    home = backed_up.parent
    url = request.getfixturevalue("empty_database") if server == "old" else ""
    done = folkmoot(tmp_path, "restore", str(backed_up), url=url)
    assert done.returncode == 0, done.stderr
    before, after = contents_of(home), contents_of(tmp_path, url)
    assert before["conversations_message"]["rows"] > 1000
    assert after == before
    assert files(tmp_path) == files(home)
    assert (tmp_path / "keys" / "secret").read_text() == (home / "keys" / "secret").read_text()
    assert folkmoot(tmp_path, "workspace", "list", url=url).stdout.startswith("demo")


@pytest.mark.skipif(not OLD_SERVER, reason="FOLKMOOT_TEST_POSTGRESQL names no PostgreSQL 15")
def test_a_backup_of_the_older_server_comes_back_on_the_newer(
    backed_up: Path, empty_database: str, tmp_path: Path
) -> None:
    there, back = tmp_path / "there", tmp_path / "back"
    assert folkmoot(there, "restore", str(backed_up), url=empty_database).returncode == 0
    assert folkmoot(there, "backup", str(tmp_path / "again.tar.gz"), url=empty_database).returncode == 0
    done = folkmoot(back, "restore", str(tmp_path / "again.tar.gz"))
    assert done.returncode == 0, done.stderr
    assert contents_of(back) == contents_of(backed_up.parent)


def test_only_its_owner_can_read_a_backup(backed_up: Path) -> None:
    assert stat.S_IMODE(backed_up.stat().st_mode) == 0o600


def test_a_backup_never_replaces_a_file(backed_up: Path) -> None:
    done = folkmoot(backed_up.parent, "backup", str(backed_up))
    assert done.returncode == 2
    assert "exists already" in done.stderr


def test_a_place_in_use_is_left_alone(backed_up: Path) -> None:
    before = contents_of(backed_up.parent)
    done = folkmoot(backed_up.parent, "restore", str(backed_up))
    assert done.returncode == 2
    assert "in use" in done.stderr
    assert contents_of(backed_up.parent) == before


def damaged(backed_up: Path, how: str, target: Path) -> Path:
    """A copy of the backup with something wrong."""
    if how == "garbage":
        target.write_bytes(b"this is no backup\n" * 100)
    elif how == "cut off":
        target.write_bytes(backed_up.read_bytes()[: backed_up.stat().st_size * 2 // 3])
    else:
        rewrite(backed_up, target, how)
    return target


def rewrite(backed_up: Path, target: Path, how: str) -> None:
    """Packs the backup anew: without its end, with a row gone, or with a file that would land outside."""
    with (
        tarfile.open(backed_up) as old,
        gzip.open(target, "wb", 1) as packed,
        tarfile.open(fileobj=packed, mode="w|") as new,
    ):
        for entry in old:
            stream = old.extractfile(entry)
            assert stream is not None
            data = stream.read()
            if how == "end missing" and entry.name == "end.json":
                continue
            if how == "row missing" and entry.name.startswith("tables/members_member/"):
                data = data.partition(b"\n")[2]
            if how == "file outside" and entry.name.startswith("media/b.bin"):
                entry.name = "media/../../outside"
            entry.size = len(data)
            new.addfile(entry, BytesIO(data))


@pytest.mark.parametrize("how", ["garbage", "cut off", "end missing", "row missing", "file outside"])
def test_a_damaged_backup_is_refused_and_leaves_nothing(how: str, backed_up: Path, tmp_path: Path) -> None:
    file = damaged(backed_up, how, tmp_path / "damaged.tar.gz")
    home = tmp_path / "home"
    done = folkmoot(home, "restore", str(file))
    assert done.returncode == 2, done.stderr
    assert "Nothing was restored" in done.stderr and "Traceback" not in done.stderr
    assert files(home) == {}
    assert not (tmp_path / "outside").exists()
    found = contents_of(home)
    assert not any(facts["rows"] for facts in found.values() if isinstance(facts, dict))
    shutil.rmtree(home)
