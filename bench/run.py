"""The whole run, part by part."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from rich.console import Console

django.setup()

from bench import crowd, figures, hooks, idle, intake, live, pages, readings, topics, understanding, world  # noqa: E402 - models need Django set up first
from bench.figures import Figure  # noqa: E402
from folkmoot.cli import database  # noqa: E402
from folkmoot.workspaces.models import Workspace  # noqa: E402

BATCHES, FEWER_BATCHES = 104, 24
ALL, SOME = (100_000, 50_000), (5_000, 5_000)  # messages read alone, and imported

console = Console(stderr=True)


def run(chosen: argparse.Namespace) -> int:
    """0 when every target is met, 1 when one is missed."""
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    database.ready()
    database.migrate()
    found: list[Figure] = []
    told: dict[str, Any] = {"small": chosen.small}
    if "intake" in chosen.only:
        found += intake.measure(FEWER_BATCHES if chosen.small else BATCHES)
    if "live" in chosen.only:
        found += live.measure(say)
    if "hooks" in chosen.only:
        found += hooks.measure(say)
    if "topics" in chosen.only:
        found += topics.measure(say, small=chosen.small)
    if "reading" in chosen.only:
        found += understanding.measure(*(SOME if chosen.small else ALL), say)
    if {"pages", "crowd", "idle"} & set(chosen.only):
        workspace = _world(chosen, told)
        told |= world.facts(workspace)
        if "pages" in chosen.only:
            found += pages.measure(workspace, chosen.rounds, chosen.like, say)
        if "crowd" in chosen.only:
            found += crowd.measure(workspace, say)
        if "idle" in chosen.only:
            found += idle.measure(workspace, say)
    figures.show(found)
    figures.write(Path(chosen.json), found, told)
    say(f"written to {chosen.json}; the data stays in {settings.HOME}")
    return 0 if all(figure.good is not False for figure in found) else 1


def _world(chosen: argparse.Namespace, told: dict[str, Any]) -> Workspace:
    workspace = None if chosen.rebuild else world.existing()
    if workspace is None:
        steps = world.Steps(said=say)
        workspace = world.build(world.Size().shrunk(20) if chosen.small else world.Size(), steps)
        told["built_in_seconds"] = steps.seconds
    if not readings.are_there(workspace):
        say("readings …")
        readings.fill(workspace)
    return workspace


def say(text: str) -> None:
    console.print(f"[dim]{text}", highlight=False, markup=True)
