"""folkmoot doctor: is everything in order, and what to do if not."""

from __future__ import annotations

import json
import os
import platform
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from zipfile import BadZipFile

import click
from django.conf import settings
from django.db import connection
from django.db.models import Count
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob, ProcrastinateWorker
from rich.console import Console
from rich.table import Table

from folkmoot.cli import backup, database, listen
from folkmoot.lib import env, home
from folkmoot.understanding import reader, record
from folkmoot.understanding.neighbours import store
from folkmoot.understanding.neighbours.store import Standing

SILENT = timedelta(minutes=2)
MANY_UNREAD = 1000
SAMPLE = "Hello, does anybody know when the doors open?"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. ``ok`` None is worth knowing, not wrong."""

    what: str
    ok: bool | None
    found: str
    do: str = ""


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> int:
    """Check that everything is in order and say what to do if not. Exit status 1 when something is wrong."""
    database.ready()
    findings = [finding for check in CHECKS for finding in check()]
    wrong = any(finding.ok is False for finding in findings)
    if as_json:
        click.echo(json.dumps({"ok": not wrong, "findings": [asdict(finding) for finding in findings]}))
    else:
        _show(findings)
    return 1 if wrong else 0


def _show(findings: list[Finding]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    for finding in findings:
        mark = {True: "[green]✓[/]", None: "[yellow]·[/]", False: "[red]✗[/]"}[finding.ok]
        table.add_row(mark, finding.what, f"{finding.found}. {finding.do}".rstrip(" ") if finding.do else finding.found)
    Console(highlight=False).print(table)


def _python() -> Iterator[Finding]:
    yield Finding("Python", True, platform.python_version())


def _postgresql() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0]
    place = "DATABASE_URL" if env.text("DATABASE_URL") else "embedded"
    yield Finding("PostgreSQL", True, f"{version} ({place})")


def _pgvector() -> Iterator[Finding]:
    standing = store.standing()
    do = {
        Standing.MISSING: "Messages aren't compared by meaning; install pgvector on the server if you want that",
        Standing.OLD: "Update it to 0.7 or newer to have messages compared by meaning",
        Standing.REFUSED: "Let an administrator run CREATE EXTENSION vector and grant CREATE on the database",
    }
    yield Finding("pgvector", True if standing.offered else None, standing.value, do.get(standing, ""))


def _migrations() -> Iterator[Finding]:
    pending = database.pending()
    yield Finding(
        "Database", not pending, f"{len(pending)} migrations pending", "" if not pending else "Run folkmoot init"
    )


def _disk() -> Iterator[Finding]:
    free = shutil.disk_usage(settings.HOME).free // 1024**2
    ok = False if free < home.NEEDED_MB else True if free > 10 * home.NEEDED_MB else None
    yield Finding("Disk", ok, f"{free} MB free", "" if ok else "Free some space, or move the data folder")


def _data_folder() -> Iterator[Finding]:
    writable = os.access(settings.HOME, os.W_OK | os.X_OK)
    yield Finding(
        "Data folder", writable, str(settings.HOME), "" if writable else "Give yourself the right to write there"
    )
    open_ones = [
        str(path)
        for path in (settings.HOME / "keys", *(settings.HOME / "keys" / name for name in backup.KEYS))
        if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]
    yield Finding(
        "Keys",
        not open_ones,
        "open to others" if open_ones else "private",
        f"chmod go= {' '.join(open_ones)}" if open_ones else "",
    )


def _built() -> Iterator[Finding]:
    package = Path(settings.PACKAGE)
    for what, place in (
        ("Front end", package / "web" / "static" / "built"),
        ("Word forms", package / "lib" / "lemmas" / "data"),
    ):
        built = place.is_dir() and any(place.iterdir())
        yield Finding(what, built, "built" if built else "not built", "" if built else "Run make setup")


def _reading() -> Iterator[Finding]:
    """Loads the model and reads one text with it: a file may be there and yet be cut short."""
    try:
        base = reader.base()
        base.read([SAMPLE])
    except (reader.NoModel, OSError, ValueError, KeyError, BadZipFile) as error:
        do = (
            "Messages stay unread until it is back: install Folkmoot again, or in a checkout run"
            " git restore folkmoot/understanding/reading/data"
        )
        yield Finding("Reading model", False, f"it can't be used: {error}".rstrip("."), do)
    else:
        yield Finding("Reading model", True, base.version)
    if not database.pending():
        yield from _unread()


def _unread() -> Iterator[Finding]:
    waiting = sum(record.unread(workspace_id) for workspace_id in record.behind())
    yield Finding(
        "Messages unread",
        True if waiting < MANY_UNREAD else None,
        str(waiting),
        "" if waiting < MANY_UNREAD else "A worker reads them by and by; folkmoot understand reads them now",
    )


def _workers() -> Iterator[Finding]:
    if database.pending():
        return
    alive = ProcrastinateWorker.objects.filter(last_heartbeat__gt=timezone.now() - SILENT).count()
    yield Finding("Workers", None if not alive else True, f"{alive} alive", "" if alive else "folkmoot up starts one")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [listen.PRESENCE])
        listeners = cursor.fetchone()[0]
    yield Finding(
        "Listener", True if listeners else None, f"{listeners} alive", "" if listeners else "folkmoot up starts one"
    )


def _jobs() -> Iterator[Finding]:
    if database.pending():
        return
    counts = dict(ProcrastinateJob.objects.values_list("status").annotate(Count("id")))
    failed = counts.get("failed", 0)
    waiting = counts.get("todo", 0) + counts.get("doing", 0)
    yield Finding(
        "Jobs waiting", True if waiting < 10_000 else None, str(waiting), "" if waiting < 10_000 else "Add a worker"
    )
    yield Finding("Jobs failed", not failed, str(failed), "Look for 'Job' errors in the worker's log" if failed else "")


def _mail() -> Iterator[Finding]:
    host = settings.EMAIL_HOST
    yield Finding(
        "Mail", True if host else None, host or "shown in the log only", "" if host else "Set FOLKMOOT_SMTP_HOST"
    )


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _python,
    _postgresql,
    _pgvector,
    _migrations,
    _disk,
    _data_folder,
    _built,
    _reading,
    _workers,
    _jobs,
    _mail,
)
