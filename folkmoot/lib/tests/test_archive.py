from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import tracemalloc
import zipfile
from io import BufferedReader, BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from folkmoot.lib.archive import Archive, Bounds, Unreadable, lines, natural, open_archive


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def make_zip(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as zipped:
        for name, data in files.items():
            zipped.writestr(name, data)
    return path


def make_tar(path: Path, files: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, BytesIO(data))
    return path


def nothing_in(spool: Path) -> bool:
    return not spool.exists() or not list(spool.iterdir())


def contents(archive: Archive) -> dict[str, bytes]:
    found = {}
    for entry in archive.entries:
        with archive.open(entry.name) as stream:
            found[entry.name] = stream.read()
    return found


FILES = {"b/page10.txt": b"ten", "b/page2.txt": b"two", "a.txt": b"", "data.zip": b"PK\x03\x04 not opened"}


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "tgz", "txz", "tbz"])
def test_every_container_gives_the_same_entries_in_the_same_order(kind: str, tmp_path: Path, spool: Path) -> None:
    path = tmp_path / "export"
    if kind == "folder":
        for name, data in FILES.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
    elif kind == "zip":
        make_zip(path, FILES)
    else:
        make_tar(path, FILES, {"tar": "w", "tgz": "w:gz", "txz": "w:xz", "tbz": "w:bz2"}[kind])
    with open_archive(path, spool_dir=spool) as archive:
        assert [entry.name for entry in archive.entries] == ["a.txt", "b/page2.txt", "b/page10.txt", "data.zip"]
        assert contents(archive) == FILES
        assert archive.read_bytes == archive.total_bytes == sum(map(len, FILES.values()))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_single_packed_file_is_one_entry_without_its_packing(pack, tmp_path: Path, spool: Path) -> None:
    path = tmp_path / "list.mbox.gz"
    path.write_bytes(pack(b"From a\n" * 1000))
    with open_archive(path, spool_dir=spool) as archive:
        assert contents(archive) == {"list.mbox": b"From a\n" * 1000}
        assert archive.name == "list"


def test_an_empty_file_an_empty_folder_and_an_empty_zip_are_fine(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    (tmp_path / "folder").mkdir()
    make_zip(tmp_path / "empty.zip", {})
    for name, wanted in (("empty.txt", {"empty.txt": b""}), ("folder", {}), ("empty.zip", {})):
        with open_archive(tmp_path / name) as archive:
            assert contents(archive) == wanted


def test_finding_entries_by_ending_and_by_name(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"deep/in/users.json": b"1", "users.json": b"2", "A.CSV": b"3"})
    with open_archive(path) as archive:
        assert [entry.name for entry in archive.named("users.json")] == ["users.json", "deep/in/users.json"]
        assert [entry.name for entry in archive.find(".csv")] == ["A.CSV"]
        assert "users.json" in archive
        assert archive.head("users.json", 10) == b"2"
        assert archive.read_bytes == 0
        archive.seen("A.CSV")
        assert archive.read_bytes == 1
        with pytest.raises(Unreadable):
            archive.open("nobody.json")


def test_what_file_managers_leave_behind_is_no_entry(tmp_path: Path, spool: Path) -> None:
    files = {"__MACOSX/._a.json": b"x", ".DS_Store": b"x", "d/._a.json": b"x", "a.json": b"{}"}
    for path in (make_zip(tmp_path / "x.zip", files), make_tar(tmp_path / "x.tgz", files)):
        with open_archive(path, spool_dir=spool) as archive:
            assert [entry.name for entry in archive.entries] == ["a.json"]


def test_a_path_that_is_not_there_or_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="does not exist"):
        open_archive(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Unreadable, match="neither"):
        open_archive(tmp_path / "pipe")
    with pytest.raises(Unreadable, match="neither"):
        open_archive(Path("/dev/null"))


