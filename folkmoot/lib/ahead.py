"""Works on what comes next while its user is busy with what came before: a thread that stays a few items ahead."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Full, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

T = TypeVar("T")

LOOK = 0.1  # seconds between looks at whether anybody still wants more
SWITCH = 0.0005  # seconds a thread computes before another may: whoever waits for the database gets its answer soon


@dataclass(slots=True)
class _End(Generic[T]):
    error: BaseException | None = None


@contextmanager
def ahead(items: Iterable[T], depth: int = 2) -> Iterator[Iterator[T]]:
    """Iterates over ``items`` in a thread of its own, at most ``depth`` of them ahead.

    What goes wrong there is raised here, in its turn. At the end of the block the thread has ended, wherever it was.
    """
    made: Queue[T | _End[T]] = Queue(depth)
    enough = Event()
    worker = Thread(target=_make, args=(items, made, enough), name="ahead", daemon=True)
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    worker.start()
    try:
        yield _taken(made)
    finally:
        enough.set()
        worker.join()
        sys.setswitchinterval(before)


def _make(items: Iterable[T], made: Queue[T | _End[T]], enough: Event) -> None:
    end = _End[T]()
    try:
        for item in items:
            if not _put(made, item, enough):
                return
    except BaseException as error:  # noqa: BLE001 - raised again where the items are taken
        end = _End(error)
    _put(made, end, enough)


def _put(made: Queue[T | _End[T]], item: T | _End[T], enough: Event) -> bool:
    while not enough.is_set():
        try:
            made.put(item, timeout=LOOK)
        except Full:
            continue
        return True
    return False


def _taken(made: Queue[T | _End[T]]) -> Iterator[T]:
    while True:
        item = made.get()
        if isinstance(item, _End):
            if item.error:
                raise item.error
            return
        yield item
