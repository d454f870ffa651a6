"""Ghost with SQLite, an integration with its keys, and comments that every member may write."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from servers.base import NotHere, Running, answers, free_port, process, run, until

VERSION = "5.130.6"  # the last ones for Node 20
SLOW = True  # a quarter of an hour: some of it is compiled
OWNER = {
    "name": "Keeper",
    "email": "keeper@example.com",
    "password": "k3ttle-and-lantern!",
    "blogTitle": "Garden notes",
}
HEADERS = {"Accept-Version": "v5.0"}


def install(folder: Path) -> None:
    if not shutil.which("npm"):
        raise NotHere("needs Node.js and npm")
    # Its package names another one by a path inside itself, so that it must be unpacked before it is installed
    run(["npm", "pack", f"ghost@{VERSION}"], cwd=folder)
    shutil.rmtree(folder / "app", ignore_errors=True)
    shutil.rmtree(folder / "package", ignore_errors=True)
    run(["tar", "xzf", f"ghost-{VERSION}.tgz"], cwd=folder)
    app = folder / "package"
    told = json.loads((app / "package.json").read_text())
    told.pop("devDependencies", None)
    (app / "package.json").write_text(json.dumps(told))
    run(["npm", "install", "--omit=dev", "--legacy-peer-deps", "--no-fund", "--no-audit"], cwd=app, seconds=2400)
    if int(run(["npm", "--version"]).partition(".")[0]) >= 11:
        # It runs no scripts of packages that were not approved
        run(["npm", "install-scripts", "approve", "--all"], cwd=app)
        run(["npm", "rebuild", "sqlite3", "sharp"], cwd=app, seconds=900)
    app.rename(folder / "app")


@contextmanager
def start(folder: Path, work: Path) -> Iterator[Running]:
    """``details``: ``key`` of an integration, ``session`` (a cookie of the owner), and ``origin``."""
    port, log = free_port(), work / "ghost.log"
    address = f"http://127.0.0.1:{port}"
    content = work / "content"
    shutil.copytree(folder / "app" / "content", content)
    for name in ("data", "images", "files", "media", "logs", "settings"):
        (content / name).mkdir(exist_ok=True)
    environment = os.environ | {"NODE_ENV": "development"} | dict(_flat(_config(address, port, work)))
    with process(["node", "ghost.js"], log=log, cwd=folder / "app", env=environment):
        until(answers(f"{address}/ghost/api/admin/site/", below=300), log=log, seconds=180)
        yield Running(address, _set_up(address))


def _config(address: str, port: int, work: Path) -> dict[str, Any]:
    often = {"minWait": 0, "maxWait": 0, "lifetime": 60, "freeRetries": 10_000}
    return {
        "url": address,
        "server": {"port": port, "host": "127.0.0.1"},
        "database": {"client": "sqlite3", "connection": {"filename": str(work / "ghost.db")}, "useNullAsDefault": True},
        "mail": {"transport": "stub", "from": "ghost@example.com"},
        "paths": {"contentPath": str(work / "content")},
        "privacy": {"useUpdateCheck": False, "useGravatar": False, "useRpcPing": False, "useStructuredData": False},
        "security": {"staffDeviceVerification": False},
        "spam": {"user_login": often, "member_login": often, "global_block": often, "content_api_key": often},
        "logging": {"level": "error", "transports": ["stdout"]},
    }


def _flat(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """As variables of the environment, which Ghost reads before its files."""
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}__")
        else:
            yield above + name, value if isinstance(value, str) else json.dumps(value)


def _set_up(address: str) -> dict[str, str]:
    with httpx.Client(
        base_url=f"{address}/ghost/api/admin/", headers=HEADERS | {"Origin": address}, timeout=60
    ) as http:
        http.post("authentication/setup/", json={"setup": [OWNER]}).raise_for_status()
        proof = {"username": OWNER["email"], "password": OWNER["password"]}
        http.post("session/", json=proof).raise_for_status()
        told = http.post("integrations/?include=api_keys", json={"integrations": [{"name": "Folkmoot"}]})
        keys = {one["type"]: one["secret"] for one in told.raise_for_status().json()["integrations"][0]["api_keys"]}
        comments = {"settings": [{"key": "comments_enabled", "value": "all"}]}
        http.put("settings/", json=comments).raise_for_status()
        return {"key": keys["admin"], "session": http.cookies["ghost-admin-api-session"], "origin": address}
