"""What goes out: once, in order, and honest about what nobody knows. Against a real server in this process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from folkmoot.channels.actions import UnableTo
from folkmoot.channels.models import Channel, Connection, Delivery
from folkmoot.channels.outbox import actions, claim
from folkmoot.channels.outbox.actions import Verdict
from folkmoot.conversations.models import Message
from folkmoot.flow.outgoing import Outbox
from folkmoot.networks.acts import Deletion, Edit, Moderation, Reply
from folkmoot.workspaces.models import User
from servers.plaza import Square

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime.now(UTC)


@pytest.fixture
def lounge(connect: Callable[..., Connection]) -> Channel:
    account = connect(now=NOW)
    return Channel.objects.select_related("connection", "workspace").get(connection=account, remote_id="lounge")


def reply(channel: Channel, text: str = "hello", thread: str = "t1") -> Reply:
    return Reply(channel.place, thread, "", text)


def send() -> None:
    Outbox(threads=4).once()


def test_a_reply_goes_out_once_and_shows_at_once(lounge: Channel, square: Square, mira: User) -> None:
    delivery = actions.order(lounge, reply(lounge, "Привіт 👋"), by=mira)
    send()
    send()
    delivery.refresh_from_db()
    assert delivery.state == "sent"
    assert [post["text"] for post in square.posts] == ["Привіт 👋"]
    message = Message.objects.get(channel=lounge)
    assert (message.remote_id, message.text, message.ours) == (delivery.remote_id, "Привіт 👋", True)


def test_the_same_key_twice_is_one_delivery(lounge: Channel, mira: User) -> None:
    key = uuid4()
    first = actions.order(lounge, reply(lounge), by=mira, key=key)
    assert actions.order(lounge, reply(lounge, "other"), by=mira, key=key).pk == first.pk


def test_one_conversation_keeps_its_order(lounge: Channel, square: Square, mira: User) -> None:
    for number in range(12):
        actions.order(lounge, reply(lounge, str(number), thread=f"t{number % 2}"), by=mira)
    send()
    for rest in (0, 1):
        own = [int(post["text"]) for post in square.posts if post["thread"] == f"t{rest}"]
        assert own == sorted(own)
        assert len(own) == 6


def test_an_answer_that_was_lost_is_looked_for_before_anything_is_sent_again(
    lounge: Channel, square: Square, mira: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim, "SETTLE_AFTER", timedelta(0))
    monkeypatch.setattr(square, "fault", iter(["cut after", "", "", ""]).__next__)
    delivery = actions.order(lounge, reply(lounge), by=mira)
    send()
    delivery.refresh_from_db()
    assert delivery.state == "unsure"
    send()
    delivery.refresh_from_db()
    assert delivery.state == "sent"
    assert len(square.posts) == 1
    assert Message.objects.filter(channel=lounge).count() == 1


def test_what_surely_never_arrived_is_sent_again(
    lounge: Channel, square: Square, mira: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim, "SETTLE_AFTER", timedelta(0))
    monkeypatch.setattr(square, "fault", iter(["broken before", "", "", "", ""]).__next__)
    delivery = actions.order(lounge, reply(lounge), by=mira)
    for _ in range(3):
        send()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("sent", 2)
    assert len(square.posts) == 1


def test_a_sender_that_died_leaves_an_unsure_act_which_is_settled(
    lounge: Channel, square: Square, mira: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim, "SETTLE_AFTER", timedelta(0))
    delivery = actions.order(lounge, reply(lounge), by=mira)
    claimed = claim.claim(uuid4(), 5, rates_of=lambda _one: (), now=NOW - timedelta(minutes=1))
    assert [one.pk for one in claimed] == []  # it is not due a minute ago
    claimed = claim.claim(uuid4(), 5, rates_of=lambda _one: (), now=datetime.now(UTC))
    assert [one.pk for one in claimed] == [delivery.pk]
    claim.reap(now=datetime.now(UTC))
    delivery.refresh_from_db()
    assert delivery.state == "sending"
    claim.reap(now=datetime.now(UTC) + claim.LEASE + timedelta(seconds=1))
    delivery.refresh_from_db()
    assert delivery.state == "unsure"
    Delivery.objects.update(next_try_at=datetime.now(UTC))
    send()
    send()
    delivery.refresh_from_db()
    assert delivery.state == "sent"
    assert len(square.posts) == 1


def test_a_network_that_asks_to_wait_is_not_asked_before(lounge: Channel, square: Square, mira: User) -> None:
    square.slow_down = 40.0
    first = actions.order(lounge, reply(lounge), by=mira)
    begun = datetime.now(UTC)
    send()
    first.refresh_from_db()
    assert first.state == "ready"
    assert 39 <= (first.next_try_at - begun).total_seconds() <= 45
    square.slow_down = 0.0
    other = actions.order(lounge, reply(lounge, thread="other"), by=mira)
    send()
    other.refresh_from_db()
    assert other.state == "ready"
    assert other.next_try_at >= begun + timedelta(seconds=39)
    assert square.posts == []


def test_while_the_switch_is_off_nothing_goes_out(lounge: Channel, square: Square, mira: User) -> None:
    actions.stop(lounge.workspace, None, by=mira)
    delivery = actions.order(lounge, reply(lounge), by=mira)
    send()
    delivery.refresh_from_db()
    assert (delivery.state, square.posts) == ("ready", [])
    actions.release(lounge.workspace, None, by=mira)
    send()
    delivery.refresh_from_db()
    assert delivery.state == "sent"


def test_what_is_cancelled_in_time_is_never_sent(lounge: Channel, square: Square, mira: User) -> None:
    delivery = actions.order(lounge, reply(lounge), by=mira, not_before=datetime.now(UTC) + timedelta(seconds=30))
    actions.cancel(delivery, by=mira, now=datetime.now(UTC))
    send()
    assert square.posts == []
    with pytest.raises(UnableTo):
        actions.cancel(delivery, by=mira, now=datetime.now(UTC))


def test_a_revoked_token_leaves_the_act_waiting_and_asks_for_a_person(
    lounge: Channel, square: Square, mira: User
) -> None:
    square.revoked = True
    delivery = actions.order(lounge, reply(lounge), by=mira)
    send()
    delivery.refresh_from_db()
    assert delivery.state == "ready"
    assert Connection.objects.get().state == "broken"
    square.revoked = False
    Connection.objects.update(state="active")
    Delivery.objects.update(next_try_at=datetime.now(UTC))
    send()
    delivery.refresh_from_db()
    assert delivery.state == "sent"


def test_edits_deletions_and_bans_take_effect(lounge: Channel, square: Square, mira: User) -> None:
    actions.order(lounge, reply(lounge), by=mira)
    send()
    made = Message.objects.get(channel=lounge)
    actions.order(lounge, Edit(lounge.place, made.remote_id, "better"), by=mira)
    send()
    assert square.posts[0]["text"] == "better"
    actions.order(lounge, Deletion(lounge.place, made.remote_id), by=mira)
    actions.order(lounge, Moderation(lounge.place, "ban", person="troll"), by=mira)
    send()
    made.refresh_from_db()
    assert square.posts[0]["gone"]
    assert made.deleted_at
    assert square.banned == {"troll"}


def test_a_person_decides_what_the_network_cannot_tell(lounge: Channel, square: Square, mira: User) -> None:
    delivery = actions.order(lounge, reply(lounge), by=mira)
    Delivery.objects.update(state="unsure", puzzled=True)
    send()
    assert square.posts == []
    actions.decide(delivery, Verdict.AGAIN, by=mira, now=datetime.now(UTC))
    send()
    delivery.refresh_from_db()
    assert delivery.state == "sent"
    with pytest.raises(UnableTo):
        actions.decide(delivery, Verdict.LEAVE, by=mira, now=datetime.now(UTC))


def test_a_personal_account_is_spoken_with_by_its_owner_alone(lounge: Channel, mira: User) -> None:
    Connection.objects.update(personal=True, owner=None)
    lounge.connection.refresh_from_db()  # type: ignore[union-attr]
    with pytest.raises(UnableTo):
        actions.order(lounge, reply(lounge), by=mira)
    with pytest.raises(UnableTo):
        actions.order(lounge, reply(lounge), by=None)
