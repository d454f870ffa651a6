"""The one way a member reaches a door: through the workspace of whoever asks."""

from __future__ import annotations

from django.http import Http404

from folkmoot.members.models import Member, Merge
from folkmoot.workspaces.models import Rank, Role

READS = Rank.ANALYST
CHANGES = Rank.MODERATOR


def member(role: Role, member_id: int) -> Member:
    """A member of the role's workspace, merged away or not; ``Http404`` for any other."""
    found = Member.objects.filter(workspace_id=role.workspace_id, pk=member_id).first()
    if found is None:
        raise Http404
    return found


def merge(role: Role, member_id: int, merge_id: int) -> Merge:
    """A merge into that member; ``Http404`` for any other."""
    found = (
        Merge.objects.filter(workspace_id=role.workspace_id, kept=member_id, pk=merge_id)
        .select_related("kept", "gone", "workspace")
        .first()
    )
    if found is None:
        raise Http404
    return found
