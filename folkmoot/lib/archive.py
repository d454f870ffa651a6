"""A folder, a file, a zip or a tar, read as a set of named entries, safely.

Nothing is read before its size is bounded: an archive that would unpack to more than its limits allow, or that
names files outside itself, is refused before any of it is used. A tar (gz, xz, bz2) is unpacked once into a
private temporary folder, because its parts can't be reached at random; zips and folders are read where they are.
Archives inside an archive are entries like any other and are not opened; links and devices are no entries.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BufferedIOBase, BufferedReader, RawIOBase
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self

from folkmoot.lib.spool import Spool

if TYPE_CHECKING:
    from typing_extensions import Buffer

MAX_LINE = 8 * 1024 * 1024
_COPY = 1024 * 1024
_BUFFER = 128 * 1024
_MAX_HEADER = 1024 * 1024
_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_ENDINGS = "tar|gz|xz|bz2|tgz|txz|zip|json|jsonl|ndjson|csv|tsv|mbox|eml|txt|log"
# What the standard library raises for bytes that are not what they claim to be.
_BROKEN = (
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    tarfile.TarError,
)


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

    def check_count(self, entries: int) -> None:
        if entries > self.entries:
            raise Unreadable(f"the archive holds more than the {self.entries} files allowed; import it in parts")

    def check_size(self, unpacked: int, packed: int) -> None:
        if unpacked > self.unpacked:
            raise Unreadable(f"the archive unpacks to over {self.unpacked / 1024**3:.0f} GB; import it in parts")
        if unpacked > self.ratio_from and unpacked / max(packed, 1) > self.ratio:
            raise Unreadable(
                "the archive unpacks to hundreds of times its size, as only a zip bomb does; it was refused"
            )


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in the archive: its path inside (with '/'), its unpacked size in bytes."""

    name: str
    size: int

    @property
    def path(self) -> PurePosixPath:
        return PurePosixPath(self.name)


@dataclass(frozen=True, slots=True)
class _Member:
    size: int
    open: Callable[[], IO[bytes]]


def natural(name: str) -> list[tuple[int, int, str]]:
    """Sort key under which 'page2' comes before 'page10'; different names never have the same key."""
    # Cut into at most 18 digits: Python refuses to convert numbers of thousands of digits.
    parts = re.split(r"(\d{1,18})", name)
    key = [(0, int(part), "") if index % 2 else (1, 0, part) for index, part in enumerate(parts) if part]
    return [*key, (-1, 0, name)]


class Archive:
    """Named entries in a steady order. Use as a context manager; see ``open_archive``."""

    def __init__(self, path: Path, members: dict[str, _Member], close: Callable[[], None]) -> None:
        self.path = path
        self.read_bytes = 0
        self.total_bytes = sum(member.size for member in members.values())
        self.entries = [
            Entry(name, member.size) for name, member in sorted(members.items(), key=lambda item: natural(item[0]))
        ]
        self._members = members
        self._close = close

    @property
    def name(self) -> str:
        """The archive's own name without folders and endings."""
        return re.sub(rf"(\.({_ENDINGS}))+$", "", self.path.resolve().name, flags=re.I)

    def __contains__(self, name: str) -> bool:
        return name in self._members

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
        """The bytes of one entry; reading counts towards ``read_bytes`` and stops at the declared size.

        Raises ``Unreadable``, here and at every read, for what is damaged, cut off or not allowed to be read.
        """
        return BufferedReader(_Counted(self, name, self._raw(name), self._members[name].size), _BUFFER)

    def head(self, name: str, size: int = 65536) -> bytes:
        """The first bytes of an entry, not counted as progress."""
        with self._raw(name) as stream:
            try:
                return stream.read(size)
            except _BROKEN as error:
                raise _damaged(name, error) from error

    def seen(self, name: str) -> None:
        """Counts an entry as read without reading it, for resuming behind it."""
        self.read_bytes += self._members[name].size

    def close(self) -> None:
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _raw(self, name: str) -> IO[bytes]:
        if name not in self._members:
            raise Unreadable(f"{name} is not in the archive")
        try:
            return self._members[name].open()
        except _BROKEN as error:
            raise _damaged(name, error) from error


class _Counted(RawIOBase):
    """Reads the ``size`` bytes of ``stream``, no more and no fewer, and tells the archive how far it is."""

    def __init__(self, archive: Archive, name: str, stream: IO[bytes], size: int) -> None:
        self._archive, self._name, self._stream, self._left = archive, name, stream, size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        wanted = min(len(view), self._left)
        if not wanted:
            return 0
        try:
            data = self._stream.read(wanted)
        except _BROKEN as error:
            raise _damaged(self._name, error) from error
        if not data:
            raise Unreadable(f"{self._name} is cut off; download or export it again")
        view[: len(data)] = data
        self._left -= len(data)
        self._archive.read_bytes += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


