"""Tokens that end are renewed, once, whoever notices; a person is asked only when the network wants one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import pytest

from folkmoot.channels import listening, sessions
from folkmoot.channels.models import Channel, Connection, Cursor, Delivery
from folkmoot.channels.outbox import actions
from folkmoot.conversations.models import Message
from folkmoot.flow.listening import Listener
from folkmoot.flow.outgoing import Outbox
from folkmoot.flow.sessions import Pool
from folkmoot.networks.acts import Reply
from folkmoot.networks.errors import Later
from folkmoot.networks.live import Tokens
from folkmoot.workspaces.models import User
from servers.plaza import Square

pytestmark = pytest.mark.django_db(transaction=True)

AtWork = Callable[[Listener | Outbox], AbstractContextManager[None]]


@pytest.fixture
def account(connect: Callable[..., Connection]) -> Connection:
    return connect("renewing-plaza", now=datetime.now(UTC))


def test_a_token_that_ended_is_renewed_while_listening_and_sending_go_on(
    account: Connection, square: Square, mira: User, at_work: AtWork, until: Callable[[Callable[[], object]], None]
) -> None:
    channel = Channel.objects.select_related("connection", "workspace").get(remote_id="lounge")
    with at_work(Listener(threads=2)), at_work(Outbox(threads=2)):
        until(lambda: Cursor.objects.filter(asked_at__isnull=False).count() == 2)
        square.token = "another"
        square.add({"place": "lounge", "thread": "t", "author": "ada", "text": "hello"})
        delivery = actions.order(channel, Reply(channel.place, "t", "", "welcome"), by=mira)
        until(lambda: Message.objects.count() == 2)
        until(lambda: Delivery.objects.get(pk=delivery.pk).state == "sent")
    account.refresh_from_db()
    assert (account.state, account.error) == ("active", "")
    assert len(square.posts) == 2


def test_who_comes_late_to_renew_breaks_nothing(account: Connection) -> None:
    late = Connection.objects.get(pk=account.pk)
    assert sessions.store(account, Tokens({"token": "fresh"}))
    sessions.renew_or_break(late, "the network does not know us", now=datetime.now(UTC))
    assert Connection.objects.get().state == "active"


def test_a_network_that_gives_no_new_token_for_now_is_asked_again(account: Connection, square: Square) -> None:
    square.slow_down = 40.0
    sessions.renew_or_break(account, "the network does not know us", now=datetime.now(UTC))
    account.refresh_from_db()
    assert account.state == "active"
    assert account.retry_at
    assert 35 < (account.retry_at - datetime.now(UTC)).total_seconds() <= 40


def test_since_when_an_account_fails_is_not_forgotten_and_waits_are_not_cut_short(account: Connection) -> None:
    first, then = datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 1, 13, tzinfo=UTC)
    listening.account_wrong(account, "no", retry_at=datetime(2026, 3, 1, 15, tzinfo=UTC), now=first)
    listening.account_wrong(account, "no", retry_at=datetime(2026, 3, 1, 14, tzinfo=UTC), now=then)
    account.refresh_from_db()
    assert (account.failing_since, account.retry_at) == (first, datetime(2026, 3, 1, 15, tzinfo=UTC))
    listening.account_well(account, cursor=None, now=then)
    account.refresh_from_db()
    assert (account.failing_since, account.error, account.retry_at) == (None, "", datetime(2026, 3, 1, 15, tzinfo=UTC))


def test_a_session_that_failed_or_whose_token_changed_is_not_used_again(account: Connection) -> None:
    pool = Pool()
    with pool.session(account) as first:
        pass
    with pool.session(account) as again:
        assert again is first
    with pytest.raises(Later), pool.session(account):
        raise Later("busy", retry_after=1)
    with pool.session(account) as fresh:
        assert fresh is not first
    sessions.store(account, Tokens({"token": "fresh"}))
    with pool.session(account) as newest:
        assert newest is not fresh
    assert [len(free) for free in pool._free.values()] == [1]
    pool.close()


def test_a_sender_uses_no_session_again_that_failed(
    account: Connection, square: Square, mira: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = Channel.objects.select_related("connection", "workspace").get(remote_id="lounge")
    square.slow_down = 40.0
    actions.order(channel, Reply(channel.place, "t", "", "hello"), by=mira)
    outbox = Outbox(threads=1)
    kept: list[int] = []
    monkeypatch.setattr(outbox._pool, "close", lambda: kept.append(len(outbox._pool._free)))
    outbox.once()
    assert kept == [0]
