"""The one way a workspace reaches a page, a command or an endpoint: with the role of whoever asks."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.http import Http404

from folkmoot.lib import keyset
from folkmoot.lib.keyset import Mark, Slice
from folkmoot.workspaces.models import AuditEntry, Rank, Role, User


def roles_of(user: User) -> list[Role]:
    """All that a person is, each role with its workspace, by the workspaces' names."""
    roles = list(Role.objects.select_related("workspace").filter(user=user).order_by("workspace__name"))
    for role in roles:
        role.user = user
    return roles


def role_in(roles: Iterable[Role], slug: str, needed: Rank = Rank.GUEST) -> Role:
    """The one of a person's roles that is in the workspace ``slug``.

    Raises ``Http404`` for a workspace that is not theirs, so that strangers can't tell whether it exists, and
    ``PermissionDenied`` when the role is below ``needed``.
    """
    role = next((role for role in roles if role.workspace.slug == slug), None)
    if role is None:
        raise Http404
    if not role.may(needed):
        raise PermissionDenied
    return role


def may_create(user: User, roles: Iterable[Role]) -> bool:
    """Whether a person with these roles may make workspaces.

    Owners of one may, and whoever runs the installation, its first user; those who were only invited to help may not.
    """
    return any(role.rank == Rank.OWNER for role in roles) or user.pk == _first_user()


def audit(role: Role, mark: Mark | None, *, size: int) -> Slice[AuditEntry]:
    """What was done in the workspace, newest first; for admins, who see all channels."""
    if not role.may(Rank.ADMIN):
        raise PermissionDenied
    rows = AuditEntry.objects.filter(workspace=role.workspace_id).select_related("user")
    return keyset.page(rows, "id", mark, size)


def _first_user() -> int | None:
    return User.objects.order_by("pk").values_list("pk", flat=True).first()
