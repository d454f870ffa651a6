"""The AT Protocol's own development network: a PDS, the AppView that shows Bluesky, moderation and identities."""

from __future__ import annotations

import json
import os
import pwd
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from servers.base import NotHere, Running, debian, free_port, listens, process, run, until

VERSION = "0.3.215"  # the last one for Node 20
POSTGRESQL = Path("/usr/lib/postgresql")
STARTED = "STARTED "
# Some of its parts listen on every address of the machine, and offer no setting for it
LOOPBACK = """
const net = require('net')
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (first, ...rest) {
  if (typeof first === 'number' || /^\\d+$/.test(first)) {
    return listen.call(this, first, '127.0.0.1', ...rest.filter((one) => typeof one === 'function'))
  }
  if (first && first.port !== undefined) return listen.call(this, { ...first, host: '127.0.0.1' }, ...rest)
  return listen.call(this, first, ...rest)
}
"""
START = """
const { TestNetwork } = require('@atproto/dev-env')
const { mockMailer } = require('@atproto/dev-env/dist/util')
const [pds, bsky, plc, ozone] = process.argv.slice(2).map(Number)
TestNetwork.create({
  pds: { port: pds, hostname: 'localhost', enableDidDocWithSession: true },
  bsky: { port: bsky, publicUrl: `http://localhost:${bsky}`, dbPostgresSchema: 'bsky' },
  plc: { port: plc },
  ozone: { port: ozone, dbMaterializedViewRefreshIntervalMs: 30000 },
}).then((network) => {
  mockMailer(network.pds)
  console.log('STARTED ' + JSON.stringify({ pds: network.pds.url, appview: network.bsky.url, ozone: network.ozone.url }))
}, (error) => { console.error(error); process.exit(1) })
"""


def install(folder: Path) -> None:
    if not shutil.which("npm"):
        raise NotHere("needs Node.js and npm")
    debian("postgresql", "redis-server")
    (folder / "package.json").write_text(
        json.dumps({"private": True, "dependencies": {"@atproto/dev-env": VERSION}}), encoding="utf-8"
    )
    (folder / "loopback.cjs").write_text(LOOPBACK, encoding="utf-8")
    (folder / "start.cjs").write_text(START, encoding="utf-8")
    run(["npm", "install", "--omit=dev", "--no-fund", "--no-audit"], cwd=folder, seconds=1800)
    if int(run(["npm", "--version"]).partition(".")[0]) >= 11:
        # It runs no scripts of packages that were not approved
        run(["npm", "install-scripts", "approve", "--all"], cwd=folder)
        run(["npm", "rebuild"], cwd=folder, seconds=1800)


@contextmanager
def start(folder: Path, work: Path) -> Iterator[Running]:
    with ExitStack() as stack:
        database, cache = free_port(), free_port()
        stack.enter_context(_postgresql(work, database))
        stack.enter_context(_redis(work, cache))
        log = work / "log"
        environment = os.environ | {
            "NODE_ENV": "test",
            "LOG_ENABLED": "false",
            "NODE_OPTIONS": f"--require {folder / 'loopback.cjs'}",
            "DB_POSTGRES_URL": f"postgres://pg@127.0.0.1:{database}/postgres",
            "REDIS_HOST": f"127.0.0.1:{cache}",
        }
        ports = [str(free_port()) for _ in range(4)]
        command = ["node", "start.cjs", *ports]
        stack.enter_context(process(command, log=log, cwd=folder, env=environment))
        until(lambda: STARTED in log.read_text(errors="replace"), log=log, seconds=120)
        line = next(line for line in log.read_text(errors="replace").splitlines() if line.startswith(STARTED))
        told = json.loads(line.removeprefix(STARTED))
        yield Running(told["pds"], told | _people(told["pds"], ("brand", "fan", "third")))


def _people(address: str, names: Sequence[str]) -> dict[str, str]:
    """Accounts ``name.test``, all with the password ``password``."""
    details = {"password": "password"}
    for name in names:
        wanted = {"email": f"{name}@folkmoot.example", "handle": f"{name}.test", "password": details["password"]}
        made = httpx.post(
            f"{address}/xrpc/com.atproto.server.createAccount", json=wanted, timeout=30, trust_env=False
        ).raise_for_status()
        details[name] = made.json()["did"]
    return details


@contextmanager
def _postgresql(work: Path, port: int) -> Iterator[None]:
    programs = max(POSTGRESQL.glob("*/bin"), key=lambda path: int(path.parent.name), default=None)
    if programs is None:
        raise NotHere("needs the Debian package postgresql")
    data = work / "postgresql"
    data.mkdir()
    user = _lesser("postgres")
    if user:
        shutil.chown(data, user)
    run([*_as(user), str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "pg", "--no-sync"])
    command = [*_as(user), str(programs / "postgres"), "-D", str(data), "-p", str(port), "-k", str(data)]
    log = work / "postgresql.log"
    with process([*command, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"], log=log):
        until(listens(port), log=log)
        yield


@contextmanager
def _redis(work: Path, port: int) -> Iterator[None]:
    log = work / "redis.log"
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(work)]
    with process(command, log=log):
        until(listens(port), log=log)
        yield


def _lesser(name: str) -> str:
    """A user for what refuses to run as root; empty where this process is not root."""
    if os.geteuid():
        return ""
    return pwd.getpwnam(name).pw_name


def _as(user: str) -> list[str]:
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
