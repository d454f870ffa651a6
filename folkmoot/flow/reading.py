"""Messages are read: what is new after intake, what an archive brings, and everything anew with another model."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Self

import structlog
from django.db import connection, transaction
from psycopg.conninfo import make_conninfo

from folkmoot.analytics import actions as analytics
from folkmoot.flow import news
from folkmoot.lib import bulk
from folkmoot.understanding import reader, record, rereading
from folkmoot.understanding.reading.contract import Reading, Reads
from folkmoot.understanding.record import Said
from folkmoot.workspaces.models import Workspace

log = structlog.get_logger()

BATCH = 1000
PATIENCE_SECONDS = 0.3
SPARE = (os.cpu_count() or 1) > 1

Progress = Callable[[int], None]


def read(workspace_id: int, progress: Progress | None = None, *, most: int | None = None) -> int:
    """Reads what is noted as unread, the newest first, a batch a transaction; how many notes that took up.

    Others may do so at the same time; at the end what they had in hand is read, too.
    ``progress`` is told after each batch how many were taken so far. ``most`` ends it after that many. Without a model
    the notes stay.
    """
    total, ending = 0, False
    if not can_read():
        return total
    while most is None or total < most:
        taken = _read_some(workspace_id, patient=ending)
        total += taken
        if progress and taken:
            progress(total)
        if ending and not taken:
            break
        ending = taken < BATCH
    return total


def can_read() -> bool:
    """Whether this installation has its model."""
    try:
        reader.base()
    except reader.NoModel:
        log.warning("no model to read with: install Folkmoot anew")
        return False
    return True


def _read_some(workspace_id: int, *, patient: bool = False) -> int:
    """Reads before its turn comes, as that is most of the work, and again what was changed meanwhile."""
    with transaction.atomic():
        taken = record.take(workspace_id, BATCH, patient=patient)
        if taken:
            bulk.write_behind()
            reads, ids = reader.of(workspace_id), sorted(set(taken))
            known = _readings(reads, record.messages(ids))
            record.hold(workspace_id)
            said = record.messages(ids)
            known |= _readings(reads, [message for message in said if message not in known])
            record.forget_gone(ids, said)
            _store(workspace_id, said, [known[message] for message in said])
    return len(taken)


def _readings(reads: Reads, said: Sequence[Said]) -> dict[Said, Reading]:
    return dict(zip(said, reads.read([message.text for message in said]), strict=True)) if said else {}


def _store(workspace_id: int, said: Sequence[Said], readings: Sequence[Reading]) -> None:
    if said:
        record.store(workspace_id, said, readings)
        analytics.mark_stale(workspace_id, [message.at for message in said], only_readings=True)
        news.announce(workspace_id, "readings")


def reread(
    workspace_id: int, *, now: datetime, batches: int, progress: Callable[[int, int], None] | None = None
) -> bool:
    """Reads a stretch of what was read with another version or never, from the newest message back.

    Whether there is more. Each batch is a transaction that also moves the place where the next begins.
    """
    if not can_read():
        return False
    version = reader.of(workspace_id).version
    for _number in range(batches):
        with record.turn(workspace_id):
            order = rereading.going_on(workspace_id, version, now=now)
            if order.finished_at:
                return False
            said = sorted(rereading.stretch(order, record.version_id(version), now=now), key=lambda one: one.id)
            _store(workspace_id, said, reader.of(workspace_id).read([message.text for message in said]))
        if progress:
            progress(order.done, order.total)
    return True


def is_left(workspace_id: int) -> bool:
    """Whether something is still unread."""
    return record.unread(workspace_id, most=1) > 0


def left(workspace_id: int) -> int:
    """How many notes of something unread there are, up to a million."""
    return record.unread(workspace_id)


def behind() -> list[int]:
    """Workspaces in which something is unread."""
    return record.behind()


def outdated() -> list[int]:
    """Workspaces of which something may have been read with another version than the one of now; loads no model."""
    try:
        reader.base_version()
    except reader.NoModel:
        return []
    return [
        workspace_id
        for workspace_id in Workspace.objects.order_by("pk").values_list("pk", flat=True)
        if rereading.wanted(workspace_id, reader.version(workspace_id))
    ]


class Beside:
    """Reads in a process of its own what its user stores meanwhile, so that storing does not wait for it.

    Should that process die, the notes of what is unread are still there for ``read``.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Left early, it is not waited for: the notes are."""
        if self._process:
            with self._process:
                self._process.terminate()

    def begin(self) -> None:
        """Starts it; once it runs, nothing."""
        if self._process is None and can_read():
            self._process = _start(self._workspace)

    def finish(self) -> None:
        """Waits until all that was stored is read; where there is a processor to spare, reads along meanwhile."""
        if self._process and self._process.stdin:
            self._process.stdin.close()
            while SPARE and self._process.poll() is None and read(self._workspace.pk, most=BATCH):
                pass
            self._process.wait()


def _start(workspace: Workspace) -> subprocess.Popen[bytes]:
    settings = connection.settings_dict
    named = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    conninfo = make_conninfo(**{name: settings[key] for name, key in named.items() if settings.get(key)})
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "folkmoot", "understand", "--workspace", workspace.slug, "--beside"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"DATABASE_URL": conninfo},
    )


def read_beside(workspace_id: int) -> int:
    """The other end of ``Beside``: reads until whoever started this process says that nothing more comes.

    It ends at once when that process is gone. How many notes were taken up.
    """
    parent, total = os.getppid(), 0
    while os.getppid() == parent:
        taken = read(workspace_id, most=BATCH)
        total += taken
        if not taken and _nothing_more_comes():
            break
    return total


def _nothing_more_comes() -> bool:
    """Standard input has ended; waits a moment for that."""
    ready, _writable, _failed = select.select([sys.stdin], [], [], PATIENCE_SECONDS)
    return bool(ready)
