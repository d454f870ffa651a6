"""Archives read into channels."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from folkmoot.workspaces.models import User, Workspace


class ArchiveImport(models.Model):
    """One reading of an archive: where it is, how far it got, what came of it, what was skipped and why."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="imports")
    path = models.TextField()
    name = models.CharField(max_length=255)
    uploaded = models.BooleanField(default=False)
    format = models.CharField(max_length=40, blank=True)
    options: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    cursor = models.TextField(blank=True)
    bytes_read = models.BigIntegerField(default=0)
    bytes_total = models.BigIntegerField(default=0)
    messages_new = models.PositiveIntegerField(default=0)
    messages_seen = models.PositiveIntegerField(default=0)
    conversations_new = models.PositiveIntegerField(default=0)
    members_new = models.PositiveIntegerField(default=0)
    activities_new = models.PositiveIntegerField(default=0)
    skipped: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    seconds = models.FloatField(default=0)
    error = models.TextField(blank=True)
    cancel_wanted = models.BooleanField(default=False)
    started_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "-id"], name="import_newest")]

    def __str__(self) -> str:
        return f"import of {self.name}"

    @property
    def is_over(self) -> bool:
        return self.state in {self.State.DONE, self.State.FAILED, self.State.CANCELLED}

    @property
    def share(self) -> float:
        """How much of the archive is read, 0 to 1."""
        return min(self.bytes_read / self.bytes_total, 1.0) if self.bytes_total else 0.0

    @property
    def rate(self) -> int | None:
        """Messages a second; None before there is anything to tell it from."""
        return round(self.messages_seen / self.seconds) if self.seconds >= 1 else None
