from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = subprocess.CompletedProcess[str]
Command = Callable[..., Run]

FOLKMOOT = [sys.executable, "-m", "folkmoot"]


def environment(home: Path, url: str = "") -> dict[str, str]:
    """What a command sees: its own data folder, and nothing of the tests' settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOLKMOOT_", "DATABASE_URL"))}
    kept |= {"FOLKMOOT_HOME": str(home)}
    return kept | ({"DATABASE_URL": url} if url else {})


def folkmoot(home: Path, *arguments: str, url: str = "", **settings: str) -> Run:
    """Runs the command to its end in its own process, as a person does."""
    return subprocess.run(
        [*FOLKMOOT, *arguments],
        env=environment(home, url) | settings,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a database, shared by the tests of a module."""
    made = tmp_path_factory.mktemp("home")
    done = folkmoot(made, "init")
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def run(home: Path) -> Command:
    return lambda *arguments, **settings: folkmoot(home, *arguments, **settings)
