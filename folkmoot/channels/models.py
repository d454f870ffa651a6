"""Connected places, how well they do, what is to go out to them, and archives read into them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from folkmoot.networks import get as get_connector
from folkmoot.networks.base import Connector
from folkmoot.workspaces.models import User, Workspace


class Channel(models.Model):
    """One connected place. ``network`` is a connector's slug, ``remote_id`` the network's own id of the place."""

    class Kind(models.TextChoices):
        CHAT = "chat", _("Chat")
        FORUM = "forum", _("Forum")
        PAGE = "page", _("Page")
        LIST = "list", _("Mailing list")
        FEED = "feed", _("Feed")
        DIRECT = "direct", _("Direct messages")

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="channels", db_index=False)
    network = models.CharField(_("network"), max_length=40)
    remote_id = models.CharField(max_length=255)
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.CHAT)
    url = models.URLField(max_length=500, blank=True)
    cursor = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "network", "remote_id"], name="channel_place_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def connector(self) -> Connector | None:
        """None when the connector that made this channel is no longer installed."""
        return get_connector(self.network)

    @property
    def network_name(self) -> str:
        connector = self.connector
        return connector.facts.name if connector else self.network


class Health(models.Model):
    """How reading a channel goes. A channel that was only ever imported has none."""

    channel = models.OneToOneField(Channel, models.CASCADE, related_name="health", primary_key=True)
    last_read_at = models.DateTimeField(null=True)
    last_new_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    retry_at = models.DateTimeField(null=True)
    token_expires_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"health of {self.channel}"


class Delivery(models.Model):
    """One act on a network, done at most once.

    ``key`` is the same on every attempt. ``ready → sending → sent | refused | unsure``; *unsure* means the act may
    have happened, and nobody repeats it before the network, or a person, has said that it did not.
    """

    class State(models.TextChoices):
        READY = "ready", _("Ready")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent")
        REFUSED = "refused", _("Refused")
        UNSURE = "unsure", _("Unsure")
        CANCELLED = "cancelled", _("Cancelled")

    class Act(models.TextChoices):
        REPLY = "reply", _("Reply")
        PUBLISH = "publish", _("Publish")
        EDIT = "edit", _("Edit")
        DELETE = "delete", _("Delete")
        HIDE = "hide", _("Hide")
        MUTE = "mute", _("Mute")
        BAN = "ban", _("Ban")
        INVITE = "invite", _("Invite")

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    channel = models.ForeignKey(Channel, models.PROTECT, related_name="deliveries", db_index=False)
    key = models.UUIDField(unique=True)
    act = models.CharField(max_length=16, choices=Act)
    about = models.CharField(max_length=120, blank=True)
    payload: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=State, default=State.READY)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    remote_id = models.CharField(max_length=255, blank=True)
    error = models.TextField(blank=True)
    ordered_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    ordered_at = models.DateTimeField(db_default=Now())
    sending_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["ready", "sending", "sent", "refused", "unsure", "cancelled"]),
                name="delivery_state_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="sending") | models.Q(sending_at__isnull=False), name="delivery_sending_since"
            ),
        ]
        indexes = [
            models.Index(fields=["channel", "id"], name="delivery_in_order"),
            models.Index(fields=["next_try_at"], condition=models.Q(state="ready"), name="delivery_due"),
            models.Index(fields=["workspace", "state"], condition=~models.Q(state="sent"), name="delivery_open"),
        ]

    def __str__(self) -> str:
        return f"{self.act} on {self.channel} ({self.state})"


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
