"""Jobs: thin, so that the same acts can be done by a command or a test."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import AlreadyEnqueued

from folkmoot.analytics import actions as analytics
from folkmoot.channels import listening
from folkmoot.channels.models import ArchiveImport, Channel
from folkmoot.conversations import early
from folkmoot.flow import archive, assistant, demo, intake, neighbours, reading, recount, topics, vocabulary, watching
from folkmoot.understanding import learning
from folkmoot.understanding.assistant.actions import write_summary
from folkmoot.understanding.assistant.models import Summary
from folkmoot.workspaces.models import Workspace

log = structlog.get_logger()


@app.task(queue="intake", name="consider", pass_context=False)
def consider(workspace_id: int, **_later: Any) -> None:
    intake.consider(workspace_id)
    if reading.is_left(workspace_id):
        read_later(workspace_id)


def consider_later(channel: Channel) -> None:
    """Defers considering what a batch stored, within the transaction that stored it; one job that waits is enough.

    The one that waited may begin before this transaction ends, and miss it: so it is asked for once more at the end.
    """
    _defer_considering(channel.workspace_id)
    transaction.on_commit(partial(_defer_considering, channel.workspace_id))


def _defer_considering(workspace_id: int) -> None:
    with suppress(AlreadyEnqueued), transaction.atomic():
        consider.configure(lock=f"workspace:{workspace_id}", queueing_lock=f"consider:{workspace_id}").defer(
            workspace_id=workspace_id
        )


@app.task(queue="imports", name="import_archive", pass_context=False)
def import_archive(import_id: int, **_later: Any) -> None:
    order = ArchiveImport.objects.select_related("workspace").get(pk=import_id)
    try:
        archive.run(order)
    except archive.UnableToImport as error:
        log.warning("import failed", id=import_id, reason=str(error))  # the row tells the person
    follow_topics_later(order.workspace_id)


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


READ_AT_ONCE = 50_000
REREAD_BATCHES = 30


@app.task(queue="understanding", name="read", pass_context=False)
def read(workspace_id: int, **_later: Any) -> None:
    reading.read(workspace_id, most=READ_AT_ONCE)
    analytics.count(workspace_id)
    if reading.is_left(workspace_id):
        read_later(workspace_id)


def read_later(workspace_id: int) -> None:
    """Defers reading what is unread; one that waits in the queue already is enough."""
    with suppress(AlreadyEnqueued), transaction.atomic():
        read.configure(queueing_lock=f"read:{workspace_id}").defer(workspace_id=workspace_id)


@app.task(queue="understanding", name="reread", pass_context=False)
def reread(workspace_id: int, **_later: Any) -> None:
    """A stretch at a time, so that whatever else waits for a worker gets its turn."""
    more = reading.reread(workspace_id, now=timezone.now(), batches=REREAD_BATCHES)
    analytics.count(workspace_id)
    if more:
        reread_later(workspace_id)


def reread_later(workspace_id: int) -> None:
    """Defers reading anew what another version read; one that waits in the queue already is enough."""
    with suppress(AlreadyEnqueued), transaction.atomic():
        reread.configure(queueing_lock=f"reread:{workspace_id}").defer(workspace_id=workspace_id)


@app.periodic(cron="*/10 * * * *")
@app.task(queue="understanding", name="catch_up", pass_context=False, queueing_lock="catch_up")
def catch_up(timestamp: int, **_later: Any) -> None:
    """After a new version was installed, and after a worker died at it: whoever is behind is read on."""
    for workspace_id in reading.behind():
        read_later(workspace_id)
    for workspace_id in reading.outdated():
        reread_later(workspace_id)


@app.periodic(cron="7 2 * * *")
@app.task(queue="understanding", name="learn_all", pass_context=False, queueing_lock="learn_all")
def learn_all(timestamp: int, **_later: Any) -> None:
    """Every night, in each workspace in which people corrected something."""
    for workspace_id in learning.corrected_workspaces():
        learn_later(workspace_id)


@app.task(queue="understanding", name="learn", pass_context=False)
def learn(workspace_id: int, **_later: Any) -> None:
    if learning.learn(workspace_id, now=timezone.now()):
        reread_later(workspace_id)


def learn_later(workspace_id: int) -> None:
    """Defers learning from the corrections; one that waits in the queue already is enough."""
    with suppress(AlreadyEnqueued), transaction.atomic():
        learn.configure(queueing_lock=f"learn:{workspace_id}").defer(workspace_id=workspace_id)


@app.task(queue="imports", name="reindex", pass_context=False)
def reindex(workspace_id: int, **_later: Any) -> None:
    if vocabulary.reindex(workspace_id, now=timezone.now()):
        analytics.count(workspace_id)


def reindex_later(workspace_id: int) -> None:
    """Defers bringing older messages up to the vocabulary; one that waits in the queue already is enough."""
    with suppress(AlreadyEnqueued), transaction.atomic():
        reindex.configure(queueing_lock=f"reindex:{workspace_id}").defer(workspace_id=workspace_id)


@app.periodic(cron="*/5 * * * *")
@app.task(queue="imports", name="reindex_on", pass_context=False, queueing_lock="reindex_on")
def reindex_on(timestamp: int, **_later: Any) -> None:
    """After a worker died at it."""
    for workspace_id in vocabulary.waiting():
        reindex_later(workspace_id)


@app.task(queue="assistant", name="summarise", pass_context=False)
def summarise(summary_id: int, **_later: Any) -> None:
    order = Summary.objects.select_related("conversation").filter(pk=summary_id).first()
    if order is not None:
        write_summary(order, now=timezone.now())


def summarise_later(order: Summary) -> None:
    """Defers writing it, within the transaction that ordered it; one that waits in the queue already is enough."""
    with suppress(AlreadyEnqueued), transaction.atomic():
        summarise.configure(queueing_lock=f"summary:{order.pk}").defer(summary_id=order.pk)


@app.periodic(cron="*/2 * * * *")
@app.task(queue="assistant", name="give_opinions", pass_context=False, queueing_lock="give_opinions")
def give_opinions(timestamp: int, **_later: Any) -> None:
    """Every two minutes, where a workspace agreed to it: what was read meanwhile is asked about in few requests."""
    for workspace_id in assistant.agreed():
        assistant.give_opinions(workspace_id, now=timezone.now())


@app.task(queue="understanding", name="follow_topics", pass_context=False)
def follow_topics(workspace_id: int, **_later: Any) -> None:
    topics.follow(workspace_id, now=timezone.now())


def follow_topics_later(workspace_id: int) -> None:
    """Defers looking for copies, topics and trends; one that waits in the queue already is enough."""
    with suppress(AlreadyEnqueued), transaction.atomic():
        follow_topics.configure(queueing_lock=f"topics:{workspace_id}", lock=f"topics:{workspace_id}").defer(
            workspace_id=workspace_id
        )


@app.periodic(cron="*/10 * * * *")
@app.task(queue="understanding", name="follow_all_topics", pass_context=False, queueing_lock="follow_all_topics")
def follow_all_topics(timestamp: int, **_later: Any) -> None:
    """As often as ``trends.alarms.EVERY`` says, in each workspace in which something was said."""
    for workspace_id in topics.waiting():
        follow_topics_later(workspace_id)


@app.periodic(cron="37 3 * * *")
@app.task(queue="understanding", name="tidy_all_topics", pass_context=False, queueing_lock="tidy_all_topics")
def tidy_all_topics(timestamp: int, **_later: Any) -> None:
    """Every night: what older conversations are about, and what is no longer needed goes."""
    for workspace_id in Workspace.objects.values_list("pk", flat=True):
        topics.tidy(workspace_id, now=timezone.now())


@app.task(queue="understanding", name="follow_neighbours", pass_context=False)
def follow_neighbours(workspace_id: int, **_later: Any) -> None:
    """A stretch at a time, so that whatever else waits for a worker gets its turn."""
    if neighbours.follow(workspace_id):
        follow_neighbours_later(workspace_id)


def follow_neighbours_later(workspace_id: int) -> None:
    """Defers comparing what was said; one that waits in the queue already is enough."""
    with suppress(AlreadyEnqueued), transaction.atomic():
        follow_neighbours.configure(
            queueing_lock=f"neighbours:{workspace_id}", lock=f"neighbours:{workspace_id}"
        ).defer(workspace_id=workspace_id)


@app.periodic(cron="4-59/10 * * * *")
@app.task(
    queue="understanding", name="follow_all_neighbours", pass_context=False, queueing_lock="follow_all_neighbours"
)
def follow_all_neighbours(timestamp: int, **_later: Any) -> None:
    """After topics, which note what is new, edited and gone."""
    for workspace_id in neighbours.waiting():
        follow_neighbours_later(workspace_id)


@app.periodic(cron="52 3 * * *")
@app.task(queue="understanding", name="tidy_neighbours", pass_context=False, queueing_lock="tidy_neighbours")
def tidy_neighbours(timestamp: int, **_later: Any) -> None:
    neighbours.tidy()


HOOKS_KEPT = timedelta(days=30)
EARLY_KEPT = timedelta(days=90)  # what is told of a message before it comes, should it never come


@app.periodic(cron="11 * * * *")
@app.task(queue="imports", name="watch_accounts", pass_context=False, queueing_lock="watch_accounts")
def watch_accounts(timestamp: int, **_later: Any) -> None:
    """Every hour: whose token ends soon, or ended."""
    watching.watch(now=timezone.now())


@app.periodic(cron="23 3 * * *")
@app.task(queue="imports", name="forget_hooks", pass_context=False, queueing_lock="forget_hooks")
def forget_hooks(timestamp: int, **_later: Any) -> None:
    """Every night: requests of networks are kept for a month, to be read again should a connector have misread them."""
    listening.forget_hooks(before=timezone.now() - HOOKS_KEPT)
    early.forget(before=timezone.now() - EARLY_KEPT)
