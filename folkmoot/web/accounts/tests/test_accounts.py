from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from folkmoot.web.conftest import PASSWORD
from folkmoot.workspaces import actions
from folkmoot.workspaces.models import SignInLink, User

SignIn = Callable[[User], Client]
OWN_PAGES = [
    "profile",
    "account_change_password",
    "mfa_index",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "usersessions_list",
    "account_logout",
]


def who(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


@pytest.mark.parametrize("name", [name for name in OWN_PAGES if name != "account_logout"])
def test_own_pages_send_strangers_to_sign_in(client: Client, db: None, name: str) -> None:
    answer = client.get(reverse(name))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", OWN_PAGES)
def test_own_pages_open_for_somebody_without_a_workspace(
    signed_in: SignIn, make_person: Callable[..., User], name: str
) -> None:
    answer = signed_in(make_person("lone@example.org", "Lone")).get(reverse(name), follow=True)
    assert answer.status_code == 200


def test_address_and_password_sign_in(client: Client, mira: User) -> None:
    client.post(reverse("account_login"), {"login": "Mira@example.org", "password": PASSWORD})
    assert who(client) == str(mira.pk)


def test_a_wrong_password_does_not_tell_whether_the_address_is_known(client: Client, mira: User) -> None:
    wrong = client.post(reverse("account_login"), {"login": "mira@example.org", "password": "no"}).content.decode()
    unknown = client.post(reverse("account_login"), {"login": "nobody@example.org", "password": "no"}).content.decode()
    said = "The email address and/or password you specified are not correct."
    assert said in wrong
    assert said in unknown


def test_guessing_a_password_is_stopped_even_for_the_right_one(client: Client, mira: User) -> None:
    for _attempt in range(12):
        client.post(reverse("account_login"), {"login": "mira@example.org", "password": "guess"})
    client.post(reverse("account_login"), {"login": "mira@example.org", "password": PASSWORD})
    assert who(client) is None


def test_nobody_signs_up_by_themselves(client: Client, db: None) -> None:
    form = {"email": "new@example.org", "password1": PASSWORD, "password2": PASSWORD}
    client.post(reverse("account_signup"), form)
    assert not User.objects.exists()
    assert "Sign up" not in client.get(reverse("account_login")).content.decode()


def test_a_sign_in_link_works_once(client: Client, mira: User) -> None:
    url = reverse("sign_in_link", args=[actions.sign_in_secret(mira, now=timezone.now())])
    answer = client.post(url)
    assert answer.headers["Location"] == reverse("home")
    assert who(client) == str(mira.pk)
    second = Client()
    second.post(url)
    assert who(second) is None


def test_opening_a_sign_in_link_does_not_use_it_up(client: Client, mira: User) -> None:
    url = reverse("sign_in_link", args=[actions.sign_in_secret(mira, now=timezone.now())])
    for _scanner in range(3):
        assert Client().get(url).status_code == 200
    client.post(url)
    assert who(client) == str(mira.pk)


def test_an_old_or_invented_sign_in_link_signs_nobody_in(client: Client, mira: User) -> None:
    old = actions.sign_in_secret(mira, now=timezone.now() - timedelta(minutes=16))
    for secret in (old, "invented"):
        answer = client.post(reverse("sign_in_link", args=[secret]), follow=True)
        assert "too old" in answer.content.decode()
    assert who(client) is None
    assert not SignInLink.objects.exclude(used_at=None).exists()


def test_a_sign_in_link_does_not_pass_by_the_second_factor(client: Client, mira: User) -> None:
    from_allauth = pytest.importorskip("allauth.mfa.totp.internal.auth")
    from_allauth.TOTP.activate(mira, from_allauth.generate_totp_secret())
    answer = client.post(reverse("sign_in_link", args=[actions.sign_in_secret(mira, now=timezone.now())]))
    assert answer.headers["Location"] == reverse("mfa_authenticate")
    assert who(client) is None


def test_a_forgotten_password_is_set_anew_by_mail(client: Client, mira: User) -> None:
    client.post(reverse("account_reset_password"), {"email": mira.email})
    link = next(word for word in str(mail.outbox[0].body).split() if "/password/reset/key/" in word)
    form = client.get(link, follow=True)
    new = "another raft of logs"
    client.post(form.request["PATH_INFO"], {"password1": new, "password2": new})
    mira.refresh_from_db()
    assert mira.check_password(new)


def test_the_profile_keeps_name_language_zone_and_colours(signed_in: SignIn, mira: User) -> None:
    form = {"name": "Mira K.", "language": "et", "timezone": "Europe/Tallinn", "theme": "dark"}
    page = signed_in(mira).post(reverse("profile"), form, follow=True).content.decode()
    mira.refresh_from_db()
    assert (mira.name, mira.language, mira.timezone, mira.theme) == tuple(form.values())
    assert '<html lang="et" data-colours="dark">' in page


@pytest.mark.parametrize("wrong", [{"timezone": "Moon/Base"}, {"language": "xx"}, {"theme": "pink"}])
def test_the_profile_refuses_what_does_not_exist(signed_in: SignIn, mira: User, wrong: dict[str, str]) -> None:
    form = {"name": "M", "language": "", "timezone": "", "theme": "auto"} | wrong
    assert signed_in(mira).post(reverse("profile"), form).status_code == 200
    mira.refresh_from_db()
    assert mira.name == "Mira Kask"


def test_the_colours_change_from_the_menu_and_the_person_stays_on_the_page(signed_in: SignIn, mira: User) -> None:
    answer = signed_in(mira).post(reverse("colours"), {"theme": "dark", "next": "/me/"})
    assert answer.headers["Location"] == "/me/"
    mira.refresh_from_db()
    assert mira.theme == "dark"


def test_a_language_is_remembered_for_a_stranger_and_for_a_person(
    client: Client, signed_in: SignIn, mira: User
) -> None:
    client.post(reverse("language"), {"language": "uk", "next": reverse("account_login")})
    assert '<html lang="uk"' in client.get(reverse("account_login")).content.decode()
    signed_in(mira).post(reverse("language"), {"language": "pl"})
    mira.refresh_from_db()
    assert mira.language == "pl"
    assert '<html lang="pl"' in signed_in(mira).get(reverse("profile")).content.decode()


def test_the_browsers_language_counts_until_one_is_chosen(client: Client, db: None) -> None:
    page = client.get(reverse("account_login"), headers={"accept-language": "ru,en;q=0.5"}).content.decode()
    assert '<html lang="ru"' in page


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_the_way_back_never_leads_to_another_host(client: Client, db: None, target: str) -> None:
    answer = client.post(reverse("language"), {"language": "et", "next": target})
    assert answer.headers["Location"] == "/"


def test_an_unknown_language_changes_nothing(client: Client, db: None) -> None:
    assert client.post(reverse("language"), {"language": "tlh"}).cookies == {}
