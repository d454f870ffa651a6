"""How messages were read, what people corrected of it, and what was learnt from that."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from folkmoot.conversations.models import Conversation, Message
from folkmoot.understanding.assistant.models import Assistant, Opinion, Spending, Summary
from folkmoot.understanding.copies.models import Repeat, Wave, Wording
from folkmoot.understanding.neighbours.models import Neighbours
from folkmoot.understanding.topics.models import Placement, Topic, TopicCount, TopicRun
from folkmoot.understanding.trends.models import DayTerms, Fresh, HourTerms, StaleHour, Trend, Usual
from folkmoot.understanding.vocabulary.models import Entry, Reindexing
from folkmoot.workspaces.models import User, Workspace

# Models of the packages below, where Django looks for them
__all__ = [
    "Assistant", "Correction", "DayTerms", "Entry", "Fresh", "HourTerms", "Impression", "Layer", "Neighbours", "Opinion",
    "Placement", "Reading", "Reindexing", "Repeat", "Rereading", "Spending", "StaleHour", "Summary", "Topic",
    "TopicCount", "TopicRun", "Trend", "Unread", "Usual", "Version", "Wave", "Wording",
]  # fmt: skip


class Version(models.Model):
    """A model that has read messages, by its name: the product's own, or that with a workspace's layer on top."""

    id = models.SmallAutoField(primary_key=True)
    name = models.CharField(max_length=80, unique=True)

    def __str__(self) -> str:
        return self.name


class Reading(models.Model):
    """What one message says. ``packed`` is what the model said; all else is what stands, corrections included.

    ``says`` and ``sure`` are sets of ``codes.MARKS`` as bits: what was read, and of that what is sure. ``corrected``
    are the ``codes.FACETS`` that people decided. ``urgency`` is per mille, ``balance`` positive less negative per mille.
    ``shape`` is the same for texts that differ only in what does not matter; see ``normal``.
    """

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True, related_name="reading")
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    version = models.ForeignKey(Version, models.RESTRICT, related_name="+", db_index=False)
    language = models.CharField(max_length=8)
    says = models.IntegerField()
    sure = models.IntegerField()
    corrected = models.IntegerField(default=0)
    urgency = models.SmallIntegerField()
    balance = models.SmallIntegerField()
    shape = models.BigIntegerField(null=True)
    packed = models.BinaryField()

    class Meta:
        indexes = [
            models.Index(
                fields=["workspace", "shape"], condition=models.Q(shape__isnull=False), name="reading_of_same_text"
            ),
        ]

    def __str__(self) -> str:
        return f"reading of {self.message_id}"


class Unread(models.Model):
    """A note that a message is stored, edited or gone, and has not been read since; see ``record.take``."""

    workspace_id = models.BigIntegerField()
    message_id = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["workspace_id", "-id"], name="unread_in_order")]

    def __str__(self) -> str:
        return f"unread {self.message_id}"


class Impression(models.Model):
    """What a conversation is like lately, as far as the community's own words go; see ``impressions``.

    ``says`` and ``sure`` are as in ``Reading``; ``harmful`` tells whether any harm is among them, which is rare.
    ``urgent_rank`` and ``bad_rank`` put the most urgent and the most
    negative first, and of equals the newest.
    """

    conversation = models.OneToOneField(Conversation, models.CASCADE, primary_key=True, related_name="impression")
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    channel_id = models.BigIntegerField()
    last_at = models.DateTimeField()
    language = models.CharField(max_length=8)
    says = models.IntegerField()
    sure = models.IntegerField()
    harmful = models.BooleanField(default=False)
    urgent_rank = models.BigIntegerField()
    bad_rank = models.BigIntegerField()

    class Meta:
        # What lists are narrowed by stands in every index, so that rows in between are stepped over within it
        indexes = [
            models.Index(
                fields=["workspace", "-last_at", "-conversation"],
                include=["channel_id", "language", "says", "sure"],
                name="impression_newest",
            ),
            models.Index(
                fields=["workspace", "-last_at", "-conversation"],
                include=["channel_id", "language", "says", "sure", "urgent_rank", "bad_rank"],
                condition=models.Q(harmful=True),
                name="impression_harmful",
            ),
            models.Index(
                fields=["workspace", "language", "-last_at", "-conversation"],
                include=["channel_id", "says", "sure"],
                name="impression_of_language",
            ),
            models.Index(
                fields=["workspace", "-urgent_rank", "-conversation"],
                include=["last_at", "channel_id", "language", "says", "sure"],
                name="impression_urgent",
            ),
            models.Index(
                fields=["workspace", "-bad_rank", "-conversation"],
                include=["last_at", "channel_id", "language", "says", "sure"],
                name="impression_bad",
            ),
        ]

    def __str__(self) -> str:
        return f"impression of {self.conversation_id}"


class Rereading(models.Model):
    """How far a workspace has been read with a version, from the newest message back.

    ``at`` and ``message_id`` are of the last message looked at. ``total`` is an estimate made at the start.
    """

    workspace = models.OneToOneField(Workspace, models.CASCADE, primary_key=True, related_name="+")
    version = models.CharField(max_length=80)
    at = models.DateTimeField(null=True)
    message_id = models.BigIntegerField(default=0)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.workspace_id} with {self.version}"


class Correction(models.Model):
    """What a person says a message says; ``message`` is None where it came from an imported file.

    ``was`` is what stood before; the same as ``value`` where somebody confirmed it. Without ``learn`` it holds for
    this message alone.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="corrections", db_index=False)
    facet = models.CharField(max_length=12)
    value = models.CharField(max_length=12)
    was = models.CharField(max_length=12, blank=True)
    text = models.TextField()
    shape = models.BigIntegerField(null=True)
    learn = models.BooleanField(default=True)
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    by_name = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["message", "facet"], condition=models.Q(message__isnull=False), name="correction_once"
            ),
            models.UniqueConstraint(
                fields=["workspace", "shape", "facet"],
                condition=models.Q(message__isnull=True),
                name="correction_imported_once",
            ),
        ]
        indexes = [models.Index(fields=["workspace", "-at", "-id"], name="correction_newest")]

    def __str__(self) -> str:
        return f"{self.facet}: {self.was} → {self.value}"


class Layer(models.Model):
    """What a workspace's corrections taught about one facet, on top of the product's model ``base``.

    ``before`` and ``after`` are measures (by label, and ``all``) of the base and of the layer on corrections that the
    layer had not seen. Only one that is better is ever used.
    """

    class State(models.TextChoices):
        USED = "used"
        WEAKER = "weaker"
        OFF = "off"
        REPLACED = "replaced"

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    facet = models.CharField(max_length=12)
    base = models.CharField(max_length=80)
    state = models.CharField(max_length=8, choices=State)
    corrections = models.IntegerField()
    before: models.JSONField[dict[str, float], dict[str, float]] = models.JSONField()
    after: models.JSONField[dict[str, float], dict[str, float]] = models.JSONField()
    weights = models.BinaryField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "facet"], condition=models.Q(state="used"), name="layer_used_once"
            ),
        ]
        indexes = [models.Index(fields=["workspace", "-id"], name="layer_newest")]

    def __str__(self) -> str:
        return f"{self.facet} of {self.workspace_id}"
