"""Who may make workspaces, how the first one comes to be, and the demo community."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from folkmoot.conversations.models import Message
from folkmoot.flow import demo, jobs
from folkmoot.workspaces.models import AuditEntry, Rank, Role, User, Workspace

SignIn = Callable[[User], Client]
NEW, MAKE = "/new/", "/demo/"
FORM = {"name": "River Moot", "slug": "", "timezone": "Europe/Tallinn", "language": "et"}
BUTTON = f'action="{MAKE}"'


@pytest.fixture
def first(make_person: Callable[..., User]) -> User:
    """Whoever runs the installation: its first user, in no workspace yet."""
    return make_person("owner@localhost", "")


def guide(client: Client, slug: str) -> str:
    return client.get(reverse("start", args=[slug])).content.decode()


def test_the_first_user_makes_the_first_workspace_and_lands_in_its_guide(signed_in: SignIn, first: User) -> None:
    client = signed_in(first)
    asked = client.get("/", follow=True)
    assert "Make your first workspace" in asked.content.decode()
    made = client.post(NEW, FORM, follow=True)
    assert made.redirect_chain[-1][0] == reverse("start", args=["river-moot"])
    workspace = Workspace.objects.get()
    assert (workspace.name, workspace.timezone, workspace.language) == ("River Moot", "Europe/Tallinn", "et")
    assert (Role.objects.get().user, Role.objects.get().rank) == (first, Rank.OWNER)
    assert AuditEntry.objects.filter(act="workspace.create", user=first).exists()


def test_an_owner_may_make_another(signed_in: SignIn, mira: User, zoe: User, workspace: Workspace) -> None:
    assert NEW in guide(signed_in(mira), workspace.slug)
    signed_in(zoe).post(NEW, FORM | {"slug": "hers"})
    assert Role.objects.get(workspace__slug="hers").user == zoe


@pytest.mark.parametrize("rank", [rank for rank in Rank if rank != Rank.OWNER])
def test_those_invited_to_help_may_not(
    rank: Rank, signed_in: SignIn, mira: User, make_person: Callable[..., User], workspace: Workspace
) -> None:
    client = signed_in(make_person("who@example.org", "Who", workspace, rank))
    page = guide(client, workspace.slug)
    assert f'href="{NEW}"' not in page
    assert BUTTON not in page
    assert [client.get(NEW).status_code, client.post(NEW, FORM).status_code, client.post(MAKE).status_code] == [403] * 3
    assert Workspace.objects.count() == 1


def test_strangers_are_sent_to_sign_in(client: Client, db: None) -> None:
    for answer in (client.get(NEW), client.post(NEW, FORM), client.post(MAKE)):
        assert answer.headers["Location"].startswith(reverse("account_login"))
    assert not Workspace.objects.exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "Речные посиделки"}, "Give a short name"),
        ({"name": ""}, "This field is required"),
        ({"slug": "Not A Slug"}, "valid"),
        ({"slug": "moot"}, "already exists"),
        ({"timezone": "Middle/Earth"}, "Select a valid choice"),
    ],
)
def test_what_can_not_be_is_said_beside_its_field(
    signed_in: SignIn, mira: User, change: dict[str, str], said: str
) -> None:
    assert said in signed_in(mira).post(NEW, FORM | change).content.decode()
    assert Workspace.objects.count() == 1


def test_the_guide_makes_the_demo_and_shows_how_that_goes(
    signed_in: SignIn, mira: User, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(mira)
    assert BUTTON in guide(client, workspace.slug)
    for _ in range(2):  # a second click changes nothing
        answer = client.post(MAKE)
    assert answer.headers["Location"] == reverse("start", args=["demo"])
    waiting = guide(client, "demo")
    assert "is being made" in waiting
    assert "every 2s" in waiting
    [job] = ProcrastinateJob.objects.filter(task_name="build_demo")
    real = demo.build
    monkeypatch.setattr(demo, "build", lambda workspace, *, now: real(workspace, now=now, messages=300))
    jobs.build_demo(**job.args)
    assert Message.objects.filter(workspace__slug="demo").count() > 200
    assert reverse("enter", args=["demo"]) in guide(client, workspace.slug)


def test_when_the_demo_is_there_its_guide_leads_into_the_inbox(
    signed_in: SignIn, mira: User, workspace: Workspace
) -> None:
    demo.build(demo.place(by=mira), now=workspace.created_at, messages=300)
    page = guide(signed_in(mira), "demo")
    assert "already has messages" in page
    assert "every 2s" not in page
    assert BUTTON not in page


def test_somebody_elses_demo_is_not_made_again(
    signed_in: SignIn, mira: User, zoe: User, other_workspace: Workspace
) -> None:
    signed_in(mira).post(MAKE)
    assert "ask those in it" in guide(signed_in(zoe), other_workspace.slug)
    assert signed_in(zoe).post(MAKE).status_code == 403
    assert signed_in(zoe).get(reverse("start", args=["demo"])).status_code == 404
    assert ProcrastinateJob.objects.filter(task_name="build_demo").count() == 1


def test_the_demo_is_ordered_by_post_alone(signed_in: SignIn, mira: User) -> None:
    assert signed_in(mira).get(MAKE).status_code == 405
