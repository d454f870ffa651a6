"""Processor time, which tells more than the clock where other programs share the machine."""

from __future__ import annotations

import os

import psutil

from folkmoot.lib import bulk

Effort = dict[str, float]


def so_far(backend: int = 0) -> Effort:
    """Seconds so far: ours, and of the server process ``backend``, by default the one that serves Django."""
    if not backend:
        [(backend,)] = bulk.fetch("SELECT pg_backend_pid()", [])
    return {
        name: sum(psutil.Process(pid).cpu_times()[:2]) for name, pid in (("ours", os.getpid()), ("server", backend))
    }


def since(before: Effort, backend: int = 0) -> Effort:
    return {name: taken - before[name] for name, taken in so_far(backend).items()}
