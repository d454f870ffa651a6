"""The state of a server that has run for a while: its data in the system's cache, its own objects out of the collector's way."""

from __future__ import annotations

import gc
from pathlib import Path

BLOCK = 1 << 22


def read(folder: Path) -> float:
    """Reads every file below ``folder`` once; gigabytes that there were."""
    size = 0
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb", buffering=0) as file:
                while block := file.read(BLOCK):
                    size += len(block)
    return size / 1e9


def settle_objects() -> None:
    """What the supervisor does before it starts the web processes."""
    gc.collect()
    gc.freeze()
