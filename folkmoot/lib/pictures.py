"""Pictures from elsewhere, fetched once and kept in a folder: shown from here, so that nobody there learns who looks."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from folkmoot.lib import fetching

MOST_BYTES = 2 * 1024 * 1024
MOST_KEPT = 500 * 1024 * 1024
SECONDS = 10.0
FRESH = timedelta(days=7)
ABSENT = timedelta(days=1)  # for which one that can't be had is not asked for again

# Nothing but pictures that can't act: no SVG
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a picture. Without ``data`` it could not be had; ``stale`` says that it is time to ask anew."""

    data: bytes
    media_type: str
    stale: bool


def media_type(data: bytes) -> str:
    """By the first bytes, whatever the server said; empty for what is no picture that is shown."""
    for beginning, kind in _BEGINNINGS:
        if data.startswith(beginning):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:12] in (b"ftypavif", b"ftypavis"):
        return "image/avif"
    return ""


class Shelf:
    """A folder of pictures, by their addresses. A picture that can't be had leaves an empty file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, url: str, *, now: datetime) -> Kept | None:
        """None for one that nobody has asked for yet."""
        path = self._path(url)
        try:
            data, at = path.read_bytes(), path.stat().st_mtime
        except FileNotFoundError:
            return None
        age = now.timestamp() - at
        return Kept(data, media_type(data), age > (FRESH if data else ABSENT).total_seconds())

    def fetch(self, url: str, http: httpx.Client, *, now: datetime) -> bool:
        """Asks for it and keeps what comes, or that nothing did; one that was had before outlives that."""
        data = b""
        try:
            fetched = fetching.fetch(http, "GET", url, headers={"Accept": "image/*"}, most=MOST_BYTES, seconds=SECONDS)
            data = fetched.body if fetched.status == httpx.codes.OK and media_type(fetched.body) else b""
        except fetching.CantFetch:
            data = b""
        path = self._path(url)
        if data or not path.exists():
            self._write(path, data)
        os.utime(path, (now.timestamp(), now.timestamp()))
        return bool(data)

    def tidy(self, most: int = MOST_KEPT) -> int:
        """Drops the ones asked for longest ago until the rest is no larger than ``most`` bytes; how many those were."""
        files = sorted(((path.stat(), path) for path in self._files()), key=lambda one: one[0].st_mtime)
        over, dropped = sum(facts.st_size for facts, _path in files) - most, 0
        for facts, path in files:
            if over <= 0:
                break
            path.unlink(missing_ok=True)
            over, dropped = over - facts.st_size, dropped + 1
        return dropped

    def _path(self, url: str) -> Path:
        name = hashlib.sha256(url.encode()).hexdigest()
        return self._folder / name[:2] / name

    def _files(self) -> Iterator[Path]:
        return (path for path in self._folder.glob("??/*") if path.is_file())

    def _write(self, path: Path, data: bytes) -> None:
        """Whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        draft.write_bytes(data)
        draft.replace(path)
