from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from pytest_django import Settings

from folkmoot.channels.models import Connection
from folkmoot.flow import watching
from folkmoot.workspaces.actions import create_user, create_workspace

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def account(settings: Settings) -> Connection:
    settings.EMAIL_HOST = "localhost"
    mira = create_user(email="mira@example.org", name="Mira")
    workspace = create_workspace(slug="harbour", name="Harbour", by=mira)
    return Connection.objects.create(
        workspace=workspace,
        network="irc",
        remote_id="1",
        name="Folk",
        address="a",
        token_expires_at=NOW + timedelta(days=20),
    )


def test_admins_are_told_once_at_each_step_before_a_token_ends(account: Connection) -> None:
    told = [day for day in range(22) if watching.watch(now=NOW + timedelta(days=day, minutes=1))]
    assert told == [6, 13, 19]
    assert [letter.to for letter in mail.outbox] == [["mira@example.org"]] * 3
    assert "14" in mail.outbox[0].body
    assert watching.watch(now=NOW + timedelta(days=19, hours=2)) == 0


def test_an_account_that_is_no_longer_known_is_told_of_once(account: Connection) -> None:
    Connection.objects.update(state="broken")
    assert [watching.watch(now=NOW) for _ in range(3)] == [1, 0, 0]
    assert "no longer knows" in mail.outbox[0].subject


def test_a_lasting_token_is_no_reason_to_write(account: Connection) -> None:
    Connection.objects.update(token_expires_at=None)
    assert watching.watch(now=NOW) == 0
    assert not mail.outbox


def test_without_a_mail_server_the_pages_still_know(account: Connection, settings: Settings) -> None:
    settings.EMAIL_HOST = ""
    assert watching.watch(now=NOW + timedelta(days=13)) == 1
    account.refresh_from_db()
    assert account.warned_days == 7
    assert not mail.outbox
