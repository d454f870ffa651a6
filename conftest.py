"""Makers that all tests share: things said in a channel, as a connector would see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from folkmoot.channels.actions import channel_for
from folkmoot.channels.models import Channel
from folkmoot.flow import intake, settling
from folkmoot.networks.base import Batch, Person, Place, Seen, SeenMessage
from folkmoot.workspaces.models import Workspace

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
