"""What can be done on a network, in words that are the same for all of them, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from folkmoot.networks.base import Place, SeenMessage

Verb = Literal[
    "hide", "unhide", "approve", "spam", "lock", "unlock", "pin", "unpin",
    "mute", "unmute", "kick", "ban", "unban",
]  # fmt: skip
"""Those of the first line are done to a message or its thread, those of the second to a person."""

TO_PEOPLE: frozenset[Verb] = frozenset(("mute", "unmute", "kick", "ban", "unban"))


@dataclass(frozen=True, slots=True)
class Media:
    """A file that goes with what is said; ``alt`` says what is on a picture."""

    name: str
    mime: str
    data: bytes = field(repr=False)
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in the conversation ``thread`` to the message ``parent``; either may be empty where talk is flat.

    ``person`` is whom it answers, by the network's id: for networks that name who is meant.
    """

    place: Place
    thread: str
    parent: str
    text: str
    person: str = ""
    title: str = ""
    media: tuple[Media, ...] = ()


@dataclass(frozen=True, slots=True)
class Publication:
    """A post of our own. ``options`` are what only this network knows, by the names that its connector gives them."""

    place: Place
    text: str
    title: str = ""
    media: tuple[Media, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edit:
    """Other words for what we said."""

    place: Place
    remote_id: str
    text: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Deletion:
    """A message that is to go, ours or, where we moderate, another's."""

    place: Place
    remote_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Moderation:
    """Something done to a message, or to a person; for a time where ``until`` is given and the network can."""

    place: Place
    verb: Verb
    message: str = ""
    person: str = ""
    until: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A person is asked to come to a place."""

    place: Place
    person: str
    text: str = ""


Act = Reply | Publication | Edit | Deletion | Moderation | Invitation


@dataclass(frozen=True, slots=True)
class Sent:
    """It is done. ``remote_id`` is what was made, ``seen`` how it will be read back, where the network tells that."""

    remote_id: str = ""
    url: str = ""
    seen: SeenMessage | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """The network took it and is not done yet; ``handle`` is what ``Finishes.finish`` is asked with, after a while."""

    handle: str
    retry_after: float = 5.0
