from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from folkmoot.cli.tests.conftest import FOLKMOOT, environment, folkmoot

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("up")]

PATIENCE = 40.0
T = TypeVar("T")


class Up:
    """A running ``folkmoot up`` on a free port."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.log = (home / "up.log").open("w+")
        self.popen = subprocess.Popen(
            [*FOLKMOOT, "up", "--port", "0"], env=environment(home), stdout=self.log, stderr=self.log
        )
        found = until(lambda: re.search(r"ready at http://127\.0\.0\.1:(\d+)\n.*(/sign-in/\S+)", self.said()))
        assert found, self.said()
        self.port, self.link = int(found[1]), found[2]
        self.process = psutil.Process(self.popen.pid)

    def said(self) -> str:
        self.log.flush()
        return Path(self.log.name).read_text()

    def get(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    def family(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def postgres(self) -> bool:
        note = self.home / "pg" / "postmaster.pid"
        return note.exists() and psutil.pid_exists(int(note.read_text().partition("\n")[0]))

    def close(self) -> None:
        self.popen.terminate()
        self.popen.wait(PATIENCE)
        self.log.close()


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(ask: Callable[[], T]) -> T:
    """What ``ask`` says once it says yes, or at the end of patience."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := ask()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return answer


@pytest.fixture
def up(home: Path) -> Iterator[Up]:
    started = Up(home)
    yield started
    started.close()


def test_the_page_and_the_sign_in_link_answer(up: Up) -> None:
    assert up.get("/healthz") == 200
    assert up.get(up.link) == 200


def test_what_dies_starts_again_and_the_rest_goes_on(up: Up) -> None:
    before = {child.pid for child in up.process.children()}
    killed = min(before)
    os.kill(killed, signal.SIGKILL)
    assert until(
        lambda: len(new := {child.pid for child in up.process.children()}) == len(before) and killed not in new
    )
    assert up.get("/healthz") == 200
    assert "starts again" in up.said()
    assert len(before - {child.pid for child in up.process.children()}) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_within_seconds(home: Path, number: signal.Signals) -> None:
    up = Up(home)
    family = up.family()
    begun = time.monotonic()
    up.popen.send_signal(number)
    assert up.popen.wait(PATIENCE) == 0
    assert time.monotonic() - begun < 15
    assert not [process for process in family if lives(process)]
    assert not up.postgres()
    assert "Traceback" not in up.said()
    up.close()


def test_nothing_outlives_a_parent_that_was_killed(home: Path) -> None:
    up = Up(home)
    family = up.family()
    up.popen.kill()
    up.popen.wait(PATIENCE)
    assert until(lambda: not any(lives(process) for process in family))
    assert until(lambda: not up.postgres())
    up.close()


def test_a_command_shares_the_running_database_and_leaves_it_running(up: Up) -> None:
    assert folkmoot(up.home, "workspace", "list").returncode == 0
    assert up.postgres()
    assert up.get("/healthz") == 200
    findings = folkmoot(up.home, "doctor").stdout
    assert re.search(r"Workers +1 alive", findings)
    assert re.search(r"Listener +1 alive", findings)
