"""folkmoot understand"""

from __future__ import annotations

import json
import time

import click
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from folkmoot.analytics import actions as analytics
from folkmoot.cli import database
from folkmoot.cli.failures import BadInput, Failed
from folkmoot.flow import reading
from folkmoot.workspaces.models import Workspace

STEP = 10  # batches between two looks at how far it is


@click.command("understand")
@click.option("--workspace", "slug", required=True, help="The short name of the workspace.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--beside", is_flag=True, hidden=True, help="For an import: read until standard input ends.")
def command(slug: str, as_json: bool, beside: bool) -> None:
    """Read what was said and is not read yet, or was read with another version of the model.

    A worker does this by itself; the command is for those who don't want to wait. It can be stopped at any time and
    goes on where it stopped.
    """
    database.migrated()
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        raise BadInput(f"There is no workspace {slug}. 'folkmoot workspace list' shows which there are.")
    if not reading.can_read():
        raise Failed("There is no model to read with. Install Folkmoot anew; the model is part of it.")
    if beside:
        reading.read_beside(workspace.pk)
        return
    began = time.monotonic()
    unread, anew = _read(workspace, quiet=as_json)
    analytics.count(workspace.pk)
    seconds = time.monotonic() - began
    result = {"unread": unread, "read_anew": anew, "seconds": round(seconds, 3)}
    if as_json:
        click.echo(json.dumps(result))
    else:
        click.echo(f"Read {unread:,} new messages and looked {anew:,} older ones over in {seconds:.1f} s.")


def _read(workspace: Workspace, *, quiet: bool) -> tuple[int, int]:
    """How many notes of unread messages were taken up, and how many messages were looked over for older readings."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as bar:
        task = bar.add_task("Reading", total=reading.left(workspace.pk))
        unread = reading.read(workspace.pk, lambda taken: bar.update(task, completed=taken))
        looked = 0
        again = bar.add_task("Looking over", total=None)

        def show(done: int, total: int) -> None:
            nonlocal looked
            looked = done
            bar.update(again, completed=done, total=total)

        while reading.reread(workspace.pk, now=timezone.now(), batches=STEP, progress=show):
            pass
    return unread, looked
