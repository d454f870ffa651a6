from __future__ import annotations

from datetime import UTC, datetime
from itertools import chain
from typing import Any

import pytest

from folkmoot.members import actions
from folkmoot.members.models import Identity, Member
from folkmoot.members.queries import Filters, Place, Sort, listing, lookalikes, networks, timeline
from folkmoot.workspaces.models import Workspace

NOW = datetime(2026, 3, 1, tzinfo=UTC)
EVERYBODY = Filters(sort=Sort.NAME, everybody=True)


def names(workspace: Workspace, **of: Any) -> list[str]:
    return [member.name for member in listing(workspace, Filters(**({"sort": Sort.NAME} | of))).members]


def pages(workspace: Workspace, filters: Filters, size: int) -> tuple[list[list[int]], list[list[int]]]:
    """All pages forwards, and all of them backwards again."""
    page = listing(workspace, filters, size=size)
    on, back = [page], []
    while page.on:
        page = listing(workspace, filters, Place.read(str(page.on)), size=size)
        on.append(page)
    while page.back:
        page = listing(workspace, filters, Place.read(str(page.back)), size=size)
        back.append(page)
    return [[m.pk for m in p.members] for p in on], [[m.pk for m in p.members] for p in back]


@pytest.mark.parametrize("sort", list(Sort))
def test_every_member_is_on_one_page_in_order_both_ways(workspace, make_member, sort):
    for number in range(11):  # names, counts and times that repeat
        make_member(workspace, f"P{number % 4}", acts=[("message", number % 3)] * (1 + number % 2))
    forwards, backwards = pages(workspace, Filters(sort=sort), 3)

    key = {
        Sort.NEWEST: lambda m: (-m.last_seen_at.timestamp(), -m.pk),
        Sort.BUSIEST: lambda m: (-m.message_count, -m.pk),
        Sort.NAME: lambda m: (m.name.lower(), m.pk),
    }[sort]
    assert list(chain(*forwards)) == [m.pk for m in sorted(Member.objects.all(), key=key)]
    assert [len(page) for page in forwards] == [3, 3, 3, 2]
    assert backwards == forwards[-2::-1]


def test_the_first_and_last_page_lead_no_further(workspace, make_member):
    for _ in range(4):
        make_member(workspace)
    first = listing(workspace, EVERYBODY, size=2)
    assert first.back is None
    assert first.on
    last = listing(workspace, EVERYBODY, first.on, size=2)
    assert last.on is None
    assert last.back
    assert listing(workspace, EVERYBODY, last.back, size=2).back is None


@pytest.mark.parametrize(
    "text", ["", "x", "f.", "f.1", "b.x.y", "f.9999999999999999999999.a", "f.1.2026-13-45", "f.²."]
)
def test_a_made_up_place_is_the_first_page(workspace, make_member, text):
    make_member(workspace, "Ada", acts=[("message", 1)])
    assert len(listing(workspace, Filters(), Place.read(text)).members) in {0, 1}
    assert len(listing(workspace, Filters(sort=Sort.NEWEST), Place.read(text)).members) == 1


def test_bots_and_the_team_are_left_out_unless_asked_for(workspace, make_member):
    make_member(workspace, "Ada")
    make_member(workspace, "Robo", bot=True)
    make_member(workspace, "Mira", ours=True)
    assert names(workspace) == ["Ada"]
    assert names(workspace, everybody=True) == ["Ada", "Mira", "Robo"]


def test_members_merged_away_and_of_other_workspaces_are_not_listed(workspace, other_workspace, make_member):
    ada, ben = make_member(workspace, "Ada"), make_member(workspace, "Ben")
    make_member(other_workspace, "Zoe")
    actions.merge(ada, ben, by=None, now=NOW)
    assert names(workspace) == ["Ada"]
    assert names(workspace, words="ben") == ["Ada"]
    assert names(workspace, words="zoe") == []


def test_who_did_nothing_yet_is_in_the_list_by_name(workspace, make_member):
    make_member(workspace, "Ada")
    assert names(workspace) == ["Ada"]
    assert names(workspace, sort=Sort.NEWEST) == []


