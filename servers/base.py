"""Installing and running a server: what all of them need."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import httpx

CACHE = Path(os.environ.get("FOLKMOOT_SERVERS", Path.home() / ".cache" / "folkmoot-servers"))
PATIENCE = 60.0


class NotHere(Exception):
    """The server can't be had on this machine; the message says why."""


@dataclass(slots=True)
class Running:
    """A server that answers at ``address``; ``details`` are what a client needs beside it (tokens, names, ports)."""

    address: str
    details: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def running(name: str) -> Iterator[Running]:
    """The server ``name`` (a module of this package), installed if need be, until the end of the block.

    One that is ``SLOW`` to install is so only when that is asked for. Raises ``NotHere``.
    """
    module = import_module(f"servers.{name}")
    if getattr(module, "SLOW", False) and not (CACHE / name / "installed").exists():
        raise NotHere(f"takes long to install: scripts/servers --install {name}")
    installed = install(name)
    work = Path(tempfile.mkdtemp(prefix=f"{name}-", dir="/tmp"))
    work.chmod(0o755)
    try:
        with module.start(installed, work) as server:
            yield server
    finally:
        shutil.rmtree(work, ignore_errors=True)


def install(name: str) -> Path:
    """The folder into which a server is installed, once however many ask. Raises ``NotHere``."""
    folder = CACHE / name
    folder.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            import_module(f"servers.{name}").install(folder)
            (folder / "installed").touch()
    return folder


def packages(folder: Path, *names: str) -> Path:
    """A virtual environment with these packages of Python; its folder of programs."""
    run([sys.executable, "-m", "venv", str(folder / "venv")])
    run([str(folder / "venv" / "bin" / "pip"), "install", "-q", *names])
    return folder / "venv" / "bin"


def debian(*names: str) -> None:
    """Packages of Debian, installed where this process may do that."""
    missing = [name for name in names if subprocess.run(["dpkg", "-s", name], capture_output=True).returncode]
    if not missing:
        return
    if os.geteuid() or not shutil.which("apt-get"):
        raise NotHere(f"needs the Debian packages {' '.join(missing)}")
    with (CACHE / "apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        run(["apt-get", "update", "-q"], env=quiet)
        run(["apt-get", "install", "-yq", "--no-install-recommends", *missing], env=quiet)


def run(command: Sequence[str], *, seconds: float = 900, **options: object) -> str:
    """What a command prints. Raises ``NotHere`` with the end of it when it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, **options)  # type: ignore[call-overload]
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotHere(f"{command[0]}: {error}") from error
    if done.returncode:
        raise NotHere(f"{' '.join(command[:3])} failed: {(done.stderr or done.stdout)[-400:]}")
    return str(done.stdout)


@contextmanager
def process(command: Sequence[str], *, log: Path, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """A process and all its children, until the end of the block."""
    with log.open("wb") as output:
        started = subprocess.Popen(  # type: ignore[call-overload]
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            **options,
        )
        try:
            yield started
        finally:
            _end(started)


def _end(started: subprocess.Popen[bytes]) -> None:
    for number in (15, 9):
        try:
            os.killpg(started.pid, number)
            started.wait(10)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
        else:
            break
    started.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(ready: Callable[[], bool], *, log: Path, seconds: float = PATIENCE) -> None:
    """Waits until ``ready()``. Raises ``NotHere`` with the end of the log."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ready():
            return
        time.sleep(0.1)
    raise NotHere(f"did not start in {seconds:.0f} s: {log.read_text(errors='replace')[-400:]}")


def answers(url: str, *, below: int = 500) -> Callable[[], bool]:
    """Whether something answers at ``url`` with a status below ``below``."""

    def ask() -> bool:
        try:
            return httpx.get(url, timeout=5, trust_env=False).status_code < below
        except httpx.HTTPError:
            return False

    return ask


def listens(port: int) -> Callable[[], bool]:
    """Whether something accepts connections at a port of 127.0.0.1."""

    def ask() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    return ask
