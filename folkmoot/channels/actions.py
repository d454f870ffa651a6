"""Everything that changes channels and imports of archives."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from folkmoot.channels.models import ArchiveImport, Channel, Health
from folkmoot.lib import bulk
from folkmoot.lib.alive import is_worked_at
from folkmoot.networks.base import Place, Skipped
from folkmoot.workspaces.actions import record
from folkmoot.workspaces.models import User, Workspace


class UnableTo(Exception):
    """It can't be done; the message tells a person what to do."""


def channel_for(workspace: Workspace, network: str, place: Place) -> Channel:
    """The channel of a place, made if there is none; a place that was renamed renames it."""
    name = bulk.storable(place.name or place.remote_id, 200)
    channel, made = Channel.objects.get_or_create(
        workspace=workspace,
        network=network,
        remote_id=bulk.key(place.remote_id),
        defaults={"name": name, "kind": place.kind, "url": bulk.storable(place.url, 500)},
    )
    if made:
        record(workspace, "channel.create", by=None, about=f"channel:{channel.pk}", detail={"name": name})
    elif channel.name != name and place.name:
        channel.name = name
        channel.save(update_fields=["name"])
    return channel


def move(channel: Channel, remote_id: str) -> bool:
    """The network gave the place another id; its history stays. False where another channel has that id already: both
    stay as they are."""
    key = bulk.key(remote_id)
    there = Channel.objects.filter(workspace=channel.workspace_id, network=channel.network, remote_id=key).first()
    if there is None and Channel.objects.filter(pk=channel.pk).exclude(remote_id=key).update(remote_id=key):
        detail = {"name": channel.name}
        record(channel.workspace, "channel.move", by=None, about=f"channel:{channel.pk}", detail=detail)
    elif there is not None and there.pk != channel.pk:
        return False
    channel.remote_id = key
    return True


def hold(channel: Channel) -> None:
    """Locks the channel's row: batches of one channel are stored one after the other."""
    Channel.objects.select_for_update(no_key=True).only("id").get(pk=channel.pk)


def read(channel: Channel, cursor: str, *, new: bool, now: datetime) -> None:
    """Notes that the channel was read up to ``cursor``."""
    Channel.objects.filter(pk=channel.pk).update(cursor=cursor)
    channel.cursor = cursor
    fresh: dict[str, object] = {"last_read_at": now, "failing_since": None, "error": "", "retry_at": None}
    if new:
        fresh["last_new_at"] = now
    Health.objects.update_or_create(channel=channel, defaults=fresh)


@transaction.atomic
def order_import(
    workspace: Workspace,
    *,
    path: str,
    name: str,
    format: str = "",
    options: Mapping[str, str] | None = None,
    uploaded: bool = False,
    by: User | None = None,
) -> ArchiveImport:
    """Writes down that an archive is to be read; whoever calls this also starts or defers the reading."""
    order = ArchiveImport.objects.create(
        workspace=workspace,
        path=path,
        name=bulk.storable(name, 255),
        format=format,
        options=dict(options or {}),
        uploaded=uploaded,
        started_by=by,
    )
    record(workspace, "import.order", by=by, about=f"import:{order.pk}", detail={"name": order.name})
    return order


@transaction.atomic
def describe_import(order: ArchiveImport, *, format: str, options: Mapping[str, str]) -> None:
    """Notes how a waiting archive is to be read. Raises ``UnableTo`` when its reading has begun or is over."""
    row = ArchiveImport.objects.select_for_update().get(pk=order.pk)
    if row.state != row.State.WAITING or row.cursor:
        raise UnableTo(_("This archive is being read already, or it is done."))
    row.format, row.options = format, dict(options)
    row.save(update_fields=["format", "options"])
    order.refresh_from_db()


def begin(order: ArchiveImport, *, format: str, bytes_total: int) -> None:
    """Marks the import as running; whoever calls this holds its sign of life. Raises ``UnableTo`` if it is over."""
    with transaction.atomic():
        row = ArchiveImport.objects.select_for_update().get(pk=order.pk)
        if row.is_over:
            raise UnableTo(_("This import is over; start a new one."))
        row.state, row.format, row.bytes_total = row.State.RUNNING, format, bytes_total
        row.save(update_fields=["state", "format", "bytes_total"])
    order.refresh_from_db()


def advance(
    order: ArchiveImport,
    *,
    cursor: str,
    bytes_read: int,
    counts: Mapping[str, int],
    skipped: Sequence[Skipped],
    seconds: float,
) -> bool:
    """Notes how far the reading got, in the transaction that stored what was read; False when it is to stop."""
    order.cursor, order.bytes_read = cursor, bytes_read
    for name, count in counts.items():
        setattr(order, name, getattr(order, name) + count)
    for one in skipped:
        entry = order.skipped.setdefault(one.reason, {"count": 0, "where": bulk.storable(one.where, 200)})
        entry["count"] += one.count
    order.seconds += seconds
    ArchiveImport.objects.filter(pk=order.pk).update(
        cursor=cursor,
        bytes_read=bytes_read,
        skipped=order.skipped,
        seconds=order.seconds,
        **{name: getattr(order, name) for name in counts},
    )
    return not ArchiveImport.objects.filter(pk=order.pk, cancel_wanted=True).exists()


def end(order: ArchiveImport, state: ArchiveImport.State, *, error: str = "", now: datetime) -> None:
    order.state, order.error, order.ended_at = state, bulk.storable(error, 2000), now
    if state == ArchiveImport.State.DONE:
        order.bytes_read = order.bytes_total
    order.save(update_fields=["state", "error", "ended_at", "bytes_read"])
    record(order.workspace, f"import.{state}", by=None, about=f"import:{order.pk}")


@transaction.atomic
def cancel_import(order: ArchiveImport, *, by: User, now: datetime) -> None:
    """What was read stays; one that waits, or whose process died, ends at once."""
    row = ArchiveImport.objects.select_for_update().get(pk=order.pk)
    if row.is_over:
        return
    row.cancel_wanted = True
    row.save(update_fields=["cancel_wanted"])
    record(row.workspace, "import.cancel", by=by, about=f"import:{row.pk}")
    if not is_worked_at(row.pk):
        end(row, ArchiveImport.State.CANCELLED, now=now)


@transaction.atomic
def resume_import(order: ArchiveImport, *, by: User | None) -> None:
    """Lets an import that failed, was cancelled or lost its process go on from where it stopped.

    Raises ``UnableTo``.
    """
    row = ArchiveImport.objects.select_for_update().get(pk=order.pk)
    if row.state == row.State.DONE:
        raise UnableTo(_("This import is done. To read the archive again, start a new import."))
    if is_worked_at(row.pk):
        raise UnableTo(_("This import is running."))
    row.state, row.cancel_wanted, row.error, row.ended_at = row.State.WAITING, False, "", None
    row.save(update_fields=["state", "cancel_wanted", "error", "ended_at"])
    record(row.workspace, "import.resume", by=by, about=f"import:{row.pk}")
    order.refresh_from_db()


def interrupted(
    workspace: Workspace, path: str, *, formats: Collection[str], options: Mapping[str, str]
) -> ArchiveImport | None:
    """The newest import of this path, if it was begun, has lost its process, and read what is to be read now.

    ``formats`` are those it may have been read as; none named means any.
    """
    row = ArchiveImport.objects.filter(workspace=workspace, path=path).order_by("-id").first()
    if row is None or row.is_over or not row.cursor or is_worked_at(row.pk):
        return None
    if row.options != options or (formats and row.format not in formats):
        return None
    return row
