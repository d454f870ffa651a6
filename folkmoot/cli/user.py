"""folkmoot user"""

from __future__ import annotations

import json

import click
from django.conf import settings
from django.db import transaction

from folkmoot.cli import database
from folkmoot.cli.failures import BadInput
from folkmoot.cli.up import sign_in_path
from folkmoot.workspaces import actions
from folkmoot.workspaces.models import Rank, User, Workspace


@click.group("user")
def command() -> None:
    """Add people and print sign-in links."""


@command.command("create")
@click.argument("email")
@click.option("--workspace", "slug", required=True, help="The short name of the workspace to work in.")
@click.option("--role", type=click.Choice([rank.value for rank in Rank]), required=True, help="What they may do there.")
@click.option("--name", default="", help="How they are called.")
@click.option("--print-link", is_flag=True, help="Print a link that signs them in once, within 15 minutes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def create(email: str, slug: str, role: str, name: str, print_link: bool, as_json: bool) -> None:
    """Add a person to a workspace, or change their role there.

    They sign in by the link first and choose a password or a passkey then.
    """
    database.migrated()
    workspace = _workspace(slug)
    try:
        with transaction.atomic():
            user = actions.create_user(email=email, name=name)
            actions.grant(workspace, user, Rank(role))
    except actions.UnableTo as error:
        raise BadInput(str(error)) from error
    address = link(user) if print_link else None
    if as_json:
        click.echo(json.dumps({"email": user.email, "workspace": workspace.slug, "role": role, "link": address}))
        return
    if address:
        click.echo(address)
    else:
        click.echo(f"{user.email} is {role} of {workspace.slug}. A sign-in link: folkmoot user link {user.email}")


@command.command("link")
@click.argument("email")
def show_link(email: str) -> None:
    """Print a link that signs a person in once, within 15 minutes."""
    database.migrated()
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    if user is None:
        raise BadInput(f"There is no user {email}. Add one: folkmoot user create {email} --workspace SLUG --role ROLE")
    click.echo(link(user))


def link(user: User) -> str:
    """An address on this machine unless FOLKMOOT_URL says where Folkmoot is found."""
    return (settings.PUBLIC_URL or "http://127.0.0.1:8000") + sign_in_path(user)


def _workspace(slug: str) -> Workspace:
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        raise BadInput(f"There is no workspace {slug}. Make one: folkmoot workspace create {slug} --name NAME")
    return workspace
