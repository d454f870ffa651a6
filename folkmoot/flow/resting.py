"""A worker that has nothing to read keeps no model in memory."""

from __future__ import annotations

import gc

from folkmoot.understanding import reader
from folkmoot.understanding.neighbours.meaning import meanings

AFTER_SECONDS = 120.0


def rest() -> None:
    """Lets go of the models if nothing was read for ``AFTER_SECONDS``; the next reading loads them in a third of a second."""
    if reader.rest(AFTER_SECONDS):
        meanings.cache_clear()
        gc.collect()
