"""What conversations are about: topics, which of them each conversation belongs to, and what people decided."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from folkmoot.conversations.models import Conversation
from folkmoot.workspaces.models import Workspace


class Topic(models.Model):
    """A topic, or a part of one (``parent``). ``found_name`` is made of its telling words, ``name`` is a person's.

    ``centre`` is how much each word counts for it. One that was merged stays, so that the merge can be undone; the
    same goes for one that is no longer found (``ended_at``). ``by_hand``: it came of a split that a person asked for.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="topics", db_index=False)
    parent = models.ForeignKey("self", models.SET_NULL, null=True, related_name="parts")
    found_name = models.CharField(max_length=200)
    name = models.CharField(_("name"), max_length=80, blank=True)
    words = ArrayField(models.CharField(max_length=80), default=list)
    centre: models.JSONField[dict[str, float], dict[str, float]] = models.JSONField(default=dict)
    typical = models.ForeignKey(Conversation, models.SET_NULL, null=True, related_name="+")
    pinned = models.BooleanField(default=False)
    by_hand = models.BooleanField(default=False)
    merged_into = models.ForeignKey("self", models.SET_NULL, null=True, related_name="merged")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(merged_into=models.F("id")), name="topic_not_into_itself"),
            models.CheckConstraint(condition=~models.Q(parent=models.F("id")), name="topic_not_its_own_part"),
        ]
        indexes = [models.Index(fields=["workspace", "id"], name="topic_of_workspace")]

    def __str__(self) -> str:
        return self.name or self.found_name


class Placement(models.Model):
    """That a conversation was looked at: its topic, or none that is near. ``messages`` is how many it had then."""

    conversation = models.OneToOneField(Conversation, models.CASCADE, primary_key=True, related_name="placement")
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    topic = models.ForeignKey(Topic, models.SET_NULL, null=True, related_name="placements", db_index=False)
    messages = models.IntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["topic"], condition=models.Q(topic__isnull=False), name="placement_of_topic"),
            models.Index(fields=["workspace"], include=["topic"], name="placement_of_workspace"),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id} in {self.topic_id}"


class TopicCount(models.Model):
    """How much of a topic there is in a channel; ``channel_id`` 0 stands for all channels.

    Its parts, and what was merged into it, are counted by themselves.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    topic = models.ForeignKey(Topic, models.CASCADE, related_name="counts", db_index=False)
    channel_id = models.BigIntegerField()
    conversations = models.IntegerField()
    messages = models.IntegerField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["topic", "channel_id"], name="topic_count_once")]
        indexes = [models.Index(fields=["workspace"], name="topic_count_of_workspace")]

    def __str__(self) -> str:
        return f"{self.topic_id}: {self.conversations}"


class TopicRun(models.Model):
    """The latest whole run: when, over how many conversations, and how rare each word was."""

    workspace = models.OneToOneField(Workspace, models.CASCADE, primary_key=True, related_name="+")
    at = models.DateTimeField()
    conversations = models.IntegerField()
    idf: models.JSONField[dict[str, float], dict[str, float]] = models.JSONField()

    def __str__(self) -> str:
        return f"topics of {self.workspace_id} at {self.at:%Y-%m-%d}"
