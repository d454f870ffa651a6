"""The loop of corrections: see how a message was read, say what is right in two clicks, and find it by that."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from conftest import Make, WordReader
from folkmoot.conversations.models import Conversation
from folkmoot.flow import reading
from folkmoot.understanding.models import Correction
from folkmoot.workspaces.models import User, Workspace
from tests.browser.looking import PHONE, check_axe, check_fits, shot

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("words_are_read")]


@pytest.fixture
def said(transactional_db: None, workspace: Workspace, make: Make, words_are_read: WordReader) -> Conversation:
    channel = make.channel(workspace, kind="forum")
    make.talk(channel, ("ada", "my parcel is awful and broken"), ("bo", "hm"), thread="a")
    make.talk(channel, ("cleo", "what an awful, broken machine"), thread="b")
    reading.read(workspace.pk)
    return Conversation.objects.get(remote_id="a")


def test_two_clicks_correct_a_reading_and_one_undoes_it(
    open_page: Callable[..., Page], workspace: Workspace, mira: User, said: Conversation
) -> None:
    page = open_page(mira)
    page.goto(f"/w/moot/inbox/{said.pk}/")
    message = page.locator("article.message").first
    expect(message.locator(".tone")).to_have_text(["Negative", "Complaint"])
    message.get_by_title("How this was read").click()
    message.get_by_role("button", name=re.compile("^Neutral")).click()
    expect(message.locator(".tone")).to_have_text(["Complaint"])
    expect(message.get_by_text("Mira Kask set Mood to “Neutral”")).to_be_visible()
    assert Correction.objects.get().value == "neu"
    check_axe(page)
    check_fits(page)
    shot(page, "correction")
    message.get_by_role("button", name="Undo").click()
    expect(message.locator(".tone")).to_have_text(["Negative", "Complaint"])
    assert not Correction.objects.exists()
    message.get_by_role("button", name="Close").click()
    expect(message.locator(".reading-panel")).to_have_count(0)


def test_marks_appear_in_an_open_conversation_when_a_message_is_read(
    open_page: Callable[..., Page], workspace: Workspace, mira: User, said: Conversation, make: Make
) -> None:
    page = open_page(mira)
    page.goto(f"/w/moot/inbox/{said.pk}/")
    page.wait_for_timeout(1000)  # the page's ear opens after it is drawn
    with page.expect_response(re.compile("/rest/")):
        make.arrive(make.channel(workspace, kind="forum"), [make.seen(text="nice of you", thread="a", minute=9)])
    latest = page.locator("article.message").last
    expect(latest).to_contain_text("nice of you")
    reading.read(workspace.pk)
    expect(latest.locator(".tone")).to_have_text(["Positive"])
    latest.get_by_title("How this was read").click()
    expect(latest.locator(".reading-panel")).to_be_visible()


def test_without_a_script_the_same_is_done_on_pages(
    open_page: Callable[..., Page], workspace: Workspace, mira: User, said: Conversation
) -> None:
    page = open_page(mira, java_script_enabled=False, viewport=PHONE)
    page.goto(f"/w/moot/inbox/{said.pk}/")
    page.locator("article.message").first.get_by_title("How this was read").click()
    page.get_by_role("button", name=re.compile("^Bug report")).click()
    expect(page.locator("article.message").first.locator(".tone")).to_have_text(["Negative", "Bug report"])


def test_many_are_corrected_from_the_inbox_and_found_by_it(
    open_page: Callable[..., Page], workspace: Workspace, mira: User, said: Conversation, make: Make
) -> None:
    page = open_page(mira)
    page.goto("/w/moot/inbox/?intent=complaint")
    expect(page.locator("[data-item]")).to_have_count(2)
    page.get_by_text("Correct several at once").click()
    page.get_by_role("checkbox", name=re.compile("^Choose what an awful")).check()
    page.get_by_label("What is right").select_option(label="Bug report")
    check_axe(page)
    page.get_by_role("button", name="Choose all").click()
    expect(page.locator(".pick:checked")).to_have_count(2)
    make.arrive(make.channel(workspace, kind="forum"), [make.seen(text="awful and broken too", thread="c", minute=9)])
    page.wait_for_timeout(1500)
    expect(page.locator(".pick:checked")).to_have_count(2)  # the list waits with what arrives until nothing is chosen
    page.get_by_role("checkbox", name=re.compile("^Choose my parcel")).uncheck()
    page.get_by_role("button", name="Correct", exact=True).click()
    expect(page.get_by_text("Intent is set to “Bug report” in 1 message.")).to_be_visible()
    expect(page.locator("[data-item]")).to_have_count(1)
    page.goto("/w/moot/inbox/?intent=bug")
    expect(page.locator("[data-item]")).to_have_count(1)


@pytest.mark.parametrize("viewport", [{"width": 1440, "height": 900}, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_the_pages_of_understanding_can_be_used_by_everybody(
    open_page: Callable[..., Page],
    workspace: Workspace,
    mira: User,
    said: Conversation,
    viewport: dict[str, int],
    colours: str,
) -> None:
    page = open_page(mira, viewport=viewport, color_scheme=colours)
    for number, address in enumerate(
        ("understanding/", "understanding/corrections/", f"understanding/messages/{said.messages.earliest('pk').pk}/")
    ):
        page.goto(f"/w/moot/{address}")
        check_axe(page)
        check_fits(page)
        shot(page, f"understanding-{number}-{colours}-{viewport['width']}")
