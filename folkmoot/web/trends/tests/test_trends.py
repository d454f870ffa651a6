from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from conftest import NOON, Make
from folkmoot.flow import topics
from folkmoot.understanding.copies.models import Wave
from folkmoot.understanding.trends.models import DayTerms, Trend
from folkmoot.workspaces.models import Role, User, Workspace

SignIn = Callable[[User], Client]
SPAM = "Earn five hundred euro every day from home, just write to my friend and she tells you how"


def trend(workspace: Workspace, label: str, *, channel: int = 1, over: bool = False, kind: str = "word") -> Trend:
    seen = NOON + timedelta(days=3)
    return Trend.objects.create(
        workspace=workspace, kind=kind, term=f"{label}E", label=label, since=NOON, found_at=NOON, seen_at=seen,
        over_at=seen if over else None, window_minutes=1440, people=40, usual=2.5, chance=1e-12,
        channels={str(channel): 40}, hours=[0] * 40 + [1, 2, 3, 5, 8, 13, 8, 5],
    )  # fmt: skip


@pytest.fixture
def waves(workspace: Workspace, make: Make) -> Workspace:
    forum, chat = make.channel(workspace, "forum", kind="forum"), make.channel(workspace, "chat")
    make.receive(forum, [make.seen("eve", SPAM), make.seen("mallory", SPAM, minute=3)])
    make.receive(chat, [make.seen("eve", SPAM, minute=5), make.seen("mallory", SPAM, minute=6)])
    topics.follow(workspace.pk, now=NOON + timedelta(days=1))
    return workspace


def at(workspace: Workspace, page: str, *of: int) -> str:
    return reverse(page, args=[workspace.slug, *of])


def test_at_first_the_page_says_what_it_needs(signed_in: SignIn, mira: User, workspace: Workspace) -> None:
    client = signed_in(mira)
    assert "No trends yet" in client.get(at(workspace, "trends")).content.decode()
    assert "No copies" in client.get(at(workspace, "copies")).content.decode()


def test_what_rises_stands_before_what_rose(signed_in: SignIn, mira: User, workspace: Workspace) -> None:
    trend(workspace, "strike", over=True)
    rising = trend(workspace, "quake")
    client = signed_in(mira)
    html = client.get(at(workspace, "trends")).content.decode()
    assert html.index("quake") < html.index("Rose lately") < html.index("strike")
    assert "40 people" in html and "instead of 2.5" in html and "very sure" in html
    assert html.count('class="spark"') == 2
    assert client.get(at(workspace, "trend", rising.pk)).status_code == 200


def test_a_trend_opens_what_was_said_and_shows_its_year(signed_in: SignIn, mira: User, workspace: Workspace) -> None:
    rising = trend(workspace, "quake")
    for day in range(30):
        DayTerms.objects.create(
            workspace=workspace,
            day=(NOON - timedelta(days=27 - day)).date(),
            people=100,
            terms={"quakeE": 40} if day >= 28 else {"quakeE": 1},
        )
    client = signed_in(mira)
    response = client.get(at(workspace, "trend", rising.pk))
    assert len(response.context["figures"]["x"]) == 30
    assert response.context["bursts"] == [(NOON.date() + timedelta(days=1), NOON.date() + timedelta(days=2), 80)]
    url = response.context["row"].messages_url
    assert "q=quake" in url and "since=2026-03-02" in url
    assert client.get(url).status_code == 200
    linked = trend(workspace, "example.org/page", kind="link")
    assert "%22example.org%2Fpage%22" in client.get(at(workspace, "trend", linked.pk)).context["row"].messages_url


def test_whoever_sees_one_channel_gets_what_rose_there(
    signed_in: SignIn, workspace: Workspace, bo: User, make: Make
) -> None:
    chat, forum = make.channel(workspace, "chat"), make.channel(workspace, "forum", kind="forum")
    here, there = trend(workspace, "quake", channel=chat.pk), trend(workspace, "strike", channel=forum.pk)
    Role.objects.filter(user=bo).update(channel_ids=[chat.pk])
    client = signed_in(bo)
    html = client.get(at(workspace, "trends")).content.decode()
    assert "quake" in html and "strike" not in html
    assert "instead of" not in html
    assert client.get(at(workspace, "trend", there.pk)).status_code == 404
    assert client.get(at(workspace, "trend", here.pk)).context["figures"] is None


def test_copies_open_their_messages(signed_in: SignIn, mira: User, waves: Workspace) -> None:
    client = signed_in(mira)
    html = client.get(at(waves, "copies")).content.decode()
    assert "4 messages" in html and "2 people" in html and "2 channels" in html
    wave = Wave.objects.get()
    assert len(client.get(at(waves, "wave", wave.pk)).context["rows"]) == 4
    assert "4 messages" in client.get(at(waves, "copies"), {"by": "several"}).content.decode()


def test_whoever_sees_one_channel_counts_the_copies_there(
    signed_in: SignIn, waves: Workspace, bo: User, make: Make
) -> None:
    Role.objects.filter(user=bo).update(channel_ids=[make.channel(waves, "chat").pk])
    client = signed_in(bo)
    html = client.get(at(waves, "copies")).content.decode()
    assert "2 messages" in html and "1 channel" in html
    assert len(client.get(at(waves, "wave", Wave.objects.get().pk)).context["rows"]) == 2


def test_who_may_see_trends(
    signed_in: SignIn, waves: Workspace, mira: User, gil: User, zoe: User, other_workspace: Workspace
) -> None:
    rising, wave = trend(waves, "quake"), Wave.objects.get()
    for page, of in (("trends", ()), ("trend", (rising.pk,)), ("copies", ()), ("wave", (wave.pk,))):
        address = at(waves, page, *of)
        assert Client().get(address).status_code == 302
        assert signed_in(zoe).get(address).status_code == 404
        assert signed_in(gil).get(address).status_code == 403
        assert signed_in(mira).get(address).status_code == 200
    assert signed_in(zoe).get(at(other_workspace, "trend", rising.pk)).status_code == 404
    assert signed_in(zoe).get(at(other_workspace, "wave", wave.pk)).status_code == 404
