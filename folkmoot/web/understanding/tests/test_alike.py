from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from conftest import Make
from folkmoot.conversations.models import Message
from folkmoot.flow import neighbours, reading
from folkmoot.understanding.models import Neighbours
from folkmoot.understanding.neighbours import queries, store
from folkmoot.understanding.neighbours.store import Standing
from folkmoot.workspaces.models import Role, User, Workspace

SignIn = Callable[[User], Client]

LOST = "How do I reset my password if I no longer have the old e-mail?"
LOST_TOO = "I lost access to my mailbox, how can I reset the password of my account?"

pytestmark = pytest.mark.usefixtures("words_are_read")


@pytest.fixture
def said(workspace: Workspace, make: Make) -> Message:
    lounge = make.channel(workspace)
    make.talk(lounge, ("ada", LOST), ("bo", "Ask the office."), thread="a")
    make.talk(lounge, ("cy", LOST_TOO), thread="b")
    reading.read(workspace.pk)
    while neighbours.follow(workspace.pk):
        pass
    return Message.objects.get(text=LOST_TOO)


@pytest.fixture
def able(db: None) -> None:
    if not store.standing().offered:
        pytest.skip(f"this PostgreSQL has no pgvector that can be used: {store.standing().value}")


def at(message: Message) -> str:
    return reverse("alike", args=[message.workspace.slug, message.pk])


def body(client: Client, address: str, **headers: str) -> str:
    response = client.get(address, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_a_guest_jumps_to_where_it_was_answered(signed_in: SignIn, gil: User, able: None, said: Message) -> None:
    first, answer = Message.objects.get(text=LOST), Message.objects.get(text="Ask the office.")
    html = body(signed_in(gil), at(said))
    place = reverse("conversation", args=[said.workspace.slug, first.conversation_id])
    assert f'href="{place}?m={first.pk}#m{first.pk}"' in html
    assert f'class="pill good" href="{place}?m={answer.pk}#m{answer.pk}"' in html
    assert "lounge" in html


def test_it_opens_within_the_conversation(signed_in: SignIn, mira: User, able: None, said: Message) -> None:
    client = signed_in(mira)
    assert at(said) in body(client, reverse("reading", args=[said.workspace.slug, said.pk]))
    part = body(client, at(said), hx_request="true")
    assert LOST in part
    assert "<html" not in part


def test_the_page_asks_the_database_little(
    signed_in: SignIn, mira: User, able: None, said: Message, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = signed_in(mira)
    with django_assert_max_num_queries(14):
        body(client, at(said))


def test_a_message_that_says_too_little_says_so(signed_in: SignIn, mira: User, able: None, said: Message) -> None:
    assert "too few words" in body(signed_in(mira), at(Message.objects.get(text="Ask the office.")))


def test_nothing_alike_is_an_answer(signed_in: SignIn, mira: User, able: None, said: Message) -> None:
    Message.objects.filter(text=LOST).update(deleted_at=said.at)
    assert "No other conversation says the same" in body(signed_in(mira), at(said))


def test_strangers_and_other_channels_find_nothing(
    signed_in: SignIn, zoe: User, gil: User, able: None, make: Make, workspace: Workspace, said: Message
) -> None:
    assert signed_in(zoe).get(at(said)).status_code == 404
    assert signed_in(zoe).get(reverse("comparing", args=[workspace.slug])).status_code == 404
    assert signed_in(zoe).post(reverse("comparing-switch", args=[workspace.slug])).status_code == 404
    hall = make.channel(workspace, "hall")
    Role.objects.filter(user=gil).update(channel_ids=[hall.pk])
    assert signed_in(gil).get(at(said)).status_code == 404


def test_only_managers_switch_it(
    signed_in: SignIn, mira: User, bo: User, gil: User, able: None, workspace: Workspace, said: Message
) -> None:
    page, switch = reverse("comparing", args=[workspace.slug]), reverse("comparing-switch", args=[workspace.slug])
    assert signed_in(gil).get(page).status_code == 403
    assert "Switch off" not in body(signed_in(bo), page)
    assert signed_in(bo).post(switch, {"on": "no"}).status_code == 403
    assert "2 messages could be compared" in body(signed_in(mira), page)
    signed_in(mira).post(switch, {"on": "no"})
    assert not Neighbours.objects.get().on
    assert "Switched off" in body(signed_in(mira), page)
    assert "switched off in this workspace" in body(signed_in(mira), at(said))
    signed_in(mira).post(switch, {"on": "yes"})
    assert queries.is_on(workspace)


@pytest.mark.parametrize(
    ("standing", "told"),
    [
        (Standing.MISSING, "lacks the extension pgvector"),
        (Standing.OLD, "too old"),
        (Standing.REFUSED, "CREATE EXTENSION vector"),
    ],
)
def test_where_it_is_not_offered_the_page_says_what_to_do(
    signed_in: SignIn, mira: User, workspace: Workspace, said: Message, monkeypatch: pytest.MonkeyPatch,
    standing: Standing, told: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(store, "standing", lambda: standing)
    client = signed_in(mira)
    assert told in body(client, at(said))
    assert told in body(client, reverse("comparing", args=[workspace.slug]))
