from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from folkmoot import cli
from folkmoot.cli import COMMANDS
from folkmoot.cli.tests.conftest import Command, folkmoot

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("commands")]


def one_line(text: str) -> bool:
    return text.startswith("folkmoot: ") and text.count("\n") == 1 and "Traceback" not in text


def test_the_list_of_commands_needs_neither_django_nor_a_database(tmp_path: Path) -> None:
    code = "import sys; from folkmoot import cli; cli.folkmoot(['--help'], standalone_mode=False); assert 'django' not in sys.modules"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"FOLKMOOT_HOME": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in COMMANDS)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    done = CliRunner().invoke(cli.folkmoot, [name, "--help"], catch_exceptions=False)
    assert done.exit_code == 0
    assert f" {name} " in done.output.partition("\n")[0]


def test_help_starts_no_database(tmp_path: Path) -> None:
    done = folkmoot(tmp_path, "up", "--help")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "pg").exists()


def test_an_unknown_command_is_bad_input(tmp_path: Path) -> None:
    assert folkmoot(tmp_path, "dance").returncode == 2


def test_init_may_be_repeated(run: Command) -> None:
    done = run("init")
    assert (done.returncode, done.stdout) == (0, "The database was up to date already.\n")


def test_a_workspace_and_its_people_are_made(run: Command) -> None:
    made = run("workspace", "create", "tea-house", "--name", "Tea House", "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["slug"] == "tea-house"
    added = run("user", "create", "mira@example.org", "--workspace", "tea-house", "--role", "owner", "--print-link")
    assert added.returncode == 0, added.stderr
    assert added.stdout.startswith("http://127.0.0.1:8000/sign-in/")
    again = run("user", "link", "mira@example.org")
    assert again.stdout.startswith("http://") and again.stdout != added.stdout
    listed = json.loads(run("workspace", "list", "--json").stdout)
    assert {"slug": "tea-house", "name": "Tea House", "timezone": "UTC"} in listed


@pytest.mark.parametrize(
    "arguments",
    [
        ("workspace", "create", "Not A Slug", "--name", "x"),
        ("workspace", "create", "x", "--name", "x", "--timezone", "Middle/Earth"),
        ("workspace", "create", "x", "--name", "x", "--owner", "nobody@example.org"),
        ("user", "create", "mira@example.org", "--workspace", "nowhere", "--role", "owner"),
        ("user", "link", "nobody@example.org"),
    ],
)
def test_bad_input_is_one_line_and_status_2(run: Command, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert one_line(done.stderr), done.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        {"FOLKMOOT_UPLOAD_LIMIT_MB": "many"},
        {"FOLKMOOT_LANGUAGE": "tlh"},
        {"FOLKMOOT_URL": "moot.example.org"},
        {"FOLKMOOT_SMTP_SSL": "yes", "FOLKMOOT_SMTP_TLS": "yes"},
    ],
)
def test_a_wrong_setting_is_one_line_and_status_2(run: Command, wrong: dict[str, str]) -> None:
    done = run("init", **wrong)
    assert done.returncode == 2
    assert one_line(done.stderr)
    assert next(iter(wrong)) in done.stderr


def test_a_database_that_does_not_answer_is_one_line_and_status_1(tmp_path: Path) -> None:
    done = folkmoot(tmp_path, "init", url=f"postgresql://x@/x?host={tmp_path}")
    assert done.returncode == 1
    assert one_line(done.stderr)
    assert "DATABASE_URL does not answer" in done.stderr


def test_a_data_folder_that_is_a_file_is_one_line_and_status_1(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = folkmoot(tmp_path / "file", "init")
    assert done.returncode == 1
    assert one_line(done.stderr)
    assert "FOLKMOOT_HOME" in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_data_folder_is_one_line_and_status_1(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    done = folkmoot(tmp_path / "home", "init")
    tmp_path.chmod(0o700)
    assert done.returncode == 1
    assert one_line(done.stderr)


def test_a_database_not_made_yet_says_what_to_do(tmp_path: Path) -> None:
    done = folkmoot(tmp_path, "workspace", "list")
    assert done.returncode == 1
    assert "Run 'folkmoot init' first" in done.stderr


def test_a_taken_port_is_one_line_and_names_another(run: Command) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("up", "--port", str(port))
    assert done.returncode == 1
    assert one_line(done.stderr)
    assert f"Port {port} is taken" in done.stderr and f"--port {port + 1}" in done.stderr


def test_the_doctor_finds_nothing_wrong_with_what_was_just_made(run: Command) -> None:
    done = run("doctor", "--json")
    findings = {finding["what"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert findings["PostgreSQL"]["found"].endswith("(embedded)")
    assert findings["Database"]["ok"] and findings["Keys"]["ok"] and findings["Data folder"]["ok"]
    wrong = [finding for finding in findings.values() if finding["ok"] is False]
    assert done.returncode == (1 if wrong else 0)


def test_the_doctor_says_what_to_do_about_an_open_key_and_an_old_database(tmp_path: Path) -> None:
    folkmoot(tmp_path, "doctor")
    (tmp_path / "keys" / "secret").chmod(0o644)
    done = folkmoot(tmp_path, "doctor", "--json")
    findings = {finding["what"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert done.returncode == 1
    assert findings["Keys"]["ok"] is False and "chmod go=" in findings["Keys"]["do"]
    assert findings["Database"]["ok"] is False and findings["Database"]["do"] == "Run folkmoot init"


def test_the_keys_of_secrets_are_changed_and_the_old_ones_forgotten(run: Command, home: Path) -> None:
    file = home / "keys" / "encryption"
    rotated = run("secrets", "rotate", "--json")
    assert rotated.returncode == 0, rotated.stderr
    assert json.loads(rotated.stdout) == {"sealed": 0, "keys": 2, "forgotten": 0}
    newest = file.read_text().split()[0]
    assert json.loads(run("secrets", "forget", "--json").stdout) == {"sealed": 0, "keys": 1, "forgotten": 1}
    assert file.read_text().split() == [newest]
    assert file.stat().st_mode & 0o077 == 0
