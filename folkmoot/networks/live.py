"""What a connector can do with an account at a network that is connected now.

A connector that ``Connects`` has a ``session``: a class made with an ``Access``, holding one account. What the session
can do is told by its methods: each ability below is a small Protocol, found by ``isinstance`` of the session or, before
there is one, by ``issubclass`` of its class. All of it is plain blocking Python; each session is used by one thread
at a time. Everything raises the errors of ``networks.errors`` and no others.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol, runtime_checkable

import httpx

from folkmoot.networks.acts import Act, Deletion, Edit, Invitation, Moderation, Pending, Publication, Reply, Sent, Verb
from folkmoot.networks.base import Batch, Facts, Limits, Person, Place


@dataclass(frozen=True, slots=True)
class Field:
    """Something a person fills in to connect: its name in ``Access``, and in English for people.

    What is ``secret`` comes in ``Access.secrets``, all else in ``Access.settings``. ``example`` is a value of the right
    shape that reaches nothing. A secret filled in ``instead_of`` another takes its place.
    """

    name: str
    label: str
    help: str = ""
    kind: Literal["text", "url", "secret", "number", "choice", "long"] = "text"
    required: bool = True
    default: str = ""
    example: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    instead_of: str = ""


class Dial(Protocol):
    """Opens a connection to a checked address, by TLS or plainly. Raises ``Later`` or ``Refused``."""

    def __call__(self, host: str, port: int, *, tls: bool, seconds: float = 20.0) -> socket.socket: ...


@dataclass(frozen=True, slots=True)
class Access:
    """What one account is reached with: what was filled in, the guarded ways out, and the clock."""

    settings: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    http: httpx.Client
    dial: Dial
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Right:
    """Something the account must, or may, be allowed to do at the network; in English for people.

    ``granted`` None: the network does not tell. ``mend`` says what to click there.
    """

    name: str
    why: str
    granted: bool | None
    needed: bool = True
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Checkup:
    """How an account stands: who it is, what it may, and until when its token holds (None: lasting or unknown)."""

    account: Person
    rights: tuple[Right, ...] = ()
    expires_at: datetime | None = None
    notes: tuple[str, ...] = ()


class Session(Protocol):
    """One account. Making one asks nothing of the network."""

    def __init__(self, access: Access) -> None: ...

    def check(self) -> Checkup:
        """Asks the network who we are and what we may."""

    def places(self) -> Sequence[Place]:
        """What of the network this account can connect; may be empty where places are only met, as by bots."""

    def close(self) -> None:
        """Lets go of connections that last."""


@runtime_checkable
class Connects(Protocol):
    """A connector whose network can be listened to and spoken on. ``fields`` are what a person fills in."""

    facts: Facts
    fields: tuple[Field, ...]
    session: type[Session]


@dataclass(frozen=True, slots=True)
class Tokens:
    """What signing in or renewing gave: each replaces what is stored under its name, an empty one never does."""

    secrets: Mapping[str, str] = field(repr=False)
    settings: Mapping[str, str] = field(default_factory=dict)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """Where a person's browser goes to sign in, and what must be kept until it comes back."""

    url: str
    kept: Mapping[str, str] = field(default_factory=dict, repr=False)


@runtime_checkable
class SignsIn(Protocol):
    """A connector whose accounts are connected by OAuth 2 in the browser (RFC 6749, with PKCE, RFC 7636).

    The names of secrets in ``fields`` that sign-in brings are not asked for.
    """

    def begin(
        self, settings: Mapping[str, str], http: httpx.Client, *, callback: str, state: str, challenge: str
    ) -> Begun:
        """``challenge`` is the S256 code challenge; registers an app first where the network wants one per server.

        ``settings`` hold all that was filled in, secrets too: an app's own is to be kept for ``finish``.
        """

    def finish(
        self,
        settings: Mapping[str, str],
        http: httpx.Client,
        *,
        kept: Mapping[str, str],
        callback: str,
        code: str,
        verifier: str,
    ) -> Tokens:
        """The tokens for a code."""


@runtime_checkable
class Renews(Protocol):
    def renew(self) -> Tokens:
        """New tokens for the old ones. Called by one process at a time, ahead of the end."""


