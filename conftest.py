"""Makers that all tests share: things said in a channel, as a connector would see them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count

import pytest

from folkmoot.channels.actions import channel_for
from folkmoot.channels.models import Channel
from folkmoot.flow import intake, settling
from folkmoot.lib import fetching
from folkmoot.lib.addresses import Allowed
from folkmoot.networks import ways
from folkmoot.networks.base import Batch, Person, Place, Seen, SeenMessage
from folkmoot.networks.live import Access
from folkmoot.understanding import reader
from folkmoot.understanding.reading.contract import EMOTIONS, HARMS, INTENTS, Reading
from folkmoot.workspaces.models import Workspace
from servers.base import NotHere, Running, running

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday


class Make:
    """Makes rows the way real ones come to be: through intake. Minutes are counted from ``NOON``."""

    noon = NOON

    def __init__(self) -> None:
        self._numbers = count(1)

    def channel(
        self, workspace: Workspace, name: str = "lounge", *, network: str = "irc", kind: str = "chat"
    ) -> Channel:
        return channel_for(workspace, network, Place(name, name, kind))  # type: ignore[arg-type]

    def seen(self, author: str = "ada", text: str = "hello", *, minute: float = 0, **more: object) -> SeenMessage:
        remote_id = str(more.pop("id", f"m{next(self._numbers)}"))
        bot = bool(more.pop("bot", False))
        at = NOON + timedelta(minutes=minute)
        return SeenMessage(remote_id, at, Person(author, author.title(), bot=bot), text, **more)  # type: ignore[arg-type]

    def receive(self, channel: Channel, seen: Sequence[Seen], *, cursor: str = "1") -> intake.Received:
        place = Place(channel.remote_id, channel.name)
        received = intake.receive(channel, Batch(place, seen, cursor), now=datetime.now(UTC), past=True)
        settling.settle(channel.workspace_id)
        return received

    def arrive(self, channel: Channel, seen: Sequence[Seen]) -> None:
        """What a live channel brings: open pages are told."""
        intake.receive(channel, Batch(Place(channel.remote_id, channel.name), seen, "live"), now=datetime.now(UTC))

    def count(self, workspace: Workspace) -> None:
        intake.consider(workspace.pk)

    def talk(self, channel: Channel, *said: tuple[str, str], thread: str | None = "t", gap: float = 1) -> None:
        """A conversation of (author, text), one message every ``gap`` minutes."""
        self.receive(
            channel,
            [self.seen(author, text, minute=n * gap, thread=thread) for n, (author, text) in enumerate(said)],
        )


@pytest.fixture
def make() -> Make:
    return Make()


class WordReader:
    """Reads by single words, so that a test knows what a message says; "perhaps" makes all of it unsure.

    Words: awful, nice, broken (a complaint), wish, thanks, fool (an insult), buy (spam), now (urgent), a question mark.
    """

    def __init__(self, version: str = "words") -> None:
        self.version = version
        self.read_so_far = 0

    def read(self, texts: list[str]) -> list[Reading]:
        self.read_so_far += len(texts)
        return [self._read(text.casefold()) for text in texts]

    def _read(self, text: str) -> Reading:
        words = set(text.replace(".", " ").replace(",", " ").replace("!", " ").replace("?", " ?").split())
        mood = (0.9, 0.06, 0.04) if "awful" in words else (0.04, 0.06, 0.9) if "nice" in words else (0.05, 0.9, 0.05)
        wants = {"broken": "complaint", "?": "question", "wish": "suggestion", "thanks": "greeting"}
        intent = next((wanted for word, wanted in wants.items() if word in words), "other")
        harms = {"insult": "fool", "toxic": "fool", "spam": "buy"}
        cyrillic = any("а" <= letter <= "я" for letter in text)
        return Reading(
            language="ru" if cyrillic else "en",
            language_p=0.95,
            script="Cyrl" if cyrillic else "Latn",
            sentiment=mood,
            harms=tuple(0.9 if harms.get(harm) in words else 0.02 for harm in HARMS),
            intents=tuple(0.82 if one == intent else 0.03 for one in INTENTS),
            emotions=tuple(0.8 if one == "anger" and "awful" in words else 0.05 for one in EMOTIONS),
            urgency=0.9 if "now" in words else 0.1,
            calls_for_answer=0.9 if intent in {"question", "complaint"} else 0.1,
            unsure=frozenset({"sentiment", "intent", "language", "insult", "toxic"} if "perhaps" in words else ()),
            version=self.version,
        )


@pytest.fixture
def words_are_read(monkeypatch: pytest.MonkeyPatch) -> WordReader:
    """Messages are read by ``WordReader`` in this test."""
    made = WordReader()
    monkeypatch.setattr(reader, "base", lambda: made)
    monkeypatch.setattr(reader, "base_version", lambda: made.version)
    return made


@pytest.fixture(scope="session")
def server() -> Iterator[Callable[[str], Running]]:
    """Starts a real server by its name in ``servers``, once for all tests; skips the test where it can't be had."""
    with ExitStack() as stack:

        @cache
        def started(name: str) -> Running | str:
            if os.environ.get("FOLKMOOT_SERVERS") == "none":
                return "FOLKMOOT_SERVERS=none"
            try:
                return stack.enter_context(running(name))
            except NotHere as error:
                return str(error)

        def get(name: str) -> Running:
            found = started(name)
            if isinstance(found, str):
                pytest.skip(f"no server {name}: {found}")
            return found

        yield get


LOOPBACK = Allowed.read(["127.0.0.0/8", "::1/128"])


@pytest.fixture
def access() -> Iterator[Callable[..., Access]]:
    """What a connector's session is made with, on this machine alone: ``access({"server": …}, {"token": …})``."""
    with fetching.client(allowed=LOOPBACK) as http:

        def made(settings: Mapping[str, str], secrets: Mapping[str, str] | None = None) -> Access:
            return ways.access(settings, secrets or {}, now=lambda: datetime.now(UTC), allowed=LOOPBACK, http=http)

        yield made
