"""People: a member has identities, one account on one network each; what they did is dated in activities."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models.functions import Collate, Lower, Now
from django.utils.translation import gettext_lazy as _

from folkmoot.members.spelling import words_of_identity
from folkmoot.workspaces.models import User, Workspace


class Member(models.Model):
    """A person. Counts and dates are sums over the identities, kept by whoever changes those.

    A member that was merged into another stays as an empty row, so that the merge can be undone exactly.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="members", db_index=False)
    name = models.CharField(_("name"), max_length=200)
    bot = models.BooleanField(_("is a bot"), default=False)
    ours = models.BooleanField(_("is one of us"), default=False)
    merged_into = models.ForeignKey("self", models.SET_NULL, null=True, related_name="merged", db_index=False)
    message_count = models.IntegerField(default=0)
    reaction_count = models.IntegerField(default=0)
    first_seen_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(merged_into=models.F("id")), name="member_not_merged_into_itself"
            ),
        ]
        indexes = [
            models.Index(
                "workspace",
                models.F("last_seen_at").desc(),
                models.F("id").desc(),
                condition=models.Q(merged_into=None),
                name="member_newest",
            ),
            models.Index(
                "workspace",
                models.F("message_count").desc(),
                models.F("id").desc(),
                condition=models.Q(merged_into=None),
                name="member_busiest",
            ),
            models.Index(
                "workspace",
                Collate(Lower("name"), "C"),
                "id",
                condition=models.Q(merged_into=None),
                name="member_by_name",
            ),
            models.Index(fields=["merged_into"], condition=models.Q(merged_into__isnull=False), name="member_merged"),
        ]

    def __str__(self) -> str:
        return self.name


class Identity(models.Model):
    """A member's account on one network. ``remote_id`` is the network's lasting id, normalised by the connector."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    member = models.ForeignKey(Member, models.CASCADE, related_name="identities")
    network = models.CharField(max_length=40)
    remote_id = models.CharField(max_length=255)
    name = models.CharField(max_length=200, blank=True)
    handle = models.CharField(max_length=200, blank=True)
    avatar = models.URLField(max_length=500, blank=True)
    bot = models.BooleanField(default=False)
    message_count = models.IntegerField(default=0)
    reaction_count = models.IntegerField(default=0)
    first_seen_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "identities"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "network", "remote_id"], name="identity_once_per_network"),
        ]
        indexes = [GinIndex(SearchVector(words_of_identity(), config="simple"), name="identity_words")]

    def __str__(self) -> str:
        return self.name or self.handle or self.remote_id


class Activity(models.Model):
    """One dated act of a member.

    What ``about_id`` and ``value`` mean goes by the kind: of a message or reaction, the id of the message, and the
    message's kind ("own" for a comment in a conversation that its author opened) or the emoji; of a join or leave, the id of the channel, and the network's id of the event.
    ``channel_id`` is a plain number, because channels and members are neighbours.
    """

    class Kind(models.TextChoices):
        MESSAGE = "message", _("Message")
        REACTION = "reaction", _("Reaction")
        JOIN = "join", _("Joined")
        LEAVE = "leave", _("Left")

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    identity = models.ForeignKey(Identity, models.CASCADE, related_name="activities", db_index=False)
    kind = models.CharField(max_length=12, choices=Kind)
    at = models.DateTimeField()
    channel_id = models.BigIntegerField()
    about_id = models.BigIntegerField()
    value = models.CharField(max_length=255, blank=True)

    class Meta:
        verbose_name_plural = "activities"
        constraints = [
            models.UniqueConstraint(fields=["identity", "kind", "about_id", "value"], name="activity_once"),
        ]
        indexes = [
            models.Index(fields=["workspace", "at"], name="activity_by_time"),
            models.Index(fields=["identity", "-at", "-id"], name="activity_of_identity"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.identity_id} at {self.at:%Y-%m-%d %H:%M}"


class Unsettled(models.Model):
    """A note that the activities of a batch are stored but not counted in yet; see ``activities.take``.

    The lists are of one length: the identity, kind, time and object of each activity.
    """

    workspace_id = models.BigIntegerField()
    identity_ids = ArrayField(models.BigIntegerField())
    kinds = ArrayField(models.CharField(max_length=12))
    times = ArrayField(models.DateTimeField())
    about_ids = ArrayField(models.BigIntegerField())

    class Meta:
        indexes = [models.Index(fields=["workspace_id", "id"], name="unsettled_in_order")]

    def __str__(self) -> str:
        return f"{len(self.identity_ids)} activities"


class Merge(models.Model):
    """Two members found to be one person. ``before`` is what both were; undone, both are that again."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    kept = models.ForeignKey(Member, models.CASCADE, related_name="merges")
    gone = models.ForeignKey(Member, models.CASCADE, related_name="+")
    identity_ids: models.JSONField[list[int], list[int]] = models.JSONField()
    before: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())
    undone_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gone"], condition=models.Q(undone_at=None), name="merge_gone_once"),
            models.CheckConstraint(condition=~models.Q(kept=models.F("gone")), name="merge_of_two"),
        ]
        indexes = [models.Index(fields=["workspace", "-id"], name="merge_newest")]

    def __str__(self) -> str:
        return f"{self.gone} into {self.kept}"
