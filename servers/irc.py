"""ngIRCd: a server of IRC without services (no NickServ, no SASL, no history)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.base import Running, debian, free_port, listens, process, until

NAME = "irc.test"
_CONFIG = f"""
[Global]
    Name = {NAME}
    Info = for tests
    Listen = 127.0.0.1
    Ports = @PORT@
    ServerUID = nobody
    ServerGID = nogroup
    MotdPhrase = hello
    Password = @PASSWORD@
[Limits]
    MaxConnections = 0
    MaxConnectionsIP = 0
    MaxJoins = 0
    MaxNickLength = 20
    MaxPenaltyTime = 0
[Options]
    DNS = no
    Ident = no
    PAM = no
"""


def install(folder: Path) -> None:
    debian("ngircd")


@contextmanager
def start(folder: Path, work: Path) -> Iterator[Running]:
    """``details``: the port, and the server's password."""
    port, password = free_port(), "kettle"
    config, log = work / "ngircd.conf", work / "ngircd.log"
    config.write_text(_CONFIG.replace("@PORT@", str(port)).replace("@PASSWORD@", password))
    with process(["/usr/sbin/ngircd", "-n", "-f", str(config)], log=log):
        until(listens(port), log=log)
        yield Running(f"irc://127.0.0.1:{port}", {"port": str(port), "password": password})
