from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from folkmoot.members.models import Member, Merge
from folkmoot.workspaces.models import Rank

LIST = "/w/moot/members/"


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.fixture
def paths(community):
    """Every address of the area: method, path and what is posted."""
    community.says("Ada")
    community.says("Ben")
    community.says("Cleo")
    ada, ben, cleo = (community.member(name) for name in ("Ada", "Ben", "Cleo"))
    merge = Merge.objects.create(
        workspace=community.workspace, kept=ada, gone=cleo, identity_ids=[], before={"gone": {"name": "Cleo"}}
    )
    Member.objects.filter(pk=cleo.pk).update(merged_into=ada)
    one = f"{LIST}{ada.pk}/"
    return [
        ("get", LIST, {}, Rank.ANALYST),
        ("get", one, {}, Rank.ANALYST),
        ("get", f"{one}edit/", {}, Rank.MODERATOR),
        ("post", f"{one}edit/", {"name": "X"}, Rank.MODERATOR),
        ("get", f"{one}merge/", {}, Rank.MODERATOR),
        ("get", f"{one}merge/?with={ben.pk}", {}, Rank.MODERATOR),
        ("post", f"{one}merge/", {"other": ben.pk, "keep": ada.pk}, Rank.MODERATOR),
        ("post", f"{one}merges/{merge.pk}/undo/", {}, Rank.MODERATOR),
    ]


def state() -> list[Any]:
    return list(Member.objects.order_by("pk").values())


def test_strangers_are_asked_to_sign_in(paths, client):
    before = state()
    for method, path, data, _rank in paths:
        answer = getattr(client, method)(path, data)
        assert answer.status_code == 302, path
        assert answer.url.startswith("/account/login/"), path
    assert state() == before


def test_zoe_of_another_workspace_finds_nothing(paths, zoe):
    before = state()
    for method, path, data, _rank in paths:
        assert getattr(zoe, method)(path, data).status_code == 404, path
    assert state() == before


def test_a_role_too_low_is_refused(paths, signed_in):
    before = state()
    guest, editor = signed_in(Rank.GUEST), signed_in(Rank.EDITOR)
    for method, path, data, rank in paths:
        assert getattr(guest, method)(path, data).status_code == 403, path
        if rank == Rank.MODERATOR:
            assert getattr(editor, method)(path, data).status_code == 403, path
    assert state() == before


def test_every_page_opens_for_who_may(paths, signed_in):
    analyst, moderator = signed_in(Rank.ANALYST), signed_in(Rank.MODERATOR)
    for method, path, data, rank in paths:
        client = analyst if rank == Rank.ANALYST else moderator
        assert getattr(client, method)(path, data).status_code in {200, 302}, path


def test_members_of_another_workspace_are_not_there(paths, elsewhere, mira, zoe):
    elsewhere.says("Zed")
    zed, ada = elsewhere.member("Zed").pk, Member.objects.get(name="Ada").pk
    merge = Merge.objects.get()
    before = state()
    assert "Zed" not in page(mira, LIST)
    for path in (f"{LIST}{zed}/", f"{LIST}{zed}/edit/", f"{LIST}{zed}/merge/", f"{LIST}{ada}/merge/?with={zed}"):
        assert mira.get(path).status_code == 404, path
    assert mira.post(f"{LIST}{zed}/edit/", {"name": "X"}).status_code == 404
    assert mira.post(f"{LIST}{ada}/merge/", {"other": zed, "keep": ada}).status_code == 404
    assert mira.post(f"{LIST}{zed}/merge/", {"other": ada, "keep": ada}).status_code == 404
    assert mira.post(f"{LIST}{zed}/merges/{merge.pk}/undo/").status_code == 404
    assert zoe.post(f"/w/elsewhere/members/{zed}/merges/{merge.pk}/undo/").status_code == 404
    assert state() == before


@pytest.mark.parametrize("rest", ["99999999/", "99999999999999999999999/", "0/edit/"])
def test_a_member_that_is_not_there_is_not_found(community, mira, rest):
    assert mira.get(LIST + rest).status_code == 404


def test_the_list_shows_who_was_seen_last_first(community, mira):
    community.says("Ada", day=1)
    community.says("Ben", day=2)
    text = plain(page(mira, LIST))
    assert text.index("Ben") < text.index("Ada")


