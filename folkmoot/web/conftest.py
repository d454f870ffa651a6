"""The people every page is tried with: mira owns the workspace, bo moderates it, gil only reads, zoe is from another."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache as remember

import pytest
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.test import Client

from folkmoot.workspaces.models import Rank, Role, User, Workspace

PASSWORD = "a raft of seven logs"  # noqa: S105 - of made-up people


@remember
def hashed() -> str:
    """Hashing is slow on purpose; once is enough for all tests."""
    return make_password(PASSWORD)


@pytest.fixture(autouse=True)
def _no_remembered_attempts() -> None:
    """Rate limits are counted in the cache, which outlives a test."""
    cache.clear()


@pytest.fixture
def workspace(db: None) -> Workspace:
    return Workspace.objects.create(slug="moot", name="River Moot", timezone="Europe/Tallinn")


@pytest.fixture
def other_workspace(db: None) -> Workspace:
    return Workspace.objects.create(slug="elsewhere", name="Elsewhere")


@pytest.fixture
def make_person(db: None) -> Callable[..., User]:
    def make(email: str, name: str, workspace: Workspace | None = None, rank: Rank = Rank.GUEST) -> User:
        user = User.objects.create(email=email, name=name, password=hashed())
        if workspace:
            Role.objects.create(workspace=workspace, user=user, rank=rank)
        return user

    return make


@pytest.fixture
def mira(make_person: Callable[..., User], workspace: Workspace) -> User:
    return make_person("mira@example.org", "Mira Kask", workspace, Rank.OWNER)


@pytest.fixture
def bo(make_person: Callable[..., User], workspace: Workspace) -> User:
    return make_person("bo@example.org", "Bo", workspace, Rank.MODERATOR)


@pytest.fixture
def gil(make_person: Callable[..., User], workspace: Workspace) -> User:
    return make_person("gil@example.org", "Gil", workspace, Rank.GUEST)


@pytest.fixture
def zoe(make_person: Callable[..., User], other_workspace: Workspace) -> User:
    return make_person("zoe@example.org", "Zoë", other_workspace, Rank.OWNER)


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in
