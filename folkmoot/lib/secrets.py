"""What must stay secret at rest: sealed with the installation's keys, opened only where it is used."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from folkmoot.lib.home import not_usable, write_once


class Locked(Exception):
    """None of the keys opens it; the message says what to do."""


class Keys:
    """The keys that secrets are sealed with, the newest first.

    They are ``given``, or stand one a line in a file, made once. The file is looked at each time, so that every process
    of an installation follows when keys are added or dropped.
    """

    def __init__(self, path: Path, given: Sequence[str] = ()) -> None:
        self.path = path
        self.given = tuple(given)
        self._seen: tuple[int, int] | None = None
        self._known: list[Fernet] = [Fernet(key) for key in given]

    def seal(self, secret: str) -> str:
        """Raises ``NotUsable`` when the file of keys can't be read or made."""
        return MultiFernet(self._keys()).encrypt(secret.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """Raises ``Locked``."""
        try:
            return MultiFernet(self._keys()).decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise Locked(
                "A stored secret can't be opened with the keys of this installation. "
                "Bring the keys back from the backup, or enter the secret again."
            ) from error

    def is_newest(self, sealed: str) -> bool:
        """Whether the newest key opens it."""
        try:
            self._keys()[0].decrypt(sealed.encode())
        except InvalidToken:
            return False
        return True

    def count(self) -> int:
        return len(self._keys())

    def add(self) -> None:
        """Puts a new key in front; what is sealed from now on is sealed with it."""
        self._keys()
        self._write([Fernet.generate_key().decode("ascii"), *self._lines()])

    def forget(self) -> int:
        """Drops all keys but the newest; how many those were."""
        lines = self._lines()
        self._write(lines[:1])
        return len(lines) - 1

    def _keys(self) -> list[Fernet]:
        if self.given:
            return self._known
        try:
            if not self.path.exists():
                write_once(self.path, Fernet.generate_key().decode("ascii"))
            facts = self.path.stat()
            if (facts.st_mtime_ns, facts.st_ino) != self._seen:
                self._known = [Fernet(line) for line in self._lines()]
                self._seen = (facts.st_mtime_ns, facts.st_ino)
        except (OSError, ValueError) as error:
            raise not_usable(self.path, error if isinstance(error, OSError) else OSError(str(error))) from error
        return self._known

    def _lines(self) -> list[str]:
        return self.path.read_text(encoding="ascii").split()

    def _write(self, lines: Sequence[str]) -> None:
        """The new file takes the old one's place whole: whoever reads it reads the one or the other."""
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        write_once(draft, "\n".join(lines))
        draft.replace(self.path)
