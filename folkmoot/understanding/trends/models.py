"""How many people said what, hour by hour, and what rose against that.

Counts are derived. A ``StaleHour`` says which hour must be counted again; it is written in the transaction that
learnt of the messages and taken away in the one that counted them.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from folkmoot.workspaces.models import Workspace


class Fresh(models.Model):
    """A note that these messages were read, and are not yet looked at for copies and trends."""

    workspace_id = models.BigIntegerField()
    message_ids = ArrayField(models.BigIntegerField())

    class Meta:
        verbose_name_plural = "fresh"
        indexes = [models.Index(fields=["workspace_id", "id"], name="fresh_in_order")]

    def __str__(self) -> str:
        return f"{len(self.message_ids)} fresh"


class StaleHour(models.Model):
    """An hour (UTC) whose counts are out of date."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    hour = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["workspace", "hour"], name="stale_hour_in_order")]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}"


class HourTerms(models.Model):
    """Who said what in an hour (UTC): of each term how many people, once each; bots and our own words left out."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    hour = models.DateTimeField()
    people = models.IntegerField()
    terms: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField()

    class Meta:
        verbose_name_plural = "hour terms"
        constraints = [models.UniqueConstraint(fields=["workspace", "hour"], name="hour_terms_once")]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}: {self.people}"


class DayTerms(models.Model):
    """The hours of a day (UTC) added up, without terms that one person said in one hour only."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    people = models.IntegerField()
    terms: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField()

    class Meta:
        verbose_name_plural = "day terms"
        constraints = [models.UniqueConstraint(fields=["workspace", "day"], name="day_terms_once")]

    def __str__(self) -> str:
        return f"{self.day}: {self.people}"


class Usual(models.Model):
    """What is usual in a workspace, worked out once a day from its hours; see ``rates.Baseline``."""

    workspace = models.OneToOneField(Workspace, models.CASCADE, primary_key=True, related_name="+")
    until = models.DateTimeField()
    cells: models.JSONField[list[list[float]], list[list[float]]] = models.JSONField()
    terms: models.JSONField[dict[str, list[int]], dict[str, list[int]]] = models.JSONField()

    def __str__(self) -> str:
        return f"usual until {self.until:%Y-%m-%d %H:%M}"


class Trend(models.Model):
    """Something that rose. ``people`` is how many said it in the window in which it was found, ``usual`` how many do.

    ``chance`` is how probable that is if nothing rose. ``channels`` says in which channels how many said it; ``hours`` are
    the counts of the two days up to ``seen_at``, for a small drawing. ``over_at`` None: it is rising still.
    """

    class Kind(models.TextChoices):
        WORD = "word", _("Word")
        TAG = "tag", _("Hashtag")
        LINK = "link", _("Link")
        TOPIC = "topic", _("Topic")

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind)
    term = models.CharField(max_length=130)
    label = models.CharField(max_length=200)
    since = models.DateTimeField()
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    over_at = models.DateTimeField(null=True)
    window_minutes = models.IntegerField()
    people = models.IntegerField()
    usual = models.FloatField()
    chance = models.FloatField()
    channels: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(default=dict)
    hours = ArrayField(models.IntegerField(), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "term"], condition=models.Q(over_at=None), name="trend_rising_once"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["word", "tag", "link", "topic"]), name="trend_kind_known"
            ),
        ]
        indexes = [models.Index(fields=["workspace", "-seen_at", "-id"], name="trend_newest")]

    def __str__(self) -> str:
        return self.label
