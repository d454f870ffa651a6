"""What a person says about readings, with all that follows from it: numbers are counted anew, open pages told."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction

from folkmoot.analytics import actions as analytics
from folkmoot.flow import jobs, news
from folkmoot.understanding import actions
from folkmoot.understanding.actions import Changed
from folkmoot.understanding.models import Correction, Layer
from folkmoot.workspaces.models import User, Workspace


@transaction.atomic
def correct(
    workspace: Workspace, message_ids: Collection[int], facet: str, value: str, *, by: User | None, now: datetime
) -> Changed:
    """Raises ``understanding.actions.UnableTo``."""
    return _followed(workspace, actions.correct(workspace, message_ids, facet, value, by=by, now=now))


@transaction.atomic
def undo(workspace: Workspace, corrections: Iterable[Correction], *, by: User | None) -> Changed:
    return _followed(workspace, actions.undo(workspace, corrections, by=by))


@transaction.atomic
def set_learn(workspace: Workspace, correction: Correction, learn: bool, *, by: User | None) -> Changed:
    """Raises ``understanding.actions.UnableTo``."""
    return _followed(workspace, actions.set_learn(workspace, correction, learn, by=by))


@transaction.atomic
def bring_in(workspace: Workspace, lines: Iterable[str], *, by: User | None, now: datetime) -> Changed:
    """Raises ``understanding.actions.UnableTo``."""
    return _followed(workspace, actions.bring_in(workspace, lines, by=by, now=now))


@transaction.atomic
def switch(layer: Layer, on: bool, *, by: User | None) -> None:
    """Raises ``understanding.actions.UnableTo``. All is read anew, in the background."""
    actions.switch(layer, on, by=by)
    jobs.reread_later(layer.workspace_id)


def _followed(workspace: Workspace, changed: Changed) -> Changed:
    if changed.times:
        analytics.mark_stale(workspace.pk, changed.times, only_readings=True)
        jobs.count_later(workspace.pk)
        jobs.read_later(workspace.pk)
        news.announce(workspace.pk, "readings")
    return changed
