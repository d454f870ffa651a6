"""Accounts that need a person soon: admins are told by mail before a token ends, and when one has."""

from __future__ import annotations

import smtplib
from datetime import datetime

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from folkmoot.channels import sessions
from folkmoot.channels.models import Connection
from folkmoot.workspaces.actions import record
from folkmoot.workspaces.models import Rank, Role

AHEAD_DAYS = (14, 7, 1)
OVER = 0

log = structlog.get_logger()


def watch(*, now: datetime) -> int:
    """Tells of every account once at each of ``AHEAD_DAYS`` before its token ends, and once when it must be connected
    again; how many were told of. The pages of channels show the same."""
    told = 0
    rows = Connection.objects.select_related("workspace").filter(state__in=["active", "broken"])
    for connection in rows.order_by("pk"):
        step = due(connection, now=now)
        if step is None:
            continue
        Connection.objects.filter(pk=connection.pk).update(warned_days=step)
        record(
            connection.workspace,
            "connection.warn",
            by=None,
            about=f"connection:{connection.pk}",
            detail={"name": connection.name},
        )
        _mail(connection, now=now)
        told += 1
    return told


def due(connection: Connection, *, now: datetime) -> int | None:
    """The step of which nobody was told yet; None if there is none."""
    if connection.state == Connection.State.BROKEN:
        step = OVER
    elif connection.token_expires_at is None or sessions.renews(connection):
        return None  # lasting, or renewed by itself
    else:
        left = days_left(connection, now=now)
        step = min((days for days in AHEAD_DAYS if left <= days), default=-1)
    known = connection.warned_days
    return step if step >= 0 and (known is None or step < known) else None


def days_left(connection: Connection, *, now: datetime) -> float:
    return (connection.token_expires_at - now).total_seconds() / 86400 if connection.token_expires_at else float("inf")


def _mail(connection: Connection, *, now: datetime) -> None:
    if not settings.EMAIL_HOST:
        return
    people = Role.objects.filter(
        workspace=connection.workspace_id, rank__in=[Rank.OWNER, Rank.ADMIN], user__is_active=True
    )
    addresses = list(people.values_list("user__email", flat=True))
    with translation.override(connection.workspace.language):
        subject, text = _words(connection, now=now)
    try:
        for address in addresses:
            send_mail(subject, text, None, [address])
    except (OSError, smtplib.SMTPException) as error:
        log.warning("a warning was not mailed", error=str(error), connection=connection.pk)


def _words(connection: Connection, *, now: datetime) -> tuple[str, str]:
    name = {"name": connection.name, "network": connection.network_name}
    if connection.state == Connection.State.BROKEN:
        subject = _("%(network)s no longer knows “%(name)s”") % name
        text = _(
            "Folkmoot hears and sends nothing with it until you connect it again. Nothing that was said is lost here."
        )
    else:
        days = max(round(days_left(connection, now=now)), 0)
        subject = _("“%(name)s” (%(network)s) must be connected again soon") % name
        text = ngettext(
            "Its token ends in %(days)s day. Connect it again before that, and nothing is missed.",
            "Its token ends in %(days)s days. Connect it again before that, and nothing is missed.",
            days,
        ) % {"days": days}
    where = f"{settings.PUBLIC_URL}/w/{connection.workspace.slug}/channels/" if settings.PUBLIC_URL else ""
    return " ".join(subject.split()), "\n\n".join(filter(None, (text, where)))
