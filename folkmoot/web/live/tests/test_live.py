from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import AsyncClient, Client
from django.urls import reverse

from conftest import Make
from folkmoot.channels.models import Channel
from folkmoot.flow import intake
from folkmoot.networks.base import Batch, Place
from folkmoot.workspaces.models import Role, User, Workspace

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 10


def say(make: Make, channel: Channel, text: str) -> None:
    place = Place(channel.remote_id, channel.name)
    intake.receive(channel, Batch(place, [make.seen(text=text)], "c"), now=make.noon)
    connection.close()


async def listen(user: User, workspace: Workspace) -> AsyncIterator[bytes]:
    client = AsyncClient()
    await client.aforce_login(user)
    response = await client.get(reverse("live", args=[workspace.slug]))
    assert response["Content-Type"] == "text/event-stream"
    return response.streaming_content  # type: ignore[attr-defined,no-any-return]


def test_what_is_said_is_told_to_open_pages(workspace: Workspace, mira: User, make: Make) -> None:
    channel = make.channel(workspace)

    async def scene() -> bytes:
        async with aclosing(await listen(mira, workspace)) as events:  # type: ignore[type-var]
            assert await anext(events) == b": open\n\n"
            await asyncio.sleep(0.5)
            await sync_to_async(say)(make, channel, "hello")
            return await asyncio.wait_for(anext(events), PATIENCE)

    assert asyncio.run(scene()).startswith(b"event: messages\ndata: ")


def test_channels_that_a_role_does_not_see_are_silent(workspace: Workspace, bo: User, make: Make) -> None:
    open_, closed = make.channel(workspace, "open"), make.channel(workspace, "closed")
    Role.objects.filter(user=bo).update(channel_ids=[open_.pk])

    async def scene() -> bytes:
        async with aclosing(await listen(bo, workspace)) as events:  # type: ignore[type-var]
            await anext(events)
            await asyncio.sleep(0.5)
            await sync_to_async(say)(make, closed, "not for bo")
            await sync_to_async(say)(make, open_, "for bo")
            return await asyncio.wait_for(anext(events), PATIENCE)

    assert f'"channel": {open_.pk}'.encode() in asyncio.run(scene())


def test_strangers_hear_nothing(signed_in: Callable[[User], Client], workspace: Workspace, zoe: User) -> None:
    address = reverse("live", args=[workspace.slug])
    assert Client().get(address).status_code == 302
    assert signed_in(zoe).get(address).status_code == 404
