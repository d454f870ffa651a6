"""What was said, and what belongs together."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import MD5, Cast
from django.utils.translation import gettext_lazy as _

from folkmoot.channels.models import Channel
from folkmoot.conversations.lexemes import LexemesField
from folkmoot.members.models import Identity
from folkmoot.workspaces.models import Workspace


class Conversation(models.Model):
    """Messages that belong together, by any number of people.

    ``remote_id`` is the network's id of the thread; a stretch of talk in a flat chat has none. ``kind`` is that of
    the message that opens it. ``opening`` and ``latest`` are the beginnings of its first and last message. ``waiting_since`` is when the oldest message that
    still waits for an answer was written.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="conversations", db_index=False)
    remote_id = models.CharField(max_length=255, null=True)  # noqa: DJ001 - many flat stretches share one channel
    title = models.CharField(_("title"), max_length=300, blank=True)
    kind = models.CharField(max_length=8, default="post")
    opener = models.ForeignKey(Identity, models.RESTRICT, null=True, related_name="+", db_index=False)
    opened_by_us = models.BooleanField(default=False)
    opening = models.CharField(max_length=200, blank=True)
    first_at = models.DateTimeField()
    latest = models.CharField(max_length=200, blank=True)
    latest_author = models.ForeignKey(Identity, models.RESTRICT, null=True, related_name="+", db_index=False)
    last_at = models.DateTimeField()
    message_count = models.IntegerField(default=0)
    waiting_since = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "remote_id"], name="conversation_thread_once"),
        ]
        # ``first_at`` stands in them so that what began after a period long past is stepped over within the index
        indexes = [
            models.Index(fields=["workspace", "-last_at", "-id", "first_at"], name="conversation_newest"),
            models.Index(fields=["channel", "-last_at", "-id", "first_at"], name="conversation_of_channel"),
            models.Index(fields=["workspace", "kind", "-last_at", "-id", "first_at"], name="conversation_of_kind"),
            models.Index(
                fields=["workspace", "-last_at", "-id"],
                condition=models.Q(waiting_since__isnull=False),
                name="conversation_waiting",
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.opening


class Message(models.Model):
    """Anything somebody said. ``lexemes`` are the words and their base forms, for search."""

    class Kind(models.TextChoices):
        POST = "post", _("Post")
        COMMENT = "comment", _("Comment")
        REPLY = "reply", _("Reply")
        DIRECT = "direct", _("Direct message")
        REVIEW = "review", _("Review")
        MENTION = "mention", _("Mention")

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+", db_index=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages", db_index=False)
    author = models.ForeignKey(Identity, models.RESTRICT, related_name="messages", db_index=False)
    remote_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=8, choices=Kind)
    at = models.DateTimeField()
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    url = models.URLField(max_length=1000, blank=True)
    parent = models.ForeignKey("self", models.SET_NULL, null=True, related_name="replies", db_index=False)
    parent_remote_id = models.CharField(max_length=255, blank=True)
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    ours = models.BooleanField(default=False)
    reactions: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(default=dict)
    unnamed_reactions = models.IntegerField(default=0)
    lexemes = LexemesField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "remote_id"], name="message_once_per_channel"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["post", "comment", "reply", "direct", "review", "mention"]),
                name="message_kind_known",
            ),
        ]
        indexes = [
            models.Index(fields=["conversation", "at", "id"], name="message_in_thread"),
            models.Index(fields=["workspace", "-at", "-id"], name="message_newest"),
            models.Index(fields=["channel", "at"], name="message_of_channel"),
            models.Index(
                fields=["author", "-at", "-id"], include=["conversation", "channel"], name="message_of_author"
            ),
            models.Index(fields=["parent"], condition=models.Q(parent__isnull=False), name="message_answers"),
            models.Index(
                fields=["channel", "parent_remote_id"],
                condition=models.Q(parent__isnull=True) & ~models.Q(parent_remote_id=""),
                name="message_orphan",
            ),
            models.Index(
                fields=["workspace", "at"],
                include=["channel", "unnamed_reactions"],
                condition=models.Q(unnamed_reactions__gt=0),
                name="message_unnamed_reactions",
            ),
            GinIndex(fields=["lexemes"], name="message_words"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.remote_id}"


class Revision(models.Model):
    """What a message said before it was edited."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="revisions")
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    replaced_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"revision of {self.message_id}"


class GivenReaction(models.Model):
    """The latest that is known of one person's reaction to a message, where the network tells each act."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="given", db_index=False)
    identity = models.ForeignKey(Identity, models.CASCADE, related_name="+", db_index=False)
    value = models.CharField(max_length=64)
    at = models.DateTimeField()
    taken_back = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "identity", "value"], name="given_reaction_once")]

    def __str__(self) -> str:
        return f"{self.value} to {self.message_id}"


class Early(models.Model):
    """Something told of a message that has not come yet: it waits for it. ``what`` is the act, as JSON."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+", db_index=False)
    remote_id = models.CharField(max_length=255)
    at = models.DateTimeField()
    what: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()

    class Meta:
        verbose_name_plural = "early"
        constraints = [
            models.UniqueConstraint(
                "channel", "remote_id", MD5(Cast("what", models.TextField())), "at", name="early_once"
            )
        ]

    def __str__(self) -> str:
        return f"early for {self.remote_id}"


class Attachment(models.Model):
    """Something that hangs on a message; it stays at the network, only its address is kept."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="attachments")
    kind = models.CharField(max_length=8)
    name = models.CharField(max_length=300, blank=True)
    url = models.TextField(blank=True)
    mime = models.CharField(max_length=120, blank=True)
    size = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return self.name or self.url


class Ask(models.Model):
    """A message that calls for an answer, and when it got one. The rule: docs/reference/kpis.md."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+", db_index=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="asks", db_index=False)
    message = models.OneToOneField(Message, models.CASCADE, related_name="ask")
    asked_at = models.DateTimeField()
    answer = models.ForeignKey(Message, models.SET_NULL, null=True, related_name="+", db_index=False)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(answered_at__isnull=True) | models.Q(answered_at__gte=models.F("asked_at")),
                name="ask_answered_after",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "asked_at"], include=["answered_at", "channel"], name="ask_by_time"),
            models.Index(fields=["conversation"], name="ask_of_conversation"),
            models.Index(fields=["answer"], condition=models.Q(answer__isnull=False), name="ask_answered_by"),
        ]

    def __str__(self) -> str:
        return f"ask {self.message_id}"
