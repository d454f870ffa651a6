"""Whether a workspace wants its messages compared by what they mean."""

from __future__ import annotations

from django.db import models

from folkmoot.workspaces.models import Workspace


class Neighbours(models.Model):
    """What a person decided; without one it is on where the database can do it. All else is in ``store``."""

    workspace = models.OneToOneField(Workspace, models.CASCADE, primary_key=True, related_name="+")
    on = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"{self.workspace_id}: {'on' if self.on else 'off'}"
