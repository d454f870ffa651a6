"""The data folder: the embedded database, media, keys."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from pathlib import Path

import platformdirs

from folkmoot.lib import env

FOLDERS = ("imports", "keys", "media", "tmp")
CHECKOUT = Path(__file__).resolve().parent.parent.parent
NEEDED_MB = 300


class NotUsable(Exception):
    """The data folder can't be used; the message says why and what to do."""


def data_folder() -> Path:
    """``FOLKMOOT_HOME``, else ``var`` of a checkout, else the platform's place for user data; made when missing.

    Raises ``NotUsable``.
    """
    home = _place()
    try:
        _make(home)
    except OSError as error:
        raise not_usable(home, error) from error
    return home


def secret_key(home: Path) -> str:
    """``FOLKMOOT_SECRET_KEY``, else the key in the data folder, made once. Raises ``NotUsable``."""
    if key := env.text("FOLKMOOT_SECRET_KEY"):
        return key
    path = home / "keys" / "secret"
    try:
        if not path.exists():
            write_once(path, secrets.token_urlsafe(48))
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise not_usable(path, error) from error


def check_space(home: Path) -> None:
    """Raises ``NotUsable`` when the disk has too little room to run a database on."""
    free = shutil.disk_usage(home).free // 1024**2
    if free < NEEDED_MB:
        raise NotUsable(
            f"The disk that holds {home} is full ({free} MB free). "
            f"Free at least {NEEDED_MB} MB, or set FOLKMOOT_HOME to a folder on another disk."
        )


def not_usable(path: Path, error: OSError) -> NotUsable:
    """What an error of the file system means for the person who runs Folkmoot."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return NotUsable(f"The disk that holds {path} is full. Free some space, or set FOLKMOOT_HOME to another disk.")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return NotUsable(
            f"{path} can't be written. Give yourself the right to, or set FOLKMOOT_HOME to another folder."
        )
    return NotUsable(f"{path} can't be used as the data folder: {error.strerror}. Set FOLKMOOT_HOME to another folder.")


def _place() -> Path:
    if chosen := env.text("FOLKMOOT_HOME"):
        return Path(chosen).expanduser().absolute()
    if (CHECKOUT / "pyproject.toml").is_file():
        return CHECKOUT / "var"
    return Path(platformdirs.user_data_dir("folkmoot", appauthor=False))


def _make(home: Path) -> None:
    if not home.is_dir():
        home.mkdir(parents=True)
        # PostgreSQL won't run as root: its own user must be let through to its folder, and no further
        home.chmod(0o711 if os.geteuid() == 0 else 0o700)
    for name in FOLDERS:
        (home / name).mkdir(mode=0o700, exist_ok=True)


def write_once(path: Path, text: str) -> None:
    """Writes a private file whole or not at all; of two processes that try at once, the first wins."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(text + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink(missing_ok=True)
