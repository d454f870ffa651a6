"""Jobs that only pages order."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.db import transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import AlreadyEnqueued

from folkmoot.channels.models import Channel
from folkmoot.flow import forgetting
from folkmoot.workspaces.models import User, Workspace

PATIENCE = RetryStrategy(max_attempts=30, wait=20, retry_exceptions=[forgetting.StillSending])


@app.task(queue="imports", name="forget_channel", pass_context=False, retry=PATIENCE)
def forget_channel(channel_id: int, workspace_id: int, user_id: int | None = None, **_later: Any) -> None:
    channel = Channel.objects.select_related("workspace").filter(pk=channel_id, workspace=workspace_id).first()
    if channel is not None:
        forgetting.forget(channel, by=User.objects.filter(pk=user_id or 0).first())


def forget_later(channel: Channel, *, by: User) -> None:
    """Defers it, within the transaction that decided it; one that waits in the queue already is enough."""
    with suppress(AlreadyEnqueued), transaction.atomic():
        forget_channel.configure(queueing_lock=f"forget:{channel.pk}", lock=f"forget:{channel.workspace_id}").defer(
            channel_id=channel.pk, workspace_id=channel.workspace_id, user_id=by.pk
        )


def forgetting_in(workspace: Workspace) -> set[int]:
    """The channels that are about to be forgotten."""
    jobs = ProcrastinateJob.objects.filter(task_name="forget_channel", args__workspace_id=workspace.pk)
    return {job.args["channel_id"] for job in jobs.filter(status__in=["todo", "doing"])}
