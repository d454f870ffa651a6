"""Runs a family of processes: starts again what dies, and leaves nothing behind.

Children are forked from a parent that has loaded everything, so that they share its memory and start at once.
Each watches a pipe whose other end only the parent holds: when that closes, the parent is gone, however it died,
and the child ends too.
"""

from __future__ import annotations

import gc
import logging
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import NoReturn

import structlog

from folkmoot.lib import log, postgres

GRACE_SECONDS = 10.0
STEADY_SECONDS = 10.0
SLOWEST_RESTART = 30.0
FIRST_RESTART = 0.5
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class Child:
    """One process of the family; ``pid`` 0 means that it does not run."""

    name: str
    run: Callable[[], None]
    pid: int = 0
    started: float = 0.0
    due: float = 0.0
    failures: int = 0

    def ended(self, now: float) -> float:
        """Notes that it ended; returns the seconds until it is to start again."""
        self.pid = 0
        self.failures = 0 if now - self.started > STEADY_SECONDS else self.failures + 1
        delay: float = min(FIRST_RESTART * 2 ** max(self.failures - 1, 0), SLOWEST_RESTART)
        self.due = now + delay
        return delay


@dataclass(slots=True)
class Supervisor:
    """Runs ``children`` until a signal ends it; ``ready`` is asked until it is true, then ``on_ready`` is called."""

    children: list[Child]
    ready: Callable[[], bool]
    on_ready: Callable[[], None]
    lifeline: tuple[int, int] = field(default_factory=os.pipe)
    wakeup: tuple[int, int] = field(default_factory=os.pipe)
    signals: int = 0
    waiting: bool = True

    def run(self) -> None:
        """Returns when every child has ended after SIGINT, SIGTERM or SIGHUP."""
        os.set_blocking(self.wakeup[1], False)
        signal.set_wakeup_fd(self.wakeup[1], warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, *ENDINGS):
            signal.signal(number, _noted)
        gc.collect()
        gc.freeze()  # what is loaded now stays shared: the collector would touch, and so copy, every page of it
        while not self.signals:
            self._start_due()
            self._ask_ready()
            self._wait(self._pause())
        self._stop()

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if not child.pid and child.due <= now:
                self._start(child, now)

    def _start(self, child: Child, now: float) -> None:
        child.started = now
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._be(child)
        child.pid = pid

    def _be(self, child: Child) -> NoReturn:
        """In the child: an own process group, so that Ctrl-C reaches the parent alone."""
        with _LastWords(child.name):
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for number in ENDINGS:
                signal.signal(number, _quit)
            os.close(self.lifeline[1])
            threading.Thread(target=_watch, args=(self.lifeline[0],), name="lifeline", daemon=True).start()
            log.name_process(child.name)
            child.run()
        os._exit(0)

    def _ask_ready(self) -> None:
        if self.waiting and self.ready():
            self.waiting = False
            self.on_ready()

    def _pause(self) -> float | None:
        """Seconds until something is to do; None when only a signal can bring work."""
        if self.waiting:
            return 0.05
        due = [child.due for child in self.children if not child.pid]
        return max(min(due) - time.monotonic(), 0.0) if due else None

    def _wait(self, seconds: float | None) -> None:
        readable, _, _ = select.select([self.wakeup[0]], [], [], seconds)
        if not readable:
            return
        self.signals += sum(number in ENDINGS for number in os.read(self.wakeup[0], 512))
        self._bury()

    def _bury(self) -> None:
        """Takes note of every process that ended, also of those that were handed down to us."""
        while (ended := _reap()) is not None:
            pid, status = ended
            for child in self.children:
                if child.pid == pid:
                    delay = child.ended(time.monotonic())
                    if not self.signals:
                        logger.warning("a process ended and starts again", name=child.name, status=status, delay=delay)

    def _stop(self) -> None:
        """Asks every child to end, then makes it; a second Ctrl-C makes it at once."""
        self._tell(signal.SIGTERM)
        deadline, patience = time.monotonic() + GRACE_SECONDS, self.signals
        while any(child.pid for child in self.children) and self.signals == patience and time.monotonic() < deadline:
            self._wait(max(deadline - time.monotonic(), 0.0))
        self._tell(signal.SIGKILL)
        while any(child.pid for child in self.children):
            self._wait(1.0)
            self._bury()

    def _tell(self, number: signal.Signals) -> None:
        for child in self.children:
            if child.pid:
                os.kill(child.pid, number)


class _LastWords:
    """Ends a child's process, whatever happened in it, after logging what went wrong."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and error is not None and not isinstance(error, SystemExit | KeyboardInterrupt):
            logger.error("a process failed", name=self.name, exc_info=(kind, error, trace))
        postgres.leave_all()
        logging.shutdown()
        os._exit(0 if kind is None or isinstance(error, SystemExit) else 1)


def _watch(lifeline: int) -> None:
    """Ends this process when its parent is gone: in good order, or after a while in any."""
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)


def _reap() -> tuple[int, str] | None:
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    if pid == 0:
        return None
    code = os.waitstatus_to_exitcode(status)
    return pid, f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


def _quit(_number: int, _frame: object) -> NoReturn:
    """In a child that has no better way to end: in order, so that the database is left."""
    raise SystemExit


def _noted(_number: int, _frame: object) -> None:
    """The wake-up pipe carries the signal to the loop; without a handler Python would not write to it."""
