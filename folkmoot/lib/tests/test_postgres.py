from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from folkmoot.lib import postgres
from folkmoot.lib.home import NotUsable

USER_OF_THE_SERVER = """
import sys
from pathlib import Path
from folkmoot.lib import postgres
postgres.ensure_running(Path(sys.argv[1]))
print("running", flush=True)
sys.stdin.read()
"""


class Process:
    """Another process that uses the server until it is told to end."""

    def __init__(self, home: Path) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, "-c", USER_OF_THE_SERVER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.popen.stdout is not None
        assert self.popen.stdout.readline() == b"running\n"

    def leave(self) -> None:
        self.popen.communicate(b"")

    def kill(self) -> None:
        self.popen.kill()
        self.popen.communicate()


def server(home: Path) -> int | None:
    """The number of the running server's process."""
    note = home / "pg" / "postmaster.pid"
    if not note.exists():
        return None
    number = int(note.read_text().partition("\n")[0])
    return number if psutil.pid_exists(number) else None


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose database is made: making one takes longer than all else here."""
    home = tmp_path_factory.mktemp("home")
    postgres.ensure_running(home)
    postgres.leave(home)
    return home


@pytest.fixture
def home(made: Path) -> Iterator[Path]:
    yield made
    postgres.leave(made)
    assert server(made) is None


def test_the_database_is_made_and_tuned(home: Path) -> None:
    with psycopg.connect(postgres.ensure_running(home)) as connection:
        values = {
            name: connection.execute(f"SHOW {name}").fetchone()
            for name in ("jit", "timezone", "listen_addresses", "server_encoding")
        }
        lowered = connection.execute("SELECT lower('ÕUNAPUU ЇЖАК')").fetchone()
    assert values == {"jit": ("off",), "timezone": ("UTC",), "listen_addresses": ("",), "server_encoding": ("UTF8",)}
    assert lowered == ("õunapuu їжак",)


def test_nobody_but_its_user_reaches_the_data(home: Path) -> None:
    postgres.ensure_running(home)
    assert (home / "pg").stat().st_mode & 0o077 == 0


def test_it_stops_when_the_last_process_leaves(home: Path) -> None:
    first, second = Process(home), Process(home)
    first.leave()
    assert server(home)
    second.leave()
    assert server(home) is None


def test_a_killed_process_does_not_keep_it_running(home: Path) -> None:
    killed, other = Process(home), Process(home)
    killed.kill()
    assert server(home)
    other.leave()
    assert server(home) is None


def test_what_a_killed_process_left_running_is_used_and_then_stopped(home: Path) -> None:
    killed = Process(home)
    before = server(home)
    killed.kill()
    assert server(home) == before is not None
    postgres.ensure_running(home)
    assert server(home) == before
    postgres.leave(home)
    assert server(home) is None


def test_a_killed_server_recovers(home: Path) -> None:
    with psycopg.connect(postgres.ensure_running(home)) as connection:
        connection.execute("DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 42 AS answer")
    number = server(home)
    assert number
    os.kill(number, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while psutil.pid_exists(number) and time.monotonic() < deadline:
        if psutil.Process(number).status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.05)
    with psycopg.connect(postgres.ensure_running(home)) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_note_whose_number_now_belongs_to_another_program_is_no_server(home: Path) -> None:
    (home / "pg" / "postmaster.pid").write_text(f"{os.getpid()}\n{home}/pg\n1\n5432\n{home}/pg\n\n\nready   \n")
    with psycopg.connect(postgres.ensure_running(home)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert server(home) != os.getpid()


def test_a_forked_child_neither_stops_it_nor_loses_it(home: Path) -> None:
    postgres.ensure_running(home)
    pid = os.fork()
    if pid == 0:
        postgres.leave(home)
        os._exit(0)
    os.waitpid(pid, 0)
    assert server(home)


def test_it_outlives_the_interrupt_of_the_terminal(home: Path) -> None:
    postgres.ensure_running(home)
    number = server(home)
    assert number
    assert os.getpgid(number) != os.getpgrp()
    assert os.getsid(number) != os.getsid(0)


def test_many_at_once_make_one_server(tmp_path: Path) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", USER_OF_THE_SERVER, str(tmp_path)], stdin=subprocess.PIPE, stdout=-1)
        for _ in range(3)
    ]
    lines = [process.stdout.readline() for process in started if process.stdout]
    numbers = {server(tmp_path)}
    for process in started:
        process.communicate(b"")
    assert lines == [b"running\n"] * 3
    assert None not in numbers
    assert server(tmp_path) is None


def test_a_path_too_long_for_a_socket_gets_a_short_one(tmp_path: Path) -> None:
    home = tmp_path / ("a long 'name' " * 9)
    home.mkdir()
    url = postgres.ensure_running(home)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    postgres.leave(home)
    assert len(postgres.url(home)) < 120


def test_data_of_another_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "pg").mkdir(mode=0o700)
    (tmp_path / "pg" / "PG_VERSION").write_text("16\n")
    with pytest.raises(NotUsable, match="made by PostgreSQL 16"):
        postgres.ensure_running(tmp_path)


def test_a_broken_configuration_is_named(tmp_path: Path) -> None:
    postgres.ensure_running(tmp_path)
    postgres.leave(tmp_path)
    with (tmp_path / "pg" / "folkmoot.conf").open("a") as stream:
        stream.write("shared_bufers = 1GB\n")
    with pytest.raises(NotUsable, match="shared_bufers"):
        postgres.ensure_running(tmp_path)


def test_a_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotUsable, match="DATABASE_URL does not answer"):
        postgres.check_version(f"postgresql://nobody@/x?host={tmp_path}")


def test_too_old_a_server_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = postgres.ensure_running(home)
    monkeypatch.setattr(postgres, "OLDEST", 990000)
    with pytest.raises(NotUsable, match="needs 99 or newer"):
        postgres.check_version(url)
