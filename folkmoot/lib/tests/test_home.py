from __future__ import annotations

import errno
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from folkmoot.lib import home
from folkmoot.lib.home import NotUsable


def test_the_folder_is_made_with_all_its_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLKMOOT_HOME", str(tmp_path / "new" / "home"))
    folder = home.data_folder()
    assert {path.name for path in folder.iterdir()} == set(home.FOLDERS)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o700 for path in folder.iterdir())
    assert not folder.stat().st_mode & 0o066


def test_a_checkout_keeps_its_data_beside_the_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FOLKMOOT_HOME", raising=False)
    monkeypatch.setattr(home, "CHECKOUT", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    assert home.data_folder() == tmp_path / "var"


def test_an_installed_package_keeps_its_data_where_the_platform_wants_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("FOLKMOOT_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setattr(home, "CHECKOUT", tmp_path / "nowhere")
    assert tmp_path in home.data_folder().parents


def test_a_file_in_its_place_is_refused_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FOLKMOOT_HOME", str(tmp_path / "file"))
    with pytest.raises(NotUsable, match="Set FOLKMOOT_HOME to another folder"):
        home.data_folder()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "is full. Free some space"),
        (errno.EROFS, "can't be written"),
        (errno.EACCES, "can't be written"),
        (errno.ENAMETOOLONG, "can't be used as the data folder"),
    ],
)
def test_each_trouble_says_what_to_do(number: int, words: str) -> None:
    message = str(home.not_usable(Path("/data"), OSError(number, "trouble")))
    assert words in message
    assert "FOLKMOOT_HOME" in message


def test_too_little_room_is_refused_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.check_space(tmp_path)
    monkeypatch.setattr(home, "NEEDED_MB", 10**9)
    with pytest.raises(NotUsable, match="is full"):
        home.check_space(tmp_path)


def test_the_key_is_private_and_lasting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOLKMOOT_SECRET_KEY", raising=False)
    (tmp_path / "keys").mkdir()
    key = home.secret_key(tmp_path)
    assert len(key) >= 50
    assert home.secret_key(tmp_path) == key
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()] == [0o600]


def test_all_who_make_the_key_at_once_get_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOLKMOOT_SECRET_KEY", raising=False)
    (tmp_path / "keys").mkdir()
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: home.secret_key(tmp_path), range(16)))) == 1
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["secret"]


def test_the_key_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLKMOOT_SECRET_KEY", "given")
    assert home.secret_key(tmp_path) == "given"
