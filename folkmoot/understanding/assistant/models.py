"""The optional language model of a workspace: where it is, who agreed to it, what it cost, and what it wrote."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from folkmoot.conversations.models import Conversation, Message
from folkmoot.lib.sealed import SealedField
from folkmoot.workspaces.models import User, Workspace


class Assistant(models.Model):
    """Where a workspace's model is found, and how much it may cost. It is on while ``agreed_at`` stands.

    ``consent`` is what was agreed to, word for word, by ``agreed_by``.
    """

    workspace = models.OneToOneField(Workspace, models.CASCADE, primary_key=True, related_name="+")
    url = models.URLField(max_length=300)
    model = models.CharField(max_length=120)
    key = SealedField(blank=True)
    seconds = models.IntegerField(default=30)
    daily_requests = models.IntegerField(default=500)
    daily_tokens = models.IntegerField(default=200_000)
    monthly_tokens = models.IntegerField(default=2_000_000)
    reads = models.BooleanField(default=True)
    summarises = models.BooleanField(default=True)
    consent = models.TextField(blank=True)
    agreed_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    agreed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.model} at {self.url}"

    @property
    def is_on(self) -> bool:
        return self.agreed_at is not None


class Spending(models.Model):
    """What was asked on one day of a workspace. ``tokens`` counts what is under way by an estimate, rather too high."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    requests = models.IntegerField(default=0)
    failures = models.IntegerField(default=0)
    tokens = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "day"], name="spending_once_a_day")]

    def __str__(self) -> str:
        return f"{self.day}: {self.tokens}"


class Summary(models.Model):
    """A thread in short, written by a machine. ``digest`` tells whether the thread still is what was summarised.

    ``why`` says why there is none, in the words of ``endpoint.NoAnswer.REASONS``.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Being written")
        DONE = "done", _("Written")
        FAILED = "failed", _("Not written")

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="+", db_index=False)
    language = models.CharField(max_length=8)
    state = models.CharField(max_length=8, choices=State)
    text = models.TextField(blank=True)
    digest = models.CharField(max_length=64, blank=True)
    message_count = models.IntegerField(default=0)
    model = models.CharField(max_length=120, blank=True)
    tokens = models.IntegerField(default=0)
    why = models.CharField(max_length=20, blank=True)
    ordered_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    ordered_at = models.DateTimeField(db_default=Now())
    made_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "language"], name="summary_once_a_language"),
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "done", "failed"]), name="summary_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"summary of {self.conversation_id}"


class Opinion(models.Model):
    """What the language model said of a message where our own reader was not sure: a value for each facet.

    A message that was asked about in vain has one without values, so that it is not asked about for ever. ``digest`` is
    that of the text that was read: an opinion on other words counts for nothing.
    """

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True, related_name="+")
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    values: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict)
    digest = models.CharField(max_length=32)
    model = models.CharField(max_length=120)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"opinion on {self.message_id}"
