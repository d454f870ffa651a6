from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from folkmoot.workspaces import actions
from folkmoot.workspaces.models import Invitation, Rank, Role, User, Workspace

SignIn = Callable[[User], Client]
FOR_ALL = ["enter", "start"]
FOR_ADMINS = ["settings", "team", "invite", "colleague", "remove_colleague", "withdraw_invitation"]
BY_POST = {"remove_colleague", "withdraw_invitation"}


@pytest.fixture
def address(workspace: Workspace, mira: User, bo: User) -> Callable[[str], str]:
    actions.invite(workspace, email="new@example.org", rank=Rank.GUEST, channel_ids=None, by=mira, now=timezone.now())

    def address_of(name: str) -> str:
        args: list[object] = [workspace.slug]
        if "colleague" in name:
            args.append(Role.objects.get(user=bo).pk)
        if "invitation" in name:
            args.append(Invitation.objects.get().pk)
        return reverse(name, args=args)

    return address_of


def ask(client: Client, name: str, url: str) -> int:
    return (client.post(url) if name in BY_POST else client.get(url)).status_code


@pytest.mark.parametrize("name", FOR_ALL + FOR_ADMINS)
def test_a_stranger_is_sent_to_sign_in(client: Client, address: Callable[[str], str], name: str) -> None:
    answer = client.post(address(name)) if name in BY_POST else client.get(address(name))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", FOR_ALL + FOR_ADMINS)
def test_zoe_of_another_workspace_finds_nothing(
    signed_in: SignIn, zoe: User, address: Callable[[str], str], name: str
) -> None:
    assert ask(signed_in(zoe), name, address(name)) == 404


@pytest.mark.parametrize("name", FOR_ADMINS)
def test_a_moderator_may_not(signed_in: SignIn, bo: User, address: Callable[[str], str], name: str) -> None:
    assert ask(signed_in(bo), name, address(name)) == 403


@pytest.mark.parametrize("name", FOR_ALL + FOR_ADMINS)
def test_the_owner_may(signed_in: SignIn, mira: User, address: Callable[[str], str], name: str) -> None:
    assert ask(signed_in(mira), name, address(name)) in {200, 302}


def test_roles_and_invitations_of_another_workspace_are_out_of_reach(
    signed_in: SignIn, mira: User, zoe: User, workspace: Workspace, other_workspace: Workspace
) -> None:
    actions.invite(
        other_workspace, email="a@example.org", rank=Rank.GUEST, channel_ids=None, by=zoe, now=timezone.now()
    )
    role, invitation = Role.objects.get(user=zoe), Invitation.objects.get()
    client = signed_in(mira)
    assert client.get(reverse("colleague", args=[workspace.slug, role.pk])).status_code == 404
    assert client.post(reverse("remove_colleague", args=[workspace.slug, role.pk])).status_code == 404
    assert client.post(reverse("withdraw_invitation", args=[workspace.slug, invitation.pk])).status_code == 404
    assert Role.objects.filter(user=zoe).exists()
