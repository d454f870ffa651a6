"""folkmoot restore: reads a backup into an empty place, checks every row of it, then upgrades it to this version."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import click
import psycopg
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.graph import MigrationGraph
from psycopg import sql

from folkmoot.cli import backup, database, tables
from folkmoot.cli.failures import BadInput
from folkmoot.understanding.neighbours import store
from folkmoot.workspaces.models import User, Workspace

BLOCK = 1024**2
DAMAGED = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, KeyError, TypeError)


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(file: Path, as_json: bool) -> None:
    """Read FILE, a backup, into an empty database and an empty data folder.

    Every row and file is checked. When anything is wrong, nothing is kept.
    """
    database.ready()
    counts = read(file)
    database.migrate()
    store.drop()  # it stands beside what was restored, and would speak of other messages
    if as_json:
        click.echo(json.dumps(counts))
    else:
        click.echo(f"Restored and checked: {counts['rows']} rows, {counts['media']} files.")


def read(file: Path) -> dict[str, int]:
    """Restores the backup or changes nothing; returns how many rows and files came. Raises ``BadInput``."""
    _check_empty()
    draft = Path(settings.HOME) / "media.new"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        with gzip.open(file, "rb") as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
            return _Restoration(Entries(tar), draft).run()
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise BadInput(f"{file} is damaged: {' '.join(str(error).split())}. Nothing was restored.") from error
    except DAMAGED as error:
        raise BadInput(f"{file} is no whole backup ({error}). Nothing was restored.") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


class Entries:
    """The entries of a tar that is read as a stream, with a look at the next one."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._next = tar.next()

    @property
    def name(self) -> str:
        """The next entry's name; empty at the end."""
        return self._next.name if self._next else ""

    def blocks(self) -> Iterator[bytes]:
        """What the next entry holds, then moves on."""
        if self._next is None or not self._next.isfile():
            raise ValueError("it ends too early")
        stream = self._tar.extractfile(self._next)
        while stream is not None and (block := stream.read(BLOCK)):
            yield block
        self._next = self._tar.next()

    def json(self, name: str) -> dict[str, Any]:
        if self.name != name:
            raise ValueError(f"{name} is missing")
        found: dict[str, Any] = json.loads(b"".join(self.blocks()))
        return found