# Listening


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing to ask a place for, with a cursor of its own, every so many ``seconds`` (at rest up to five times
    more seldom)."""

    name: str
    seconds: float = 60.0


@runtime_checkable
class Polls(Protocol):
    """Is asked for news, a place and a kind at a time."""

    def kinds(self, place: Place) -> Sequence[Kind]:
        """Asks nothing of the network."""

    def poll(self, place: Place, kind: str, cursor: str) -> Batch:
        """What is new behind ``cursor``, up to ``BATCH_SIZE``; ``more`` says to ask again at once.

        Without a cursor: the newest page, and where to go on from. A cursor looks back far enough to see what the
        network shows late; what is seen again changes nothing.
        """


@runtime_checkable
class PollsThreads(Protocol):
    """Where a place does not tell of new comments by itself: each thread is asked, fresh ones often, old ones rarely."""

    def poll_thread(self, place: Place, thread: str, cursor: str) -> Batch: ...


@runtime_checkable
class Streams(Protocol):
    """Holds a connection on which news comes by itself, or waits long in each question."""

    def stream(self, places: Sequence[Place], cursor: str, stopped: Callable[[], bool]) -> Iterator[Batch]:
        """Batches of one place each, from ``cursor`` on, until ``stopped()`` or the connection ends (``Later``).

        The cursor is the account's. Where one answer holds several places, all its batches but the last carry the
        cursor from before it: what was not stored is then seen again. Yields an empty batch at least every 30 seconds.
        Without a cursor: from now on. What the network can give of the time away comes first. Without ``places`` it
        still tells of those that the account meets.
        """


@dataclass(frozen=True, slots=True)
class Hook:
    """A request that came to the account's address. Names of headers are small."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered at once. ``keep``: there is something to read in it. ``key`` is the network's own id of the
    delivery, the same when it is repeated; empty, the body's digest is."""

    status: int = 200
    body: bytes = b""
    media_type: str = "text/plain"
    keep: bool = True
    key: str = ""


@runtime_checkable
class Hears(Protocol):
    """Is told news by requests of the network (webhooks)."""

    def answer(self, hook: Hook) -> Answer:
        """Checks the signature; raises ``Refused`` for what is not from the network. Asks nothing of the network."""

    def hear(self, hook: Hook) -> Sequence[Batch]:
        """What a kept request tells, by place. The same however often, and in whatever order, it is heard."""


@runtime_checkable
class Subscribes(Protocol):
    """Has the network call an address."""

    def subscribe(self, url: str, places: Sequence[Place]) -> Tokens:
        """Safe to repeat; what must be kept (a secret for signatures) comes back."""

    def unsubscribe(self, url: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Recalled:
    """A stretch of the past; ``done`` is how much of what was asked for is read now, 0 to 1, None if unknown."""

    batch: Batch
    done: float | None = None


@runtime_checkable
class Recalls(Protocol):
    """Reads what was said before the account was connected."""

    def recall(self, place: Place, cursor: str, *, since: datetime) -> Recalled:
        """A stretch at a time, newest first where the network can, until ``since``; ``more`` False at the end."""


# Acting. ``key`` is the same on every attempt at one act.


@runtime_checkable
class Replies(Protocol):
    def reply(self, act: Reply, key: str) -> Sent | Pending: ...


@runtime_checkable
class Publishes(Protocol):
    def publish(self, act: Publication, key: str) -> Sent | Pending: ...


@runtime_checkable
class Edits(Protocol):
    def edit(self, act: Edit, key: str) -> Sent: ...


@runtime_checkable
class Deletes(Protocol):
    def delete(self, act: Deletion, key: str) -> Sent:
        """Also where it was gone already."""


@runtime_checkable
class Moderates(Protocol):
    def verbs(self, place: Place) -> frozenset[Verb]:
        """What can be done there; asks nothing of the network."""

    def moderate(self, act: Moderation, key: str) -> Sent:
        """Also where it was so already."""


@runtime_checkable
class Invites(Protocol):
    def invite(self, act: Invitation, key: str) -> Sent: ...


@runtime_checkable
class Finishes(Protocol):
    def finish(self, act: Act, handle: str, key: str) -> Sent | Pending:
        """How far the network is with what it took; never makes anything twice."""


@runtime_checkable
class FindsOwn(Protocol):
    def find_own(self, act: Reply | Publication, key: str, *, since: datetime) -> Sent | None:
        """What we made at or after ``since`` by this act; None only when it is surely not there, else ``Unsure``."""


@runtime_checkable
class KeepsKeys(Protocol):
    """The network itself does nothing twice that bears the same key."""

    def keeps_keys_for(self) -> timedelta: ...


@runtime_checkable
class Measures(Protocol):
    def measure(self, place: Place, remote_ids: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Figures of messages by remote id: views, likes, shares, comments, clicks; what is unknown is left out."""


@runtime_checkable
class LimitsPlaces(Protocol):
    def limits(self, place: Place) -> Limits:
        """Where a place takes more or less than ``facts.limits``; asks nothing of the network."""


ABILITIES: tuple[type, ...] = (
    Polls, PollsThreads, Streams, Hears, Subscribes, Recalls, Replies, Publishes, Edits, Deletes, Moderates, Invites,
    Finishes, FindsOwn, KeepsKeys, Measures, LimitsPlaces, Renews,
)  # fmt: skip


def abilities(connector: Connects) -> frozenset[type]:
    """Which of ``ABILITIES`` an account of this connector has."""
    return frozenset(ability for ability in ABILITIES if issubclass(connector.session, ability))
