"""What can be done in a channel with the account that it is connected by; the network is asked nothing."""

from __future__ import annotations

from dataclasses import dataclass

from folkmoot.channels import sessions
from folkmoot.channels.models import Channel, Connection
from folkmoot.networks.acts import Verb
from folkmoot.networks.base import Limits
from folkmoot.networks.errors import NetworkError
from folkmoot.networks.live import Deletes, Edits, LimitsPlaces, Moderates, Replies, abilities

NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Able:
    """``limits`` are those of the place, where the network has others for it."""

    replies: bool = False
    edits: bool = False
    deletes: bool = False
    verbs: frozenset[Verb] = frozenset()
    limits: Limits = NO_LIMITS


NOTHING = Able()


def able(channel: Channel) -> Able:
    account = channel.connection
    if account is None or account.state == Connection.State.GONE:
        return NOTHING
    try:
        connector = sessions.connects(account)
        there = abilities(connector)
        verbs, limits = frozenset[Verb](), connector.facts.limits
        if there & {Moderates, LimitsPlaces}:
            with sessions.opened(account) as session:
                verbs = session.verbs(channel.place) if isinstance(session, Moderates) else verbs
                limits = session.limits(channel.place) if isinstance(session, LimitsPlaces) else limits
    except NetworkError:
        return NOTHING
    return Able(Replies in there, Edits in there, Deletes in there, verbs, limits)
