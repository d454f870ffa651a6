"""Everything that changes connected accounts: trying them, connecting, pausing, connecting again, letting go."""

from __future__ import annotations

import secrets as chance
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from folkmoot.channels import actions, sessions
from folkmoot.channels.actions import UnableTo
from folkmoot.channels.models import Channel, Connection, Cursor, Delivery, Health, Recall
from folkmoot.lib import bulk
from folkmoot.networks import get as get_connector
from folkmoot.networks.base import Place
from folkmoot.networks.errors import NetworkError, Reconnect
from folkmoot.networks.live import Checkup, Connects, Hears, Recalls, Right, Streams, Subscribes
from folkmoot.workspaces.actions import record
from folkmoot.workspaces.models import User, Workspace

CHANGED = "folkmoot_channels"  # what listeners are told by


@dataclass(frozen=True, slots=True)
class Filled:
    """What a person filled in to connect an account, and what signing in brought. ``allowed`` are private addresses, in
    words."""

    network: str
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    allowed: str = ""
    personal: bool = False
    expires_at: datetime | None = None


def connector(slug: str) -> Connects:
    """Raises ``UnableTo`` for a network whose accounts can't be connected."""
    found = get_connector(slug)
    if not isinstance(found, Connects):
        raise UnableTo(_("Accounts of this network can't be connected."))
    return found


def try_out(filled: Filled) -> tuple[Checkup, list[Place]]:
    """Asks the network who we would be, what we may, and which places there are; stores nothing.

    Raises ``UnableTo`` with what to do.
    """
    made = connector(filled.network)
    try:
        sessions.allowed(filled.allowed)
    except ValueError as error:
        raise UnableTo(_("These are no addresses: %(error)s.") % {"error": error}) from error
    try:
        with sessions.begun(made, filled.settings, filled.secrets, filled.allowed) as session:
            found = session.check()
            lacking = [right for right in found.rights if right.needed and right.granted is False]
            return found, [] if lacking else list(session.places())
    except NetworkError as error:
        raise UnableTo(str(error)) from error


@transaction.atomic
def connect(workspace: Workspace, filled: Filled, found: Checkup, *, by: User, now: datetime) -> Connection:
    """Stores an account that was tried out; one that was connected before keeps its channels and history."""
    key = bulk.key(found.account.remote_id)
    row = (
        Connection.objects.select_for_update()
        .filter(workspace=workspace, network=filled.network, remote_id=key)
        .first()
    )
    again = row is not None
    if row is None:
        row = Connection(workspace=workspace, network=filled.network, remote_id=key, address=chance.token_hex(24))
    if not again or row.state == Connection.State.GONE:
        row.personal, row.owner = filled.personal, by
    _fill(row, filled, found, now=now)
    row.save()
    record(
        workspace,
        "connection.again" if again else "connection.make",
        by=by,
        about=f"connection:{row.pk}",
        detail={"name": row.name, "network": row.network},
    )
    _tell(row)
    return row


@transaction.atomic
def reconnect(connection: Connection, filled: Filled, found: Checkup, *, by: User, now: datetime) -> None:
    """New proof for the same account. Raises ``UnableTo`` when it is another account's."""
    row = Connection.objects.select_for_update().get(pk=connection.pk)
    if row.remote_id != bulk.key(found.account.remote_id):
        raise UnableTo(
            _("This is another account (%(name)s). To use it, connect it as a new one.") % {"name": found.account.name}
        )
    _fill(row, filled, found, now=now)
    row.save()
    record(row.workspace, "connection.again", by=by, about=f"connection:{row.pk}", detail={"name": row.name})
    _tell(row)
    connection.refresh_from_db()


def _fill(row: Connection, filled: Filled, found: Checkup, *, now: datetime) -> None:
    row.settings = dict(filled.settings)
    row.secrets, row.secrets_version = sessions.sealed(filled.secrets), row.secrets_version + 1
    row.allowed = filled.allowed
    row.state, row.error, row.failing_since, row.retry_at = Connection.State.ACTIVE, "", None, None
    _note(row, found, now=now)
    if filled.expires_at:
        row.token_expires_at = filled.expires_at


def _note(row: Connection, found: Checkup, *, now: datetime) -> None:
    account = found.account
    row.name = bulk.storable(account.name or account.handle or account.remote_id, 200)
    row.handle = bulk.storable(account.handle, 200)
    row.rights = [asdict(right) for right in found.rights]
    row.notes = list(found.notes)
    row.token_expires_at, row.checked_at, row.warned_days = found.expires_at, now, None


def check(connection: Connection, *, now: datetime) -> list[Right]:
    """Asks the network anew what the account may; its rights. Raises ``UnableTo``."""
    try:
        with sessions.opened(connection) as session:
            found = session.check()
    except NetworkError as error:
        raise UnableTo(str(error)) from error
    _note(connection, found, now=now)
    connection.save(
        update_fields=["name", "handle", "rights", "notes", "token_expires_at", "checked_at", "warned_days"]
    )
    return list(found.rights)


def places(connection: Connection) -> list[Place]:
    """What of the network can be connected: what the account tells, and what it met. Raises ``UnableTo``."""
    try:
        with sessions.opened(connection) as session:
            told = list(session.places())
    except NetworkError as error:
        raise UnableTo(str(error)) from error
    known = {place.remote_id for place in told}
    met = [Place(remote_id, one["name"], one["kind"], one["url"]) for remote_id, one in connection.met.items()]  # type: ignore[arg-type]
    return told + [place for place in met if place.remote_id not in known]


