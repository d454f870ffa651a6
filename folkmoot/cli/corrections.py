"""folkmoot corrections"""

from __future__ import annotations

import json
from typing import IO

import click
from django.utils import timezone

from folkmoot.cli import database
from folkmoot.cli.failures import BadInput
from folkmoot.flow import corrections
from folkmoot.understanding import queries
from folkmoot.understanding.actions import UnableTo
from folkmoot.workspaces.models import Workspace


@click.group("corrections")
def command() -> None:
    """Write corrections of readings to a file, or take them from one.

    A file holds one JSON object a line: text, facet and value; was, by, at and learn are written too.
    """


def _workspace(slug: str) -> Workspace:
    database.migrated()
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        raise BadInput(f"There is no workspace {slug}. 'folkmoot workspace list' shows which there are.")
    return workspace


@command.command("export")
@click.option("--workspace", "slug", required=True, help="The short name of the workspace.")
@click.option("--out", type=click.File("w", encoding="utf-8"), default="-", help="The file to write; else the screen.")
def export(slug: str, out: IO[str]) -> None:
    """Write every correction of a workspace, the oldest first."""
    for line in queries.exported(_workspace(slug)):
        out.write(f"{line}\n")


@command.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--workspace", "slug", required=True, help="The short name of the workspace.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def bring_in(file: IO[str], slug: str, as_json: bool) -> None:
    """Take corrections from FILE; all of them or, where a line can't be read, none. Doing it again adds nothing."""
    workspace = _workspace(slug)
    try:
        changed = corrections.bring_in(workspace, file, by=None, now=timezone.now())
    except (UnableTo, UnicodeDecodeError) as error:
        raise BadInput(str(error)) from error
    if as_json:
        click.echo(json.dumps({"corrections": changed.corrections, "messages": len(changed.times)}))
    else:
        click.echo(f"{changed.corrections:,} corrections; {len(changed.times):,} messages here are read by them now.")
