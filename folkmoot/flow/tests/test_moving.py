"""A place that gets another id while it is listened to, against a local server of its network."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from folkmoot.channels import connecting
from folkmoot.channels.connecting import Filled
from folkmoot.channels.models import Channel, KeptHook
from folkmoot.conversations.models import Message
from folkmoot.flow.listening import Listener
from folkmoot.networks.base import Place
from folkmoot.workspaces.actions import create_workspace
from folkmoot.workspaces.models import User
from servers.base import Running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]
GROUP, SUPERGROUP = -91, -1001000000091
ANN = {"id": 21, "is_bot": False, "first_name": "Ann"}


def people(server: Running, deed: str, **given: Any) -> None:
    assert httpx.post(f"{server.address}/people/{deed}", json=given, trust_env=False).json()["ok"]


def test_a_group_that_becomes_a_supergroup_goes_on_in_its_channel(
    server: Callable[[str], Running],
    mira: User,
    at_work: Callable[[Listener], AbstractContextManager[None]],
    until: Callable[[Callable[[], object]], None],
) -> None:
    telegram = server("telegram")
    people(telegram, "found", id=GROUP, type="group", title="Choir")
    workspace = create_workspace(slug="choir", name="Choir", by=mira)
    filled = Filled("telegram", {"server": telegram.address}, {"token": telegram.details["token"]}, allowed="127.0.0.1")
    account, _ = connecting.try_out(filled)
    now = datetime.now(UTC)
    connection = connecting.connect(workspace, filled, account, by=mira, now=now)
    connecting.choose(connection, [Place("chat91", "Choir")], since=None, by=mira, now=now)

    def said() -> list[str]:
        return sorted(Message.objects.filter(channel__connection=connection).values_list("text", flat=True))

    with at_work(Listener(threads=2)):
        people(telegram, "say", chat=GROUP, text="before", **{"from": ANN})
        until(lambda: said() == ["before"])
        people(telegram, "migrate", chat=GROUP, to=SUPERGROUP)
        until(lambda: Channel.objects.filter(remote_id="channel1000000091").exists())
        people(telegram, "say", chat=SUPERGROUP, text="after", **{"from": ANN})
        until(lambda: said() == ["after", "before"])
    assert Channel.objects.filter(connection=connection).count() == 1


def test_a_request_that_tells_of_it_moves_the_channel_too(
    server: Callable[[str], Running],
    mira: User,
    at_work: Callable[[Listener], AbstractContextManager[None]],
    until: Callable[[Callable[[], object]], None],
) -> None:
    telegram = server("telegram")
    workspace = create_workspace(slug="quartet", name="Quartet", by=mira)
    filled = Filled("telegram", {"server": telegram.address}, {"token": telegram.details["token"]}, allowed="127.0.0.1")
    account, _ = connecting.try_out(filled)
    now = datetime.now(UTC)
    connection = connecting.connect(workspace, filled, account, by=mira, now=now)
    connecting.choose(connection, [Place("chat92", "Quartet")], since=None, by=mira, now=now)
    chat = {"id": -92, "type": "group", "title": "Quartet"}
    told = {"message_id": 5, "date": int(now.timestamp()), "chat": chat, "migrate_to_chat_id": -1001000000092}
    body = httpx.Request("POST", "http://x", json={"update_id": 1, "message": told}).content
    KeptHook.objects.create(connection=connection, key="1", method="POST", headers={}, query={}, body=body, at=now)
    with at_work(Listener(threads=2)):
        until(lambda: Channel.objects.filter(remote_id="channel1000000092").exists())
    assert Channel.objects.get(connection=connection).name == "Quartet"