def test_the_list_is_narrowed_sorted_and_found_in(community, mira):
    for _ in range(3):
        community.says("Юлія")
    community.says("Ben")
    Member.objects.create(workspace=community.workspace, name="Robo", bot=True)
    assert plain(page(mira, f"{LIST}?sort=busiest")).index("Юлія") < plain(page(mira, f"{LIST}?sort=busiest")).index(
        "Ben"
    )
    assert "Robo" not in page(mira, f"{LIST}?sort=name")
    assert "Robo" in page(mira, f"{LIST}?sort=name&everybody=on")
    found = page(mira, f"{LIST}?q=yul")
    assert "Юлія" in found
    assert "Ben" not in found
    assert "Nobody by that name" in page(mira, f"{LIST}?q=qqq")
    assert "Ben" in page(mira, f"{LIST}?sort=odd&network=odd&at=odd")


def test_a_long_list_is_paged_and_keeps_its_filters(community, mira, settings):
    Member.objects.bulk_create(
        Member(workspace=community.workspace, name=f"P{number:03}", ours=True) for number in range(120)
    )
    path, names = f"{LIST}?sort=name&everybody=on", []
    while path:
        html = page(mira, path)
        names += re.findall(r">(P\d{3})</a>", html)
        nexts = re.findall(r'rel="next" href="([^"]+)"', html)
        path = nexts[0].replace("&amp;", "&") if nexts else ""
    assert names == [f"P{number:03}" for number in range(120)]


def test_an_empty_workspace_points_to_the_import(community, mira, signed_in):
    assert 'href="/w/moot/imports/"' in page(mira, LIST).split('class="empty-state"')[1]
    assert "empty-state" in page(signed_in(Rank.ANALYST), LIST)
    assert 'href="/w/moot/imports/"' not in page(signed_in(Rank.EDITOR), LIST)


def queries(client: Client, path: str) -> int:
    page(client, path)  # whatever is cached by the process is cached now
    with CaptureQueriesContext(
        connection,
    ) as captured:
        page(client, path)
    return len(captured)


def test_the_list_asks_the_database_as_often_for_many_as_for_few(community, mira):
    for number in range(5):
        community.says(f"P{number}")
    few = queries(mira, LIST)
    for number in range(5, 50):
        community.says(f"P{number}")
    assert page(mira, LIST).count("data-item") == 50
    assert queries(mira, LIST) == few
    assert few <= 12


def test_a_profile_asks_the_database_as_often_for_much_as_for_little(community, mira):
    community.says("Ada", liked_by="Ben")
    community.says("Ben")
    community.count()
    path = f"{LIST}{community.member('Ada').pk}/"
    little = queries(mira, path)
    for number in range(40):
        community.says("Ada", day=number, liked_by="Cleo", channel=[community.square, community.cellar][number % 2])
        community.says(f"P{number}", day=number, liked_by="Ada")
    community.count()
    assert queries(mira, path) == little
    assert little <= 18


def test_a_profile_tells_of_accounts_counts_activity_and_partners(community, mira):
    community.says("Ada", "What time is it?", day=1)
    community.says("Ben", "Noon", day=1, liked_by="Ada")
    community.says("Ada", "Thanks", day=40, channel=community.cellar)
    community.count()
    html = page(mira, f"{LIST}{community.member('Ada').pk}/")
    text = plain(html)
    assert "Messages 2 Reactions given 1 Conversations 2 Channels 2" in text
    assert text.index("Thanks") < text.index("Noon") < text.index("What time is it?")
    assert "Reacted 👍 to Ben" in text
    assert "Talks most with Ben 1" in text
    assert "January 2026: 1" in html
    assert "February 2026: 1" in html
    assert re.search(r'href="/w/moot/inbox/\d+/\?m=\d+#m\d+">Thanks</a>', html)


def test_bo_sees_only_what_was_said_in_the_channel_that_is_his(community, bo, mira):
    community.says("Ada", "In the square", liked_by="Ben")
    community.says("Ben", "Also in the square", liked_by="Ada")
    community.says("Ada", "In the cellar", channel=community.cellar)
    community.count()
    path = f"{LIST}{community.member('Ada').pk}/"
    html = page(bo, path)
    assert "In the cellar" in html
    assert "square" not in html
    assert "Talks most with" not in html
    assert "Reacted" not in html
    assert "Also in the square" in page(mira, path)


