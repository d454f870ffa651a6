"""folkmoot init"""

from __future__ import annotations

import click

from folkmoot.cli import database


@click.command("init")
def command() -> None:
    """Make or upgrade the database without starting anything.

    Safe to run at any time: what is there already is left alone.
    """
    database.ready()
    count = database.migrate()
    click.echo("The database is ready." if count else "The database was up to date already.")
