from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django import Settings

from conftest import Make
from folkmoot.conversations.models import Conversation
from folkmoot.flow import intake, jobs
from folkmoot.lib.addresses import Allowed
from folkmoot.lib.secrets import Keys
from folkmoot.networks.base import Batch, Place, SeenDeletion
from folkmoot.understanding.assistant.models import Assistant, Summary
from folkmoot.understanding.assistant.tests.speaking import KEY, MODEL, Speaking, speaking
from folkmoot.workspaces.models import Rank, User, Workspace

SignIn = Callable[[User], Client]


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[Speaking]:
    settings.SECRETS = Keys(tmp_path / "encryption")
    for app in speaking():
        settings.PRIVATE_ADDRESSES = Allowed.read([f"127.0.0.1:{app.port}"])
        yield app


@pytest.fixture
def client(signed_in: SignIn, mira: User) -> Client:
    return signed_in(mira)


def fields(server: Speaking, **more: object) -> dict[str, object]:
    limits = {"seconds": 5, "daily_requests": 10, "daily_tokens": 100_000, "monthly_tokens": 1_000_000}
    return {"url": server.url, "model": MODEL, "key": KEY, **limits, **more}


def url(name: str, workspace: Workspace, *args: object) -> str:
    return reverse(name, args=[workspace.slug, *args])


@pytest.fixture
def on(client: Client, workspace: Workspace, server: Speaking) -> Assistant:
    """Set up and switched on, as an administrator does it."""
    client.post(url("assistant", workspace), fields(server))
    client.post(url("assistant-on", workspace), {"reads": "on", "summarises": "on", "agree": "on"})
    return Assistant.objects.get()


def test_without_one_the_page_says_that_nothing_is_sent(client: Client, workspace: Workspace) -> None:
    page = client.get(url("assistant", workspace)).content.decode()
    assert "nothing is sent anywhere" in page
    assert "Switch it on" not in page


def test_it_is_set_up_tried_and_switched_on(client: Client, workspace: Workspace, server: Speaking, mira: User) -> None:
    page = client.post(url("assistant", workspace), fields(server), follow=True).content.decode()
    assert "It is not switched on yet." in page
    assert "127.0.0.1" in page
    tried = client.post(url("assistant-try", workspace), {"question": "hello?"}).content.decode()
    assert "Hello from a model." in tried
    assert "small-1-2026" in tried
    assert "42 tokens" in tried
    assert client.post(url("assistant-on", workspace), {"reads": "on"}).status_code == 422
    assert not Assistant.objects.get().is_on
    page = client.post(url("assistant-on", workspace), {"reads": "on", "agree": "on"}, follow=True).content.decode()
    found = Assistant.objects.get()
    assert (found.is_on, found.reads, found.summarises, found.agreed_by) == (True, True, False, mira)
    assert "Switched on by Mira Kask" in page
    assert f"sent to 127.0.0.1:{server.port}, to the model small-1" in found.consent
    assert "1 of 10 requests today" in page
    client.post(url("assistant-off", workspace))
    assert not Assistant.objects.get().is_on
    client.post(url("assistant-remove", workspace))
    assert not Assistant.objects.exists()


def test_the_key_never_comes_back(client: Client, workspace: Workspace, on: Assistant, server: Speaking) -> None:
    for name in ("assistant", "assistant-try"):
        page = client.get(url(name, workspace)) if name == "assistant" else client.post(url(name, workspace))
        assert KEY not in page.content.decode()
        assert on.key not in page.content.decode()
    refused = client.post(url("assistant", workspace), fields(server, seconds=0))
    assert refused.status_code == 422
    assert KEY not in refused.content.decode()


def test_an_empty_key_keeps_the_stored_one_but_not_for_another_server(
    client: Client, workspace: Workspace, on: Assistant, server: Speaking
) -> None:
    client.post(url("assistant", workspace), fields(server, key="", seconds=7))
    assert (Assistant.objects.get().seconds, Assistant.objects.get().key) == (7, on.key)
    moved = client.post(url("assistant", workspace), fields(server, key="", url="https://llm.example.org/v1"))
    assert "Enter the key again" in moved.content.decode()
    assert Assistant.objects.get().is_on


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("401", "accept the key"),
        ("429", "no more requests"),
        ("500", "fault of its own"),
        ("html", "no answer of a language model"),
    ],
)
def test_a_trial_that_fails_says_what_to_do(
    client: Client, workspace: Workspace, server: Speaking, fault: str, told: str
) -> None:
    client.post(url("assistant", workspace), fields(server))
    server.fault = fault
    page = client.post(url("assistant-try", workspace), {"question": "hello?"}).content.decode()
    assert told in page.replace("&#x27;", "'")


def test_a_private_address_is_refused_with_what_to_do(
    client: Client, workspace: Workspace, server: Speaking, settings: Settings
) -> None:
    settings.PRIVATE_ADDRESSES = Allowed()
    client.post(url("assistant", workspace), fields(server))
    page = client.post(url("assistant-try", workspace), {"question": "hello?"}).content.decode()
    assert "FOLKMOOT_PRIVATE_ADDRESSES" in page
    assert server.keys == []


