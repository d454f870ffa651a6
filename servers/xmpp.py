"""Prosody, a server of XMPP, with rooms that keep their history; two users are made, others register themselves."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.base import Running, debian, free_port, listens, process, run, until

HOST, ROOMS = "xmpp.test", "rooms.xmpp.test"
PASSWORD = "kettle-and-lantern"
USERS = ("keeper", "bo", "ann", "gil")
_CONFIG = """
pidfile = "@WORK@/prosody.pid"
data_path = "@WORK@/data"
run_as_root = true
interfaces = { "127.0.0.1" }
c2s_ports = { @PORT@ }
s2s_ports = {}
http_ports = {}
https_ports = {}
c2s_require_encryption = false
authentication = "internal_hashed"
modules_enabled = { "saslauth", "disco", "ping", "roster" }
modules_disabled = { "s2s", "tls", "admin_shell" }
log = { info = "@WORK@/prosody-info.log" }
VirtualHost "@HOST@"
Component "@ROOMS@" "muc"
    modules_enabled = { "muc_mam" }
    restrict_room_creation = false
    muc_room_locking = false
    muc_log_by_default = true
    muc_room_default_public_jids = false
"""


def install(folder: Path) -> None:
    debian("prosody")


@contextmanager
def start(folder: Path, work: Path) -> Iterator[Running]:
    """``details``: port, host of the users, host of the rooms, and the password that all of ``USERS`` have."""
    port, config, log = free_port(), work / "prosody.cfg.lua", work / "prosody.log"
    filled = {"@WORK@": str(work), "@PORT@": str(port), "@HOST@": HOST, "@ROOMS@": ROOMS}
    text = _CONFIG
    for name, value in filled.items():
        text = text.replace(name, value)
    config.write_text(text)
    (work / "data").mkdir()
    for user in USERS:
        run([shutil.which("prosodyctl") or "prosodyctl", "--config", str(config), "register", user, HOST, PASSWORD])
    with process(["prosody", "--config", str(config), "-F"], log=log):
        until(listens(port), log=log)
        details = {"port": str(port), "host": HOST, "rooms": ROOMS, "password": PASSWORD}
        yield Running(f"xmpp://127.0.0.1:{port}", details)
