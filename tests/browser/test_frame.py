"""The frame's own behaviour: keys, confirmation, colours, weight."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, Response, expect

from folkmoot.workspaces.models import Role, User, Workspace

pytestmark = pytest.mark.browser

LIMIT = 200 * 1024


def test_g_and_a_letter_goes_to_an_area_in_any_keyboard_layout(
    open_page: Callable[..., Page], mira: User, workspace: Workspace
) -> None:
    page = open_page(mira)
    page.goto(reverse("start", args=[workspace.slug]))
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.wait_for_url(f"**{reverse('settings', args=[workspace.slug])}")
    page.goto(reverse("start", args=[workspace.slug]))
    for typed, code in (("п", "KeyG"), ("ы", "KeyS")):
        page.evaluate(
            "([key, code]) => document.dispatchEvent(new KeyboardEvent('keydown', {key, code}))", [typed, code]
        )
    page.wait_for_url(f"**{reverse('settings', args=[workspace.slug])}")


def test_letters_typed_into_a_field_are_no_shortcuts(
    open_page: Callable[..., Page], mira: User, workspace: Workspace
) -> None:
    page = open_page(mira)
    page.goto(reverse("settings", args=[workspace.slug]))
    name = page.get_by_label("Name")
    name.fill("")
    name.press_sequentially("gi?/jk")
    expect(name).to_have_value("gi?/jk")
    expect(page.locator("dialog#keys")).not_to_be_visible()


def test_shortcuts_can_be_switched_off(open_page: Callable[..., Page], mira: User, workspace: Workspace) -> None:
    page = open_page(mira)
    page.goto(reverse("start", args=[workspace.slug]))
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.get_by_label("Shortcuts work on this device").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).not_to_be_visible()


def test_a_removal_is_asked_about_first(
    open_page: Callable[..., Page], mira: User, bo: User, workspace: Workspace
) -> None:
    page = open_page(mira)
    page.goto(reverse("colleague", args=[workspace.slug, Role.objects.get(user=bo).pk]))
    page.get_by_role("button", name="Remove from the team").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert Role.objects.filter(user=bo).exists()
    page.get_by_role("button", name="Remove from the team").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.locator("#flash")).to_contain_text("Bo is no longer in the team")
    assert not Role.objects.filter(user=bo).exists()


def test_a_menu_closes_on_escape_and_gives_the_focus_back(
    open_page: Callable[..., Page], mira: User, workspace: Workspace
) -> None:
    page = open_page(mira)
    page.goto(reverse("start", args=[workspace.slug]))
    summary = page.locator(".rail-foot summary")
    summary.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(summary).to_be_focused()
    assert page.locator(".rail-foot details").get_attribute("open") is None


def test_the_skip_link_leads_past_the_menu(open_page: Callable[..., Page], mira: User, workspace: Workspace) -> None:
    page = open_page(mira)
    page.goto(reverse("start", args=[workspace.slug]))
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


@pytest.mark.parametrize("device", ["light", "dark"])
def test_the_colours_follow_the_device_until_one_is_chosen(
    open_page: Callable[..., Page], mira: User, workspace: Workspace, device: str
) -> None:
    brightness = "() => parseFloat(getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/)[0])"
    page = open_page(mira, color_scheme=device)
    page.goto(reverse("start", args=[workspace.slug]))
    assert (page.evaluate(brightness) > 0.5) is (device == "light")
    other = "dark" if device == "light" else "light"
    page.locator(".rail-foot summary").click()
    page.get_by_role("button", name=other.capitalize()).click()
    expect(page.locator("html")).to_have_attribute("data-colours", other)
    page.wait_for_load_state("load")
    assert (page.evaluate(brightness) > 0.5) is (other == "light")


def test_a_page_weighs_little(open_page: Callable[..., Page], mira: User, workspace: Workspace) -> None:
    """Bytes as they come over the wire: page, style, script, icons and the faces of a page in two alphabets."""
    mira.name = "Мира Каск, õpilane"
    mira.save()
    page = open_page(mira)
    finished: list[Response] = []
    page.on("response", lambda response: finished.append(response))
    page.goto(reverse("team", args=[workspace.slug]))
    page.wait_for_load_state("networkidle")
    weights = {response.url: response.request.sizes()["responseBodySize"] for response in finished}
    assert sum(weights.values()) <= LIMIT, weights