def test_only_administrators_see_it_and_strangers_find_nothing(
    signed_in: SignIn,
    bo: User,
    gil: User,
    zoe: User,
    make_person: Callable[..., User],
    workspace: Workspace,
    on: Assistant,
) -> None:
    manager = make_person("max@example.org", "Max", workspace, Rank.MANAGER)
    for person, status in [(manager, 403), (bo, 403), (gil, 403), (zoe, 404)]:
        visitor = signed_in(person)
        assert visitor.get(url("assistant", workspace)).status_code == status
        for name in ("assistant", "assistant-try", "assistant-on", "assistant-off", "assistant-remove"):
            assert visitor.post(url(name, workspace)).status_code == status
    assert Assistant.objects.get().is_on


@pytest.fixture
def thread(workspace: Workspace, make: Make) -> Conversation:
    make.talk(make.channel(workspace), ("ada", "My order is late"), ("bo", "I will look"), ("ada", "Thanks"))
    return Conversation.objects.get()


def run_jobs() -> None:
    for job in ProcrastinateJob.objects.filter(task_name="summarise", status="todo"):
        jobs.summarise(**job.args)


def test_a_conversation_offers_a_summary_only_where_it_is_switched_on(
    client: Client, signed_in: SignIn, gil: User, workspace: Workspace, thread: Conversation, server: Speaking
) -> None:
    here = url("conversation", workspace, thread.pk)
    assert "Summarise this conversation" not in client.get(here).content.decode()
    client.post(url("assistant", workspace), fields(server))
    assert "Summarise this conversation" not in client.get(here).content.decode()
    client.post(url("assistant-on", workspace), {"summarises": "on", "agree": "on"})
    assert "Summarise this conversation" in client.get(here).content.decode()
    assert "Summarise this conversation" not in signed_in(gil).get(here).content.decode()


def test_a_summary_is_ordered_written_and_shown_as_a_machines(
    client: Client,
    signed_in: SignIn,
    gil: User,
    workspace: Workspace,
    thread: Conversation,
    server: Speaking,
    on: Assistant,
) -> None:
    here = url("conversation", workspace, thread.pk)
    server.say = lambda _body: "<PERSON_1> waits.\n- <b>bold</b> words"
    answer = client.post(url("conversation-summarise", workspace, thread.pk), follow=True)
    assert "is being written" in answer.content.decode()
    run_jobs()
    page = client.get(here).content.decode()
    assert "Written by a machine" in page
    assert "small-1-2026" in page
    assert "Ada waits." in page
    assert "&lt;b&gt;bold" in page
    assert "Summarise again" in page
    guest = signed_in(gil).get(here).content.decode()
    assert "Ada waits." in guest
    assert "Summarise again" not in guest


def test_with_a_script_only_the_summary_is_drawn(
    client: Client, workspace: Workspace, thread: Conversation, server: Speaking, on: Assistant
) -> None:
    part = client.post(url("conversation-summarise", workspace, thread.pk), headers={"HX-Request": "true"})
    assert "being written" in part.content.decode()
    assert "<html" not in part.content.decode()
    state = url("conversation-summary", workspace, thread.pk)
    assert "every 2s" in client.get(state).content.decode()
    run_jobs()
    assert "Hello from a model." in client.get(state).content.decode()
    assert "every 2s" not in client.get(state).content.decode()


def test_a_summary_that_failed_says_why_and_may_be_tried_again(
    client: Client, workspace: Workspace, thread: Conversation, server: Speaking, on: Assistant
) -> None:
    server.fault = "429"
    client.post(url("conversation-summarise", workspace, thread.pk))
    run_jobs()
    page = client.get(url("conversation", workspace, thread.pk)).content.decode()
    assert "no more requests" in page
    assert "Summarise this conversation" in page


def test_newer_messages_are_told_of(
    client: Client, workspace: Workspace, thread: Conversation, server: Speaking, on: Assistant
) -> None:
    client.post(url("conversation-summarise", workspace, thread.pk))
    run_jobs()
    here = url("conversation", workspace, thread.pk)
    assert "there are newer messages" not in client.get(here).content.decode()
    Conversation.objects.update(last_at=timezone.now())
    assert "there are newer messages" in client.get(here).content.decode()


def test_words_deleted_at_the_network_take_the_summary_along(
    client: Client, workspace: Workspace, thread: Conversation, server: Speaking, on: Assistant
) -> None:
    client.post(url("conversation-summarise", workspace, thread.pk))
    run_jobs()
    message = thread.messages.order_by("at")[0]
    gone = SeenDeletion(message.remote_id, timezone.now())
    place = Place(thread.channel.remote_id, thread.channel.name)
    intake.receive(thread.channel, Batch(place, [gone], "2"), now=timezone.now())
    assert not Summary.objects.exists()


def test_nobody_orders_a_summary_of_what_they_may_not_see(
    signed_in: SignIn, mira: User, gil: User, zoe: User, workspace: Workspace, other_workspace: Workspace,
    thread: Conversation, server: Speaking, on: Assistant,
) -> None:  # fmt: skip
    order = url("conversation-summarise", workspace, thread.pk)
    assert signed_in(gil).post(order).status_code == 403
    assert signed_in(zoe).post(order).status_code == 404
    assert signed_in(zoe).post(url("conversation-summarise", other_workspace, thread.pk)).status_code == 404
    assert signed_in(zoe).get(url("conversation-summary", other_workspace, thread.pk)).status_code == 404
    mira.roles.update(channel_ids=[0])
    assert signed_in(mira).post(order).status_code == 404
    assert not Summary.objects.exists()
