"""Synapse, the reference server of Matrix, with SQLite; anybody may register."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from servers.base import Running, answers, free_port, packages, process, run, until

NAME = "hs.test"
USER, PASSWORD = "keeper", "kettle-and-lantern"
_OFTEN = {"per_second": 1000, "burst_count": 1000}
_OPTIONS = {
    "federation_domain_whitelist": [],
    "trusted_key_servers": [],
    "suppress_key_server_warning": True,
    "enable_registration": True,
    "enable_registration_without_verification": True,
    "bcrypt_rounds": 4,
    "rc_message": _OFTEN,
    "rc_registration": _OFTEN,
    "rc_admin_redaction": _OFTEN,
    "rc_login": {"address": _OFTEN, "account": _OFTEN, "failed_attempts": _OFTEN},
    "rc_joins": {"local": _OFTEN, "remote": _OFTEN},
    "rc_invites": {"per_room": _OFTEN, "per_user": _OFTEN, "per_issuer": _OFTEN},
}


def install(folder: Path) -> None:
    packages(folder, "matrix-synapse")


@contextmanager
def start(folder: Path, work: Path) -> Iterator[Running]:
    """``details`` name a registered user with a password and an access token; others register by the API."""
    python, port, config = str(folder / "venv" / "bin" / "python"), free_port(), work / "homeserver.yaml"
    program = [python, "-m", "synapse.app.homeserver", "--config-path", str(config)]
    made = ["--server-name", NAME, "--generate-config", "--report-stats=no", "--data-directory", str(work)]
    run([*program, *made], cwd=work)
    extra = work / "extra.yaml"
    listener = {"bind_addresses": ["127.0.0.1"], "port": port, "type": "http", "resources": [{"names": ["client"]}]}
    extra.write_text(json.dumps(_OPTIONS | {"listeners": [listener]}))  # YAML takes JSON
    address, log = f"http://127.0.0.1:{port}", work / "synapse.log"
    with process([*program, "--config-path", str(extra)], log=log, cwd=work):
        until(answers(f"{address}/_matrix/client/versions", below=300), log=log)
        user = register(address, USER, PASSWORD)
        yield Running(address, {"user": user["user_id"], "password": PASSWORD, "token": user["access_token"]})


def register(address: str, user: str, password: str = PASSWORD) -> dict[str, str]:
    """A new user: ``user_id`` and ``access_token``."""
    asked = {"username": user, "password": password, "auth": {"type": "m.login.dummy"}}
    answer = httpx.post(f"{address}/_matrix/client/v3/register", json=asked, timeout=30, trust_env=False)
    answer.raise_for_status()
    return dict(answer.json())
