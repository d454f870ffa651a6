"""Signing in as people do: by password, with a second factor, with a passkey, without JavaScript."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from folkmoot.web.conftest import PASSWORD
from folkmoot.workspaces import actions
from folkmoot.workspaces.models import User, Workspace
from tests.browser.looking import check_axe, shot

pytestmark = pytest.mark.browser


def sign_in(page: Page, user: User) -> None:
    page.goto("/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def confirm_password(page: Page) -> None:
    """allauth asks again before anything that guards the account."""
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def code_now(secret: str) -> str:
    counter = next(iter(totp.yield_hotp_counters_from_time()))
    return str(totp.format_hotp_value(totp.hotp_value(secret, counter)))


def test_password_then_the_guide(open_page: Callable[..., Page], mira: User, workspace: Workspace) -> None:
    page = open_page()
    sign_in(page, mira)
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome to Folkmoot")
    page.locator(".rail-foot summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_an_authenticator_app_is_set_up_and_asked_for(
    open_page: Callable[..., Page], mira: User, workspace: Workspace
) -> None:
    page = open_page()
    sign_in(page, mira)
    page.goto(reverse("mfa_activate_totp"))
    confirm_password(page)
    check_axe(page)
    shot(page, "totp-activate")
    secret = page.locator("#authenticator_secret").input_value()
    page.get_by_label("Authenticator code").fill(code_now(secret))
    page.get_by_role("button", name="Activate").click()
    check_axe(page)
    shot(page, "recovery-codes")
    recovery = page.locator("#recovery_codes").input_value().split()[0]
    page.goto(reverse("mfa_index"))
    check_axe(page)
    shot(page, "mfa-active")

    again = open_page()
    sign_in(again, mira)
    again.get_by_label("Code").fill(recovery)
    again.get_by_role("button", name="Sign In", exact=True).click()
    expect(again.get_by_role("heading", level=1)).to_have_text("Welcome to Folkmoot")


def test_the_second_factor_is_asked_for(open_page: Callable[..., Page], mira: User, workspace: Workspace) -> None:
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(mira, secret)
    page = open_page()
    sign_in(page, mira)
    check_axe(page)
    shot(page, "mfa-authenticate")
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Sign In", exact=True).click()
    expect(page.locator(".field-error")).to_be_visible()
    check_axe(page)
    page.get_by_label("Code").fill(code_now(secret))
    page.get_by_role("button", name="Sign In", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome to Folkmoot")


def test_a_passkey_is_added_and_signs_in(open_page: Callable[..., Page], mira: User, workspace: Workspace) -> None:
    page = open_page()
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    key = options | {"isUserVerified": True, "automaticPresenceSimulation": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": key})
    sign_in(page, mira)
    page.goto(reverse("mfa_add_webauthn"))
    confirm_password(page)
    check_axe(page)
    shot(page, "passkey-add")
    page.get_by_label("Name").fill("This laptop")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    page.wait_for_url(lambda url: "/add/" not in url)
    page.goto(reverse("mfa_list_webauthn"))
    expect(page.get_by_role("table")).to_contain_text("This laptop")
    check_axe(page)
    shot(page, "passkeys")

    page.locator(".rail-foot summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome to Folkmoot")


def test_everything_goes_without_javascript(open_page: Callable[..., Page], mira: User, workspace: Workspace) -> None:
    page = open_page(java_script_enabled=False)
    sign_in(page, mira)
    page.locator(".rail-foot summary").click()
    page.get_by_role("button", name="Dark").click()
    assert page.locator("html").get_attribute("data-colours") == "dark"
    page.locator(".rail-foot summary").click()
    page.get_by_role("button", name="Eesti").click()
    assert page.locator("html").get_attribute("lang") == "et"
    page.locator(".workspace-switch > summary").click()
    expect(page.locator(".workspace-switch .menu-item")).to_have_count(2)  # this one, and a new one


def test_the_invited_come_in_by_the_link(open_page: Callable[..., Page], mira: User, workspace: Workspace) -> None:
    page = open_page(mira)
    page.goto(reverse("team", args=[workspace.slug]))
    page.get_by_role("link", name="Invite somebody").click()
    page.get_by_label("E-mail").fill("nika@example.org")
    page.get_by_label("Moderator").check()
    page.get_by_role("button", name="Make the invitation").click()
    link = page.locator("#link").input_value()
    check_axe(page)
    shot(page, "invited")

    theirs = open_page()
    theirs.goto(link)
    theirs.get_by_label("Your name").fill("Ніка")
    theirs.get_by_label("Password").fill(PASSWORD)
    theirs.get_by_role("button", name="Make my account and join").click()
    expect(theirs.locator(".workspace-switch > summary")).to_contain_text("River Moot")
    expect(theirs.locator(".rail-nav")).not_to_contain_text("Settings")


def test_a_sign_in_link_from_the_terminal(open_page: Callable[..., Page], mira: User, workspace: Workspace) -> None:
    page = open_page()
    page.goto(reverse("sign_in_link", args=[actions.sign_in_secret(mira, now=timezone.now())]))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome to Folkmoot")
