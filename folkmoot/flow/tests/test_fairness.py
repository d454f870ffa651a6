"""Nobody waits long for somebody else: not for those who are stopped, nor for those who are slow or have much to say."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection

from folkmoot.channels.models import Channel, Connection, Delivery, Stop
from folkmoot.channels.outbox import claim, payload, rates
from folkmoot.lib import bulk
from folkmoot.networks.acts import Reply
from folkmoot.networks.base import Place, Rate
from folkmoot.workspaces.actions import create_workspace

pytestmark = pytest.mark.django_db


def account(slug: str, *, places: int = 1) -> list[Channel]:
    workspace = create_workspace(slug=slug, name=slug.title())
    made = Connection.objects.create(workspace=workspace, network="plaza", remote_id=slug, name=slug, address=slug)
    return [
        Channel.objects.create(
            workspace=workspace, network="plaza", remote_id=f"{slug}{number}", name=slug, connection=made
        )
        for number in range(places)
    ]


def line_up(channel: Channel, count: int, *, lanes: int) -> None:
    act = payload.written(Reply(Place(channel.remote_id, ""), "t", "", "hello"))
    bulk.change(
        "INSERT INTO channels_delivery (workspace_id, channel_id, connection_id, key, act, lane, about, payload, state,"
        " attempts, handle, puzzled, remote_id, url, error)"
        " SELECT %(workspace)s, %(channel)s, %(connection)s, gen_random_uuid(), 'reply', 'thread:' || n %% %(lanes)s, '',"
        " %(payload)s::jsonb, 'ready', 0, '', false, '', '', '' FROM generate_series(1, %(count)s) AS n",
        {
            "workspace": channel.workspace_id, "channel": channel.pk, "connection": channel.connection_id,
            "lanes": lanes, "payload": json.dumps(act), "count": count,
        },
    )  # fmt: skip


@pytest.mark.parametrize("lanes", [1, 10_000])
@pytest.mark.parametrize("why", ["stopped", "slowed"])
def test_ten_thousand_that_may_not_go_hold_up_nobody(why: str, lanes: int) -> None:
    [held], [free] = account("held"), account("free")
    line_up(held, 10_000, lanes=lanes)
    line_up(free, 3, lanes=3)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE channels_delivery")
    if why == "stopped":
        Stop.objects.create(workspace=held.workspace)
    if why == "slowed":
        rates.block(held.connection, "", datetime.now(UTC) + timedelta(hours=1))  # type: ignore[arg-type]
    claimed = claim.claim(uuid4(), 16, rates_of=lambda _one: (), now=datetime.now(UTC))
    assert [one.channel_id for one in claimed] == [free.pk] * 3
    spent = []
    for _ in range(5):
        begun = time.perf_counter()
        assert claim.claim(uuid4(), 16, rates_of=lambda _one: (), now=datetime.now(UTC)) == []
        spent.append(time.perf_counter() - begun)
    assert min(spent) < 0.1


@pytest.mark.parametrize("lanes", [1, 3000])
def test_a_rate_lets_go_as_many_as_it_allows_and_holds_up_nobody(lanes: int) -> None:
    [held], [free] = account("held"), account("free")
    line_up(held, 3000, lanes=lanes)
    line_up(free, 3, lanes=3)
    now = datetime.now(UTC)
    limits = {held.pk: (Rate(2, 60),), free.pk: ()}
    gone: list[int] = []
    for _ in range(3):
        claimed = claim.claim(uuid4(), 16, rates_of=lambda one: limits[one.channel_id], now=now)
        gone += [one.channel_id for one in claimed]
        Delivery.objects.filter(state="sending").update(state="sent")
    assert sorted(gone) == sorted([free.pk] * 3 + [held.pk] * 2)
    later = now + timedelta(seconds=30)
    assert len(claim.claim(uuid4(), 16, rates_of=lambda one: limits[one.channel_id], now=later)) == 1


def test_an_account_leaves_half_of_what_is_free_to_others() -> None:
    [slow], [quick] = account("slow"), account("quick")
    line_up(slow, 40, lanes=40)
    sender, now = uuid4(), datetime.now(UTC)
    first = claim.claim(sender, 16, rates_of=lambda _one: (), now=now)
    at_work = {slow.connection_id or 0: len(first)}
    assert len(first) == 8
    assert claim.claim(sender, 8, rates_of=lambda _one: (), now=now, at_work=at_work) == []
    line_up(quick, 40, lanes=40)
    second = claim.claim(sender, 8, rates_of=lambda _one: (), now=datetime.now(UTC), at_work=at_work)
    assert [one.channel_id for one in second] == [quick.pk] * 4