def test_links_and_pipes_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("s")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(secret / "key")
    (folder / "linked").symlink_to(secret, target_is_directory=True)
    os.mkfifo(folder / "pipe")
    (folder / "real.txt").write_text("r")
    with open_archive(folder) as archive:
        assert [entry.name for entry in archive.entries] == ["real.txt"]
        (folder / "real.txt").unlink()
        (folder / "real.txt").symlink_to(secret / "key")
        with pytest.raises(Unreadable):
            archive.open("real.txt")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_listed_and_refused_when_opened(tmp_path: Path) -> None:
    (tmp_path / "closed.txt").write_text("x")
    (tmp_path / "closed.txt").chmod(0)
    with open_archive(tmp_path) as archive, pytest.raises(Unreadable, match="permissions"):
        archive.open("closed.txt")


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a/../../b", "C:\\evil", "..\\evil", "\\\\host\\share"])
def test_names_outside_the_archive_are_refused(name: str, tmp_path: Path, spool: Path) -> None:
    for path in (make_zip(tmp_path / "x.zip", {name: b"x"}), make_tar(tmp_path / "x.tgz", {name: b"x"})):
        with pytest.raises(Unreadable, match="outside itself"):
            open_archive(path, spool_dir=spool)
    assert nothing_in(spool)


def test_links_and_devices_in_a_tar_are_no_entries(tmp_path: Path, spool: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as tar:
        real = tarfile.TarInfo("real.txt")
        real.size = 4
        tar.addfile(real, BytesIO(b"real"))
        for name, kind, target in (
            ("again.txt", tarfile.LNKTYPE, "real.txt"),
            ("dangling.txt", tarfile.LNKTYPE, "nothing.txt"),
            ("soft.txt", tarfile.SYMTYPE, "/etc/passwd"),
            ("device", tarfile.CHRTYPE, ""),
            ("pipe", tarfile.FIFOTYPE, ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            tar.addfile(info)
    with open_archive(path, spool_dir=spool) as archive:
        assert contents(archive) == {"again.txt": b"real", "real.txt": b"real"}


def test_a_link_in_a_zip_is_no_entry(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as zipped:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        zipped.writestr(info, "/etc/passwd")
    with open_archive(tmp_path / "x.zip") as archive:
        assert archive.entries == []


def test_names_in_other_encodings_are_shown_readably(tmp_path: Path, spool: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"zzzzzzzz.txt": b"x"})
    path.write_bytes(path.read_bytes().replace(b"zzzzzzzz", "чат1".encode()[:7] + b"y"))
    with open_archive(path) as archive:
        assert [entry.name for entry in archive.entries] == ["чат1y.txt"]
    raw = b"caf\xe9.txt".decode("utf-8", "surrogateescape")
    with open_archive(make_tar(tmp_path / "x.tar", {raw: b"x"}, "w"), spool_dir=spool) as archive:
        assert contents(archive) == {"caf\ufffd.txt": b"x"}
    folder = tmp_path / "folder"
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9\n.txt")).write_text("x")
    with open_archive(folder) as archive:
        assert contents(archive) == {"caf\ufffd\ufffd.txt": b"x"}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz", "w:bz2"])
def test_a_truncated_tar_is_refused_and_leaves_nothing(mode: str, tmp_path: Path, spool: Path) -> None:
    whole = make_tar(tmp_path / "x", {"a.txt": os.urandom(50_000), "b.txt": os.urandom(50_000)}, mode).read_bytes()
    for kept in (1000, len(whole) // 2, len(whole) - 12_000 if mode == "w" else len(whole) - 12):
        (tmp_path / "cut").write_bytes(whole[:kept])
        with pytest.raises(Unreadable):
            open_archive(tmp_path / "cut", spool_dir=spool)
        assert nothing_in(spool)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_truncated_packed_file_is_refused(pack, tmp_path: Path, spool: Path) -> None:
    whole = pack(os.urandom(100_000))
    (tmp_path / "cut").write_bytes(whole[:50_000])
    with pytest.raises(Unreadable):
        open_archive(tmp_path / "cut", spool_dir=spool)
    assert nothing_in(spool)


def test_a_truncated_zip_is_refused(tmp_path: Path) -> None:
    whole = make_zip(tmp_path / "x.zip", {"a.txt": os.urandom(50_000)}).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:-30])
    with pytest.raises(Unreadable, match="cut off"):
        open_archive(tmp_path / "cut.zip")


def test_a_damaged_entry_is_unreadable_at_read_and_at_readline(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"bad.txt": b"line\n" * 50_000, "good.txt": b"good"}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[200_000] ^= 0xFF
    path.write_bytes(data)
    with open_archive(path) as archive:
        with pytest.raises(Unreadable), archive.open("bad.txt") as stream:
            stream.read()
        with pytest.raises(Unreadable), archive.open("bad.txt") as stream:
            for _ in lines(stream):
                pass
        with archive.open("good.txt") as stream:
            assert stream.read() == b"good"


def test_a_zip_that_lies_about_a_size_is_never_read_beyond_it(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"a.txt": b"x" * 100_000})
    honest = (100_000).to_bytes(4, "little")
    for lie in (10, 1_000_000):
        (tmp_path / "lie.zip").write_bytes(path.read_bytes().replace(honest, lie.to_bytes(4, "little")))
        with open_archive(tmp_path / "lie.zip") as archive, archive.open("a.txt") as stream:
            with pytest.raises(Unreadable):
                while stream.read(1000):
                    pass
            assert archive.read_bytes <= max(lie, 100_000)


def test_an_encrypted_zip_says_what_to_do(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"a.txt": b"x"})
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    path.write_bytes(data)
    with pytest.raises(Unreadable, match="encrypted"):
        open_archive(path)


