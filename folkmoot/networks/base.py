"""What a connector is: network-neutral things seen, what it says of itself, and reading archives.

A connector turns what one network gives into the frozen dataclasses below and knows nothing of Django or of
the database. Abilities are small Protocols found by ``isinstance``; a connector has one by having its methods.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from folkmoot.lib.archive import Archive

MessageKind = Literal["post", "comment", "reply", "direct", "review", "mention"]
PlaceKind = Literal["chat", "forum", "page", "list", "feed", "direct"]
AttachmentKind = Literal["image", "video", "audio", "file", "link", "sticker"]
MoveKind = Literal["join", "leave"]


@dataclass(frozen=True, slots=True)
class Person:
    """An account on the network.

    ``remote_id`` is the network's lasting id; where a format has none, the exact name is the id.
    """

    remote_id: str
    name: str = ""
    handle: str = ""
    bot: bool = False
    avatar: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """One connected place: it becomes one channel. ``remote_id`` is unique within the network."""

    remote_id: str
    name: str
    kind: PlaceKind = "chat"
    url: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    kind: AttachmentKind
    url: str = ""
    name: str = ""
    mime: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Reaction:
    """One kind of reaction to a message: who is known to have given it, and how many gave it in all.

    ``count`` may exceed ``len(people)`` where the network names only some, or nobody.
    """

    value: str
    count: int
    people: tuple[Person, ...] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SeenMessage:
    """Something somebody said.

    ``at`` is aware. ``text`` is plain text; ``html`` is the network's own markup, unsanitised, where there is any.
    ``kind`` is None in a flat chat: whoever stores it knows whether it opened a conversation. ``thread`` is the
    network's id of the conversation, None in a flat chat (talk is then cut at long silences). ``parent`` is the
    ``remote_id`` of the message it answers or quotes. One with ``deleted_at`` comes without its words: that it was
    said stays known, what it said does not. ``as_of`` is when it was so, for networks whose news comes in any order: of
    what differs the latest holds. It is ``edited_at`` where that is given; without both, it is so now.
    """

    remote_id: str
    at: datetime
    author: Person
    text: str
    html: str = ""
    kind: MessageKind | None = None
    thread: str | None = None
    thread_title: str = ""
    parent: str | None = None
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    url: str = ""
    ours: bool = False
    attachments: tuple[Attachment, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    as_of: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SeenMove:
    """A person came to the place or left it."""

    remote_id: str
    at: datetime
    person: Person
    kind: MoveKind


@dataclass(frozen=True, slots=True)
class SeenDeletion:
    """The network says that a message is gone."""

    remote_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SeenReaction:
    """Somebody reacted to a message, or took it back. For networks that tell each act; totals go with the message.

    ``remote_id`` is the message's.
    """

    remote_id: str
    at: datetime
    person: Person
    value: str
    taken_back: bool = False


Seen = SeenMessage | SeenMove | SeenDeletion | SeenReaction


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in the input that could not be taken, and why; ``count`` of them, the first one at ``where``.

    ``reason`` is one short fixed English sentence, e.g. "no author"; details belong into ``where``.
    """

    reason: str
    count: int = 1
    where: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Up to 500 things seen in one place, and where to go on from after them.

    ``cursor`` is the connector's own text: handed back, it continues behind this batch. A batch may carry
    nothing seen but only ``skipped``; ``place`` is None only then.
    """

    place: Place | None
    seen: Sequence[Seen]
    cursor: str
    more: bool = True
    skipped: Sequence[Skipped] = ()


BATCH_SIZE = 500


def gettext_noop(text: str) -> str:
    """Marks a text for translation, by the name that extracting looks for; whoever shows it translates it."""
    return text


@dataclass(frozen=True, slots=True)
class Option:
    """Something that an archive does not say by itself: its name on the command line, and in English for people."""

    name: str
    label: str
    help: str = ""


TIMEZONE = Option(
    "timezone", gettext_noop("Time zone of its dates"), gettext_noop("Such as Europe/Tallinn. Empty: UTC.")
)
ENCODING = Option(
    "encoding", gettext_noop("Encoding"), gettext_noop("Such as utf-8 or windows-1251. Empty: found out by itself.")
)


@dataclass(frozen=True, slots=True)
class Format:
    """An archive format that a connector reads: its name on the command line, and for people."""

    name: str
    title: str
    hint: str = ""
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``acts`` in ``seconds``, of the account in all its places or of each place."""

    acts: int
    seconds: float
    each: Literal["account", "place"] = "account"


@dataclass(frozen=True, slots=True)
class Limits:
    """What the network takes, as published on ``as_of`` (an ISO date). None: no limit known.

    ``text`` and ``title`` are in characters as the network counts them, ``media`` is how many files go with one
    message, ``media_bytes`` the size of each.
    """

    text: int | None = None
    media: int | None = None
    as_of: str = ""
    title: int | None = None
    media_bytes: int | None = None
    rates: tuple[Rate, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a person should know of a network. ``slug`` is its name in the database."""

    slug: str
    name: str
    icon: str = "message"
    limits: Limits = Limits()
    formats: tuple[Format, ...] = ()


@runtime_checkable
class Connector(Protocol):
    facts: Facts


@runtime_checkable
class Backfills(Protocol):
    """Reads a community's past out of an archive."""

    facts: Facts

    def recognises(self, archive: Archive) -> str | None:
        """The name of the ``Format`` the archive is in, or None. Reads names and a few kilobytes at most."""

    def backfill(
        self, archive: Archive, *, format: str, cursor: str = "", options: Mapping[str, str] | None = None
    ) -> Iterator[Batch]:
        """All of the archive from ``cursor`` on, in an order that is the same at every call.

        Memory stays bounded whatever the archive's size. An item that cannot be read is a ``Skipped``, never an
        end; raises ``Refused`` when nothing can be read at all, with a sentence that says what to do.
        """


@runtime_checkable
class Mapped(Protocol):
    """Reads tables of which a person says what their columns hold: by an option for each of ``fields``."""

    fields: tuple[Option, ...]

    def tabular(self, archive: Archive) -> str | None:
        """The name of the ``Format`` its tables are written in, whether or not their columns are recognised."""

    def columns(self, archive: Archive, *, format: str, options: Mapping[str, str]) -> list[str]:
        """The columns of the archive's tables. Raises ``Refused``."""

    def guess(self, columns: Sequence[str]) -> dict[str, str]:
        """Field to column, by the columns' names."""


# The value of an option for a field that no column holds, whatever the names make one guess
NO_COLUMN = "-"
