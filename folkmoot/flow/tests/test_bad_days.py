"""Bad days, against a real server in this process: what goes wrong is told to a person, costs others nothing, and neither
loses nor doubles anything."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError

from folkmoot.channels import connecting, listening
from folkmoot.channels.models import Channel, Connection, Cursor, Delivery, Health
from folkmoot.channels.outbox import actions, claim
from folkmoot.conversations.models import Conversation, Message
from folkmoot.flow import intake, streaming
from folkmoot.flow.listening import Listener
from folkmoot.flow.outgoing import Outbox
from folkmoot.networks import api
from folkmoot.networks.acts import Reply
from folkmoot.workspaces.models import User
from servers.plaza import Square

pytestmark = pytest.mark.django_db(transaction=True)

AtWork = Callable[[Listener | Outbox], AbstractContextManager[None]]
Until = Callable[[Callable[[], object]], None]
Connect = Callable[..., Connection]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks that do not say how long to wait are asked again at once."""
    monkeypatch.setattr(api, "SOON", 0.2)
    monkeypatch.setattr(streaming, "PAUSES", (0.1, 0.2))


def now() -> datetime:
    return datetime.now(UTC)


def say(square: Square, text: str, *, place: str = "lounge", thread: str = "t1") -> int:
    return int(square.add({"place": place, "thread": thread, "author": "ada", "text": text})["id"])


def said(account: Connection) -> list[str]:
    rows = Message.objects.filter(channel__connection=account, deleted_at=None)
    return sorted(rows.values_list("text", flat=True))


def lounge(account: Connection) -> Channel:
    return Channel.objects.select_related("connection", "workspace").get(connection=account, remote_id="lounge")


def answer(channel: Channel, text: str, *, by: User, thread: str = "t1") -> Delivery:
    return actions.order(channel, Reply(channel.place, thread, "", text), by=by)


def send() -> None:
    Outbox(threads=4).once()


# What was read and could not be stored