@dataclass(slots=True)
class _Restoration:
    entries: Entries
    draft: Path
    counts: dict[str, dict[str, Any]] = field(default_factory=dict)
    media: dict[str, str] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict)

    def run(self) -> dict[str, int]:
        manifest = self.entries.json("manifest.json")
        if manifest["format"] != backup.FORMAT:
            raise BadInput("This backup was made by a newer Folkmoot. Install that version first.")
        while self.entries.name.startswith("keys/"):
            name = self.entries.name.removeprefix("keys/")
            self.keys[name] = b"".join(self.entries.blocks())
        _shape({(app, name) for app, name in manifest["migrations"]})
        with database.direct("folkmoot restore") as direct:
            self._fill(direct, [tables.Table(row["name"], tuple(row["columns"])) for row in manifest["tables"]])
            self._put_files()
        return {"rows": sum(facts["rows"] for facts in self.counts.values()), "media": len(self.media)}

    def _fill(self, direct: tables.Connection, wanted: list[tables.Table]) -> None:
        """Everything in the transaction that is open; checked against what the backup says must have come."""
        tables.settle(direct)
        there = tables.tables(direct)
        if {(table.name, frozenset(table.columns)) for table in there} != {
            (table.name, frozenset(table.columns)) for table in wanted
        }:
            raise ValueError("its tables are not those of its version")
        names = sql.SQL(", ").join(sql.Identifier(table.name) for table in wanted)
        direct.execute(sql.SQL("TRUNCATE {}").format(names))
        _switch_triggers(direct, wanted, on=False)
        for table in wanted:
            self._copy(direct, table)
        while self.entries.name.startswith("media/"):
            self._file()
        end = self.entries.json("end.json")
        direct.execute("SET CONSTRAINTS ALL IMMEDIATE")
        _switch_triggers(direct, wanted, on=True)
        for name, (value, called) in end["sequences"].items():
            direct.execute("SELECT setval(%s::regclass, %s, %s)", [f'public."{name}"', value, called])
        self.counts = {table.name: tables.tally(direct, table) for table in wanted}
        if self.counts != end["tables"]:
            wrong = [name for name, facts in self.counts.items() if facts != end["tables"].get(name)]
            raise ValueError(f"rows differ in {', '.join(wrong)}")
        if self.media != end["media"]:
            raise ValueError("media files differ")

    def _copy(self, direct: tables.Connection, table: tables.Table) -> None:
        with direct.cursor() as cursor, cursor.copy(table.copied + sql.SQL(" FROM STDIN")) as copy:
            for number in itertools.count():
                if self.entries.name != f"tables/{table.name}/{number:08d}":
                    break
                for block in self.entries.blocks():
                    copy.write(block)

    def _file(self) -> None:
        name = PurePosixPath(self.entries.name).relative_to("media")
        if ".." in name.parts or name.is_absolute():
            raise ValueError(f"it names a file outside itself, {name}")
        place = self.draft / name
        place.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with place.open("wb") as stream:
            for block in self.entries.blocks():
                digest.update(block)
                stream.write(block)
        self.media[name.as_posix()] = digest.hexdigest()

    def _put_files(self) -> None:
        """Just before the rows become visible; the folder is empty, so that taking its place loses nothing."""
        root = Path(settings.MEDIA_ROOT)
        if self.draft.exists():
            if root.exists():
                shutil.rmtree(root)
            self.draft.rename(root)
        for name in self.keys.keys() & backup.KEYS.keys():
            path = Path(settings.HOME) / "keys" / name
            new = path.with_name(f"{name}.new")
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
                stream.write(self.keys[name])
            new.replace(path)


def _check_empty() -> None:
    """Raises ``BadInput`` when somebody's work would be mixed with the backup's."""
    names = set(connection.introspection.table_names())
    used = [model for model in (User, Workspace) if model._meta.db_table in names and model._default_manager.exists()]
    if used:
        raise BadInput("The database is in use. Restore into an empty one: set FOLKMOOT_HOME to a new folder.")
    root = Path(settings.MEDIA_ROOT)
    if root.exists() and any(path.is_file() for path in root.rglob("*")):
        raise BadInput(f"{root} holds files. Restore into an empty place: set FOLKMOOT_HOME to a new folder.")


def _shape(wanted: set[tuple[str, str]]) -> None:
    """Brings the empty database to exactly the migrations that the backup was made at."""
    executor = MigrationExecutor(connection)
    unknown = wanted - set(executor.loader.disk_migrations or {})
    if unknown:
        raise BadInput("This backup was made by a newer Folkmoot. Install that version first.")
    if not set(executor.loader.applied_migrations) <= wanted:
        _clear()
        executor = MigrationExecutor(connection)
    graph = executor.loader.graph
    executor.migrate(sorted(node for node in wanted if not _later(graph, node) & wanted))


def _later(graph: MigrationGraph, node: tuple[str, str]) -> set[tuple[str, str]]:
    """The migrations of the same app that follow ``node`` directly."""
    return {child.key for child in graph.node_map[node].children if child.key[0] == node[0]}


def _clear() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")


def _switch_triggers(direct: tables.Connection, wanted: list[tables.Table], *, on: bool) -> None:
    """What the triggers did when the rows were first written is in the backup already."""
    for table in wanted:
        how = sql.SQL("ENABLE" if on else "DISABLE")
        direct.execute(sql.SQL("ALTER TABLE {} {} TRIGGER USER").format(sql.Identifier(table.name), how))
