"""Texts that were said more than once, and the waves in which that happened."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from folkmoot.conversations.models import Message
from folkmoot.workspaces.models import Workspace


class Wording(models.Model):
    """A text as it was said first; whatever is nearly the same is one of its repeats.

    ``bands`` are pieces of its MinHash signature, of which near-duplicates share one at least; see ``signature``.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    message = models.OneToOneField(Message, models.CASCADE, related_name="wording")
    bands = ArrayField(models.IntegerField())
    at = models.DateTimeField()

    class Meta:
        indexes = [
            GinIndex(fields=["bands"], name="wording_bands"),
            models.Index(fields=["workspace", "at"], name="wording_by_time"),
        ]

    def __str__(self) -> str:
        return f"wording of {self.message_id}"


class Repeat(models.Model):
    """A message that says what a wording says; the first message stands among them once there is a second."""

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True, related_name="repeat")
    wording = models.ForeignKey(Wording, models.CASCADE, related_name="repeats", db_index=False)
    author_id = models.BigIntegerField()
    channel_id = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["wording", "at"], name="repeat_of_wording")]

    def __str__(self) -> str:
        return f"repeat of {self.wording_id}"


class Wave(models.Model):
    """Repeats that followed each other closely, by several people or in several channels."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    wording = models.ForeignKey(Wording, models.CASCADE, related_name="waves")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    messages = models.IntegerField()
    authors = models.IntegerField()
    channel_ids = ArrayField(models.BigIntegerField())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["wording", "first_at"], name="wave_once")]
        indexes = [models.Index(fields=["workspace", "-last_at", "-id"], name="wave_newest")]

    def __str__(self) -> str:
        return f"{self.messages} times the same from {self.first_at:%Y-%m-%d %H:%M}"
