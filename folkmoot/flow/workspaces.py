"""What a person changes about a workspace, with all that follows from it."""

from __future__ import annotations

from django.db import transaction

from folkmoot.analytics import actions as analytics
from folkmoot.flow import jobs
from folkmoot.workspaces import actions
from folkmoot.workspaces.models import User, Workspace


@transaction.atomic
def change(workspace: Workspace, *, name: str, timezone: str, language: str, by: User) -> None:
    """In another time zone days begin elsewhere: all are counted anew, by a job. Raises ``workspaces.actions.UnableTo``.

    The row is held from here on, as counting does, so that nobody counts by the old zone while it changes.
    """
    before = Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
    actions.change_workspace(workspace, name=name, timezone=timezone, language=language, by=by)
    if before.timezone != timezone:
        analytics.mark_all_stale(workspace.pk)
        jobs.count_later(workspace.pk)
