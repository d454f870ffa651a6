"""folkmoot workspace"""

from __future__ import annotations

import json

import click

from folkmoot.cli import database
from folkmoot.cli.failures import BadInput
from folkmoot.workspaces import actions
from folkmoot.workspaces.models import User, Workspace


@click.group("workspace")
def command() -> None:
    """Make and list workspaces: one for each community or brand."""


@command.command("create")
@click.argument("slug")
@click.option("--name", required=True, help="What people see.")
@click.option(
    "--timezone", default="UTC", show_default=True, help="Days and reports follow it, such as Europe/Tallinn."
)
@click.option("--owner", "email", help="Who owns it; else the first user of this installation.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def create(slug: str, name: str, timezone: str, email: str | None, as_json: bool) -> None:
    """Make a workspace. SLUG is its short name: small letters, digits and hyphens."""
    database.migrated()
    by = _owner(email)
    try:
        workspace = actions.create_workspace(slug=slug, name=name, timezone=timezone, by=by)
    except actions.UnableTo as error:
        raise BadInput(str(error)) from error
    if as_json:
        click.echo(json.dumps({"slug": workspace.slug, "name": workspace.name, "owner": by.email if by else None}))
    else:
        click.echo(f"The workspace {workspace.slug} is made, owned by {by.email if by else 'nobody yet'}.")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def show(as_json: bool) -> None:
    """List the workspaces."""
    database.migrated()
    rows = list(Workspace.objects.order_by("slug").values("slug", "name", "timezone"))
    if as_json:
        click.echo(json.dumps(rows))
    for row in [] if as_json else rows:
        click.echo(f"{row['slug']}\t{row['name']}\t{row['timezone']}")


def _owner(email: str | None) -> User | None:
    if email is None:
        return User.objects.order_by("pk").first()
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        raise BadInput(
            f"There is no user {email}. Make the workspace without --owner, then: folkmoot user create {email}"
        )
    return user
