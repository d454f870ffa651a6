"""Two listeners and two senders share twenty accounts: no account is ever two's, and nothing is done twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connections

from folkmoot.channels import connecting
from folkmoot.channels.connecting import Filled
from folkmoot.channels.models import Channel, Connection, Delivery
from folkmoot.channels.outbox import actions
from folkmoot.conversations.models import Message
from folkmoot.flow import listening
from folkmoot.flow.listening import Listener
from folkmoot.flow.outgoing import Outbox
from folkmoot.networks.acts import Reply
from folkmoot.networks.base import Person, Place
from folkmoot.networks.live import Checkup
from folkmoot.workspaces.actions import create_workspace
from folkmoot.workspaces.models import User
from servers import plaza
from servers.plaza import Square

pytestmark = pytest.mark.django_db(transaction=True)
ACCOUNTS, EACH = 20, 5


@pytest.fixture
def crowd(address: str, known: None, mira: User) -> list[Channel]:
    workspace = create_workspace(slug="harbour", name="Harbour", by=mira)
    now, made = datetime.now(UTC), []
    for number in range(ACCOUNTS):
        filled = Filled("plaza", {"server": address, "every": "0.2"}, {"token": plaza.TOKEN}, allowed="127.0.0.1")
        account = connecting.connect(workspace, filled, Checkup(Person(f"us{number}", "Us")), by=mira, now=now)
        made += connecting.choose(account, [Place(f"p{number}", "p", "forum")], since=None, by=mira, now=now)
    return made


def test_two_listeners_never_have_the_same_account(
    crowd: list[Channel],
    square: Square,
    at_work: Callable[..., Any],
    until: Callable[[Callable[[], object]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listening, "ACCOUNTS", ACCOUNTS // 2)
    first, second = Listener(threads=4), Listener(threads=4)
    with at_work(first), at_work(second):
        for number in range(ACCOUNTS * EACH):
            place = f"p{number % ACCOUNTS}"
            square.add({"place": place, "thread": f"t{number % 3}", "author": "ada", "text": f"in {number}"})
        until(lambda: Message.objects.count() == ACCOUNTS * EACH)
        held = Counter(Connection.objects.values_list("listener", flat=True))
    assert held == Counter({first.id: ACCOUNTS // 2, second.id: ACCOUNTS // 2})
    assert {place: most for place, most in square.most_at_once.items() if most > 1} == {}
    assert Counter(Message.objects.values_list("text", flat=True)) == Counter(
        f"in {number}" for number in range(ACCOUNTS * EACH)
    )


def test_two_senders_send_everything_once_and_in_order(crowd: list[Channel], square: Square, mira: User) -> None:
    for number in range(EACH):
        for channel in crowd:
            actions.order(channel, Reply(channel.place, "t", "", f"{channel.remote_id} {number}"), by=mira)
    threads = [threading.Thread(target=sent) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    assert max(Delivery.objects.values_list("attempts", flat=True)) == 1
    for channel in crowd:
        own = [post["text"] for post in square.posts if post["place"] == channel.remote_id]
        assert own == [f"{channel.remote_id} {number}" for number in range(EACH)]
    assert Message.objects.count() == len(square.posts) == ACCOUNTS * EACH


def sent() -> None:
    try:
        Outbox(threads=4).once()
    finally:
        if threading.current_thread() is not threading.main_thread():
            connections.close_all()