@pytest.mark.parametrize("failure", [listening.LostLease(), OperationalError("the server is gone")])
def test_a_batch_that_was_not_stored_is_read_again(
    failure: Exception, connect: Connect, square: Square, at_work: AtWork, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = connect("streaming-plaza", now=now())
    stored, fails = intake.receive, [failure]

    def receive(*given: Any, **named: Any) -> intake.Received:
        if fails:
            raise fails.pop()
        return stored(*given, **named)

    monkeypatch.setattr(intake, "receive", receive)
    with at_work(Listener(threads=2)):
        say(square, "one")
        until(lambda: not fails)
        say(square, "two")
        until(lambda: said(account) == ["one", "two"])


@pytest.mark.parametrize("network", ["plaza", "streaming-plaza"])
def test_what_cannot_be_stored_is_told_and_holds_up_no_other_account(
    network: str, connect: Connect, square: Square, at_work: AtWork, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = connect(network, now=now(), slug="bad"), connect(network, now=now(), slug="good")
    stored = intake.receive

    def receive(channel: Channel, *given: Any, **named: Any) -> intake.Received:
        if channel.connection_id == bad.pk:
            raise KeyError("nobody thought of that")
        return stored(channel, *given, **named)

    monkeypatch.setattr(intake, "receive", receive)
    say(square, "one")
    with at_work(Listener(threads=4)):
        until(lambda: said(good) == ["one"])
        until(lambda: "mistake" in shown(bad))
        say(square, "two")
        until(lambda: said(good) == ["one", "two"])
    assert said(bad) == []


def shown(account: Connection) -> str:
    """What a person sees of what is wrong."""
    account.refresh_from_db()
    return account.error + "".join(Health.objects.filter(channel__connection=account).values_list("error", flat=True))


# Faults of a connector


@pytest.mark.parametrize(("network", "ability"), [("plaza", "poll"), ("streaming-plaza", "stream")])
def test_a_connector_that_fails_ends_no_listening_to_others(
    network: str, ability: str, connect: Connect, square: Square, at_work: AtWork, until: Until
) -> None:
    bad, good = connect(network, now=now(), slug="bad", breaks=ability), connect(network, now=now(), slug="good")
    say(square, "one")
    with at_work(Listener(threads=4)):
        until(lambda: said(good) == ["one"])
        until(lambda: "mistake" in shown(bad))


def test_an_account_that_cannot_even_be_opened_ends_no_listening_to_others(
    connect: Connect, square: Square, at_work: AtWork, until: Until
) -> None:
    bad, good = connect(now=now(), slug="bad"), connect(now=now(), slug="good")
    Connection.objects.filter(pk=bad.pk).update(settings={})  # its connector expects a server
    say(square, "one")
    with at_work(Listener(threads=4)):
        until(lambda: said(good) == ["one"])
        until(lambda: "KeyError" in shown(bad))


def test_a_reply_that_a_connector_fails_at_waits_for_a_person(
    connect: Connect, square: Square, mira: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim, "SETTLE_AFTER", timedelta(0))
    bad, good = connect(now=now(), slug="bad", breaks="reply"), connect(now=now(), slug="good")
    first, second = answer(lounge(bad), "never", by=mira), answer(lounge(good), "hello", by=mira)
    send()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("unsure", "sent")
    assert "mistake" in first.error
    assert [post["text"] for post in square.posts] == ["hello"]


# What networks answer


@pytest.mark.parametrize("network", ["plaza", "streaming-plaza"])
def test_pages_and_half_answers_in_the_middle_lose_nothing(
    network: str, connect: Connect, square: Square, at_work: AtWork, until: Until
) -> None:
    account = connect(network, now=now())
    with at_work(Listener(threads=2)):
        for number, fault in enumerate(["html", "half JSON", "half", "cut after"]):
            square.next.append(fault)
            say(square, f"{number}")
            until(lambda: not square.next)
            Connection.objects.update(retry_at=None)
            Cursor.objects.update(due_at=now())
        until(lambda: len(said(account)) == 4)
    assert said(account) == ["0", "1", "2", "3"]


@pytest.mark.parametrize("fault", ["html", "half JSON"])
def test_an_answer_that_is_no_answer_leaves_a_reply_unsure_and_it_is_found(
    fault: str, connect: Connect, square: Square, mira: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim, "SETTLE_AFTER", timedelta(0))
    delivery = answer(lounge(connect(now=now())), "hello", by=mira)
    square.next.append(fault)
    send()
    send()
    delivery.refresh_from_db()
    assert delivery.state == "sent"
    assert [post["text"] for post in square.posts] == ["hello"]


def test_a_stream_that_is_told_to_wait_waits(
    connect: Connect, square: Square, at_work: AtWork, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = connect("streaming-plaza", now=now())
    with at_work(Listener(threads=2)):
        say(square, "one")
        until(lambda: said(account) == ["one"])
        square.slow_down = 3.0
        until(lambda: shown(account))
        told = time.monotonic()
        square.slow_down = 0.0
        say(square, "two")
        until(lambda: said(account) == ["one", "two"])
        assert time.monotonic() - told >= 2.5


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_is_a_day_wrong_loses_and_doubles_nothing(
    days: int, connect: Connect, square: Square, at_work: AtWork, until: Until, mira: User
) -> None:
    square.skew = days * 86400.0
    account = connect(now=now())
    with at_work(Listener(threads=2)):
        say(square, "hello")
        until(lambda: said(account) == ["hello"])
        delivery = answer(lounge(account), "welcome", by=mira)
        send()
        until(lambda: said(account) == ["hello", "welcome"])
        say(square, "thanks")
        until(lambda: said(account) == ["hello", "thanks", "welcome"])
    delivery.refresh_from_db()
    assert delivery.state == "sent"
    assert Conversation.objects.get().message_count == 3
    health = Health.objects.get(channel=lounge(account))
    assert health.lag is not None
    assert health.lag >= 0


def test_a_hundred_thousand_characters_come_in_and_go_out_whole(
    connect: Connect, square: Square, at_work: AtWork, until: Until, mira: User
) -> None:
    long = "".join(f"Слово {number} 👋 word. " for number in range(5000))[:100_000]
    account = connect(now=now())
    say(square, long)
    with at_work(Listener(threads=2)):
        until(lambda: said(account) == [long])
    answer(lounge(account), long, by=mira, thread="t2")
    send()
    assert square.posts[-1]["text"] == long
    assert Message.objects.get(ours=True).text == long


def test_an_error_that_no_database_takes_is_noted_all_the_same(connect: Connect, square: Square, mira: User) -> None:
    delivery = answer(lounge(connect(now=now())), "hello", by=mira)
    square.next.append("nul")
    send()
    delivery.refresh_from_db()
    assert delivery.state == "refused"
    assert "\x00" not in delivery.error


# Tokens


def test_a_token_revoked_in_the_middle_costs_nothing_once_the_account_is_connected_again(
    connect: Connect, square: Square, at_work: AtWork, until: Until, mira: User
) -> None:
    account = connect(now=now())
    channel = lounge(account)
    with at_work(Listener(threads=2)), at_work(Outbox(threads=2)):
        say(square, "one")
        until(lambda: said(account) == ["one"])
        square.revoked = True
        waiting = answer(channel, "two", by=mira)
        until(lambda: Connection.objects.get().state == "broken")
        say(square, "three", thread="t2")
        square.revoked = False
        again(account)
        until(lambda: said(account) == ["one", "three", "two"])
        until(lambda: Delivery.objects.get().state == "sent")
    waiting.refresh_from_db()
    assert Counter(post["text"] for post in square.posts) == Counter(["one", "two", "three"])


def again(account: Connection) -> None:
    """As connecting it again does; listeners find out by themselves."""
    account.refresh_from_db()
    Connection.objects.filter(pk=account.pk).update(
        state="active", error="", retry_at=None, failing_since=None, secrets_version=account.secrets_version + 1
    )
    Delivery.objects.filter(state="ready").update(next_try_at=now())


# A place with another name


@pytest.mark.parametrize("network", ["plaza", "streaming-plaza"])
def test_a_place_that_moves_keeps_its_history_and_gets_its_replies(
    network: str, connect: Connect, square: Square, at_work: AtWork, until: Until, mira: User
) -> None:
    account = connect(network, now=now())
    channel = lounge(account)
    with at_work(Listener(threads=2)):
        say(square, "one")
        until(lambda: said(account) == ["one"])
        waiting = [answer(channel, f"reply {number}", by=mira, thread=f"t{number}") for number in range(4)]
        square.move("lounge", "great hall")
        say(square, "two", place="great hall")
        send()
        send()
        until(lambda: len(said(account)) == 6)
    channel.refresh_from_db()
    assert channel.remote_id == "great hall"
    assert set(Delivery.objects.filter(pk__in=[one.pk for one in waiting]).values_list("state", flat=True)) == {"sent"}
    assert sorted(post["text"] for post in square.posts) == said(account)
    assert {post["place"] for post in square.posts} == {"great hall"}
    assert set(Message.objects.values_list("channel", flat=True)) == {channel.pk}


def test_a_reply_follows_a_place_that_became_another_channel(connect: Connect, square: Square, mira: User) -> None:
    account = connect(now=now())
    delivery = answer(lounge(account), "hello", by=mira)
    square.moved["lounge"] = "kitchen"  # which is a channel already
    send()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.channel.remote_id) == ("sent", "kitchen")
    assert [post["place"] for post in square.posts] == ["kitchen"]


def test_a_place_that_moves_in_a_ring_is_given_up(
    connect: Connect, square: Square, mira: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = answer(lounge(connect(now=now())), "hello", by=mira)
    square.moved |= {"lounge": "kitchen", "kitchen": "lounge"}
    for _ in range(25):
        Delivery.objects.filter(state="ready").update(next_try_at=now())
        send()
    delivery.refresh_from_db()
    assert delivery.state == "refused"
    assert square.posts == []


# Who is slow


def test_one_slow_account_does_not_hold_up_the_others(
    connect: Connect, square: Square, at_work: AtWork, until: Until
) -> None:
    slow, quick = connect(now=now(), slug="slow"), connect(now=now(), slug="quick")
    for number in range(8):
        channel = Channel.objects.create(
            workspace=slow.workspace, network="plaza", remote_id=f"slow{number}", name="slow", connection=slow
        )
        square.slow.add(channel.remote_id)
    square.wait = 4.0
    with at_work(Listener(threads=4)):
        until(lambda: square.most_at_once["slow0"])
        begun = time.monotonic()
        say(square, "hello")
        until(lambda: said(quick) == ["hello"])
        assert time.monotonic() - begun < 3.5


# What a person does meanwhile


def test_what_was_said_while_a_streamed_channel_was_paused_is_read_when_it_goes_on(
    connect: Connect, square: Square, mira: User, at_work: AtWork, until: Until
) -> None:
    account = connect("streaming-plaza", now=now())
    with at_work(Listener(threads=2)):
        say(square, "one")
        until(lambda: said(account) == ["one"])
        connecting.pause_channel(lounge(account), True, by=mira)
        time.sleep(1.5)  # the listener is told at once, and looks within a second
        say(square, "two")
        say(square, "soup", place="kitchen")
        until(lambda: said(account) == ["one", "soup"])
        connecting.pause_channel(lounge(account), False, by=mira)
        until(lambda: said(account) == ["one", "soup", "two"])


def test_what_nobody_knows_of_an_account_that_was_let_go_is_for_a_person(connect: Connect, mira: User) -> None:
    account = connect(now=now())
    delivery = answer(lounge(account), "hello", by=mira)
    Delivery.objects.filter(pk=delivery.pk).update(state="unsure")
    connecting.disconnect(account, by=mira)
    send()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.puzzled) == ("unsure", True)
