"""Folkmoot's own processes, started as a person starts them."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import psutil

_ADDRESS = re.compile(r"https?://[\w.:\[\]]+")
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Running:
    pid: int
    address: str
    seconds: float


@contextmanager
def web() -> Iterator[str]:
    """The web processes alone; their address."""
    with started("web") as running:
        yield running.address


@contextmanager
def started(command: str) -> Iterator[Running]:
    """``folkmoot <command>`` on a free port, until it answers; ``seconds`` from the start to the first page."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "folkmoot", command, "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        address = _address(process)
        httpx.get(address, follow_redirects=True, timeout=30).raise_for_status()
        yield Running(process.pid, address, time.perf_counter() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _address(process: subprocess.Popen[str]) -> str:
    if process.stdout is None:
        raise AssertionError("no output to read")
    for line in process.stdout:
        if found := _ADDRESS.search(line):
            return found[0]
    raise AssertionError("folkmoot ended before it answered")


def pss(pids: list[int]) -> dict[str, float]:
    """Proportional set size of processes and all their children, in MB, by name: shared pages count once in all."""
    sizes: dict[str, float] = {}
    for pid in pids:
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            name = f"{process.name()} {process.pid}"
            sizes[name] = round(process.memory_full_info().pss / 1024**2, 1)
    return sizes
