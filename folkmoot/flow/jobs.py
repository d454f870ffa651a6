"""Jobs: thin, so that the same acts can be done by a command or a test."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import AlreadyEnqueued

from folkmoot.analytics import actions as analytics
from folkmoot.channels.models import ArchiveImport, Channel
from folkmoot.flow import archive, demo, intake, recount
from folkmoot.workspaces.models import Workspace

log = structlog.get_logger()


@app.task(queue="intake", name="consider", pass_context=False)
def consider(workspace_id: int, **_later: Any) -> None:
    intake.consider(workspace_id)


def consider_later(channel: Channel) -> None:
    """Defers considering what a batch stored, within the transaction that stored it."""
    consider.configure(lock=f"workspace:{channel.workspace_id}").defer(workspace_id=channel.workspace_id)


@app.task(queue="imports", name="import_archive", pass_context=False)
def import_archive(import_id: int, **_later: Any) -> None:
    order = ArchiveImport.objects.select_related("workspace").get(pk=import_id)
    try:
        archive.run(order)
    except archive.UnableToImport as error:
        log.warning("import failed", id=import_id, reason=str(error))  # the row tells the person


def import_later(order: ArchiveImport) -> None:
    """Defers the reading; one that waits in the queue already is enough."""
    with suppress(AlreadyEnqueued), transaction.atomic():
        import_archive.configure(queueing_lock=f"import:{order.pk}", lock=f"import:{order.pk}").defer(
            import_id=order.pk
        )


def is_deferred(order: ArchiveImport) -> bool:
    """Whether a job is there that reads the archive; none is while a person is still asked about it."""
    jobs = ProcrastinateJob.objects.filter(task_name="import_archive", args__import_id=order.pk)
    return jobs.filter(status__in=["todo", "doing"]).exists()


@app.task(queue="intake", name="recount", pass_context=False)
def recount_identities(workspace_id: int, identity_ids: list[int], **_later: Any) -> None:
    recount.recount(workspace_id, identity_ids)


def recount_later(workspace_id: int, identity_ids: Sequence[int]) -> None:
    """Defers working asks and numbers out anew, within the transaction that changed the people."""
    recount_identities.configure(lock=f"workspace:{workspace_id}").defer(
        workspace_id=workspace_id, identity_ids=list(identity_ids)
    )


@app.task(queue="intake", name="count", pass_context=False)
def count(workspace_id: int, **_later: Any) -> None:
    analytics.count(workspace_id)


def count_later(workspace_id: int) -> None:
    """Defers counting what is stale, within the transaction that made it so."""
    count.configure(lock=f"workspace:{workspace_id}").defer(workspace_id=workspace_id)


@app.task(queue="imports", name="build_demo", pass_context=False)
def build_demo(workspace_id: int, **_later: Any) -> None:
    demo.build(Workspace.objects.get(pk=workspace_id), now=timezone.now())


def build_demo_later(workspace: Workspace) -> None:
    """Defers making the demo community; one that waits in the queue already is enough."""
    with suppress(AlreadyEnqueued), transaction.atomic():
        build_demo.configure(queueing_lock=f"demo:{workspace.pk}").defer(workspace_id=workspace.pk)


def demo_state(workspace: Workspace) -> str:
    """``making`` while the demo is made or waits for that, ``failed`` if it could not be, else nothing.

    Jobs that succeeded are not kept. One whose worker is gone is nothing: it can be ordered again.
    """
    jobs = ProcrastinateJob.objects.filter(task_name="build_demo", args__workspace_id=workspace.pk)
    newest = jobs.order_by("-id").first()
    if newest is None:
        return ""
    if newest.status == "todo" or (newest.status == "doing" and newest.worker_id):
        return "making"
    return "failed" if newest.status == "failed" else ""
