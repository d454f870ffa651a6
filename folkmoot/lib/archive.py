"""A folder, a file, a zip or a tar, read as a set of named entries, safely.

Nothing is read before its size is bounded: an archive that would unpack to more than its limits allow, or that
names files outside itself, is refused before any of it is used. A tar (gz, xz, bz2) is unpacked once into a
private temporary folder, because its parts can't be reached at random; zips and folders are read where they are.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader, RawIOBase
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Self

MAX_LINE = 8 * 1024 * 1024
_COPY = 1024 * 1024


class Unreadable(Exception):
    """The archive can't be read; the message says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits on what an archive may hold.

    ``unpacked`` is in bytes; ``ratio`` is unpacked ÷ packed size and is judged only above ``ratio_from`` bytes, so
    that small, well-compressed files pass.
    """

    entries: int = 1_000_000
    unpacked: int = 64 * 1024**3
    ratio: float = 200.0
    ratio_from: int = 256 * 1024**2


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in the archive: its path inside (with '/'), its unpacked size in bytes."""

    name: str
    size: int

    @property
    def path(self) -> PurePosixPath:
        return PurePosixPath(self.name)


def natural(name: str) -> list[tuple[int, int, str]]:
    """Sort key under which 'page2' comes before 'page10'."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", name) if part]


class Archive:
    """Named entries in a steady order. Use as a context manager; see ``open_archive``."""

    def __init__(self, path: Path, root: Path | None, zipped: zipfile.ZipFile | None, spool: Path | None) -> None:
        self.path = path
        self._root = root
        self._zip = zipped
        self._spool = spool
        self.read_bytes = 0
        self.entries: list[Entry] = sorted(self._list(), key=lambda entry: natural(entry.name))
        self._sizes = {entry.name: entry.size for entry in self.entries}

    @property
    def name(self) -> str:
        """The archive's own name without folders and endings."""
        return re.sub(r"(\.(tar|gz|xz|bz2|tgz|txz|zip|json|jsonl|csv|mbox|txt|log))+$", "", self.path.name, flags=re.I)

    @property
    def total_bytes(self) -> int:
        return sum(self._sizes.values())

    def __contains__(self, name: str) -> bool:
        return name in self._sizes

    def find(self, *endings: str) -> list[Entry]:
        """Entries whose name ends with one of ``endings`` (case-insensitive)."""
        lowered = tuple(ending.lower() for ending in endings)
        return [entry for entry in self.entries if entry.name.lower().endswith(lowered)]

    def named(self, basename: str) -> list[Entry]:
        """Entries with this file name in whatever folder, the outermost first."""
        return sorted(
            (entry for entry in self.entries if entry.path.name == basename),
            key=lambda entry: len(entry.path.parts),
        )

    def open(self, name: str) -> BufferedReader:
        """The bytes of one entry; reading counts towards ``read_bytes`` and stops at the declared size."""
        return BufferedReader(_Counted(self, self._raw(name), self._sizes[name]), _COPY // 8)

    def head(self, name: str, size: int = 65536) -> bytes:
        """The first bytes of an entry, not counted as progress."""
        with self._raw(name) as stream:
            return stream.read(size)

    def seen(self, name: str) -> None:
        """Counts an entry as read without reading it, for resuming behind it."""
        self.read_bytes += self._sizes[name]

    def close(self) -> None:
        if self._zip is not None:
            self._zip.close()
        if self._spool is not None:
            shutil.rmtree(self._spool, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _raw(self, name: str) -> IO[bytes]:
        try:
            if self._zip is not None:
                return self._zip.open(name)
            assert self._root is not None
            return (self._root / name).open("rb") if self._root.is_dir() else self._root.open("rb")
        except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise Unreadable(f"{name} can't be read: {error}") from error

    def _list(self) -> Iterator[Entry]:
        if self._zip is not None:
            for info in self._zip.infolist():
                if not info.is_dir():
                    yield Entry(info.filename, info.file_size)
        elif self._root is not None and self._root.is_dir():
            for path in self._root.rglob("*"):
                if path.is_file() and not path.is_symlink():
                    yield Entry(path.relative_to(self._root).as_posix(), path.stat().st_size)
        elif self._root is not None:
            yield Entry(self._root.name, self._root.stat().st_size)


class _Counted(RawIOBase):
    """Reads at most ``size`` bytes of ``stream`` and tells the archive how far it is."""

    def __init__(self, archive: Archive, stream: IO[bytes], size: int) -> None:
        self._archive, self._stream, self._left = archive, stream, size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        try:
            data = self._stream.read(min(len(view), max(self._left, 0)))
        except (OSError, EOFError, zipfile.BadZipFile, lzma.LZMAError) as error:
            raise Unreadable(f"the archive is damaged or cut off: {error}; download or export it again") from error
        view[: len(data)] = data
        self._left -= len(data)
        self._archive.read_bytes += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


def open_archive(path: Path, bounds: Bounds = Bounds()) -> Archive:
    """Opens a file, folder, zip or tar for reading.

    Raises ``Unreadable`` for what does not exist, is damaged, is encrypted, is too large for ``bounds`` or for the
    free disk, or names files outside itself.
    """
    if path.is_dir():
        return Archive(path, path, None, None)
    if not path.is_file():
        raise Unreadable(f"{path} does not exist; check the path")
    try:
        if zipfile.is_zipfile(path):
            return Archive(path, None, _checked_zip(path, bounds), None)
        head = _head(path)
        if head.startswith(b"PK\x03\x04"):
            raise Unreadable("the zip is cut off (its directory at the end is missing); download or export it again")
        opener = {b"\x1f\x8b": gzip.open, b"\xfd7": lzma.open, b"BZ": bz2.open}.get(head[:2])
        if tarfile.is_tarfile(path):
            return _spooled(path, bounds, _untar)
        if opener is not None:
            return _spooled(path, bounds, lambda source, target, limits: _unpack(opener, source, target, limits))
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError) as error:
        raise Unreadable(f"{path.name} is damaged or cut off: {error}; download or export it again") from error
    return Archive(path, path, None, None)


def lines(stream: BufferedReader, limit: int = MAX_LINE) -> Iterator[bytes | None]:
    """The lines of a stream without their ends; None stands for a line longer than ``limit`` bytes, never held."""
    while line := stream.readline(limit + 1):
        if len(line) > limit and not line.endswith(b"\n"):
            while (rest := stream.readline(limit)) and not rest.endswith(b"\n"):
                pass
            yield None
        else:
            yield line.rstrip(b"\r\n")


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(8)


def _safe(name: str) -> bool:
    return not (name.startswith(("/", "\\")) or re.match(r"^[A-Za-z]:", name) or ".." in re.split(r"[/\\]", name))


def _checked_zip(path: Path, bounds: Bounds) -> zipfile.ZipFile:
    zipped = zipfile.ZipFile(path)
    infos = zipped.infolist()
    if len(infos) > bounds.entries:
        raise Unreadable(f"the zip holds {len(infos)} files, more than the {bounds.entries} allowed")
    for info in infos:
        if not _safe(info.filename):
            raise Unreadable(f"the zip names a file outside itself ({info.filename}); it is not a plain export")
        if info.flag_bits & 1:
            raise Unreadable("the zip is encrypted; unpack it with its password first, then import the folder")
    _check_size(sum(info.file_size for info in infos), path.stat().st_size, bounds)
    return zipped


def _check_size(unpacked: int, packed: int, bounds: Bounds) -> None:
    if unpacked > bounds.unpacked:
        raise Unreadable(f"the archive unpacks to over {bounds.unpacked // 1024**3} GB; import it in parts")
    if unpacked > bounds.ratio_from and unpacked / max(packed, 1) > bounds.ratio:
        raise Unreadable("the archive unpacks to hundreds of times its size, as only a zip bomb does; it was refused")


def _spooled(path: Path, bounds: Bounds, unpack: object) -> Archive:
    spool = Path(tempfile.mkdtemp(prefix="folkmoot-import-"))
    try:
        unpack(path, spool, bounds)  # type: ignore[operator]
    except BaseException:
        shutil.rmtree(spool, ignore_errors=True)
        raise
    return Archive(path, spool, None, spool)


def _untar(path: Path, target: Path, bounds: Bounds) -> None:
    total, packed = 0, path.stat().st_size
    with tarfile.open(path, "r|*") as tar:
        for count, member in enumerate(tar, 1):
            if count > bounds.entries:
                raise Unreadable(f"the tar holds more than the {bounds.entries} files allowed")
            if not _safe(member.name):
                raise Unreadable(f"the tar names a file outside itself ({member.name}); it is not a plain export")
            if not member.isfile():
                continue
            total += member.size
            _check_size(total, packed, bounds)
            source = tar.extractfile(member)
            assert source is not None
            place = target / member.name
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as out:
                shutil.copyfileobj(source, out, _COPY)


def _unpack(opener: object, path: Path, target: Path, bounds: Bounds) -> None:
    total, packed = 0, path.stat().st_size
    name = re.sub(r"\.(gz|xz|bz2)$", "", path.name, flags=re.I)
    with opener(path, "rb") as source, (target / name).open("wb") as out:  # type: ignore[operator]
        while block := source.read(_COPY):
            total += len(block)
            _check_size(total, packed, bounds)
            out.write(block)
    os.utime(target / name)
