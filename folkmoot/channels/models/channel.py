"""Places of a network, and how well reading them goes."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from folkmoot.channels.models.connection import Connection
from folkmoot.networks import get as get_connector
from folkmoot.networks.base import Connector, Place
from folkmoot.workspaces.models import User, Workspace


class Channel(models.Model):
    """One place. ``network`` is a connector's slug, ``remote_id`` the network's own id of the place.

    A channel with a ``connection`` is listened to by that account, unless it is paused; one that came from an archive, or
    was disconnected, has none.
    """

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
    connection = models.ForeignKey(Connection, models.SET_NULL, null=True, related_name="channels")
    paused = models.BooleanField(default=False)
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
    def place(self) -> Place:
        """The channel as its connector knows it."""
        return Place(self.remote_id, self.name, self.kind, self.url)  # type: ignore[arg-type]

    @property
    def network_name(self) -> str:
        connector = self.connector
        return connector.facts.name if connector else self.network


class Health(models.Model):
    """How reading a channel goes. A channel that was only ever imported has none.

    ``lag`` is how many seconds old the newest message was when it was read.
    """

    channel = models.OneToOneField(Channel, models.CASCADE, related_name="health", primary_key=True)
    last_read_at = models.DateTimeField(null=True)
    last_new_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    retry_at = models.DateTimeField(null=True)
    lag = models.FloatField(null=True)

    def __str__(self) -> str:
        return f"health of {self.channel}"


class Cursor(models.Model):
    """How far a channel was asked for one kind of thing, or for one thread, and when it is asked again.

    ``rest`` is the present pause in seconds: it grows while nothing comes.
    """

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="cursors", db_index=False)
    kind = models.CharField(max_length=40, blank=True)
    thread = models.CharField(max_length=255, blank=True)
    text = models.TextField(blank=True)
    rest = models.FloatField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    asked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "kind", "thread"], name="cursor_once")]
        indexes = [models.Index(fields=["due_at"], name="cursor_due")]

    def __str__(self) -> str:
        return f"{self.kind}{self.thread} of {self.channel_id}"


class Recall(models.Model):
    """One reading of what was said in a channel before it was connected, back to ``since``.

    ``done`` is the share that is read, None where the network does not tell.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="recalls")
    since = models.DateTimeField()
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    cursor = models.TextField(blank=True)
    done = models.FloatField(null=True)
    messages_new = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    due_at = models.DateTimeField(db_default=Now())
    ordered_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel"], condition=models.Q(state__in=["waiting", "running"]), name="recall_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"past of {self.channel_id} since {self.since:%Y-%m-%d}"

    @property
    def is_over(self) -> bool:
        return self.state not in {self.State.WAITING, self.State.RUNNING}
