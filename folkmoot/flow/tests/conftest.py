"""A plaza of our own to listen and speak on: a real server, in threads of this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from folkmoot import networks
from folkmoot.channels import connecting
from folkmoot.channels.connecting import Filled
from folkmoot.channels.models import Connection
from folkmoot.workspaces.actions import create_user, create_workspace
from folkmoot.workspaces.models import User
from servers import plaza, plaza_connector
from servers.plaza import Square


@pytest.fixture
def square() -> Iterator[Square]:
    yield Square()


@pytest.fixture
def address(square: Square) -> Iterator[str]:
    with plaza.opened(square) as found:
        yield found


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(networks, "OWN", dict(networks.OWN))
    plaza_connector.register()
    yield
    networks.connectors.cache_clear()


@pytest.fixture
def mira(db: None) -> User:
    return create_user(email="mira@example.org", name="Mira")


@pytest.fixture
def connect(address: str, known: None, mira: User) -> Callable[..., Connection]:
    """Connects the plaza, streaming or asked, with both of its places."""

    def made(network: str = "plaza", *, since: datetime | None = None, now: datetime) -> Connection:
        workspace = create_workspace(slug="harbour", name="Harbour", by=mira)
        filled = Filled(network, {"server": address}, {"token": plaza.TOKEN}, allowed="127.0.0.1")
        found, places = connecting.try_out(filled)
        account = connecting.connect(workspace, filled, found, by=mira, now=now)
        connecting.choose(account, places, since=since, by=mira, now=now)
        return account

    return made
