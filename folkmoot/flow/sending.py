"""One attempt at one act: what a connector is asked, and what its answer means. No database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from folkmoot.channels.models import Delivery, Enclosure
from folkmoot.channels.outbox import payload
from folkmoot.networks.acts import Act, Deletion, Edit, Invitation, Moderation, Pending, Publication, Reply, Sent
from folkmoot.networks.errors import NetworkError, Refused
from folkmoot.networks.live import (
    Deletes,
    Edits,
    FindsOwn,
    Finishes,
    Invites,
    KeepsKeys,
    Moderates,
    Publishes,
    Replies,
    Session,
)

REPEATABLE = (Edit, Deletion, Moderation)
CLOCKS = timedelta(minutes=2)  # that the network's clock may be behind ours


class Again(Exception):
    """It was surely not done, or does no harm twice: it is sent again with the same key."""


class Puzzled(Exception):
    """The network can't tell: a person must look."""


Result = Sent | Pending | NetworkError | Again | Puzzled


def attempt(session: Session, delivery: Delivery, enclosures: Sequence[Enclosure]) -> Result:
    """Does it. Raises ``NetworkError``."""
    act = payload.read(delivery, delivery.channel.place, enclosures)
    return _done(session, act, str(delivery.key))


def settle(session: Session, delivery: Delivery, enclosures: Sequence[Enclosure], *, now: datetime) -> Result:
    """Finds out whether it was done. Raises ``NetworkError``."""
    act = payload.read(delivery, delivery.channel.place, enclosures)
    return _found(session, act, delivery, now=now)


def _done(session: Session, act: Act, key: str) -> Sent | Pending:
    match act:
        case Reply() if isinstance(session, Replies):
            return session.reply(act, key)
        case Publication() if isinstance(session, Publishes):
            return session.publish(act, key)
        case Edit() if isinstance(session, Edits):
            return session.edit(act, key)
        case Deletion() if isinstance(session, Deletes):
            return session.delete(act, key)
        case Moderation() if isinstance(session, Moderates):
            return session.moderate(act, key)
        case Invitation() if isinstance(session, Invites):
            return session.invite(act, key)
    raise Refused("This network can't do that.")


def _found(session: Session, act: Act, delivery: Delivery, *, now: datetime) -> Result:
    if delivery.handle and isinstance(session, Finishes):
        return session.finish(act, delivery.handle, str(delivery.key))
    if isinstance(act, REPEATABLE):
        return Again()
    begun = delivery.sending_at or delivery.ordered_at
    if isinstance(session, KeepsKeys) and now - begun < session.keeps_keys_for() / 2:
        return Again()
    if isinstance(session, FindsOwn) and isinstance(act, Reply | Publication):
        return session.find_own(act, str(delivery.key), since=begun - CLOCKS) or Again()
    return Puzzled()
