"""folkmoot backup: everything in one file that any later Folkmoot, on any PostgreSQL, can read.

A gzipped tar, written and read as a stream: ``manifest.json`` (what made it), ``keys/…``, ``tables/NAME/NUMBER``
(each table in COPY's text format, cut into pieces), ``media/…``, and last ``end.json`` (what must have come), so that
a file that was cut off can't pass for a whole one.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from django.conf import settings

from folkmoot import __version__
from folkmoot.cli import database, tables
from folkmoot.cli.failures import BadInput, Failed
from folkmoot.lib import env

FORMAT = 1
KEYS = {"secret": "FOLKMOOT_SECRET_KEY", "encryption": "FOLKMOOT_ENCRYPTION_KEYS"}
PIECE = 4 * 1024**2
LEVEL = 5


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(file: Path, as_json: bool) -> None:
    """Write the database, the media and the key into FILE, while Folkmoot runs.

    FILE holds everything, the key to stored secrets too: keep it where only you can read it.
    """
    if file.exists():
        raise BadInput(f"{file} exists already. Name a new file.")
    if not file.absolute().parent.is_dir():
        raise BadInput(f"There is no folder {file.absolute().parent}. Make it first.")
    database.migrated()
    facts = write(file)
    size = file.stat().st_size
    if as_json:
        click.echo(json.dumps({"file": str(file), "bytes": size, **facts}))
    else:
        click.echo(f"{file}: {facts['rows']} rows, {facts['media']} files, {size / 1024**2:.1f} MB.")


def write(file: Path) -> dict[str, int]:
    """Writes the backup whole or not at all; returns how many rows and media files it holds. Raises ``Failed``."""
    part = file.with_name(f"{file.name}.part")
    try:
        with _stream(part) as tar, database.direct("folkmoot backup") as connection:
            counts = _fill(tar, connection)
        part.replace(file)
    except OSError as error:
        raise Failed(f"{file} can't be written: {error.strerror}. Free some space or choose another place.") from error
    finally:
        part.unlink(missing_ok=True)
    return counts


@contextmanager
def _stream(part: Path) -> Iterator[tarfile.TarFile]:
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as raw:
        with (
            gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=LEVEL) as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
        ):
            yield tar
        raw.flush()
        os.fsync(raw.fileno())


def _fill(tar: tarfile.TarFile, connection: tables.Connection) -> dict[str, int]:
    tables.settle(connection)
    connection.commit()
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    found = tables.tables(connection)
    _add(tar, "manifest.json", json.dumps(_manifest(connection, found), indent=1).encode())
    for name, text in _keys():
        _add(tar, f"keys/{name}", text)
    ends = {table.name: _table(tar, connection, table) for table in found}
    media = {name: digest for name, digest in (_media(tar, path) for path in _media_files()) if digest}
    end = {"tables": ends, "sequences": tables.sequences(connection), "media": media}
    _add(tar, "end.json", json.dumps(end, indent=1).encode())
    return {"rows": sum(facts["rows"] for facts in ends.values()), "media": len(media)}


def _manifest(connection: tables.Connection, found: list[tables.Table]) -> dict[str, Any]:
    applied = connection.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
    return {
        "format": FORMAT,
        "folkmoot": __version__,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "postgresql": connection.info.server_version,
        "migrations": [list(row) for row in applied],
        "tables": [{"name": table.name, "columns": list(table.columns)} for table in found],
    }


def _keys() -> Iterator[tuple[str, bytes]]:
    """The keys, unless the environment gives them: then whoever set them keeps them."""
    for name, variable in KEYS.items():
        path = settings.HOME / "keys" / name
        if not env.text(variable) and path.exists():
            yield name, path.read_bytes()


def _table(tar: tarfile.TarFile, connection: tables.Connection, table: tables.Table) -> dict[str, Any]:
    counted, piece, number = tables.Tally(), bytearray(), 0
    for line in tables.rows(connection, table):
        counted.add(line)
        piece += line
        if len(piece) >= PIECE:
            _add(tar, f"tables/{table.name}/{number:08d}", bytes(piece))
            number += 1
            piece.clear()
    _add(tar, f"tables/{table.name}/{number:08d}", bytes(piece))
    return counted.facts()


def _media_files() -> Iterator[Path]:
    root = Path(settings.MEDIA_ROOT)
    for folder, _folders, names in os.walk(root):
        for name in sorted(names):
            yield (Path(folder) / name).relative_to(root)


def _media(tar: tarfile.TarFile, path: Path) -> tuple[str, str]:
    """The file's name and the digest of what was written; no digest for a file that went away meanwhile."""
    try:
        stream = (Path(settings.MEDIA_ROOT) / path).open("rb")
    except FileNotFoundError:
        return path.as_posix(), ""
    with stream:
        entry = tarfile.TarInfo(f"media/{path.as_posix()}")
        entry.size = os.fstat(stream.fileno()).st_size
        reader = Digesting(stream)
        tar.addfile(entry, reader)
    return path.as_posix(), reader.digest.hexdigest()


class Digesting(io.RawIOBase):
    """Passes on what it reads and keeps its SHA-256."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data: bytes = self.stream.read(size)
        self.digest.update(data)
        return data


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    entry.mode = 0o600
    tar.addfile(entry, io.BytesIO(data))