def test_overlapping_entries_of_a_zip_are_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "x.zip", {"a.txt": os.urandom(1000), "b.txt": os.urandom(1000)})
    with zipfile.ZipFile(path) as zipped:
        second = zipped.infolist()[1].header_offset
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02") + 42
    assert int.from_bytes(data[at : at + 4], "little") == second
    data[at : at + 4] = bytes(4)
    path.write_bytes(data)
    with pytest.raises(Unreadable, match="overlap"):
        open_archive(path)


def test_bombs_are_refused_by_ratio_by_size_and_by_count(tmp_path: Path, spool: Path) -> None:
    files = {"a.txt": bytes(3_000_000), "b.txt": b""}
    packed = tmp_path / "x.gz"
    packed.write_bytes(gzip.compress(bytes(3_000_000)))
    for path in (make_zip(tmp_path / "x.zip", files), make_tar(tmp_path / "x.tgz", files), packed):
        with pytest.raises(Unreadable, match="bomb"):
            open_archive(path, Bounds(ratio_from=1_000_000), spool_dir=spool)
        with pytest.raises(Unreadable, match="unpacks to over"):
            open_archive(path, Bounds(unpacked=2_000_000), spool_dir=spool)
        if path is not packed:
            with pytest.raises(Unreadable, match="more than the 1 files"):
                open_archive(path, Bounds(entries=1), spool_dir=spool)
    (tmp_path / "folder").mkdir()
    for name in files:
        (tmp_path / "folder" / name).touch()
    with pytest.raises(Unreadable, match="more than the 1 files"):
        open_archive(tmp_path / "folder", Bounds(entries=1))
    assert nothing_in(spool)


def test_a_tar_header_of_impossible_size_is_not_read_into_memory(tmp_path: Path, spool: Path) -> None:
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, 4 * 1024**3
    path = tmp_path / "x.tar"
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024 * 1024))
    with pytest.raises(Unreadable, match="impossible"):
        open_archive(path, spool_dir=spool)


def test_other_packings_say_what_to_do(tmp_path: Path) -> None:
    for magic in (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07\x00", b"\x28\xb5\x2f\xfd"):
        (tmp_path / "x").write_bytes(magic + bytes(100))
        with pytest.raises(Unreadable, match="unpack it"):
            open_archive(tmp_path / "x")


def test_a_full_disk_is_told_before_it_is_full(tmp_path: Path, spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=128 * 1024**2 + 1000))
    (tmp_path / "x.gz").write_bytes(gzip.compress(os.urandom(5_000)))
    for path in (make_tar(tmp_path / "x.tgz", {"a.txt": os.urandom(5_000)}), tmp_path / "x.gz"):
        with pytest.raises(Unreadable, match="MB more than the"):
            open_archive(path, spool_dir=spool)
    assert nothing_in(spool)


