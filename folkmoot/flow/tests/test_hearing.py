"""Requests that networks sent us: whatever order they come in, however often, and whatever is wrong with some of them.

FOLKMOOT_HOOKS=10000 makes it so many.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from folkmoot.channels import listening
from folkmoot.channels.models import Channel, Connection, KeptHook
from folkmoot.conversations.models import Conversation, Early, Message
from folkmoot.flow import hearing, intake, settling
from folkmoot.flow.renewing import Renewer
from folkmoot.flow.sessions import Pool
from folkmoot.flow.storing import Store
from servers.plaza import Square

pytestmark = pytest.mark.django_db(transaction=True)
HOOKS = int(os.environ.get("FOLKMOOT_HOOKS", "600"))
BEGUN = 1_790_000_000.0

Post = dict[str, Any]
Heard = tuple[Connection, Callable[[], int]]


@pytest.fixture
def hearer(connect: Callable[..., Connection]) -> Callable[..., Heard]:
    """An account that is told by requests, and what hears some of them."""

    def made(slug: str = "harbour", **more: Any) -> Heard:
        account = connect("hearing-plaza", now=datetime.now(UTC), slug=slug, **more)
        listener, until = uuid4(), datetime.now(UTC) + timedelta(hours=1)
        Connection.objects.filter(pk=account.pk).update(listener=listener, leased_until=until)
        store, pool = Store(listener), Pool()

        def hear() -> int:
            renewer = Renewer()
            found = hearing.hear(pool, store, renewer, [account])
            renewer.close()
            return found

        return account, hear

    return made


def post(number: int, text: str, *, version: int, edited: float | None = None, gone: bool = False, **more: Any) -> Post:
    at = BEGUN + number * 60
    return {
        "id": number, "place": "kitchen" if number % 3 == 0 else "lounge", "thread": f"t{number % 40}", "parent": "",
        "author": f"p{number % 25}", "text": text, "at": at + (version if gone else 0), "edited": edited, "gone": gone,
        "version": version,
    } | more  # fmt: skip


def life(count: int) -> list[list[Post]]:
    """``count`` requests: messages, of which a third is edited and a tenth goes."""
    told: list[list[Post]] = []
    number = 0
    while len(told) < count:
        number += 1
        told.append([post(number, f"first {number}", version=0)])
        if number % 3 == 0:
            edited = BEGUN + number * 60 + 5
            told.append([post(number, f"second {number}", version=5, edited=edited)])
        if number % 10 == 0:
            told.append([post(number, "", version=9, gone=True)])
    return told[:count]


def keep(account: Connection, told: list[list[Post]]) -> None:
    """As the door keeps them; a network repeats a request under another id."""
    now = datetime.now(UTC)
    KeptHook.objects.bulk_create(
        KeptHook(connection=account, key=str(number), method="POST", body=json.dumps(posts).encode(), at=now)
        for number, posts in enumerate(told)
    )


def state(account: Connection) -> dict[str, Any]:
    messages = Message.objects.filter(channel__connection=account)
    fields = ("channel__remote_id", "remote_id", "text", "at", "deleted_at", "edited_at", "author__remote_id")
    conversations = Conversation.objects.filter(channel__connection=account)
    return {
        "messages": sorted(messages.values_list(*fields, "conversation__remote_id"), key=str),
        "conversations": sorted(
            conversations.values_list("channel__remote_id", "remote_id", "message_count", "first_at", "last_at")
        ),
    }


def test_requests_doubled_and_shuffled_end_as_once_in_order(hearer: Callable[..., Heard]) -> None:
    told = life(HOOKS // 2)
    disorder = told * 2
    random.Random(5).shuffle(disorder)
    ended = []
    for slug, requests in (("orderly", told), ("jumbled", disorder)):
        account, hear = hearer(slug)
        keep(account, requests)
        begun = time.perf_counter()
        rounds = 0
        while hear():
            rounds += 1
        settling.settle(account.workspace_id)
        spent = time.perf_counter() - begun
        assert rounds <= len(requests) / hearing.AT_ONCE + 1
        assert not KeptHook.objects.filter(connection=account, heard_at=None).exists()
        ended.append(state(account))
        if HOOKS >= 10_000:
            assert spent < 60, spent
    assert ended[0]["messages"] == ended[1]["messages"]
    assert ended[0]["conversations"] == ended[1]["conversations"]
    assert not Early.objects.exists()


def test_a_long_queue_of_one_account_leaves_room_for_another(hearer: Callable[..., Heard]) -> None:
    (loud, _), (calm, _) = hearer("loud"), hearer("calm")
    keep(loud, life(400))
    keep(calm, life(2))
    first = listening.unheard([loud.pk, calm.pk], 100)
    assert sum(hook.connection_id == calm.pk for hook in first) == 2
    assert len(first) == 100


def test_a_request_that_nobody_understands_is_put_aside_and_shown(hearer: Callable[..., Heard]) -> None:
    account, hear = hearer()
    keep(account, [[post(1, "one", version=0)], [{"no": "post"}], [post(2, "two", version=0)]])
    while hear():
        continue
    assert sorted(Message.objects.values_list("text", flat=True)) == ["one", "two"]
    assert "KeyError" in KeptHook.objects.exclude(error="").get().error


def test_a_connector_that_fails_at_all_requests_keeps_them(hearer: Callable[..., Heard]) -> None:
    account, hear = hearer(breaks="hear")
    keep(account, life(3))
    while hear():
        continue
    assert KeptHook.objects.filter(error__contains="mistake").count() == 3


def test_one_request_that_cannot_be_stored_takes_no_other_with_it(
    hearer: Callable[..., Heard], monkeypatch: pytest.MonkeyPatch
) -> None:
    account, hear = hearer()
    stored = intake.receive

    def receive(channel: Channel, batch: Any, **named: Any) -> intake.Received:
        if any(one.remote_id == "2" for one in batch.seen):
            raise KeyError("nobody thought of that")
        return stored(channel, batch, **named)

    monkeypatch.setattr(intake, "receive", receive)
    keep(account, [[post(number, f"said {number}", version=0)] for number in (1, 2, 4)])
    while hear():
        continue
    assert sorted(Message.objects.values_list("text", flat=True)) == ["said 1", "said 4"]
    assert "KeyError" in KeptHook.objects.exclude(error="").get().error


def test_requests_wait_for_a_network_that_does_not_know_us_any_more(
    hearer: Callable[..., Heard], square: Square
) -> None:
    account, hear = hearer()
    keep(account, [[post(1, "one", version=0, look=True)]])
    square.revoked = True
    assert hear() == 0
    assert Connection.objects.get().state == "broken"
    assert KeptHook.objects.get().heard_at is None
    square.revoked, account.retry_at = False, None
    Connection.objects.update(state="active")
    assert hear() == 1
    assert Message.objects.get().text == "one"


def test_requests_wait_as_long_as_the_network_asks(hearer: Callable[..., Heard], square: Square) -> None:
    account, hear = hearer()
    keep(account, [[post(1, "one", version=0, look=True)]])
    square.slow_down = 40.0
    assert hear() == 0
    account.refresh_from_db()
    assert account.error
    assert account.retry_at
    assert 35 < (account.retry_at - datetime.now(UTC)).total_seconds() <= 40
    square.slow_down = 0.0
    assert hear() == 0
    account.retry_at = datetime.now(UTC)
    assert hear() == 1
