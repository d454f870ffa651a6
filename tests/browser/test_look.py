"""Every page of accounts, team and settings, on a desk and a phone, light and dark: looked at and read by axe-core."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from folkmoot.workspaces import actions
from folkmoot.workspaces.models import Invitation, Rank, Role, User, Workspace
from tests.browser.looking import DESKTOP, PHONE, check_axe, check_fits, shot

OUTSIDE = ["account_login", "account_reset_password", "account_reset_password_done", "account_signup"]
OWN = ["profile", "account_change_password", "mfa_index", "usersessions_list", "account_logout", "mfa_activate_totp"]
WORKSPACE = [
    "start",
    "settings",
    "team",
    "invite",
    "audit",
    "vocabulary",
    "vocabulary-new",
    "vocabulary-import",
    "assistant",
]
SIZES = {"desktop": DESKTOP, "phone": PHONE}

pytestmark = pytest.mark.browser


def look(page: Page, name: str, url: str) -> None:
    """In light all rules; in dark only what colours can break."""
    page.emulate_media(color_scheme="light")
    page.goto(url)
    page.wait_for_load_state("load")
    check_axe(page)
    check_fits(page)
    shot(page, f"{name}-light")
    page.emulate_media(color_scheme="dark")
    check_axe(page, rules=["color-contrast"])
    shot(page, f"{name}-dark")


@pytest.mark.parametrize("size", SIZES)
def test_pages_before_signing_in(open_page: Callable[..., Page], size: str, mira: User, workspace: Workspace) -> None:
    page = open_page(viewport=SIZES[size])
    for name in OUTSIDE:
        look(page, f"{name}-{size}", reverse(name))
    now = timezone.now()
    new, known = (
        actions.invite(workspace, email=email, rank=Rank.EDITOR, channel_ids=None, by=mira, now=now)
        for email in ("new@example.org", "zoe@example.org")
    )
    actions.create_user(email="zoe@example.org")
    look(page, f"join-{size}", reverse("invitation", args=[new]))
    look(page, f"join-known-{size}", reverse("invitation", args=[known]))
    look(page, f"sign-in-link-{size}", reverse("sign_in_link", args=[actions.sign_in_secret(mira, now=now)]))


@pytest.mark.parametrize("size", SIZES)
def test_pages_of_a_person_and_a_workspace(
    open_page: Callable[..., Page], size: str, mira: User, bo: User, workspace: Workspace
) -> None:
    actions.invite(workspace, email="a@example.org", rank=Rank.GUEST, channel_ids=None, by=mira, now=timezone.now())
    old = timezone.now() - timedelta(days=8)
    actions.invite(workspace, email="b@example.org", rank=Rank.ADMIN, channel_ids=None, by=mira, now=old)
    page = open_page(mira, viewport=SIZES[size])
    for name in OWN:
        look(page, f"{name}-{size}", reverse(name))
    for name in WORKSPACE:
        look(page, f"{name}-{size}", reverse(name, args=[workspace.slug]))
    look(page, f"colleague-{size}", reverse("colleague", args=[workspace.slug, Role.objects.get(user=bo).pk]))
    assert Invitation.objects.count() == 2


@pytest.mark.parametrize("language", ["ru", "uk", "pl", "et"])
def test_the_frame_fits_a_phone_in_every_language(
    open_page: Callable[..., Page], mira: User, workspace: Workspace, language: str
) -> None:
    User.objects.update(language=language)
    page = open_page(mira, viewport=PHONE)
    for name, url in (("team", reverse("team", args=[workspace.slug])), ("profile", reverse("profile"))):
        page.goto(url)
        check_fits(page)
        shot(page, f"{name}-{language}")


def test_error_pages(open_page: Callable[..., Page], bo: User, workspace: Workspace, complaints: object) -> None:
    complaints.expected += ["404", "403"]  # type: ignore[attr-defined]
    page = open_page(bo)
    look(page, "error-404", "/no/such/page/")
    look(page, "error-403", reverse("settings", args=[workspace.slug]))


def test_menus_and_dialogs_when_open(
    open_page: Callable[..., Page], mira: User, bo: User, workspace: Workspace
) -> None:
    for size, viewport in SIZES.items():
        page = open_page(mira, viewport=viewport)
        page.goto(reverse("colleague", args=[workspace.slug, Role.objects.get(user=bo).pk]))
        page.locator(".workspace-switch > summary").click()
        check_axe(page, within=".menu[open]")
        shot(page, f"switch-open-{size}")
        page.locator(".rail-foot summary").click()
        assert page.locator(".workspace-switch").get_attribute("open") is None
        check_axe(page, within=".menu[open]")
        check_fits(page)
        shot(page, f"menu-open-{size}")
        page.get_by_role("button", name="Keyboard shortcuts").click()
        check_axe(page, within="dialog[open]")
        shot(page, f"keys-{size}")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Remove from the team").click()
        check_axe(page, within="dialog[open]")
        shot(page, f"confirm-{size}")
