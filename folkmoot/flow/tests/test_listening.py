"""Listening, against a real server in this process: everything once, by one listener, through what goes wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connections

from folkmoot.channels import listening
from folkmoot.channels.models import Channel, Connection, Cursor, Health, Recall
from folkmoot.conversations.models import Message
from folkmoot.flow import streaming
from folkmoot.flow.listening import Listener
from folkmoot.flow.storing import Store
from folkmoot.networks import api
from folkmoot.networks.base import Batch, Person, SeenMessage
from servers.plaza import Square

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 30.0


@contextmanager
def listens() -> Iterator[Listener]:
    listener = Listener(threads=4)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            listener.run()
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield listener
    finally:
        listener.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()
        assert not failed


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


def said(account: Connection) -> list[str]:
    rows = Message.objects.filter(channel__connection=account, deleted_at=None)
    return sorted(rows.values_list("text", flat=True))


def say(square: Square, text: str, *, place: str = "lounge", author: str = "ada", thread: str = "t1") -> int:
    return int(square.add({"place": place, "thread": thread, "author": author, "text": text})["id"])


@pytest.mark.parametrize("network", ["plaza", "streaming-plaza"])
def test_what_is_said_is_there_once_and_what_is_changed_follows(
    network: str, connect: Callable[..., Connection], square: Square
) -> None:
    first = say(square, "hello")
    say(square, "smells good", place="kitchen")
    account = connect(network, now=datetime.now(UTC))
    with listens():
        until(lambda: said(account) == ["hello", "smells good"])
        square.change(first, text="hello again", edited=time.time())
        until(lambda: "hello again" in said(account))
        square.change(first, gone=True, text="")
        until(lambda: said(account) == ["smells good"])
    assert Message.objects.count() == 2


@pytest.mark.parametrize("network", ["plaza", "streaming-plaza"])
def test_another_listener_goes_on_where_the_first_stopped(
    network: str, connect: Callable[..., Connection], square: Square
) -> None:
    account = connect(network, now=datetime.now(UTC))
    say(square, "one")
    with listens():
        until(lambda: said(account) == ["one"])
    say(square, "two")
    with listens():
        until(lambda: said(account) == ["one", "two"])
    assert Connection.objects.get().listener is None


@pytest.mark.parametrize("network", ["plaza", "streaming-plaza"])
def test_a_network_that_fails_every_third_time_loses_and_doubles_nothing(
    network: str, connect: Callable[..., Connection], square: Square, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "SOON", 0.2)
    monkeypatch.setattr(streaming, "PAUSES", (0.1, 0.2))
    account = connect(network, now=datetime.now(UTC))
    with listens():
        square.faults = 0.33
        for number in range(30):
            say(square, f"{number:03}", place="lounge" if number % 3 else "kitchen")
            time.sleep(0.02)
        square.faults = 0.0
        Cursor.objects.update(due_at=datetime.now(UTC))
        Connection.objects.update(retry_at=None)
        until(lambda: len(said(account)) == 30)
    assert said(account) == [f"{number:03}" for number in range(30)]


def test_an_account_has_one_listener_and_a_dead_one_is_succeeded(connect: Callable[..., Connection]) -> None:
    now = datetime.now(UTC)
    account = connect(now=now)
    first, second = Listener(), Listener()
    assert [one.pk for one in listening.lease(first.id, 9, now=now)] == [account.pk]
    assert listening.lease(second.id, 9, now=now) == []
    later = now + listening.LEASE + timedelta(seconds=1)
    assert [one.pk for one in listening.lease(second.id, 9, now=later)] == [account.pk]
    with pytest.raises(listening.LostLease):
        listening.hold(account.pk, first.id, now=later)


def test_the_past_is_read_with_its_progress(connect: Callable[..., Connection], square: Square) -> None:
    for number in range(450):
        say(square, f"{number:03}")
    account = connect(since=datetime(2026, 1, 1, tzinfo=UTC), now=datetime.now(UTC))
    with listens():
        until(lambda: set(Recall.objects.values_list("state", flat=True)) == {"done"})
        until(lambda: len(said(account)) == 450)
    assert set(Recall.objects.values_list("done", flat=True)) == {1.0}


def test_a_paused_channel_is_left_alone_and_goes_on(connect: Callable[..., Connection], square: Square) -> None:
    account = connect(now=datetime.now(UTC))
    Channel.objects.filter(remote_id="kitchen").update(paused=True)
    say(square, "soup", place="kitchen")
    say(square, "hello")
    with listens():
        until(lambda: said(account) == ["hello"])
        time.sleep(1.5)
        assert said(account) == ["hello"]
        Channel.objects.update(paused=False)
        until(lambda: said(account) == ["hello", "soup"])


def test_a_revoked_token_is_seen_by_a_person(connect: Callable[..., Connection], square: Square) -> None:
    connect(now=datetime.now(UTC))
    square.revoked = True
    with listens():
        until(lambda: Connection.objects.get().state == "broken")
    assert "token" in Connection.objects.get().error


def test_how_it_goes_is_noted(connect: Callable[..., Connection], square: Square) -> None:
    account = connect(now=datetime.now(UTC))
    say(square, "hello")
    with listens():
        until(lambda: said(account) == ["hello"])
        until(lambda: Health.objects.filter(last_new_at__isnull=False, lag=None).exists())
        say(square, "again")
        until(lambda: Health.objects.filter(lag__isnull=False).exists())
    health = Health.objects.get(channel__remote_id="lounge")
    assert health.last_read_at
    assert health.lag is not None
    assert not health.error


def test_what_gives_nothing_new_is_asked_more_seldom(connect: Callable[..., Connection]) -> None:
    connect(now=datetime.now(UTC))
    channel = Channel.objects.get(remote_id="lounge")
    cursor = Cursor.objects.create(channel=channel, kind="posts", rest=10)
    for _ in range(9):
        listening.asked(cursor, "1", every=10, new=False, more=False, now=datetime.now(UTC))
        cursor.refresh_from_db()
    assert cursor.rest == 50
    listening.asked(cursor, "2", every=10, new=True, more=False, now=datetime.now(UTC))
    cursor.refresh_from_db()
    assert cursor.rest == 10


def test_a_thread_in_which_nothing_is_new_is_asked_more_seldom(connect: Callable[..., Connection]) -> None:
    now, me = datetime.now(UTC), uuid4()
    connect(now=now)
    listening.lease(me, 9, now=now)
    channel = Channel.objects.select_related("connection", "workspace").get(remote_id="lounge")
    cursor = Cursor.objects.create(channel=channel, kind="posts", rest=10)
    seen = SeenMessage("1", now, Person("ada"), "hello", thread="t1")
    batch = Batch(channel.place, [seen], "1", more=False)
    Store(me).polled(cursor, batch, every=10, threads=True, now=now)
    thread = Cursor.objects.filter(kind=listening.THREAD)
    assert thread.get().thread == "t1"
    thread.update(rest=600)
    Store(me).polled(cursor, batch, every=10, threads=True, now=now)
    assert thread.get().rest == 600
    answer = SeenMessage("2", now, Person("bo"), "welcome", thread="t1", parent="1")
    Store(me).polled(cursor, Batch(channel.place, [seen, answer], "2", more=False), every=10, threads=True, now=now)
    assert thread.get().rest == listening.THREAD_FIRST
