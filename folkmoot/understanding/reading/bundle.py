"""One file of named arrays, mapped into memory so that all processes share it."""

from __future__ import annotations

import hashlib
import json
import mmap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAGIC = b"FOLKMOOT"
ALIGNED = 64
Array = NDArray[np.generic]


class UnreadableBundle(Exception):
    """The model's file is missing, cut short or not ours: install the package again."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """``version`` is told by the content; ``facts`` are small things that are not arrays."""

    version: str
    facts: dict[str, object]
    arrays: dict[str, Array]

    def texts(self, name: str) -> list[str]:
        """Lines that were stored with ``lines``."""
        return self.arrays[name].tobytes().decode().split("\n")


def lines(texts: list[str]) -> Array:
    return np.frombuffer("\n".join(texts).encode(), dtype=np.uint8)


def read(path: Path) -> Bundle:
    try:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise UnreadableBundle(f"{path}: {error}") from error
    if mapped[: len(MAGIC)] != MAGIC:
        raise UnreadableBundle(f"{path} is not a model.")
    size = int.from_bytes(mapped[len(MAGIC) : len(MAGIC) + 8], "little")
    begin = len(MAGIC) + 8
    header = json.loads(mapped[begin : begin + size])
    body = _aligned(begin + size)
    if len(mapped) < body + header["bytes"]:
        raise UnreadableBundle(f"{path} is cut short.")
    arrays = {
        name: np.frombuffer(mapped, dtype=dtype, count=int(np.prod(shape)), offset=body + offset).reshape(shape)
        for name, (dtype, shape, offset) in header["arrays"].items()
    }
    return Bundle(header["version"], header["facts"], arrays)


def write(path: Path, facts: dict[str, object], arrays: dict[str, Array]) -> str:
    """Writes a bundle and returns its version."""
    placed, blobs, offset = {}, [], 0
    for name, array in sorted(arrays.items()):
        blob = np.ascontiguousarray(array).tobytes()
        placed[name] = (array.dtype.str, array.shape, offset)
        blobs.append(blob + bytes(_aligned(len(blob)) - len(blob)))
        offset += len(blobs[-1])
    told = json.dumps([facts, placed], sort_keys=True).encode()
    version = hashlib.sha256(b"".join([told, *blobs])).hexdigest()[:12]
    header = json.dumps(
        {"version": version, "facts": facts, "arrays": placed, "bytes": offset}, sort_keys=True
    ).encode()
    begin = MAGIC + len(header).to_bytes(8, "little") + header
    with path.open("wb") as file:
        file.write(begin + bytes(_aligned(len(begin)) - len(begin)))
        file.writelines(blobs)
    return version


def _aligned(size: int) -> int:
    return -(-size // ALIGNED) * ALIGNED