@transaction.atomic
def choose(
    connection: Connection, chosen: Iterable[Place], *, since: datetime | None, by: User, now: datetime
) -> list[Channel]:
    """Listens to these places from now on, and reads what was said there since ``since``, if given.

    A channel that an archive or another account made is taken over with its history. Raises ``UnableTo`` for one that
    another account listens to.
    """
    made = []
    for place in chosen:
        channel = actions.channel_for(connection.workspace, connection.network, place)
        if channel.connection_id not in (None, connection.pk):
            raise UnableTo(
                _("“%(name)s” is connected by another account already; disconnect it there first.")
                % {"name": channel.name}
            )
        fresh = channel.connection_id is None
        channel.connection, channel.paused = connection, False
        channel.save(update_fields=["connection", "paused"])
        connection.met.pop(place.remote_id, None)
        if fresh and since:
            recall(channel, since, by=by)
        made.append(channel)
        record(
            connection.workspace, "channel.connect", by=by, about=f"channel:{channel.pk}", detail={"name": channel.name}
        )
    connection.save(update_fields=["met"])
    _tell(connection)
    return made


def recall(channel: Channel, since: datetime, *, by: User | None) -> Recall | None:
    """Orders the past of a channel to be read; None where its network gives none, or it is being read."""
    connection = channel.connection
    if connection is None or not issubclass(sessions.connects(connection).session, Recalls):
        return None
    if Recall.objects.filter(channel=channel, state__in=["waiting", "running"]).exists():
        return None
    return Recall.objects.create(channel=channel, since=since, ordered_by=by)


def pause(connection: Connection, *, by: User) -> None:
    """Neither listens nor speaks until it goes on; nothing is forgotten."""
    _change(connection, Connection.State.PAUSED, "connection.pause", by=by)


def go_on(connection: Connection, *, by: User) -> None:
    _change(connection, Connection.State.ACTIVE, "connection.go_on", by=by)


@transaction.atomic
def _change(connection: Connection, state: Connection.State, act: str, *, by: User) -> None:
    Connection.objects.filter(pk=connection.pk).exclude(state=Connection.State.GONE).update(
        state=state, retry_at=None, failing_since=None, error=""
    )
    connection.refresh_from_db()
    record(connection.workspace, act, by=by, about=f"connection:{connection.pk}", detail={"name": connection.name})
    _tell(connection)


@transaction.atomic
def pause_channel(channel: Channel, paused: bool, *, by: User) -> None:
    channel.paused = paused
    channel.save(update_fields=["paused"])
    if not paused:
        _catch_up(channel, by=by)
    act = "channel.pause" if paused else "channel.go_on"
    record(channel.workspace, act, by=by, about=f"channel:{channel.pk}", detail={"name": channel.name})
    if channel.connection:
        _tell(channel.connection)


def _catch_up(channel: Channel, *, by: User) -> None:
    """What its account was told meanwhile passed by: where the network gives the past, it is read."""
    told = (Streams, Hears)
    with suppress(Reconnect):
        if channel.connection and issubclass(sessions.connects(channel.connection).session, told):
            read_at = Health.objects.filter(channel=channel).values_list("last_read_at", flat=True).first()
            recall(channel, read_at or channel.created_at, by=by)


@transaction.atomic
def release(channel: Channel, *, by: User) -> None:
    """The channel is listened to no longer, and what waits to go out to it does not; what was said stays."""
    connection = channel.connection
    channel.connection, channel.paused = None, False
    channel.save(update_fields=["connection", "paused"])
    Cursor.objects.filter(channel=channel).delete()
    waiting = Delivery.objects.filter(channel=channel, state=Delivery.State.READY)
    waiting.update(state=Delivery.State.CANCELLED, ended_at=Now())
    Recall.objects.filter(channel=channel, state__in=["waiting", "running"]).update(state=Recall.State.CANCELLED)
    record(channel.workspace, "channel.release", by=by, about=f"channel:{channel.pk}", detail={"name": channel.name})
    if connection:
        _tell(connection)


@transaction.atomic
def disconnect(connection: Connection, *, by: User) -> None:
    """Lets go of the account: its secrets are forgotten, its channels stay as history.

    To forget what was said as well, its channels are deleted one by one (``forget``).
    """
    for channel in connection.channels.all():
        release(channel, by=by)
    connection.state, connection.secrets, connection.met = Connection.State.GONE, "", {}
    connection.secrets_version += 1
    connection.save(update_fields=["state", "secrets", "met", "secrets_version"])
    connection.hooks.all().delete()
    record(
        connection.workspace,
        "connection.let_go",
        by=by,
        about=f"connection:{connection.pk}",
        detail={"name": connection.name, "network": connection.network},
    )
    _tell(connection)


def subscribe(connection: Connection, url: str) -> None:
    """Has the network call ``url`` for the account's channels, where it can. Raises ``UnableTo``."""
    try:
        with sessions.opened(connection) as session:
            if isinstance(session, Subscribes):
                sessions.store(connection, session.subscribe(url, [channel.place for channel in _live(connection)]))
    except NetworkError as error:
        raise UnableTo(str(error)) from error


def _live(connection: Connection) -> Sequence[Channel]:
    return list(connection.channels.filter(paused=False).order_by("pk"))


def _tell(connection: Connection) -> None:
    """Listeners look at once, when the transaction commits."""
    bulk.fetch("SELECT pg_notify(%s::text, %s::text)", [CHANGED, str(connection.pk)])