def test_the_timeline_is_paged(community, mira):
    for number in range(35):
        community.says("Ada", f"word{number:02}")
    path = f"{LIST}{community.member('Ada').pk}/"
    first = page(mira, path)
    assert "word34" in first
    assert "word04" not in first
    older = re.findall(r'rel="next" href="([^"]+)"', first)[0]
    second = page(mira, older.partition("#")[0])
    assert "word04" in second
    assert "word05" not in second
    assert 'rel="prev"' in second


def test_words_of_members_are_never_taken_for_markup(community, mira):
    community.says("<b>Ada</b>", "<script>alert(1)</script>")
    for path in (LIST, f"{LIST}{Member.objects.get().pk}/", f"{LIST}{Member.objects.get().pk}/merge/"):
        html = page(mira, path)
        assert "<b>Ada" not in html
        assert "<script>alert" not in html


def test_two_members_are_merged_side_by_side_and_undone(community, mira):
    community.says("Ada")
    community.says("ada_l")
    ada, other = community.member("Ada"), community.member("ada_l")
    find = page(mira, f"{LIST}{ada.pk}/merge/")
    assert f"?with={other.pk}" in find
    assert "Are these one person?" in page(mira, f"{LIST}{ada.pk}/merge/?with={other.pk}")

    answer = mira.post(f"{LIST}{ada.pk}/merge/", {"other": other.pk, "keep": other.pk}, follow=True)
    assert answer.redirect_chain == [(f"{LIST}{other.pk}/", 302)]
    assert "Ada is merged into ada_l." in answer.content.decode()
    assert other.identities.count() == 2
    assert mira.get(f"{LIST}{ada.pk}/").url == f"{LIST}{other.pk}/"

    undo = re.findall(r'action="([^"]+/undo/)"', answer.content.decode())[0]
    answer = mira.post(undo, follow=True)
    assert "Ada and ada_l are two members again." in answer.content.decode()
    assert page(mira, f"{LIST}{ada.pk}/")
    assert "again" not in plain(mira.post(undo, follow=True).content.decode())


def test_a_merge_that_can_not_be_says_why(community, mira):
    community.says("Ada")
    ada = community.member("Ada")
    answer = mira.post(f"{LIST}{ada.pk}/merge/", {"other": ada.pk, "keep": ada.pk}, follow=True)
    assert "one and the same member" in answer.content.decode()
    community.says("Ben")
    answer = mira.post(f"{LIST}{ada.pk}/merge/", {"other": community.member("Ben").pk, "keep": 0})
    assert answer.status_code == 422
    assert not Merge.objects.exists()


def test_whom_to_merge_with_is_found_by_searching(community, mira):
    community.says("Ada")
    community.says("Countess")
    ada = community.member("Ada")
    assert "Nobody has a similar name" in page(mira, f"{LIST}{ada.pk}/merge/")
    assert f"?with={community.member('Countess').pk}" in page(mira, f"{LIST}{ada.pk}/merge/?q=count")
    assert "Nobody else is called so" in page(mira, f"{LIST}{ada.pk}/merge/?q=ada")


def test_a_warning_stands_where_the_marks_of_two_differ(community, mira):
    community.says("Ada")
    community.says("Ben")
    ada, ben = community.member("Ada"), community.member("Ben")
    path = f"{LIST}{ada.pk}/merge/?with={ben.pk}"
    assert "marked as one of us" not in page(mira, path)
    Member.objects.filter(pk=ben.pk).update(ours=True)
    html = page(mira, path)
    assert "marked as one of us" in html
    assert re.search(rf'value="{ben.pk}" id="keep-{ben.pk}" checked', html)


def test_a_member_is_renamed_and_marked(community, mira):
    community.says("ada1815")
    ada = community.member("ada1815")
    answer = mira.post(f"{LIST}{ada.pk}/edit/", {"name": "Ada", "ours": "on"}, follow=True)
    assert "Saved." in answer.content.decode()
    ada.refresh_from_db()
    assert (ada.name, ada.ours, ada.bot) == ("Ada", True, False)
    answer = mira.post(f"{LIST}{ada.pk}/edit/", {"name": " "})
    assert answer.status_code == 422