def test_the_spool_is_gone_when_the_archive_is_closed(tmp_path: Path, spool: Path) -> None:
    path = make_tar(tmp_path / "x.tgz", {"a.txt": b"x"})
    with open_archive(path, spool_dir=spool) as archive:
        assert list(spool.iterdir())
    assert nothing_in(spool)
    archive.close()


def test_the_spool_of_a_killed_run_is_swept_and_that_of_a_living_one_is_not(tmp_path: Path, spool: Path) -> None:
    path = make_tar(tmp_path / "x.tgz", {"a.txt": b"x"})
    program = (
        "import os, sys; from pathlib import Path; from folkmoot.lib.archive import open_archive\n"
        "archive = open_archive(Path(sys.argv[1]), spool_dir=Path(sys.argv[2])); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, str(path), str(spool)], check=False)
    left = {item.name for item in spool.iterdir()}
    assert len(left) == 2
    with open_archive(path, spool_dir=spool) as living:
        assert not left & {item.name for item in spool.iterdir()}
        with open_archive(path, spool_dir=spool) as second:
            assert contents(second) == contents(living) == {"a.txt": b"x"}
    assert nothing_in(spool)


def test_lines_never_holds_a_line_longer_than_its_limit() -> None:
    class Endless(io.RawIOBase):
        left = 200 * 1024 * 1024

        def readable(self) -> bool:
            return True

        def readinto(self, buffer) -> int:
            count = min(len(buffer), self.left)
            self.left -= count
            memoryview(buffer)[:count] = b"x" * count
            return count

    tracemalloc.start()
    found = list(lines(BufferedReader(Endless()), limit=1024 * 1024))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == [None]
    assert peak < 8 * 1024 * 1024


@given(st.lists(st.text()), st.lists(st.text()))
def test_natural_keys_compare_whatever_the_names_hold(first: list[str], second: list[str]) -> None:
    names = first + second + ["²", "1²", "٣", "9" * 5000]
    backwards = names[::-1]
    assert sorted(names, key=natural) == sorted(backwards, key=natural)
    for name in first:
        for other in second:
            assert (natural(name) == natural(other)) is (name == other)
            assert (natural(name) < natural(other)) + (natural(other) < natural(name)) == (name != other)


def test_natural_counts_numbers() -> None:
    names = ["page10", "page2", "page", "page1", "page02", "2/1", "10/1", "²"]
    assert sorted(names, key=natural) == ["2/1", "10/1", "page", "page1", "page02", "page2", "page10", "²"]


@given(st.lists(st.text(alphabet="ab\r ", max_size=12).map(str.encode), min_size=1), st.integers(1, 8))
def test_lines_join_back(parts: list[bytes], limit: int) -> None:
    data = b"\n".join(parts)
    found = list(lines(BufferedReader(BytesIO(data)), limit))
    wanted = [part.removesuffix(b"\r") for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
    assert found == [part if len(part) <= limit else None for part in wanted]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_mutated_archive_is_read_or_unreadable_and_nothing_else(tmp_path_factory, data) -> None:
    folder = tmp_path_factory.mktemp("mutated")
    files = {"a.txt": b"hello\n" * 40, "b/c.json": b"{}" * 30}
    kind = data.draw(st.sampled_from(["zip", "w", "w:gz", "w:xz"]))
    path = make_zip(folder / "x", files) if kind == "zip" else make_tar(folder / "x", files, kind)
    changed = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(changed[: data.draw(st.integers(0, len(changed)))] if data.draw(st.booleans()) else changed)
    try:
        with open_archive(path, spool_dir=folder / "spool") as archive:
            contents(archive)
    except Unreadable:
        pass
    assert nothing_in(folder / "spool")
