"""Everything that changes how the team reads."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from folkmoot.inbox.models import SavedView
from folkmoot.workspaces.models import Rank, Role

MOST = 40


class UnableTo(Exception):
    """It can't be done; the message tells a person what to do."""


def save_view(role: Role, *, name: str, filters: Mapping[str, str], shared: bool) -> SavedView:
    """Keeps filters under a name, in place of the view that had it. Raises ``UnableTo``."""
    name = name.strip()[:80]
    if not name:
        raise UnableTo(_("Give the view a name."))
    if shared and not role.may(Rank.MANAGER):
        raise UnableTo(_("Views for the whole team are made by managers. Save it for yourself."))
    owner = None if shared else role.user
    if SavedView.objects.filter(workspace=role.workspace, owner=owner).count() >= MOST:
        raise UnableTo(_("There are %(most)s saved views already. Delete one first.") % {"most": MOST})
    view, _made = SavedView.objects.update_or_create(
        workspace=role.workspace, owner=owner, name=name, defaults={"filters": dict(filters)}
    )
    return view


def delete_view(role: Role, view: SavedView) -> None:
    """Raises ``UnableTo`` for a view of the whole team when the role is too low."""
    if view.owner_id is None and not role.may(Rank.MANAGER):
        raise UnableTo(_("Views for the whole team are deleted by managers."))
    view.delete()
