"""Isso with its administration on, a site of two pages, and comments that wait for approval."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.base import Running, answers, free_port, packages, process, until

VERSION = "0.14.0"
PASSWORD = "kettle-and-lantern"
ZONE = "Europe/Tallinn"  # not UTC, so that times are told right or visibly wrong

_CONFIG = """[general]
dbpath = @WORK@/isso.db
host = http://127.0.0.1:@SITE@
[server]
listen = http://127.0.0.1:@PORT@
[moderation]
enabled = true
[guard]
enabled = true
ratelimit = 1000
direct-reply = 1000
reply-to-self = true
[admin]
enabled = true
password = @PASSWORD@
"""


def install(folder: Path) -> None:
    packages(folder, f"isso=={VERSION}")


@contextmanager
def start(folder: Path, work: Path) -> Iterator[Running]:
    """``details``: the administration's password, and the time zone it tells times in."""
    port, log = free_port(), work / "isso.log"
    settings = {"@WORK@": str(work), "@PORT@": str(port), "@SITE@": str(free_port()), "@PASSWORD@": PASSWORD}
    config = _CONFIG
    for name, value in settings.items():
        config = config.replace(name, value)
    (work / "isso.cfg").write_text(config, encoding="utf-8")
    command = [str(folder / "venv" / "bin" / "isso"), "-c", str(work / "isso.cfg"), "run"]
    with process(command, log=log, env=os.environ | {"TZ": ZONE}):
        until(answers(f"http://127.0.0.1:{port}/info"), log=log)
        yield Running(f"http://127.0.0.1:{port}", {"password": PASSWORD, "timezone": ZONE})
