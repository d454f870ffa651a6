"""All accounts of a workspace with their channels, and how they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from folkmoot.channels import access
from folkmoot.channels.models import Channel, Connection, Recall
from folkmoot.web.channels import guides, health
from folkmoot.web.channels.health import Word
from folkmoot.web.jobs import forgetting_in
from folkmoot.web.request import Request, in_workspace

SHOWN = 12  # channels of an account, before the rest is left to its own page


@dataclass(frozen=True, slots=True)
class Line:
    """A channel as lists show it. ``recall`` is the newest reading of its past."""

    channel: Channel
    word: Word
    lag: str
    stopped: bool
    recall: Recall | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """An account as lists show it; ``more`` channels are left out."""

    account: Connection
    logo: SafeString
    words: list[Word]
    lines: list[Line]
    more: int


@require_GET
@in_workspace(access.CONNECTS)
def channels(request: Request) -> HttpResponse:
    now = timezone.now()
    accounts = list(access.connections(request.role).select_related("owner").order_by("name", "pk"))
    rows = access.channels(request.role).select_related("connection", "health").order_by("name", "pk")
    stopped = {stop.channel_id for stop in access.stops(request.role)}
    by_account: dict[int | None, list[Channel]] = defaultdict(list)
    for channel in rows:
        by_account[channel.connection_id].append(channel)
    context = {
        "title": _("Channels"),
        "accounts": [_shown(account, by_account[account.pk], stopped, now) for account in accounts],
        "history": by_account[None],
        "forgotten": forgetting_in(request.workspace),
        **stop_context(request),
    }
    template = "channels/channels.html#accounts" if request.htmx.target == "accounts" else "channels/channels.html"
    return render(request, template, context)


def _shown(account: Connection, channels: list[Channel], stopped: Collection[int | None], now: datetime) -> Shown:
    lines = lines_of(channels[:SHOWN], stopped, now)
    logo = guides.logo(account.connector)
    return Shown(account, logo, health.of_account(account, now), lines, max(len(channels) - SHOWN, 0))


def lines_of(channels: Iterable[Channel], stopped: Collection[int | None], now: datetime) -> list[Line]:
    channels = list(channels)
    past: dict[int, Recall] = {}
    for recall in Recall.objects.filter(channel__in=channels).order_by("pk"):
        past[recall.channel_id] = recall
    return [
        Line(
            channel,
            health.of_channel(channel, now),
            health.lag(getattr(channel, "health", None)),
            channel.pk in stopped,
            past.get(channel.pk),
        )
        for channel in channels
    ]


def stop_context(request: Request) -> dict[str, object]:
    """What every page about sending shows on top: the switches that are on, and who may turn them."""
    stops = access.stops(request.role)
    return {
        "stops": stops,
        "all_stopped": any(stop.channel_id is None for stop in stops),
        "may_stop": access.may_stop(request.role, None),
        "may_release": request.role.may(access.RELEASES),
    }
