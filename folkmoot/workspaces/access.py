"""The one way a workspace reaches a page, a command or an endpoint: with the role of whoever asks."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.http import Http404

from folkmoot.workspaces.models import Rank, Role, User


def role_in(user: User, slug: str, needed: Rank = Rank.GUEST) -> Role:
    """The user's role in the workspace ``slug``.

    Raises ``Http404`` for a workspace that is not theirs, so that strangers can't tell whether it exists, and
    ``PermissionDenied`` when the role is below ``needed``.
    """
    role = Role.objects.select_related("workspace").filter(user=user, workspace__slug=slug).first()
    if role is None:
        raise Http404
    if not role.may(needed):
        raise PermissionDenied
    role.user = user
    return role


def may_create(user: User, roles: Iterable[Role]) -> bool:
    """Whether a person with these roles may make workspaces.

    Owners of one may, and whoever runs the installation, its first user; those who were only invited to help may not.
    """
    return any(role.rank == Rank.OWNER for role in roles) or user.pk == _first_user()


def _first_user() -> int | None:
    return User.objects.order_by("pk").values_list("pk", flat=True).first()
