"""folkmoot secrets"""

from __future__ import annotations

import json

import click
from django.conf import settings

from folkmoot.cli import database
from folkmoot.cli.failures import BadInput, Failed
from folkmoot.lib.sealed import reseal


@click.group("secrets")
def command() -> None:
    """Change the keys that stored secrets are sealed with."""


@command.command("rotate")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def rotate(as_json: bool) -> None:
    """Make a new key and seal every stored secret with it.

    Folkmoot may run meanwhile. The old key is kept until 'folkmoot secrets forget'. Where FOLKMOOT_ENCRYPTION_KEYS
    gives the keys, put the new one first there and start Folkmoot again before this.
    """
    database.migrated()
    if not settings.SECRETS.given:
        settings.SECRETS.add()
    done, locked = reseal()
    _check(locked)
    _say(as_json, done, forgotten=0)


@command.command("forget")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def forget(as_json: bool) -> None:
    """Drop all keys but the newest, after sealing with it what is still sealed with an older one."""
    database.migrated()
    if settings.SECRETS.given:
        raise BadInput(
            "FOLKMOOT_ENCRYPTION_KEYS gives the keys: after 'folkmoot secrets rotate', drop the old one there."
        )
    done, locked = reseal()
    _check(locked)
    _say(as_json, done, settings.SECRETS.forget())


def _check(locked: int) -> None:
    if locked:
        raise Failed(
            f"{locked} stored secrets can't be opened with the keys that are there; they were left as they are. "
            "Bring the keys back from the backup, or enter these secrets again on their pages."
        )


def _say(as_json: bool, done: int, forgotten: int) -> None:
    if as_json:
        click.echo(json.dumps({"sealed": done, "keys": settings.SECRETS.count(), "forgotten": forgotten}))
    else:
        click.echo(f"Sealed with the newest key: {done}. Keys kept: {settings.SECRETS.count()}.")
