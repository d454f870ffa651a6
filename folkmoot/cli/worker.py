"""folkmoot worker: does the jobs that wait in the database."""

from __future__ import annotations

import asyncio

import click
from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from folkmoot.cli import database
from folkmoot.lib import env

GRACE_SECONDS = 8


@click.command("worker")
def command() -> None:
    """Run a worker alone.

    For several machines: point each at the same DATABASE_URL. FOLKMOOT_WORKER_JOBS says how many jobs run at
    once (2). Ctrl-C lets the running jobs end first.
    """
    database.migrated()
    work()


def work() -> None:
    """Does jobs until SIGINT or SIGTERM; then waits a few seconds for those that run, and hands back the rest."""
    with app.replace_connector(DjangoConnector().get_worker_connector()) as own:
        asyncio.run(_work(own))


async def _work(own: App) -> None:
    async with own.open_async():
        await own.run_worker_async(
            concurrency=env.integer("FOLKMOOT_WORKER_JOBS", 2),
            shutdown_graceful_timeout=GRACE_SECONDS,
            delete_jobs="successful",
        )