def test_the_network_narrows(workspace, make_member):
    make_member(workspace, "Ada", network="irc")
    make_member(workspace, "Ben", network="slack")
    assert names(workspace, network="slack") == ["Ben"]
    assert networks(workspace) == ["irc", "slack"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Юлія Коваленко", "юлі"),
        ("Юлія Коваленко", "КОВАЛЕНКО"),
        ("Юлія Коваленко", "yuliia"),
        ("Юлия Щукина", "julia sch"),
        ("Дмитрий", "Dmitry"),
        ("Dmitrii", "дмитр"),
        ("Михаил Жуков", "mikhail zhuk"),
        ("Szymon Wójcik", "wojcik"),
        ("Szymon Wójcik", "шимон"),
        ("Kadri Põldmäe", "poldmae"),
        ("Kadri Põldmäe", "Põld"),
        ("Алексей", "alexey"),
        ("Anna-Maria O'Neil", "maria oneil"),
        ("Игорь", "igor"),
        ("ß.Straße", "strasse"),
    ],
)
def test_a_name_is_found_by_how_its_words_begin_in_either_script(workspace, make_member, name, words):
    make_member(workspace, name)
    make_member(workspace, "Nobody Else")
    assert names(workspace, words=words) == [name]


def test_a_member_is_found_by_handle_and_by_id_at_the_network(workspace, make_member):
    make_member(workspace, "Ada", handle="countess.of_code", remote_id="U024BE7LH")
    for words in ("countess", "code", "@countess.of_code", "U024BE7LH"):
        assert names(workspace, words=words) == ["Ada"], words
    assert names(workspace, words="u024be7lh") == []
    assert names(workspace, words="untess") == []


def test_a_member_renamed_by_hand_is_found_by_both_names(workspace, make_member):
    ada = make_member(workspace, "ada1815")
    actions.rename(ada, "Lady Lovelace", by=None)
    assert names(workspace, words="ada18") == names(workspace, words="lady l") == ["Lady Lovelace"]


@pytest.mark.parametrize(
    "words", ["'", "a:* | b", "\\", "ь", "!!", "%", "_", "\x00", "a" * 400, "w1", "🦉", "<b>", "&"]
)
def test_odd_words_break_nothing(workspace, make_member, words):
    make_member(workspace, "Zed")
    assert names(workspace, words=words) in ([], ["Zed"])


def test_the_list_takes_as_many_queries_for_many_as_for_few(workspace, make_member, django_assert_num_queries):
    for number in range(50):
        make_member(workspace, f"P{number}")
    for size in (5, 50):
        with django_assert_num_queries(2):
            page = listing(workspace, EVERYBODY, size=size)
            assert [member.identities.all()[0].network for member in page.members] == ["irc"] * size


def test_lookalikes_have_a_similar_name_and_are_somebody_else(workspace, make_member):
    ada = make_member(workspace, "Ада")
    make_member(workspace, "ada", bot=True)
    make_member(workspace, "Ben")
    assert [member.name for member in lookalikes(ada)] == ["ada"]


def test_the_timeline_runs_over_all_identities_newest_first_both_ways(workspace, make_member):
    ada = make_member(workspace, "Ada", acts=[("message", day) for day in range(0, 14, 2)])
    ben = make_member(workspace, "Ben", acts=[("reaction", day) for day in range(1, 14, 2)])
    actions.merge(ada, ben, by=None, now=NOW)
    ids = list(Identity.objects.filter(member=ada).values_list("pk", flat=True))

    page = timeline(ids, None, None, size=5)
    seen = [page.rows]
    while page.older:
        page = timeline(ids, None, page.older, size=5)
        seen.append(page.rows)
    assert [act.at.day for rows in seen for act in rows] == list(range(14, 0, -1))
    assert [len(rows) for rows in seen] == [5, 5, 4]
    assert page.newer
    assert timeline(ids, None, page.newer, size=5).rows == seen[1]


def test_the_timeline_leaves_out_channels_that_are_not_to_be_seen(workspace, make_member):
    ada = make_member(workspace, "Ada", acts=[("message", 1)])
    ids = [ada.identities.get().pk]
    assert len(timeline(ids, [1], None).rows) == 1
    assert timeline(ids, [2], None).rows == []
    assert timeline(ids, [], None).rows == []
