"""folkmoot kpi"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime

import click
from django.utils import timezone
from rich.console import Console
from rich.table import Table

from folkmoot.analytics import queries
from folkmoot.channels.models import Channel
from folkmoot.cli import database
from folkmoot.cli.failures import BadInput
from folkmoot.flow import intake
from folkmoot.workspaces.models import Workspace


class Day(click.ParamType[date]):
    name = "date"

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return datetime.fromisoformat(value).date()
        except ValueError:
            self.fail(f"{value!r} is not a day; it looks like 2026-03-31.", param, ctx)


@click.command("kpi")
@click.option("--workspace", "slug", required=True, help="The short name of the workspace.")
@click.option("--from", "first", type=Day(), required=True, help="The first day, in the workspace's time zone.")
@click.option("--to", "until", type=Day(), required=True, help="The day after the last.")
@click.option("--channel", type=int, help="The number of one channel; else all.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(slug: str, first: date, until: date, channel: int | None, as_json: bool) -> None:
    """Print a workspace's numbers for the days from FROM up to, but without, TO.

    What each means, and its formula, stands in docs/reference/kpis.md.
    """
    database.migrated()
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        raise BadInput(f"There is no workspace {slug}. 'folkmoot workspace list' shows which there are.")
    if until <= first:
        raise BadInput("--to must be later than --from; it is the day after the last one counted.")
    if channel is not None and not Channel.objects.filter(workspace=workspace, pk=channel).exists():
        raise BadInput(f"There is no channel {channel} in {slug}.")
    intake.consider(workspace.pk)
    kpis = asdict(queries.kpis(workspace, queries.Period(first, until), now=timezone.now(), channel_id=channel or 0))
    if as_json:
        click.echo(json.dumps(kpis))
        return
    table = Table(title=f"{workspace.name}, {first} to {until} (not counted in)")
    table.add_column("KPI")
    table.add_column("Value", justify="right")
    for name, value in kpis.items():
        table.add_row(name, "not enough data" if value is None else f"{value:,.10g}")
    Console().print(table)
