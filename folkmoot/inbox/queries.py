"""What the inbox offers besides the conversations themselves."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from folkmoot.inbox.models import SavedView
from folkmoot.workspaces.models import Role


def views(role: Role) -> QuerySet[SavedView]:
    """One's own saved views and those of the whole team."""
    return SavedView.objects.filter(Q(owner=role.user_id) | Q(owner=None), workspace=role.workspace_id).order_by("name")
