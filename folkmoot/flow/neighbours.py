"""Messages find those that say the same in other words: worked out by a job, once everything is read."""

from __future__ import annotations

import structlog

from folkmoot.flow import reading
from folkmoot.understanding.neighbours import actions, queries, store
from folkmoot.understanding.neighbours.meaning import Meanings, NoMeanings, meanings
from folkmoot.workspaces.models import Workspace

log = structlog.get_logger()

STEPS = 30


def follow(workspace_id: int) -> bool:
    """Takes up what is new, then a stretch of the past; whether there is more. Reading goes first."""
    workspace = Workspace.objects.filter(pk=workspace_id).first()
    known = _meanings()
    if workspace is None or known is None or not queries.is_on(workspace) or not store.prepare():
        return False
    for _step in range(STEPS):
        if reading.is_left(workspace_id):
            return False
        if not actions.take_up(workspace_id, known) and not actions.step_back(workspace_id, known):
            return False
    return True


def waiting() -> list[int]:
    """Workspaces in which something may be left to do."""
    if not store.standing().offered or (known := _meanings()) is None:
        return []
    done = set(store.up_to_date(actions.number(known))) if store.is_ready() else set()
    return [workspace.pk for workspace in queries.wanting() if workspace.pk not in done]


def tidy() -> None:
    """Once a night."""
    if store.is_ready():
        store.prune(actions.KEPT)


def _meanings() -> Meanings | None:
    try:
        return meanings()
    except NoMeanings as error:
        log.warning("no directions of messages", why=str(error))
        return None
