"""A private temporary folder to unpack into, gone when its owner is done, or by the next one if its owner was killed."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
from pathlib import Path

_PREFIX = "folkmoot-import-"
_RESERVE = 128 * 1024**2


class Spool:
    """A folder whose lock lives as long as its process: whatever has no living owner is swept away."""

    def __init__(self, parent: Path | None = None) -> None:
        self.parent = parent or Path(tempfile.gettempdir())
        self.parent.mkdir(parents=True, exist_ok=True)
        sweep(self.parent)
        self._lock, self.path = _create(self.parent)

    def room(self) -> int:
        """Bytes that may still be written, leaving some of the disk to others."""
        return max(shutil.disk_usage(self.parent).free - _RESERVE, 0)

    def close(self) -> None:
        if self._lock >= 0:
            shutil.rmtree(self.path, ignore_errors=True)
            _lock_of(self.path).unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = -1


def sweep(parent: Path) -> None:
    """Removes the folders of processes that died before they could."""
    for lock in parent.glob(f"{_PREFIX}*.lock"):
        try:
            handle = os.open(lock, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            continue  # another user's, or just removed by its owner
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue  # its owner lives
        else:
            shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
            lock.unlink(missing_ok=True)
        finally:
            os.close(handle)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + ".lock")


def _create(parent: Path) -> tuple[int, Path]:
    """The lock's handle and the folder. Locked before the folder exists, so that no sweep takes it for a leftover."""
    while True:
        folder = parent / f"{_PREFIX}{secrets.token_hex(8)}"
        lock = _lock_of(folder)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        # A sweep may have taken the lock file between its creation and its locking.
        if lock.exists() and os.fstat(handle).st_ino == lock.stat().st_ino:
            folder.mkdir(mode=0o700)
            return handle, folder
        os.close(handle)
