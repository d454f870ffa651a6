from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from conftest import Make
from folkmoot.analytics import actions
from folkmoot.workspaces.models import Rank, Role, User, Workspace

SignIn = Callable[[User], Client]
MARCH = {"since": "2026-03-01", "until": "2026-03-31"}


@pytest.fixture
def community(workspace: Workspace, make: Make) -> Workspace:
    forum, chat = make.channel(workspace, "forum", kind="forum"), make.channel(workspace, "chat")
    make.talk(forum, ("ada", "how?"), ("bo", "so"), ("cleo", "or so"))
    make.talk(chat, ("ada", "hello"), thread=None)
    actions.count(workspace.pk)
    return workspace


def test_before_anything_was_said_the_page_says_so(signed_in: SignIn, mira: User, workspace: Workspace) -> None:
    assert "No numbers yet" in signed_in(mira).get(reverse("kpis", args=[workspace.slug])).content.decode()


def test_every_number_opens_what_is_behind_it(signed_in: SignIn, mira: User, community: Workspace) -> None:
    client = signed_in(mira)
    response = client.get(reverse("kpis", args=[community.slug]), MARCH)
    tiles = {tile.name: tile for tile in response.context["tiles"]}
    assert len(tiles) == 16
    behind = {name: client.get(tile.url) for name, tile in tiles.items()}
    assert {answer.status_code for answer in behind.values()} == {200}
    for name in ("Messages", "Active members", "Newcomers"):
        assert str(len(behind[name].context["rows"])) == tiles[name].value
    assert len(behind["Answered"].context["rows"]) == 1  # the one still waiting, in the chat


def test_the_days_are_chosen_on_both_pages_and_a_channel_where_they_are_added_up(
    signed_in: SignIn, mira: User, community: Workspace
) -> None:
    client = signed_in(mira)
    for name, fields in (
        ("kpis", {"period", "since", "until", "channel"}),
        ("kpis-by-channel", {"period", "since", "until"}),
    ):
        html = client.get(reverse(name, args=[community.slug]), MARCH).content.decode()
        assert set(re.findall(r'<(?:select|input)[^>]* name="([a-z]+)"', html)) & {*fields, "channel"} == fields


def test_one_channel(signed_in: SignIn, mira: User, community: Workspace) -> None:
    client = signed_in(mira)
    response = client.get(reverse("kpis-by-channel", args=[community.slug]), MARCH)
    assert [(line.name, line.kpis.messages) for line in response.context["lines"]] == [("forum", 3), ("chat", 1)]
    chat = client.get(response.context["lines"][1].url)
    assert chat.context["tiles"][0].value == "1"


@pytest.mark.parametrize("query", [{}, {"period": "7"}, {"period": "all"}, {"since": "x"}, {"since": "2026-04-01", "until": "2026-03-01"}, {"until": "2020-01-01"}])  # fmt: skip
def test_any_period_is_answered(signed_in: SignIn, mira: User, community: Workspace, query: dict[str, str]) -> None:
    assert signed_in(mira).get(reverse("kpis", args=[community.slug]), query).status_code == 200


def test_the_figures_are_readable_without_the_drawing(signed_in: SignIn, mira: User, community: Workspace) -> None:
    html = signed_in(mira).get(reverse("kpis", args=[community.slug]), MARCH).content.decode()
    assert "The same figures as a table" in html
    assert html.count("<table") == 1


def test_more_channels_cost_no_more_queries(
    signed_in: SignIn,
    mira: User,
    community: Workspace,
    make: Make,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for n in range(12):
        make.talk(make.channel(community, f"c{n}"), (f"p{n}", "hello"))
    actions.count(community.pk)
    client = signed_in(mira)
    for name in ("kpis", "kpis-by-channel"):
        client.get(reverse(name, args=[community.slug]), MARCH)
        with django_assert_max_num_queries(22):  # one of them for what needs a person
            client.get(reverse(name, args=[community.slug]), MARCH)


def test_who_may_see_the_numbers(
    signed_in: SignIn, community: Workspace, gil: User, zoe: User, make_person: Callable[..., User]
) -> None:
    ana = make_person("ana@example.org", "Ana", community, Rank.ANALYST)
    for name in ("kpis", "kpis-by-channel", "people"):
        address = reverse(name, args=[community.slug])
        assert Client().get(address).status_code == 302
        assert signed_in(zoe).get(address).status_code == 404
        assert signed_in(gil).get(address).status_code == 403
        assert signed_in(ana).get(address).status_code == 200


def test_whoever_sees_one_channel_gets_the_numbers_of_that_one(
    signed_in: SignIn, community: Workspace, make: Make, bo: User
) -> None:
    chat = make.channel(community, "chat")
    Role.objects.filter(user=bo).update(channel_ids=[chat.pk])
    client = signed_in(bo)
    lines = client.get(reverse("kpis-by-channel", args=[community.slug]), MARCH).context["lines"]
    assert [line.name for line in lines] == ["chat"]
    response = client.get(reverse("kpis", args=[community.slug]), MARCH)
    assert response.context["tiles"][0].value == "1"
    people = client.get(reverse("people", args=[community.slug]), MARCH)
    assert [member.name for member, _count in people.context["rows"]] == ["Ada"]
    forum = make.channel(community, "forum")
    sly = client.get(reverse("kpis", args=[community.slug]), MARCH | {"channel": str(forum.pk)})
    assert sly.context["tiles"][0].value == "1"
