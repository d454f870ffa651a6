"""The one way a connected account, its channels and what goes out reach a door."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404

from folkmoot.channels.models import Channel, Connection, Delivery, Stop
from folkmoot.lib import keyset
from folkmoot.lib.keyset import Mark, Slice
from folkmoot.workspaces.models import Rank, Role

CONNECTS = Rank.ADMIN
SPEAKS = Rank.MODERATOR
RELEASES = Rank.MANAGER


def connections(role: Role) -> QuerySet[Connection]:
    """For admins, who see all channels. Raises ``PermissionDenied``."""
    _needs(role, CONNECTS)
    return Connection.objects.filter(workspace=role.workspace_id).exclude(state=Connection.State.GONE)


def connection(role: Role, connection_id: int) -> Connection:
    """Raises ``PermissionDenied`` or ``Http404``."""
    found = connections(role).filter(pk=connection_id).first()
    if found is None:
        raise Http404
    return found


def channels(role: Role) -> QuerySet[Channel]:
    """Those that the role sees."""
    rows = Channel.objects.filter(workspace=role.workspace_id)
    return rows if role.channel_ids is None else rows.filter(pk__in=role.channel_ids)


def channel(role: Role, channel_id: int) -> Channel:
    """Raises ``Http404`` for one that is not there for this role."""
    found = channels(role).select_related("connection", "health").filter(pk=channel_id).first()
    if found is None:
        raise Http404
    return found


def deliveries(role: Role) -> QuerySet[Delivery]:
    """What went out, or is to, in the channels that the role sees; for those who speak. Raises ``PermissionDenied``."""
    _needs(role, SPEAKS)
    rows = Delivery.objects.filter(workspace=role.workspace_id)
    return rows if role.channel_ids is None else rows.filter(channel__in=role.channel_ids)


def delivery(role: Role, delivery_id: int) -> Delivery:
    """Raises ``PermissionDenied`` or ``Http404``."""
    found = deliveries(role).select_related("channel", "connection", "ordered_by").filter(pk=delivery_id).first()
    if found is None:
        raise Http404
    return found


def sent(role: Role, rows: QuerySet[Delivery], mark: Mark | None, *, size: int) -> Slice[Delivery]:
    """A page of ``deliveries``, newest first."""
    _needs(role, SPEAKS)
    return keyset.page(rows.select_related("channel", "connection", "ordered_by"), "id", mark, size)


def stops(role: Role) -> list[Stop]:
    """The switches that are on and concern this role."""
    rows = Stop.objects.filter(workspace=role.workspace_id).select_related("channel", "by")
    return [stop for stop in rows.order_by("at") if stop.channel_id is None or role.sees_channel(stop.channel_id)]


def may_stop(role: Role, channel_id: int | None) -> bool:
    """Whoever speaks may stop what goes out where they speak; all of it, who sees all channels."""
    return role.may(SPEAKS) and (role.channel_ids is None if channel_id is None else role.sees_channel(channel_id))


def may_speak(role: Role, account: Connection) -> bool:
    """Whether a person may send from an account: a personal one is its owner's alone."""
    return role.may(SPEAKS) and (not account.personal or account.owner_id == role.user_id)


def _needs(role: Role, rank: Rank) -> None:
    if not role.may(rank):
        raise PermissionDenied
