"""What a person decides about members, with all that follows from it: asks and numbers are worked out by a job."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from folkmoot.analytics import actions as analytics
from folkmoot.flow import jobs
from folkmoot.members import actions
from folkmoot.members.models import Member, Merge
from folkmoot.workspaces.models import User


@transaction.atomic
def merge(kept: Member, gone: Member, *, by: User | None, now: datetime) -> Merge:
    """Raises ``members.actions.UnableTo``."""
    made = actions.merge(kept, gone, by=by, now=now)
    analytics.mark_members_stale(made.workspace_id, [made.kept_id])
    jobs.recount_later(made.workspace_id, made.identity_ids)
    return made


@transaction.atomic
def unmerge(merge: Merge, *, by: User | None, now: datetime) -> None:
    """Raises ``members.actions.UnableTo``."""
    analytics.mark_members_stale(merge.workspace_id, [merge.kept_id])  # while all that both did is still one's
    actions.unmerge(merge, by=by, now=now)
    jobs.recount_later(merge.workspace_id, merge.identity_ids)


@transaction.atomic
def set_ours(member: Member, ours: bool, *, by: User | None) -> None:
    """Raises ``members.actions.UnableTo``."""
    if member.ours != ours:
        actions.set_ours(member, ours, by=by)
        _recount(member)


@transaction.atomic
def set_bot(member: Member, bot: bool, *, by: User | None) -> None:
    """Raises ``members.actions.UnableTo``."""
    if member.bot != bot:
        actions.set_bot(member, bot, by=by)
        _recount(member)


@transaction.atomic
def edit(member: Member, *, name: str, ours: bool, bot: bool, by: User | None) -> None:
    """Raises ``members.actions.UnableTo``; then nothing is changed."""
    actions.rename(member, name, by=by)
    set_ours(member, ours, by=by)
    set_bot(member, bot, by=by)


def _recount(member: Member) -> None:
    jobs.recount_later(member.workspace_id, list(member.identities.values_list("pk", flat=True)))
