"""folkmoot up: the whole of Folkmoot in one go."""

from __future__ import annotations

import click
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from folkmoot.cli import database, listen, web, worker
from folkmoot.cli.supervisor import Child, Supervisor
from folkmoot.lib import home
from folkmoot.workspaces import actions
from folkmoot.workspaces.models import User

OWNER = "owner@localhost"


@click.command("up")
@web.port_option
@web.host_option
def command(port: int, host: str) -> None:
    """Start everything: database, web, worker and listener.

    Prints the address, and a link that signs the owner in once. Ctrl-C stops everything.
    """
    listener = web.bound(host, port)
    home.check_space(settings.HOME)
    database.ready()
    database.migrate()
    address = settings.PUBLIC_URL or web.url(listener)
    link = address + sign_in_path(owner())
    web.preload()
    database.let_go()
    family = [*web.processes(listener), Child("worker", worker.work), Child("listener", listen.listen)]
    Supervisor(family, ready=lambda: web.answers(listener), on_ready=lambda: _greet(address, link)).run()
    click.echo("Folkmoot has stopped.")


def owner() -> User:
    """Whoever runs this installation: its first user, made at the first start."""
    return User.objects.order_by("pk").first() or actions.create_user(email=OWNER, name="")


def sign_in_path(user: User) -> str:
    """The path of a new link that signs ``user`` in once."""
    return reverse("sign_in_link", args=[actions.sign_in_secret(user, now=timezone.now())])


def _greet(address: str, link: str) -> None:
    click.echo(
        f"\nFolkmoot is ready at {address}\nSign in as the owner (once, within 15 minutes): {link}\nCtrl-C stops it."
    )
