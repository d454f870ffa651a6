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
modules_enabled = { "saslauth", "tls", "disco", "ping", "roster" }
modules_disabled = { "s2s", "admin_shell" }
c2s_direct_tls_ports = { @TLS_PORT@ }
ssl = { key = "@WORK@/key.pem", certificate = "@WORK@/cert.pem" }
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
    debian("prosody", "lua-sec", "openssl")


@contextmanager
def start(folder: Path, work: Path) -> Iterator[Running]:
    """``details``: ports (with STARTTLS, and with TLS from the start), hosts of users and rooms, the password that all of
    ``USERS`` have, and ``authority`` (a file: whom TLS is to trust)."""
    port, tls_port, config, log = free_port(), free_port(), work / "prosody.cfg.lua", work / "prosody.log"
    _certificate(work)
    filled = {"@WORK@": str(work), "@PORT@": str(port), "@TLS_PORT@": str(tls_port), "@HOST@": HOST, "@ROOMS@": ROOMS}
    text = _CONFIG
    for name, value in filled.items():
        text = text.replace(name, value)
    config.write_text(text)
    (work / "data").mkdir()
    for user in USERS:
        run([shutil.which("prosodyctl") or "prosodyctl", "--config", str(config), "register", user, HOST, PASSWORD])
    with process(["prosody", "--config", str(config), "-F"], log=log):
        until(listens(port), log=log)
        ports = {"port": str(port), "tls_port": str(tls_port), "authority": str(work / "cert.pem")}
        yield Running(f"xmpp://127.0.0.1:{port}", ports | {"host": HOST, "rooms": ROOMS, "password": PASSWORD})


def _certificate(work: Path) -> None:
    """For the users' host (STARTTLS asks for that name) and for this machine."""
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}"]
    names = ["-addext", f"subjectAltName=DNS:{HOST},DNS:localhost,IP:127.0.0.1"]
    run([*request, *names, "-keyout", str(work / "key.pem"), "-out", str(work / "cert.pem")])
