from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.test import Client

from folkmoot.analytics import actions as analytics
from folkmoot.channels.models import Channel
from folkmoot.flow import intake
from folkmoot.members.models import Member
from folkmoot.networks.base import Batch, Person, Place, Reaction, SeenMessage
from folkmoot.workspaces.models import Rank, Role, User, Workspace

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


@dataclass
class Community:
    """A workspace with two channels; ``says`` stores a message the way a connector's batch does."""

    workspace: Workspace
    square: Channel
    cellar: Channel
    numbers: count[int] = field(default_factory=lambda: count(1))

    def says(
        self, who: str, text: str = "Hello", *, channel: Channel | None = None, day: int = 0, liked_by: str = ""
    ) -> str:
        place, number = channel or self.square, next(self.numbers)
        reactions = (Reaction("👍", 1, (Person(liked_by, liked_by),)),) if liked_by else ()
        at = START + timedelta(days=day, minutes=number)
        seen = SeenMessage(
            f"{number}", at, Person(who, who), text, thread="t", thread_title="Talk", reactions=reactions
        )
        intake.receive(place, Batch(Place(place.remote_id, place.name), [seen], ""), now=at, past=True)
        intake.consider_past(place.workspace_id)
        return seen.remote_id

    def count(self) -> None:
        analytics.count(self.workspace.pk)

    def member(self, name: str) -> Member:
        return Member.objects.get(workspace=self.workspace, name=name)


def found(slug: str) -> Community:
    workspace = Workspace.objects.create(slug=slug, name=slug.title())
    square, cellar = (
        Channel.objects.create(workspace=workspace, network="irc", remote_id=name, name=name, kind="forum")
        for name in ("square", "cellar")
    )
    return Community(workspace, square, cellar)


@pytest.fixture
def community(db: None) -> Community:
    return found("moot")


@pytest.fixture
def elsewhere(db: None) -> Community:
    return found("elsewhere")


@pytest.fixture
def signed_in(community: Community, elsewhere: Community) -> Callable[..., Client]:
    """Signs somebody in who has that rank in the community, or in the other workspace."""

    def sign_in(rank: Rank, *, channels: list[Channel] | None = None, at: Community = community) -> Client:
        user = User.objects.create(email=f"{rank}@{at.workspace.slug}.example", name=str(rank))
        ids = None if channels is None else [channel.pk for channel in channels]
        Role.objects.create(workspace=at.workspace, user=user, rank=rank, channel_ids=ids)
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def mira(signed_in: Callable[..., Client]) -> Client:
    """The owner."""
    return signed_in(Rank.OWNER)


@pytest.fixture
def bo(signed_in: Callable[..., Client], community: Community) -> Client:
    """A moderator who sees the cellar alone."""
    return signed_in(Rank.MODERATOR, channels=[community.cellar])


@pytest.fixture
def zoe(signed_in: Callable[..., Client], elsewhere: Community) -> Client:
    """The owner of another workspace."""
    return signed_in(Rank.OWNER, at=elsewhere)
