"""Workspaces, the people who work in them, their rights, and the record of what they did."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _


def check_timezone(name: str) -> None:
    """Raises ``ValidationError`` unless ``name`` is in the time zone database."""
    if name not in available_timezones():
        raise ValidationError(_("%(name)s is not a time zone; it looks like Europe/Tallinn."), params={"name": name})


check_slug = RegexValidator(
    r"^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$",
    _("A short name takes small letters a-z, digits and hyphens, at most 50 of them."),
)


class Workspace(models.Model):
    """One community or brand. Every row that belongs to it carries it.

    ``vocabulary_version`` rises with every change of its vocabulary; 0 means that there is none.
    """

    slug = models.CharField(_("short name"), max_length=50, unique=True, validators=[check_slug])
    name = models.CharField(_("name"), max_length=120)
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[check_timezone])
    language = models.CharField(_("language"), max_length=8, default="en")
    vocabulary_version = models.BigIntegerField(default=0, db_default=0, editable=False)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """Somebody who can sign in; the address is the name."""

    class Theme(models.TextChoices):
        AUTO = "auto", _("As the device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    email = models.EmailField(_("e-mail"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=8, blank=True)
    timezone = models.CharField(_("time zone"), max_length=64, blank=True)
    theme = models.CharField(_("colours"), max_length=8, choices=Theme, default=Theme.AUTO)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[UserManager] = UserManager()

    EMAIL_FIELD = USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_staff(self) -> bool:
        """Nobody: rights come from roles in workspaces alone."""
        return False

    def get_full_name(self) -> str:
        return str(self)


class Rank(models.TextChoices):
    """Roles, the most powerful first; each may do all that those after it may."""

    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Administrator")
    MANAGER = "manager", _("Manager")
    MODERATOR = "moderator", _("Moderator")
    EDITOR = "editor", _("Editor")
    ANALYST = "analyst", _("Analyst")
    GUEST = "guest", _("Guest")

    def reaches(self, needed: Rank) -> bool:
        order = list(Rank)
        return order.index(self) <= order.index(needed)


class Role(models.Model):
    """What one user may do in one workspace; ``channel_ids`` None means in all its channels."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="roles")
    user = models.ForeignKey(User, models.CASCADE, related_name="roles")
    rank = models.CharField(_("role"), max_length=16, choices=Rank)
    channel_ids = ArrayField(models.BigIntegerField(), null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="role_once_per_workspace"),
            models.CheckConstraint(condition=models.Q(rank__in=Rank.values), name="role_rank_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_rank_display()}"

    def may(self, needed: Rank) -> bool:
        return Rank(self.rank).reaches(needed)

    def sees_channel(self, channel_id: int) -> bool:
        return self.channel_ids is None or channel_id in self.channel_ids


class Invitation(models.Model):
    """An offer of a role to whoever opens the link; only the link's digest is kept."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail"))
    rank = models.CharField(_("role"), max_length=16, choices=Rank)
    channel_ids = ArrayField(models.BigIntegerField(), null=True, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "workspace", Lower("email"), condition=models.Q(accepted_at=None), name="invitation_open_once"
            ),
            models.CheckConstraint(condition=models.Q(rank__in=Rank.values), name="invitation_rank_known"),
        ]

    def __str__(self) -> str:
        return f"{self.email} → {self.workspace}"

    def is_open(self, now: datetime) -> bool:
        return self.accepted_at is None and now < self.expires_at


class SignInLink(models.Model):
    """A link that signs one user in once; only its digest is kept."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"sign-in link for {self.user}"


class AuditEntry(models.Model):
    """Who did what to what. Never changed, never deleted but with its workspace."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, null=True, related_name="audit")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    act = models.CharField(max_length=64)
    about = models.CharField(max_length=120, blank=True)
    detail: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["workspace", "-id"], name="audit_newest")]

    def __str__(self) -> str:
        return f"{self.act} {self.about}"
