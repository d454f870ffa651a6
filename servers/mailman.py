"""Mailman 3 of Debian with its REST interface, handing mail to and taking it from the mail server beside it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from servers import mail
from servers.base import Running, answers, debian, free_port, process, run, until

USER, PASSWORD = "restadmin", "kettle-and-lantern"
DOMAIN = f"lists.{mail.DOMAIN}"
LIST = f"garden@{DOMAIN}"

_CONFIG = """
[mailman]
layout: here
site_owner: keeper@{mail_domain}
[paths.here]
var_dir: {var}
bin_dir: /usr/lib/mailman3/bin
lock_dir: {var}/locks
pid_file: {var}/master.pid
[database]
url: sqlite:///{var}/mailman.db
[webservice]
hostname: 127.0.0.1
port: {rest}
admin_user: {user}
admin_pass: {password}
[mta]
incoming: mailman.mta.null.NullMTA
outgoing: mailman.mta.deliver.deliver
smtp_host: 127.0.0.1
smtp_port: {smtp}
lmtp_host: 127.0.0.1
lmtp_port: {lists}
[runner.nntp]
start: no
[runner.digest]
start: no
[runner.rest]
start: yes
"""


def install(folder: Path) -> None:
    debian("mailman3")
    mail.install(folder)


@contextmanager
def start(folder: Path, work: Path) -> Iterator[Running]:
    """A list ``garden`` with ``keeper`` and ``ann`` on it; ``details`` are those of the mail server and ``rest``."""
    letters = work / "mail"
    letters.mkdir()
    letters.chmod(0o755)
    with mail.start(folder, letters) as post, _mailman(work, post) as address:
        _fill(address)
        yield Running(address, {**post.details, "user": USER, "rest_password": PASSWORD, "list": LIST, "rest": address})


@contextmanager
def _mailman(work: Path, post: Running) -> Iterator[str]:
    var, rest = work / "var", free_port()
    var.mkdir()
    config = work / "mailman.cfg"
    ports = {"smtp": post.details["smtp"], "lists": post.details["lists"]}
    filled = _CONFIG.format(var=var, rest=rest, user=USER, password=PASSWORD, mail_domain=mail.DOMAIN, **ports)
    config.write_text(filled)
    for path in (var, config):
        shutil.chown(path, "list", "list")
    config.chmod(0o600)
    # As its own user: it refuses to be root
    who: dict[str, Any] = {"user": "list", "group": "list", "extra_groups": [], "cwd": var}
    run(["mailman", "-C", str(config), "info"], **who)  # makes folders and database
    master, log = ["/usr/lib/mailman3/bin/master", "-C", str(config)], work / "mailman.log"
    with process(master, log=log, **who):
        address = f"http://127.0.0.1:{rest}/3.1"
        until(answers(f"{address}/system", below=500), log=log, seconds=120)
        yield address


def _fill(address: str) -> None:
    with httpx.Client(base_url=address, auth=(USER, PASSWORD), trust_env=False, timeout=60) as rest:
        for path, asked in (
            ("/domains", {"mail_host": DOMAIN}),
            ("/lists", {"fqdn_listname": LIST}),
            *(
                ("/members", {"list_id": LIST.replace("@", "."), "subscriber": f"{name}@{mail.DOMAIN}",
                              "pre_verified": "true", "pre_confirmed": "true", "pre_approved": "true"})
                for name in ("keeper", "ann")
            ),
        ):  # fmt: skip
            rest.post(path, data=asked).raise_for_status()
