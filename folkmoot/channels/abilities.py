"""What can be done in a channel with the account that it is connected by; the network is asked nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from folkmoot.channels import sessions
from folkmoot.channels.models import Channel, Connection
from folkmoot.networks.acts import Verb
from folkmoot.networks.base import Limits, Place
from folkmoot.networks.errors import NetworkError
from folkmoot.networks.live import Deletes, Edits, LimitsPlaces, Moderates, Replies, abilities

NO_LIMITS = Limits()
REMEMBERED = 4096  # places


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
        verbs, limits = frozenset[Verb](), None
        if there & {Moderates, LimitsPlaces}:
            verbs, limits = _of_place(
                _Key(account.pk, account.secrets_version, connector.session, channel.place), account
            )
    except NetworkError:
        return NOTHING
    return Able(Replies in there, Edits in there, Deletes in there, verbs, limits or connector.facts.limits)


class _Key(NamedTuple):
    """What the answers of a session without a network can go by: whatever else changes, the version rises."""

    account: int
    version: int
    session: type
    place: Place


def _of_place(key: _Key, account: Connection) -> tuple[frozenset[Verb], Limits | None]:
    """Remembered, for making a session costs more than a page may. Raises ``NetworkError``."""
    if key not in _known:
        if len(_known) >= REMEMBERED:
            _known.clear()
        with sessions.opened(account) as session:
            verbs = session.verbs(key.place) if isinstance(session, Moderates) else frozenset[Verb]()
            _known[key] = verbs, session.limits(key.place) if isinstance(session, LimitsPlaces) else None
    return _known[key]


_known: dict[_Key, tuple[frozenset[Verb], Limits | None]] = {}