def open_archive(path: Path, bounds: Bounds = Bounds(), *, spool_dir: Path | None = None) -> Archive:
    """Opens a file, folder, zip or tar for reading; tars are unpacked under ``spool_dir`` (else the system's).

    Raises ``Unreadable`` for what does not exist, is damaged, is encrypted, is too large for ``bounds`` or for the
    free disk, or names files outside itself.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return Archive(path, _walk(path, bounds), _nothing)
        if not stat.S_ISREG(mode):
            raise Unreadable(f"{path} is neither a file nor a folder")
        return _open_file(path, bounds, spool_dir)
    except FileNotFoundError as error:
        raise Unreadable(f"{path} does not exist; check the path") from error
    except _BROKEN as error:
        raise _damaged(path.name, error) from error


def lines(stream: BufferedReader, limit: int = MAX_LINE) -> Iterator[bytes | None]:
    """The lines of a stream without their ends; None stands for a line longer than ``limit`` bytes, never held."""
    while line := stream.readline(limit + 2):
        content = line.removesuffix(b"\n").removesuffix(b"\r") if line.endswith(b"\n") else line
        if len(content) <= limit:
            yield content
            continue
        while not line.endswith(b"\n") and (line := stream.readline(_COPY)):
            pass
        yield None


def _nothing() -> None:
    """There is nothing to close."""


def _damaged(name: str, error: BaseException) -> Unreadable:
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return Unreadable(f"the disk is full, so {name} can't be unpacked; free some space and try again")
    if isinstance(error, PermissionError):
        return Unreadable(f"{name} may not be read; change its permissions and try again")
    return Unreadable(f"{name} is damaged or cut off ({str(error)[:120]}); download or export it again")


def _open_file(path: Path, bounds: Bounds, spool_dir: Path | None) -> Archive:
    with path.open("rb") as stream:
        head = stream.read(512)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip(path, bounds)
    if head.startswith((b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x28\xb5\x2f\xfd", b"\x1f\x9d")):
        raise Unreadable(f"{path.name} is packed in a way that is not read here; unpack it and import the folder")
    unpacker = _unpacker(head)
    if unpacker is not None:
        with unpacker(path) as packed:
            if not _is_tar(packed.read(512)):
                return _spooled(path, bounds, spool_dir, partial(_unpack, unpacker))
        return _spooled(path, bounds, spool_dir, partial(_untar, unpacker))
    if _is_tar(head):
        if path.stat().st_size % tarfile.BLOCKSIZE:
            raise Unreadable(f"{path.name} is cut off; download or export it again")
        return _spooled(path, bounds, spool_dir, partial(_untar, _buffered))
    return Archive(
        path, {_clean(path.name): _Member(path.stat().st_size, partial(_open_plain, path.resolve()))}, _nothing
    )


def _unpacker(head: bytes) -> Callable[[Path], BufferedIOBase] | None:
    if head.startswith(b"\x1f\x8b\x08"):
        return lambda path: gzip.GzipFile(path)
    if head.startswith(b"\xfd7zXZ\x00"):
        return lambda path: lzma.LZMAFile(path)
    if re.match(rb"BZh[1-9]1AY&SY", head):
        return lambda path: bz2.BZ2File(path)
    return None


def _buffered(path: Path) -> BufferedIOBase:
    return BufferedReader(path.open("rb", buffering=0))


def _is_tar(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    return True


def _clean(name: str) -> str:
    """A name fit to be shown and stored: broken encodings and control characters replaced."""
    return re.sub(r"[\x00-\x1f\x7f]", "\ufffd", name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def _inside(name: str) -> str:
    """The cleaned name of a packed file. Raises ``Unreadable`` for one that would lie outside the archive."""
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name) or ".." in re.split(r"[/\\]", name):
        raise Unreadable(f"the archive names a file outside itself ({_clean(name)[:80]}); it is not a plain export")
    return _clean(re.sub(r"^(\./)+", "", name))


def _noise(name: str) -> bool:
    """What file managers leave behind: it looks like an entry and is none."""
    base = name.rsplit("/", 1)[-1]
    return name.startswith("__MACOSX/") or base.startswith("._") or base in (".DS_Store", "Thumbs.db", "desktop.ini")


def _walk(root: Path, bounds: Bounds) -> dict[str, _Member]:
    members: dict[str, _Member] = {}
    for folder, _, names in os.walk(root, onerror=_no_folder):
        for name in names:
            path = Path(folder, name)
            status = path.lstat()
            shown = _clean(path.relative_to(root).as_posix())
            if stat.S_ISREG(status.st_mode) and not _noise(shown):
                members[shown] = _Member(status.st_size, partial(_open_plain, path))
        bounds.check_count(len(members))
    return members


def _no_folder(error: OSError) -> None:
    raise Unreadable(f"the folder {error.filename} may not be read; change its permissions and try again") from error


def _open_plain(path: Path) -> IO[bytes]:
    # Not through a link, should the file have been replaced by one since it was listed.
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def _zip(path: Path, bounds: Bounds) -> Archive:
    try:
        zipped = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise Unreadable("the zip is damaged or cut off at its end; download or export it again") from error
    try:
        return Archive(path, _zip_members(zipped, path.stat().st_size, bounds), zipped.close)
    except BaseException:
        zipped.close()
        raise


def _zip_members(zipped: zipfile.ZipFile, packed: int, bounds: Bounds) -> dict[str, _Member]:
    infos = zipped.infolist()
    bounds.check_count(len(infos))
    bounds.check_size(sum(info.file_size for info in infos), packed)
    _check_overlap(infos)
    members = {}
    for info in infos:
        name = _inside(_zip_name(info))
        if info.flag_bits & 0x41:
            raise Unreadable("the zip is encrypted; unpack it with its password first, then import the folder")
        link = stat.S_ISLNK(info.external_attr >> 16)
        if not (info.is_dir() or link or _noise(name)):
            members[name] = _Member(info.file_size, partial(zipped.open, info))
    return members


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Names not marked as UTF-8 are read as code page 437, although most programs write UTF-8 all the same."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _check_overlap(infos: list[zipfile.ZipInfo]) -> None:
    """A bomb may name the same packed bytes many times; an honest zip never does."""
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise Unreadable("the zip's files overlap, as only a zip bomb's do; it was refused")
        end = info.header_offset + 30 + info.compress_size


_Unpack = Callable[[Path, Spool, Bounds], dict[str, _Member]]


def _spooled(path: Path, bounds: Bounds, spool_dir: Path | None, unpack: _Unpack) -> Archive:
    spool = Spool(spool_dir)
    try:
        return Archive(path, unpack(path, spool, bounds), spool.close)
    except BaseException:
        spool.close()
        raise


class _Header(tarfile.TarInfo):
    """Refuses headers that would be read into memory whole however long they claim to be."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        info = super().frombuf(buf, encoding, errors)
        if info.type in _HEADERS and info.size > _MAX_HEADER:
            raise Unreadable("the tar has a header of an impossible size; it was refused")
        return info


