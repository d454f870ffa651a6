"""folkmoot demo"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime

import click
from django.utils import timezone

from folkmoot.cli import database
from folkmoot.cli.failures import BadInput
from folkmoot.flow import demo
from folkmoot.workspaces import actions
from folkmoot.workspaces.models import User


@click.command("demo")
@click.option("--workspace", "slug", default=demo.SLUG, show_default=True, help="Where to make it; made when missing.")
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed gives the same community.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The day its half year ends before (today).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(slug: str, seed: int, until: datetime | None, as_json: bool) -> None:
    """Make a lively demo community to look around in.

    Some 120 made-up people talk in five languages, in nine channels, over half a year. Doing it again adds nothing.
    """
    database.migrated()
    now = timezone.now()
    try:
        workspace = demo.place(slug, by=User.objects.order_by("pk").first())
        built = demo.build(workspace, seed=seed, until=until.date() if until else None, now=now)
    except (demo.UnableToBuild, actions.UnableTo) as error:
        raise BadInput(str(error)) from error
    if as_json:
        click.echo(json.dumps({"workspace": slug, **asdict(built), "until": built.until.isoformat()}))
    elif built.messages_new:
        click.echo(
            f"The workspace {slug} has {built.messages_new} new messages by {built.members_new} new members"
            f" in {built.channels} channels."
        )
    else:
        click.echo(f"The demo community is in the workspace {slug} already; nothing was added.")
