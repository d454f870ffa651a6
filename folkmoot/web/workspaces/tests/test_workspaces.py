from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django import Settings

from folkmoot.channels.models import Channel
from folkmoot.web.conftest import PASSWORD
from folkmoot.workspaces import actions
from folkmoot.workspaces.models import Invitation, Rank, Role, User, Workspace

SignIn = Callable[[User], Client]


@pytest.fixture
def secret(workspace: Workspace, mira: User) -> str:
    now = timezone.now()
    return actions.invite(workspace, email="new@example.org", rank=Rank.EDITOR, channel_ids=None, by=mira, now=now)


def test_home_leads_to_the_workspace_one_was_in_last(
    signed_in: SignIn, mira: User, workspace: Workspace, other_workspace: Workspace
) -> None:
    Role.objects.create(workspace=other_workspace, user=mira, rank=Rank.GUEST)
    client = signed_in(mira)
    assert client.get("/").headers["Location"] == reverse("enter", args=[workspace.slug])
    client.get(reverse("enter", args=[other_workspace.slug]))
    assert client.get("/").headers["Location"] == reverse("enter", args=[other_workspace.slug])


def test_home_tells_somebody_without_a_workspace_what_to_do(
    signed_in: SignIn, mira: User, make_person: Callable[..., User]
) -> None:
    assert "invite you" in signed_in(make_person("lone@example.org", "Lone")).get("/").content.decode()


def test_an_empty_workspace_opens_with_the_guide(signed_in: SignIn, mira: User, workspace: Workspace) -> None:
    answer = signed_in(mira).get(reverse("enter", args=[workspace.slug]))
    assert answer.headers["Location"] == reverse("start", args=[workspace.slug])


def test_the_guide_leads_those_who_may_connect_to_the_networks(
    signed_in: SignIn, mira: User, bo: User, workspace: Workspace
) -> None:
    page, networks = (reverse(name, args=[workspace.slug]) for name in ("start", "connect"))
    assert networks in signed_in(mira).get(page).content.decode()
    assert networks not in signed_in(bo).get(page).content.decode()


def test_settings_change_name_zone_and_language(signed_in: SignIn, mira: User, workspace: Workspace) -> None:
    form = {"name": "River", "timezone": "Europe/Kyiv", "language": "uk"}
    signed_in(mira).post(reverse("settings", args=[workspace.slug]), form)
    workspace.refresh_from_db()
    assert (workspace.name, workspace.timezone, workspace.language) == tuple(form.values())
    assert ProcrastinateJob.objects.filter(task_name="count").exists()  # days begin elsewhere now


def test_the_team_page_asks_the_database_the_same_number_of_times_for_any_team(
    signed_in: SignIn, mira: User, workspace: Workspace, make_person: Callable[..., User]
) -> None:
    client, url = signed_in(mira), reverse("team", args=[workspace.slug])
    client.get(url)
    with CaptureQueriesContext(connection) as alone:
        client.get(url)
    for number in range(12):
        make_person(f"m{number}@example.org", f"M {number}", workspace, Rank.GUEST)
    with CaptureQueriesContext(connection) as together:
        client.get(url)
    assert len(together) == len(alone) <= 12


def test_an_invitation_shows_its_link_once_and_only_its_digest_is_kept(
    signed_in: SignIn, mira: User, workspace: Workspace
) -> None:
    form = {"email": "New@example.org", "rank": "editor"}
    page = signed_in(mira).post(reverse("invite", args=[workspace.slug]), form).content.decode()
    link = re.search(r'value="(http://testserver/invitation/[^"]+)"', page)
    assert link
    assert "No e-mail was sent" in page
    assert Client().get(link[1]).status_code == 200
    assert link[1].rstrip("/").rsplit("/", 1)[1] not in str(Invitation.objects.values())


def test_an_invitation_is_mailed_where_mail_is_set_up(
    signed_in: SignIn, mira: User, workspace: Workspace, settings: Settings
) -> None:
    settings.EMAIL_HOST = "localhost"
    form = {"email": "new@example.org", "rank": "guest"}
    signed_in(mira).post(reverse("invite", args=[workspace.slug]), form)
    assert mail.outbox[0].to == ["new@example.org"]
    assert "/invitation/" in mail.outbox[0].body