def _untar(unpacker: Callable[[Path], BufferedIOBase], path: Path, spool: Spool, bounds: Bounds) -> dict[str, _Member]:
    """Members are spooled under numbers, so that no name in the tar ever reaches the file system."""
    total, packed = 0, path.stat().st_size
    members: dict[str, _Member] = {}
    # Not tarfile's own unpacking ("r|*"): it takes a stream that is cut off between two blocks for a whole one.
    with unpacker(path) as stream, tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header) as tar:
        for count, member in enumerate(tar, 1):
            bounds.check_count(count)
            name = _inside(member.name)
            if member.islnk() and _inside(member.linkname) in members:
                members[name] = members[_inside(member.linkname)]
                total += members[name].size
            source = tar.extractfile(member) if member.isfile() else None
            bounds.check_size(total + (member.size if source else 0), packed)
            if source is None or _noise(name):
                continue
            total += member.size
            place = spool.path / str(count)
            _check_room(member.size, spool)
            with place.open("wb") as out:
                while block := source.read(_COPY):
                    out.write(block)
            members[name] = _Member(member.size, partial(_open_plain, place))
        # What follows the last member is padding, but the packing's check sum comes after it.
        while padding := stream.read(_COPY):
            total += len(padding)
            bounds.check_size(total, packed)
    return members


def _unpack(unpacker: Callable[[Path], BufferedIOBase], path: Path, spool: Spool, bounds: Bounds) -> dict[str, _Member]:
    total, packed = 0, path.stat().st_size
    name = _clean(re.sub(r"\.(gz|xz|bz2)$", "", path.name, flags=re.I))
    place = spool.path / "1"
    with unpacker(path) as source, place.open("wb") as out:
        while block := source.read(_COPY):
            total += len(block)
            bounds.check_size(total, packed)
            _check_room(len(block), spool)
            out.write(block)
    return {name: _Member(total, partial(_open_plain, place))}


def _check_room(needed: int, spool: Spool) -> None:
    if needed > spool.room():
        raise Unreadable(
            f"unpacking needs {needed / 1024**2:.0f} MB more than the {spool.room() / 1024**2:.0f} MB free in "
            f"{spool.parent}; free some space or set another folder for temporary files"
        )
