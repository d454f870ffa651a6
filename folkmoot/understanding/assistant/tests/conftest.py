from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from folkmoot.lib.addresses import Allowed
from folkmoot.lib.secrets import Keys
from folkmoot.understanding.assistant import actions
from folkmoot.understanding.assistant.actions import Limits, Place
from folkmoot.understanding.assistant.models import Assistant
from folkmoot.understanding.assistant.tests.speaking import KEY, MODEL, Speaking, speaking
from folkmoot.workspaces.models import Rank, Role, User, Workspace


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[Speaking]:
    settings.SECRETS = Keys(tmp_path / "encryption")
    for app in speaking():
        settings.PRIVATE_ADDRESSES = Allowed.read([f"127.0.0.1:{app.port}"])
        yield app


@pytest.fixture
def workspace(db: None) -> Workspace:
    return Workspace.objects.create(slug="moot", name="River Moot", timezone="Europe/Tallinn")


@pytest.fixture
def mira(workspace: Workspace) -> User:
    user = User.objects.create(email="mira@example.org", name="Mira Kask")
    Role.objects.create(workspace=workspace, user=user, rank=Rank.OWNER)
    return user


@pytest.fixture
def assistant(workspace: Workspace, mira: User, server: Speaking) -> Assistant:
    """One that is on."""
    made = actions.set_up(workspace, Place(server.url, MODEL, KEY), Limits(seconds=5), by=mira)
    actions.switch_on(made, consent="I agree.", reads=True, summarises=True, by=mira, now=timezone.now())
    return made
