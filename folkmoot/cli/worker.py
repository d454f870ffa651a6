"""folkmoot worker: does the jobs that wait in the database."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import click
import structlog
from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from folkmoot.cli import database
from folkmoot.flow import resting
from folkmoot.flow.outgoing import THREADS, Outbox
from folkmoot.lib import env

GRACE_SECONDS = 8

logger = structlog.get_logger(__name__)


@click.command("worker")
def command() -> None:
    """Run a worker alone.

    For several machines: point each at the same DATABASE_URL. FOLKMOOT_WORKER_JOBS says how many jobs run at
    once (2), FOLKMOOT_SENDERS how many messages are sent at once (32). Ctrl-C lets what runs end first.
    """
    database.migrated()
    work()


def work() -> None:
    """Does jobs, and sends what is to go out, until SIGINT or SIGTERM; then waits a few seconds for what runs."""
    outbox = Outbox(env.integer("FOLKMOOT_SENDERS", THREADS))
    sending = threading.Thread(target=_send, args=(outbox,), name="outbox", daemon=True)
    sending.start()
    with app.replace_connector(DjangoConnector().get_worker_connector()) as own:
        asyncio.run(_work(own))
    outbox.stop()
    sending.join(GRACE_SECONDS)


async def _rest() -> None:
    """Now and then, beside the jobs."""
    while True:
        await asyncio.sleep(resting.AFTER_SECONDS / 2)
        await asyncio.to_thread(resting.rest)


def _send(outbox: Outbox) -> None:
    """Should sending fail in a way that nobody foresaw, the whole process ends, and is seen and started again."""
    try:
        outbox.run()
    finally:
        if not outbox.stopped:
            logger.error("sending ended; the worker ends, too")
            os.kill(os.getpid(), signal.SIGTERM)


async def _work(own: App) -> None:
    async with own.open_async():
        idle = asyncio.create_task(_rest())
        await own.run_worker_async(
            concurrency=env.integer("FOLKMOOT_WORKER_JOBS", 2),
            shutdown_graceful_timeout=GRACE_SECONDS,
            delete_jobs="successful",
        )
        idle.cancel()
