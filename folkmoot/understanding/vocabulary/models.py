"""The words a community has for itself, and the work of bringing the index up to them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from folkmoot.workspaces.models import User, Workspace


class Reindexing(models.Model):
    """Messages that a change of the vocabulary touches: those that ``query`` (a tsquery) finds.

    Their stored words are brought up to it, or with ``moods`` what stands of their mood. Messages up to ``upto``, by id, are done, ``done`` of ``total`` in number; ``total`` is None until it begins.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    query = models.TextField()
    moods = models.BooleanField(default=False, db_default=False)
    total = models.BigIntegerField(null=True)
    done = models.BigIntegerField(default=0)
    upto = models.BigIntegerField(default=0)
    ordered_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["workspace", "id"], condition=models.Q(finished_at__isnull=True), name="reindexing_waiting"
            )
        ]

    def __str__(self) -> str:
        return f"reindexing {self.pk} of {self.workspace_id}"


class Entry(models.Model):
    """One word or phrase with its other spellings. ``key`` is the folded word; ``language`` is empty for any.

    ``waits_for`` stands at an entry until older messages follow it; a name is not searched for alone before.
    """

    class Kind(models.TextChoices):
        SYNONYMS = "synonyms", _("Synonyms")
        NAME = "name", _("Name")
        SLANG = "slang", _("Slang")

    class Sentiment(models.TextChoices):
        NEGATIVE = "neg", _("Negative")
        NEUTRAL = "neu", _("Neutral")
        POSITIVE = "pos", _("Positive")

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind)
    word = models.CharField(max_length=100)
    key = models.CharField(max_length=200)
    language = models.CharField(max_length=2, blank=True)
    forms = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    meaning = models.CharField(max_length=300, blank=True)
    sentiment = models.CharField(max_length=3, choices=Sentiment, blank=True)
    note = models.CharField(max_length=300, blank=True)
    waits_for = models.ForeignKey(Reindexing, models.SET_NULL, null=True, related_name="entries")
    changed_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "kind", "language", "key"], name="vocabulary_entry_once"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["synonyms", "name", "slang"]), name="vocabulary_kind_known"
            ),
            models.CheckConstraint(
                condition=models.Q(sentiment__in=["", "neg", "neu", "pos"]), name="vocabulary_sentiment_known"
            ),
        ]
        indexes = [models.Index(fields=["workspace", "-changed_at", "-id"], name="vocabulary_newest")]

    def __str__(self) -> str:
        return self.word

    @property
    def spellings(self) -> tuple[str, ...]:
        return (self.word, *self.forms)
