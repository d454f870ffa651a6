"""A plaza of our own to listen and speak on: a real server, in threads of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

import pytest
from django.db import connections

from folkmoot import networks
from folkmoot.channels import connecting
from folkmoot.channels.connecting import Filled
from folkmoot.channels.models import Connection
from folkmoot.flow.listening import Listener
from folkmoot.flow.outgoing import Outbox
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

    def made(
        network: str = "plaza", *, since: datetime | None = None, now: datetime, slug: str = "harbour", breaks: str = ""
    ) -> Connection:
        workspace = create_workspace(slug=slug, name=slug.title(), by=mira)
        settings = {"server": address, "breaks": breaks}
        filled = Filled(network, settings, {"token": plaza.TOKEN}, allowed="127.0.0.1")
        found, places = connecting.try_out(filled)
        account = connecting.connect(workspace, filled, found, by=mira, now=now)
        connecting.choose(account, places, since=since, by=mira, now=now)
        return account

    return made


PATIENCE = 30.0


@contextmanager
def running(process: Listener | Outbox) -> Iterator[None]:
    failed: list[BaseException] = []

    def run() -> None:
        try:
            process.run()
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        process.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()
        assert not failed


@pytest.fixture
def at_work() -> Callable[[Listener | Outbox], AbstractContextManager[None]]:
    """Runs a listener or a sender in a thread, which must not end by itself."""
    return running


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """Waits until something is so."""

    def wait(true: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, "it never came"
            time.sleep(0.05)

    return wait
