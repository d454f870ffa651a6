"""Accounts at networks, and what their networks told us by request."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from folkmoot.lib.sealed import SealedField
from folkmoot.networks import get as get_connector
from folkmoot.networks.base import Connector
from folkmoot.workspaces.models import User, Workspace


class Connection(models.Model):
    """An account at a network that we listen and speak with.

    ``remote_id`` is the account's own id there, so that connecting it again finds the row. ``personal`` ones belong to
    ``owner``, who alone speaks with them. ``secrets`` is sealed JSON; ``secrets_version`` rises with every change of it,
    and whoever renews a token writes only over the version it read. ``address`` is the secret part of where the network
    sends its requests. ``allowed`` are private addresses that this account may reach, in words. ``met`` are places that
    turned up without being connected, by remote id. ``listener`` is the process that listens, until ``leased_until``
    unless it says again that it lives.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("Connected")
        PAUSED = "paused", _("Paused")
        BROKEN = "broken", _("Must be connected again")
        GONE = "gone", _("Disconnected")

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="connections", db_index=False)
    network = models.CharField(_("network"), max_length=40)
    remote_id = models.CharField(max_length=255)
    name = models.CharField(_("name"), max_length=200)
    handle = models.CharField(max_length=200, blank=True)
    personal = models.BooleanField(_("a personal account"), default=False)
    owner = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    settings: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict)
    secrets = SealedField(blank=True)
    secrets_version = models.BigIntegerField(default=0)
    address = models.CharField(max_length=64, unique=True)
    allowed = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    error = models.TextField(blank=True)
    failing_since = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    rights: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list)
    notes: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    checked_at = models.DateTimeField(null=True)
    token_expires_at = models.DateTimeField(null=True)
    warned_days = models.PositiveSmallIntegerField(null=True)
    cursor = models.TextField(blank=True)
    streamed_at = models.DateTimeField(null=True)
    met: models.JSONField[dict[str, dict[str, str]], dict[str, dict[str, str]]] = models.JSONField(default=dict)
    listener = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "network", "remote_id"], name="connection_account_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=["active", "paused", "broken", "gone"]), name="connection_state_known"
            ),
        ]
        indexes = [models.Index(fields=["leased_until"], name="connection_lease")]

    def __str__(self) -> str:
        return self.name

    @property
    def connector(self) -> Connector | None:
        """None when its connector is no longer installed."""
        return get_connector(self.network)

    @property
    def network_name(self) -> str:
        connector = self.connector
        return connector.facts.name if connector else self.network


class KeptHook(models.Model):
    """A request of a network, as it came, until and after it was heard. ``key`` is the same for a repeated one."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="hooks", db_index=False)
    key = models.CharField(max_length=64)
    method = models.CharField(max_length=8)
    headers: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict)
    query: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict)
    body = models.BinaryField()
    at = models.DateTimeField()
    heard_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "key"], name="hook_once")]
        indexes = [
            models.Index(fields=["connection", "id"], condition=models.Q(heard_at=None), name="hook_unheard"),
            models.Index(fields=["heard_at"], condition=~models.Q(heard_at=None), name="hook_heard"),
        ]

    def __str__(self) -> str:
        return f"hook {self.key} of {self.connection_id}"
