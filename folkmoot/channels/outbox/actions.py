"""Everything that people do with what goes out: order, cancel, decide, stop."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from folkmoot.channels.actions import UnableTo
from folkmoot.channels.models import Channel, Connection, Delivery, Enclosure, Stop
from folkmoot.channels.outbox import payload
from folkmoot.channels.sessions import connects
from folkmoot.lib import bulk
from folkmoot.networks import live
from folkmoot.networks.acts import Act, Deletion, Edit, Invitation, Moderation, Publication, Reply
from folkmoot.networks.errors import Reconnect
from folkmoot.workspaces.actions import record
from folkmoot.workspaces.models import User, Workspace

WAKE = "folkmoot_outbox"  # what senders are told by

ABILITY: dict[type[Act], type] = {
    Reply: live.Replies,
    Publication: live.Publishes,
    Edit: live.Edits,
    Deletion: live.Deletes,
    Moderation: live.Moderates,
    Invitation: live.Invites,
}


class Verdict(StrEnum):
    """What a person says of an act of which nobody knows whether it was done."""

    DONE = "done"
    AGAIN = "again"
    LEAVE = "leave"


def able(channel: Channel, kind: type[Act]) -> bool:
    """Whether acts of this kind can be done in a channel at all."""
    if channel.connection is None or channel.connection.state == Connection.State.GONE:
        return False
    try:
        return ABILITY[kind] in live.abilities(connects(channel.connection))
    except Reconnect:
        return False


@transaction.atomic
def order(
    channel: Channel,
    act: Act,
    *,
    by: User | None,
    about: str = "",
    key: UUID | None = None,
    not_before: datetime | None = None,
) -> Delivery:
    """Writes down that something is to be done, in the transaction of whoever orders it; the sender does the rest.

    The same ``key`` twice is the same delivery. Raises ``UnableTo`` where the channel can't, or may not by ``by``.
    """
    connection = channel.connection
    if connection is None or not able(channel, type(act)):
        raise UnableTo(_("This can't be done in “%(name)s” from here.") % {"name": channel.name})
    if connection.personal and (by is None or connection.owner_id != by.pk):
        raise UnableTo(_("This is a personal account: only its owner speaks with it."))
    key = key or uuid4()
    delivery, made = Delivery.objects.get_or_create(
        key=key,
        defaults={
            "workspace_id": channel.workspace_id,
            "channel": channel,
            "connection": connection,
            "act": payload.NAMES[type(act)],
            "lane": payload.lane(act)[:300],
            "about": about,
            "payload": payload.written(act),
            "ordered_by": by,
        }
        | ({"next_try_at": not_before} if not_before else {}),
    )
    if made:
        Enclosure.objects.bulk_create(
            Enclosure(delivery=delivery, position=number, name=one.name, mime=one.mime, alt=one.alt, data=one.data)
            for number, one in enumerate(payload.media(act))
        )
        record(channel.workspace, f"delivery.{delivery.act}", by=by, about=f"delivery:{delivery.pk}")
        wake()
    return delivery


@transaction.atomic
def cancel(delivery: Delivery, *, by: User, now: datetime) -> None:
    """What has not begun to be sent never is. Raises ``UnableTo`` when it is too late."""
    changed = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.READY).update(
        state=Delivery.State.CANCELLED, ended_at=now
    )
    if not changed:
        raise UnableTo(_("It is being sent already."))
    record(delivery.workspace, "delivery.cancel", by=by, about=f"delivery:{delivery.pk}")
    delivery.refresh_from_db()
    wake()


@transaction.atomic
def decide(delivery: Delivery, verdict: Verdict, *, by: User, now: datetime) -> None:
    """A person has looked at the network: it is there, it is to be sent again, or to be left.

    Raises ``UnableTo`` when it is not, or no longer, to be decided.
    """
    after = {
        Verdict.DONE: {"state": Delivery.State.SENT, "ended_at": now},
        Verdict.AGAIN: {"state": Delivery.State.READY, "next_try_at": now, "sender": None},
        Verdict.LEAVE: {"state": Delivery.State.CANCELLED, "ended_at": now},
    }[verdict]
    waiting = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.UNSURE, puzzled=True)
    if not waiting.update(puzzled=False, **after):
        raise UnableTo(_("There is nothing to decide about it any more."))
    record(delivery.workspace, f"delivery.decide.{verdict}", by=by, about=f"delivery:{delivery.pk}")
    delivery.refresh_from_db()
    wake()


@transaction.atomic
def again(delivery: Delivery, *, by: User, now: datetime) -> None:
    """Tries once more what the network refused. Raises ``UnableTo``."""
    refused = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.REFUSED)
    fresh = {"state": Delivery.State.READY, "next_try_at": now, "ordered_at": now, "attempts": 0, "ended_at": None}
    if not refused.update(error="", **fresh):
        raise UnableTo(_("Only what was refused can be tried again."))
    record(delivery.workspace, "delivery.again", by=by, about=f"delivery:{delivery.pk}")
    delivery.refresh_from_db()
    wake()


def stop(workspace: Workspace, channel: Channel | None, *, by: User, reason: str = "") -> None:
    """From now on nothing goes out; what is being sent this moment may still arrive."""
    try:
        with transaction.atomic():
            Stop.objects.create(workspace=workspace, channel=channel, by=by, reason=reason)
            record(workspace, "outbox.stop", by=by, about=f"channel:{channel.pk}" if channel else "")
    except IntegrityError:
        return  # it is stopped already


@transaction.atomic
def release(workspace: Workspace, channel: Channel | None, *, by: User) -> None:
    """What waited goes out now."""
    if Stop.objects.filter(workspace=workspace, channel=channel).delete()[0]:
        record(workspace, "outbox.release", by=by, about=f"channel:{channel.pk}" if channel else "")
        wake()


def wake() -> None:
    """Senders look at once, when the transaction commits."""
    bulk.fetch("SELECT pg_notify(%s::text, '')", [WAKE])