def test_a_refusing_mail_server_is_told_of_and_the_link_still_shown(
    signed_in: SignIn, mira: User, workspace: Workspace, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens on the discard port
    form = {"email": "new@example.org", "rank": "guest"}
    page = signed_in(mira).post(reverse("invite", args=[workspace.slug]), form).content.decode()
    assert "No e-mail was sent" in page
    assert "/invitation/" in page


def test_an_administrator_cannot_invite_an_owner(
    signed_in: SignIn, make_person: Callable[..., User], workspace: Workspace
) -> None:
    ada = make_person("ada@example.org", "Ada", workspace, Rank.ADMIN)
    signed_in(ada).post(reverse("invite", args=[workspace.slug]), {"email": "x@example.org", "rank": "owner"})
    assert not Invitation.objects.exists()


def test_an_administrator_cannot_take_an_owners_role(
    signed_in: SignIn, make_person: Callable[..., User], mira: User, workspace: Workspace
) -> None:
    ada = make_person("ada@example.org", "Ada", workspace, Rank.ADMIN)
    role = Role.objects.get(user=mira)
    signed_in(ada).post(reverse("remove_colleague", args=[workspace.slug, role.pk]))
    signed_in(ada).post(reverse("colleague", args=[workspace.slug, role.pk]), {"rank": "guest"})
    role.refresh_from_db()
    assert role.rank == Rank.OWNER


def test_the_invited_make_an_account_and_are_in(client: Client, secret: str, workspace: Workspace) -> None:
    answer = client.post(reverse("invitation", args=[secret]), {"name": "Nika", "password": PASSWORD})
    assert answer.headers["Location"] == reverse("enter", args=[workspace.slug])
    role = Role.objects.get(user__email="new@example.org")
    assert role.rank == Rank.EDITOR
    assert client.session["_auth_user_id"] == str(role.user_id)
    assert Client().get(reverse("invitation", args=[secret])).status_code == 404


def test_a_weak_password_makes_no_account(client: Client, secret: str) -> None:
    page = client.post(reverse("invitation", args=[secret]), {"name": "Nika", "password": "12345"}).content.decode()
    assert "too short" in page
    assert not User.objects.filter(email="new@example.org").exists()


def test_whoever_has_an_account_signs_in_first_and_then_joins(
    client: Client, signed_in: SignIn, secret: str, make_person: Callable[..., User], workspace: Workspace
) -> None:
    nika = make_person("new@example.org", "Nika")
    url = reverse("invitation", args=[secret])
    assert reverse("account_login") in client.get(url).content.decode()
    assert client.post(url, {"name": "x", "password": PASSWORD}).status_code == 200
    assert not Role.objects.filter(user=nika).exists()
    signed_in(nika).post(url)
    assert Role.objects.get(user=nika).rank == Rank.EDITOR


def test_an_invitation_to_somebody_else_cannot_be_taken(signed_in: SignIn, secret: str, zoe: User) -> None:
    page = signed_in(zoe).post(reverse("invitation", args=[secret])).content.decode()
    assert "signed in as zoe@example.org" in page
    assert Role.objects.filter(user=zoe).count() == 1


def test_old_withdrawn_and_invented_invitations_are_over(
    client: Client, signed_in: SignIn, secret: str, mira: User, workspace: Workspace
) -> None:
    url = reverse("invitation", args=[secret])
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(url).status_code == 404
    Invitation.objects.update(expires_at=timezone.now() + timedelta(days=1))
    pk = Invitation.objects.get().pk
    signed_in(mira).post(reverse("withdraw_invitation", args=[workspace.slug, pk]))
    assert client.get(url).status_code == 404
    assert client.get(reverse("invitation", args=["invented"])).status_code == 404


def test_a_role_can_be_limited_to_channels(signed_in: SignIn, mira: User, bo: User, workspace: Workspace) -> None:
    channel = Channel.objects.create(workspace=workspace, network="irc", remote_id="#oars", name="#oars")
    role = Role.objects.get(user=bo)
    url = reverse("colleague", args=[workspace.slug, role.pk])
    signed_in(mira).post(url, {"rank": "moderator", "channel_ids": [channel.pk]})
    role.refresh_from_db()
    assert role.channel_ids == [channel.pk]
    assert "#oars" in signed_in(mira).get(reverse("team", args=[workspace.slug])).content.decode()
    signed_in(mira).post(url, {"rank": "moderator"})
    role.refresh_from_db()
    assert role.channel_ids is None


def test_a_channel_of_another_workspace_cannot_be_chosen(
    signed_in: SignIn, mira: User, bo: User, workspace: Workspace, other_workspace: Workspace
) -> None:
    Channel.objects.create(workspace=workspace, network="irc", remote_id="#a", name="#a")
    foreign = Channel.objects.create(workspace=other_workspace, network="irc", remote_id="#b", name="#b")
    role = Role.objects.get(user=bo)
    url = reverse("colleague", args=[workspace.slug, role.pk])
    answer = signed_in(mira).post(url, {"rank": "moderator", "channel_ids": [foreign.pk]})
    assert answer.status_code == 200
    role.refresh_from_db()
    assert role.channel_ids is None


def test_the_last_owner_can_neither_leave_nor_step_down(signed_in: SignIn, mira: User, workspace: Workspace) -> None:
    role = Role.objects.get(user=mira)
    client = signed_in(mira)
    client.post(reverse("remove_colleague", args=[workspace.slug, role.pk]))
    page = client.post(reverse("colleague", args=[workspace.slug, role.pk]), {"rank": "guest"}).content.decode()
    assert "needs an owner" in page
    role.refresh_from_db()
    assert role.rank == Rank.OWNER


def test_somebody_removed_can_no_longer_open_the_workspace(
    signed_in: SignIn, mira: User, bo: User, workspace: Workspace
) -> None:
    his = signed_in(bo)
    assert his.get(reverse("start", args=[workspace.slug])).status_code == 200
    signed_in(mira).post(reverse("remove_colleague", args=[workspace.slug, Role.objects.get(user=bo).pk]))
    assert his.get(reverse("start", args=[workspace.slug])).status_code == 404
