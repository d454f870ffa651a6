"""How the team reads its conversations."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from folkmoot.workspaces.models import User, Workspace


class SavedView(models.Model):
    """A named set of inbox filters; ``owner`` None means that the whole team has it."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    owner = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    name = models.CharField(_("name"), max_length=80)
    filters: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "owner", "name"], nulls_distinct=False, name="view_name_once"),
        ]

    def __str__(self) -> str:
        return self.name
