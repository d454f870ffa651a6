"""What goes out: acts on networks, the switch that stops them, and how much may still be done."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from folkmoot.channels.models.channel import Channel
from folkmoot.channels.models.connection import Connection
from folkmoot.workspaces.models import User, Workspace


class Delivery(models.Model):
    """One act on a network, done at most once. The states are drawn in docs/why/outbox.md.

    ``key`` is the same on every attempt. ``lane`` names what must go out in order: acts of one lane of a channel wait
    for each other. ``sender`` is the process that sends it, until ``leased_until`` unless it says again that it lives;
    once that is over nobody knows whether it was done. ``handle`` is what the network is asked about it with while it
    still works at it. ``puzzled`` means that the network can't tell whether it was done: a person decides.
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
        MODERATE = "moderate", _("Moderate")
        INVITE = "invite", _("Invite")

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    channel = models.ForeignKey(Channel, models.PROTECT, related_name="deliveries", db_index=False)
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="deliveries")
    key = models.UUIDField(unique=True)
    act = models.CharField(max_length=16, choices=Act)
    lane = models.CharField(max_length=300, blank=True)
    about = models.CharField(max_length=120, blank=True)
    payload: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=State, default=State.READY)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    sender = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    handle = models.TextField(blank=True)
    puzzled = models.BooleanField(default=False)
    remote_id = models.CharField(max_length=255, blank=True)
    url = models.URLField(max_length=1000, blank=True)
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
                condition=~models.Q(state="sending")
                | models.Q(sending_at__isnull=False, sender__isnull=False, leased_until__isnull=False),
                name="delivery_sending_since",
            ),
        ]
        indexes = [
            models.Index(
                fields=["channel", "lane", "id"],
                condition=models.Q(state__in=["ready", "sending", "unsure"]),
                name="delivery_in_order",
            ),
            models.Index(
                fields=["next_try_at", "id"],
                condition=models.Q(state="ready") | models.Q(state="unsure", puzzled=False),
                name="delivery_due",
            ),
            models.Index(fields=["leased_until"], condition=models.Q(state="sending"), name="delivery_leased"),
            models.Index(fields=["workspace", "-id"], name="delivery_newest"),
            models.Index(fields=["workspace", "state", "-id"], condition=~models.Q(state="sent"), name="delivery_open"),
        ]

    def __str__(self) -> str:
        return f"{self.act} on {self.channel_id} ({self.state})"

    @property
    def is_over(self) -> bool:
        return self.state in {self.State.SENT, self.State.REFUSED, self.State.CANCELLED}


class Stop(models.Model):
    """While it is there nothing goes out: of a channel or, without one, of the whole workspace."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    channel = models.ForeignKey(Channel, models.CASCADE, null=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "channel"], nulls_distinct=False, name="stop_once"),
        ]

    def __str__(self) -> str:
        return f"stop of {self.channel_id or 'all'}"


class Allowance(models.Model):
    """How much of a network's rate is left: ``tokens`` at ``at``, and nothing before ``blocked_until``.

    ``place`` is empty for the whole account; ``seconds`` is the rate's span, 0 for the row that only remembers that the
    network asked us to wait.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="allowances", db_index=False)
    place = models.CharField(max_length=255, blank=True)
    seconds = models.FloatField(default=0)
    tokens = models.FloatField(default=0)
    at = models.DateTimeField()
    blocked_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "place", "seconds"], name="allowance_once")]

    def __str__(self) -> str:
        return f"allowance of {self.connection_id} {self.place}"


class Enclosure(models.Model):
    """A file that goes out with a delivery, kept with it so that every attempt sends the same."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="enclosures", db_index=False)
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=255)
    mime = models.CharField(max_length=120)
    alt = models.CharField(max_length=2000, blank=True)
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "position"], name="enclosure_in_order")]

    def __str__(self) -> str:
        return self.name
