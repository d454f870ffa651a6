"""Everything that changes workspaces, users, roles and invitations."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from folkmoot.workspaces.models import AuditEntry, Invitation, Rank, Role, SignInLink, User, Workspace

LINK_LIFE = timedelta(minutes=15)
INVITATION_LIFE = timedelta(days=7)


class UnableTo(Exception):
    """It can't be done; the message tells a person what to do."""


def record(
    workspace: Workspace | None, act: str, *, by: User | None, about: str = "", detail: dict[str, Any] | None = None
) -> None:
    """Writes the audit row of an act, in the caller's transaction."""
    AuditEntry.objects.create(workspace=workspace, user=by, act=act, about=about, detail=detail or {})


@transaction.atomic
def create_workspace(
    *, slug: str, name: str, timezone: str = "UTC", language: str = "en", by: User | None = None
) -> Workspace:
    """A new workspace, owned by ``by`` if given. Raises ``UnableTo``."""
    workspace = Workspace(slug=slug, name=name, timezone=timezone, language=language)
    _check(workspace)
    workspace.save()
    if by is not None:
        Role.objects.create(workspace=workspace, user=by, rank=Rank.OWNER)
    record(workspace, "workspace.create", by=by, about=f"workspace:{workspace.pk}")
    return workspace


@transaction.atomic
def change_workspace(workspace: Workspace, *, name: str, timezone: str, language: str, by: User) -> None:
    """Raises ``UnableTo``."""
    workspace.name, workspace.timezone, workspace.language = name, timezone, language
    _check(workspace)
    workspace.save(update_fields=["name", "timezone", "language"])
    record(workspace, "workspace.change", by=by, about=f"workspace:{workspace.pk}", detail={"timezone": timezone})


@transaction.atomic
def create_user(*, email: str, name: str = "", password: str | None = None) -> User:
    """The user with this address, made if there is none. Raises ``UnableTo``."""
    user = User.objects.filter(email__iexact=email).first()
    if user is not None:
        return user
    user = User(email=email.strip().lower(), name=name)
    if password is None:
        user.set_unusable_password()
    else:
        user.set_password(password)
    _check(user)
    user.save()
    return user


@transaction.atomic
def grant(
    workspace: Workspace, user: User, rank: Rank, *, channel_ids: Sequence[int] | None = None, by: User | None = None
) -> Role:
    """Gives ``user`` this role, in place of the one there was. Raises ``UnableTo`` when no owner would remain."""
    _check_right_to_give(workspace, rank, by)
    _keep_an_owner(workspace, user, rank)
    role, _made = Role.objects.update_or_create(
        workspace=workspace,
        user=user,
        defaults={"rank": rank, "channel_ids": None if channel_ids is None else list(channel_ids)},
    )
    record(workspace, "role.grant", by=by, about=f"user:{user.pk}", detail={"rank": rank, "channels": channel_ids})
    return role


@transaction.atomic
def revoke(workspace: Workspace, user: User, *, by: User) -> None:
    """Takes the user's role away. Raises ``UnableTo`` for the last owner."""
    role = Role.objects.filter(workspace=workspace, user=user).first()
    if role is None:
        return
    _check_right_to_give(workspace, Rank(role.rank), by)
    _keep_an_owner(workspace, user, None)
    role.delete()
    record(workspace, "role.revoke", by=by, about=f"user:{user.pk}")


@transaction.atomic
def invite(
    workspace: Workspace, *, email: str, rank: Rank, channel_ids: Sequence[int] | None, by: User, now: datetime
) -> str:
    """The secret of a new invitation, to be sent as a link; an older open one to the same address ends.

    Raises ``UnableTo``.
    """
    _check_right_to_give(workspace, rank, by)
    if Role.objects.filter(workspace=workspace, user__email__iexact=email).exists():
        raise UnableTo(_("%(email)s is in the team already.") % {"email": email})
    Invitation.objects.filter(workspace=workspace, email__iexact=email, accepted_at=None).delete()
    secret = secrets.token_urlsafe(32)
    invitation = Invitation(
        workspace=workspace,
        email=email.strip().lower(),
        rank=rank,
        channel_ids=None if channel_ids is None else list(channel_ids),
        digest=digest(secret),
        invited_by=by,
        expires_at=now + INVITATION_LIFE,
    )
    _check(invitation)
    invitation.save()
    record(workspace, "invitation.create", by=by, about=f"invitation:{invitation.pk}", detail={"rank": rank})
    return secret


@transaction.atomic
def withdraw(invitation: Invitation, *, by: User) -> None:
    record(invitation.workspace, "invitation.withdraw", by=by, about=f"invitation:{invitation.pk}")
    invitation.delete()


@transaction.atomic
def accept(invitation: Invitation, user: User, *, now: datetime) -> Role:
    """Makes ``user`` what the invitation offers. Raises ``UnableTo`` if it is used, over, or somebody else's."""
    locked = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if not locked.is_open(now):
        raise UnableTo(_("This invitation is no longer valid. Ask for a new one."))
    if locked.email.lower() != user.email.lower():
        raise UnableTo(
            _("This invitation is for %(email)s. Sign in with that address, or ask for one to yours.")
            % {"email": locked.email}
        )
    locked.accepted_at = now
    locked.save(update_fields=["accepted_at"])
    role, _made = Role.objects.get_or_create(
        workspace=locked.workspace, user=user, defaults={"rank": locked.rank, "channel_ids": locked.channel_ids}
    )
    record(locked.workspace, "invitation.accept", by=user, about=f"invitation:{locked.pk}")
    return role


def sign_in_secret(user: User, *, now: datetime, life: timedelta = LINK_LIFE) -> str:
    """The secret of a new link that signs ``user`` in once."""
    secret = secrets.token_urlsafe(32)
    SignInLink.objects.create(user=user, digest=digest(secret), expires_at=now + life)
    return secret


@transaction.atomic
def use_sign_in_secret(secret: str, *, now: datetime) -> User:
    """Whom the link signs in; it is used up by this. Raises ``UnableTo``."""
    link = SignInLink.objects.select_for_update().filter(digest=digest(secret)).select_related("user").first()
    if link is None or link.used_at is not None or now >= link.expires_at or not link.user.is_active:
        raise UnableTo(_("This sign-in link has been used or is too old. Make a new one, or sign in another way."))
    link.used_at = now
    link.save(update_fields=["used_at"])
    record(None, "user.sign_in_link", by=link.user, about=f"user:{link.user.pk}")
    return link.user


def digest(secret: str) -> str:
    """What is stored of a random secret (43 characters: too many to guess, so a plain hash will do)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _check(row: Workspace | User | Invitation) -> None:
    try:
        row.full_clean(exclude=["password", "accepted_at"])
    except ValidationError as error:
        raise UnableTo(" ".join(error.messages)) from error
    except IntegrityError as error:
        raise UnableTo(str(error)) from error


def _check_right_to_give(workspace: Workspace, rank: Rank, by: User | None) -> None:
    """Nobody gives or takes a role above their own; ``by`` None is the operator at the command line."""
    if by is None:
        return
    own = Role.objects.filter(workspace=workspace, user=by).first()
    if own is None or not own.may(rank):
        raise UnableTo(_("You can't give or take a role above your own."))


def _keep_an_owner(workspace: Workspace, user: User, rank: Rank | None) -> None:
    owners = Role.objects.select_for_update().filter(workspace=workspace, rank=Rank.OWNER)
    if rank != Rank.OWNER and {owner.user_id for owner in owners} == {user.pk}:
        raise UnableTo(_("A workspace needs an owner. Make somebody else an owner first."))
