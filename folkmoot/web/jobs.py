"""Jobs that pages order, and what they keep tidy."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import AlreadyEnqueued

from folkmoot.channels.models import Channel
from folkmoot.flow import forgetting
from folkmoot.lib import fetching
from folkmoot.lib.pictures import Shelf
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


def shelf() -> Shelf:
    return Shelf(Path(settings.MEDIA_ROOT) / "pictures")


@app.task(queue="pictures", name="fetch_picture", pass_context=False)
def fetch_picture(url: str, **_later: Any) -> None:
    with fetching.client(allowed=settings.PRIVATE_ADDRESSES) as http:
        shelf().fetch(url, http, now=timezone.now())


def fetch_picture_later(url: str) -> None:
    """Defers fetching it; one that waits in the queue already is enough."""
    lock = f"picture:{sha256(url.encode()).hexdigest()}"
    with suppress(AlreadyEnqueued), transaction.atomic():
        fetch_picture.configure(queueing_lock=lock, lock=lock).defer(url=url)


@app.periodic(cron="23 4 * * *")
@app.task(queue="pictures", name="tidy_pictures", pass_context=False, queueing_lock="tidy_pictures")
def tidy_pictures(timestamp: int, **_later: Any) -> None:
    shelf().tidy()
