"""What follows in Django's settings from the environment, each read in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SHOW = "import json, folkmoot.settings as s; print(json.dumps([getattr(s, name) for name in {names!r}]))"


def read(home: Path, *names: str, **variables: str) -> list[object]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOLKMOOT_", "DATABASE_URL"))}
    done = subprocess.run(
        [sys.executable, "-c", SHOW.format(names=names)],
        env=kept | {"FOLKMOOT_HOME": str(home)} | variables,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found: list[object] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("url", "host", "origin"),
    [
        ("https://moot.example.org/", "moot.example.org", "https://moot.example.org"),
        ("http://Moot.example.org:8080", "moot.example.org", "http://Moot.example.org:8080"),
        ("http://[fd00::1]:8080", "[fd00::1]", "http://[fd00::1]:8080"),
    ],
)
def test_the_host_of_the_public_address_is_answered_and_trusted(
    tmp_path: Path, url: str, host: str, origin: str
) -> None:
    hosts, origins = read(tmp_path, "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", FOLKMOOT_URL=url)
    assert hosts == ["localhost", "127.0.0.1", "[::1]", host]
    assert origins == [origin]


@pytest.mark.parametrize(
    ("variables", "tls", "ssl"),
    [({}, True, False), ({"FOLKMOOT_SMTP_SSL": "yes"}, False, True), ({"FOLKMOOT_SMTP_TLS": "no"}, False, False)],
)
def test_mail_is_encrypted_in_one_way_at_most(tmp_path: Path, variables: dict[str, str], tls: bool, ssl: bool) -> None:
    assert read(tmp_path, "EMAIL_USE_TLS", "EMAIL_USE_SSL", **variables) == [tls, ssl]


def test_a_code_that_is_one_step_old_is_taken(tmp_path: Path) -> None:
    assert read(tmp_path, "MFA_TOTP_TOLERANCE") == [1]
