"""The pages of live channels, on a desk and a phone, light and dark: looked at and read by axe-core."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from conftest import Make
from folkmoot.channels.models import Channel, Connection, Delivery, Health, Recall
from folkmoot.channels.outbox import actions
from folkmoot.conversations.models import Conversation, Message
from folkmoot.members.models import Member
from folkmoot.networks.acts import Reply
from folkmoot.workspaces.models import User, Workspace
from tests.browser.looking import DESKTOP, PHONE
from tests.browser.test_look import look

SIZES = {"desktop": DESKTOP, "phone": PHONE}

pytestmark = pytest.mark.browser


@pytest.fixture
def channel(workspace: Workspace, mira: User, make: Make) -> Channel:
    """As it is after a while: something failed, something is unsure, something is on its way."""
    now = timezone.now()
    account = Connection.objects.create(
        workspace=workspace,
        network="mastodon",
        remote_id="1",
        name="River Moot",
        handle="@moot@social.example",
        owner=mira,
        address="0" * 48,
        settings={"server": "https://social.example"},
        token_expires_at=now + timedelta(days=5),
        rights=[
            {"name": "read", "why": "Read and answer", "granted": True, "needed": True, "mend": ""},
            {"name": "admin", "why": "Suspend people", "granted": False, "needed": False, "mend": "Sign in again."},
        ],
    )
    made = make.channel(workspace, "mentions", network="mastodon", kind="feed")
    Channel.objects.filter(pk=made.pk).update(connection=account)
    make.channel(workspace, "old lounge")
    made.refresh_from_db()
    Health.objects.create(channel=made, last_read_at=now, failing_since=now, error="The server is away.", retry_at=now)
    Recall.objects.create(channel=made, since=now - timedelta(days=30), state="running", done=0.4, messages_new=1234)
    make.talk(made, ("ada", "Is it still on?"), ("eve", "And at night?"))
    about = f"message:{Message.objects.get(text='And at night?').pk}"
    for state in ("unsure", "refused", "ready"):
        delivery = actions.order(made, Reply(made.place, "t", "", f"An answer, {state}"), by=mira, about=about)
        ended = now if state == "refused" else None
        Delivery.objects.filter(pk=delivery.pk).update(
            state=state, puzzled=state == "unsure", error="No answer came.", attempts=1, ended_at=ended
        )
    actions.stop(workspace, None, by=mira, reason="storm")
    return made


@pytest.mark.parametrize("size", SIZES)
def test_pages_of_live_channels(
    open_page: Callable[..., Page], size: str, mira: User, workspace: Workspace, channel: Channel
) -> None:
    page = open_page(mira, viewport=SIZES[size])
    delivery = Delivery.objects.get(state="unsure")
    eve = Message.objects.get(text="And at night?")
    pages: dict[str, list[int]] = {
        "channels": [],
        "connect": [],
        "connect-result": [],
        "account": [channel.connection_id or 0],
        "account-again": [channel.connection_id or 0],
        "account-disconnect": [channel.connection_id or 0],
        "sent": [],
        "delivery": [delivery.pk],
        "conversation": [Conversation.objects.get().pk],
        "message-act": [eve.pk],
        "member-act": [Member.objects.get(name="Eve").pk],
    }
    for name, numbers in pages.items():
        look(page, f"{name}-{size}", reverse(name, args=[workspace.slug, *numbers]))
    look(page, f"connect-form-{size}", f"{reverse('connect', args=[workspace.slug])}?network=mastodon")


def test_an_answer_is_written_with_the_keyboard_alone(
    open_page: Callable[..., Page], mira: User, workspace: Workspace, channel: Channel
) -> None:
    page = open_page(mira)
    page.goto(reverse("conversation", args=[workspace.slug, Conversation.objects.get().pk]))
    page.locator("#reply-text").focus()
    page.keyboard.type("x" * 501)
    expect(page.locator("#reply-left")).to_have_text("-1")
    page.keyboard.press("Backspace")
    expect(page.locator("#reply-left")).to_have_text("0")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#underway")).to_contain_text("x" * 500)
    assert Delivery.objects.filter(payload__text="x" * 500).count() == 1


def test_networks_and_places_are_narrowed_while_typing(
    open_page: Callable[..., Page], mira: User, workspace: Workspace
) -> None:
    page = open_page(mira)
    page.goto(reverse("connect", args=[workspace.slug]))
    page.get_by_label("Search networks").fill("wordp")
    expect(page.locator(".network-card")).to_have_count(1)
    expect(page.locator(".network-card")).to_contain_text("WordPress")
