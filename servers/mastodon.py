"""mastodon-mock: a third party's stateful imitation of Mastodon's API, with faults to order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from servers.base import Running, answers, free_port, packages, process, until

VERSION = "0.6.1"


def install(folder: Path) -> None:
    packages(folder, f"mastodon-mock=={VERSION}")


@contextmanager
def start(folder: Path, work: Path) -> Iterator[Running]:
    port, log = free_port(), work / "log"
    address = f"http://127.0.0.1:{port}"
    command = [str(folder / "venv" / "bin" / "mastodon_mock"), "serve", "--in-memory", "--host", "127.0.0.1"]
    with process([*command, "--port", str(port)], log=log, cwd=work):
        until(answers(f"{address}/api/v1/instance"), log=log)
        yield Running(address, {f"token of {name}": _user(address, name) for name in ("brand", "fan", "third")})


def _user(address: str, name: str) -> str:
    made = httpx.post(f"{address}/api/v1/_mock/dev_user", json={"username": name}, timeout=10, trust_env=False)
    return str(made.raise_for_status().json()["access_token"])
