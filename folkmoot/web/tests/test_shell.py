from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import get_template
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from conftest import Make
from folkmoot.channels.models import ArchiveImport
from folkmoot.conversations.models import Conversation
from folkmoot.web import menu
from folkmoot.workspaces import actions
from folkmoot.workspaces.models import Rank, Role, User, Workspace

SignIn = Callable[[User], Client]
TEMPLATES = Path(settings.PACKAGE) / "web" / "templates"


def test_a_page_says_who_and_where_one_is(signed_in: SignIn, mira: User, workspace: Workspace) -> None:
    page = signed_in(mira).get(reverse("start", args=[workspace.slug])).content.decode()
    assert "Mira Kask" in page
    assert "River Moot" in page
    assert 'class="skip-link"' in page


def test_the_menu_shows_only_what_the_role_may_enter(
    signed_in: SignIn, mira: User, gil: User, workspace: Workspace
) -> None:
    settings_url = reverse("settings", args=[workspace.slug])
    start = reverse("start", args=[workspace.slug])
    assert settings_url in signed_in(mira).get(start).content.decode()
    assert settings_url not in signed_in(gil).get(start).content.decode()


def test_a_phone_shows_four_areas_and_the_others_behind_a_fifth_entry(
    signed_in: SignIn, mira: User, gil: User, workspace: Workspace
) -> None:
    inbox = reverse("inbox", args=[workspace.slug])
    page = signed_in(mira).get(inbox).content.decode()
    behind = page[page.index('class="rail-more"') :].split("</details>")[0]
    assert reverse("settings", args=[workspace.slug]) in behind
    assert inbox not in behind
    assert 'class="rail-more"' not in signed_in(gil).get(inbox).content.decode()


def test_every_area_has_its_own_key_and_an_address(mira: User, workspace: Workspace) -> None:
    assert len({area.key for area in menu.AREAS}) == len(menu.AREAS)
    role = Role.objects.get(user=mira, workspace=workspace)
    assert len(menu.menu(RequestFactory().get("/"), role)) == len(menu.AREAS)


@pytest.mark.parametrize("rank", Rank)
def test_no_page_links_to_one_that_the_role_may_not_open(
    rank: Rank, signed_in: SignIn, make_person: Callable[..., User], workspace: Workspace, make: Make
) -> None:
    channel = make.channel(workspace)
    make.talk(channel, ("ada", "hello"), ("bo", "hi"), ("ada", "bye"))
    ArchiveImport.objects.create(workspace=workspace, path="a.zip", name="a.zip")
    client = signed_in(make_person("who@example.org", "Who", workspace, rank))
    wanted, opened, refused = [reverse("inbox", args=["moot"])], set(), []
    while wanted:
        page = wanted.pop()
        opened.add(page)
        answer = client.get(page)
        if answer.status_code == 403:
            refused.append(page)
        links = re.findall(r'(?:href|hx-get)="(/w/moot/[^"#]*)', getattr(answer, "content", b"").decode())
        wanted += {link.replace("&amp;", "&") for link in links} - opened - set(wanted)
    assert refused == []
    conversation = reverse("conversation", args=["moot", Conversation.objects.get().pk])
    assert conversation in opened
    assert any("/members/" in page for page in opened) == rank.reaches(Rank.ANALYST)


def test_the_current_area_is_marked_on_its_pages(signed_in: SignIn, mira: User, workspace: Workspace) -> None:
    page = signed_in(mira).get(reverse("team", args=[workspace.slug])).content.decode()
    current = re.findall(r'<a class="rail-link" href="([^"]+)"[^>]*aria-current="page"', page)
    assert current == [reverse("settings", args=[workspace.slug])]


def test_the_switch_lists_the_persons_own_workspaces_alone(
    signed_in: SignIn, mira: User, workspace: Workspace, other_workspace: Workspace
) -> None:
    start = reverse("start", args=[workspace.slug])
    assert "Elsewhere" not in signed_in(mira).get(start).content.decode()
    Role.objects.create(workspace=other_workspace, user=mira, rank=Rank.GUEST)
    assert "Elsewhere" in signed_in(mira).get(start).content.decode()


@pytest.mark.parametrize("code", ["400", "403", "403_csrf", "404", "429", "500"])
def test_error_pages_need_nothing_but_themselves(code: str) -> None:
    page = get_template(f"{code}.html").render()
    assert code[:3] in page
    assert "<h1>" in page


def test_an_unknown_address_gets_our_page(client: Client, db: None) -> None:
    answer = client.get("/no/such/page/")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


def test_the_policy_allows_no_inline_script_or_style(client: Client, db: None) -> None:
    policy = client.get(reverse("account_login")).headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


def test_no_template_carries_inline_script_or_style() -> None:
    offenders = []
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        if re.search(r"\sstyle=|<style|\son[a-z]+=\"|<script(?![^>]*\bsrc=)|hx-on|javascript:", text):
            offenders.append(path.name)
    assert offenders == []


def test_the_built_front_end_holds_every_icon_that_templates_ask_for() -> None:
    sprite = finders.find("built/icons.svg")
    assert isinstance(sprite, str), "run npm run build first"
    have = set(re.findall(r'id="([a-z0-9-]+)"', Path(sprite).read_text(encoding="utf-8")))
    asked = set()
    for path in TEMPLATES.rglob("*.html"):
        asked |= set(re.findall(r'\{% icon "([a-z0-9-]+)"', path.read_text(encoding="utf-8")))
    assert asked - have == set()
    assert {area.icon for area in menu.AREAS} - have == set()


def test_times_are_shown_in_the_workspaces_zone_until_the_person_chooses_one(
    signed_in: SignIn, mira: User, workspace: Workspace
) -> None:
    now = timezone.now()
    actions.invite(workspace, email="a@example.org", rank=Rank.GUEST, channel_ids=None, by=mira, now=now)
    url = reverse("team", args=[workspace.slug])
    assert re.search(r"\+0[23]:00\"", signed_in(mira).get(url).content.decode())  # Tallinn, winter or summer
    User.objects.update(timezone="Asia/Tokyo")
    assert "+09:00" in signed_in(mira).get(url).content.decode()
