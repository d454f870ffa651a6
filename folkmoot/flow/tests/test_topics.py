"""From messages to topics, copies and trends, the way they really go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from conftest import NOON, Make
from folkmoot.channels.models import Channel
from folkmoot.conversations.models import Conversation, Message
from folkmoot.flow import topics
from folkmoot.members.models import Identity, Member
from folkmoot.networks.base import SeenDeletion, SeenMessage
from folkmoot.understanding.copies import queries as copies
from folkmoot.understanding.copies.models import Repeat, Wave, Wording
from folkmoot.understanding.topics import decisions, documents, finding, queries
from folkmoot.understanding.topics.decisions import UnableTo
from folkmoot.understanding.topics.models import Placement, Topic, TopicRun
from folkmoot.understanding.trends import counting
from folkmoot.understanding.trends.models import DayTerms, Fresh, HourTerms, StaleHour, Trend
from folkmoot.workspaces.models import AuditEntry, Rank, Role, User, Workspace

NOW = NOON + timedelta(days=40)
THEMES = {
    "printing": [
        "nozzle",
        "filament",
        "extruder",
        "gantry",
        "layer",
        "belt",
        "slicer",
        "hotend",
        "stringing",
        "retraction",
        "spool",
        "raft",
    ],
    "sewing": [
        "needle",
        "thread",
        "fabric",
        "bobbin",
        "stitch",
        "seam",
        "tension",
        "hem",
        "denim",
        "pattern",
        "zipper",
        "lining",
    ],
    "garden": [
        "tomato",
        "seedling",
        "compost",
        "soil",
        "greenhouse",
        "pruning",
        "mulch",
        "slug",
        "harvest",
        "trellis",
        "rake",
        "hose",
    ],
}
SPAM = "Earn five hundred euro every day from home, just write to my friend and she tells you how"


@pytest.fixture
def workspace(db: None) -> Workspace:
    return Workspace.objects.create(slug="moot", name="River Moot", timezone="Europe/Tallinn")


@pytest.fixture
def owner(workspace: Workspace) -> Role:
    user = User.objects.create(email="mira@example.org", name="Mira")
    return Role.objects.create(workspace=workspace, user=user, rank=Rank.OWNER)


@pytest.fixture
def forum(workspace: Workspace, make: Make) -> Channel:
    return make.channel(workspace, "forum", kind="forum")


def themed(make: Make, size: int, *, seed: int = 1, minute: float = 0) -> list[SeenMessage]:
    """Conversations of three messages each about one of the themes; the thread's name says which."""
    rng, seen = Random(seed), list[SeenMessage]()
    for number in range(size):
        theme = list(THEMES)[number % len(THEMES)]
        for place in range(3):
            words = " ".join(rng.choices(THEMES[theme], k=5))
            seen.append(make.seen(f"p{rng.randrange(20)}", words, minute=minute + number * 9 + place, thread=f"{theme}-{seed}-{number}"))  # fmt: skip
    return seen


@pytest.fixture
def community(workspace: Workspace, forum: Channel, make: Make) -> Workspace:
    make.receive(forum, themed(make, 90))
    topics.follow(workspace.pk, now=NOW)
    return workspace


def placed() -> dict[str, int | None]:
    rows = Placement.objects.select_related("conversation")
    return {row.conversation.remote_id or "": row.topic_id for row in rows}


def test_each_theme_is_a_topic(community: Workspace, owner: Role) -> None:
    tree = queries.tree(owner)
    assert [node.conversations for node in tree] == [30, 30, 30]
    by_theme = {thread.partition("-")[0]: topic for thread, topic in placed().items()}
    assert all(placed()[thread] == by_theme[thread.partition("-")[0]] for thread in placed())
    for node in tree:
        assert any(set(node.topic.found_name.split(", ")) <= set(words) for words in THEMES.values())
        assert node.topic.typical_id


def test_following_again_changes_nothing(community: Workspace) -> None:
    before = placed(), list(HourTerms.objects.values_list("hour", "people")), Trend.objects.count()
    topics.follow(community.pk, now=NOW)
    assert (placed(), list(HourTerms.objects.values_list("hour", "people")), Trend.objects.count()) == before
    assert not Fresh.objects.exists()
    assert not StaleHour.objects.exists()


def test_what_comes_later_is_placed_among_them(community: Workspace, forum: Channel, make: Make) -> None:
    names = set(Topic.objects.values_list("pk", flat=True))
    make.receive(forum, themed(make, 12, seed=5, minute=2000))
    topics.follow(community.pk, now=NOW)
    assert set(Topic.objects.values_list("pk", flat=True)) == names
    theme_of = {thread.partition("-")[0]: topic for thread, topic in placed().items() if "-1-" in thread}
    assert all(topic == theme_of[thread.partition("-")[0]] for thread, topic in placed().items())


def test_code_and_quotes_tell_nothing_of_a_conversation(workspace: Workspace, forum: Channel, make: Make) -> None:
    html = "<blockquote>my quoted kettle</blockquote><p>my nozzle</p><pre><code>kettle = 1</code></pre>"
    make.receive(forum, [make.seen("ann", "my quoted kettle my nozzle kettle = 1", html=html, thread="t")])
    (document,) = documents.read([Conversation.objects.get().pk]).all
    assert dict(document.terms) == {"nozzleE": 1}


def test_topics_stay_who_they_are_when_all_is_found_anew(community: Workspace, forum: Channel, make: Make) -> None:
    before = placed()
    make.receive(forum, themed(make, 60, seed=6, minute=2000))
    assert finding.find(community.pk, now=NOW, anew=True).anew
    assert {thread: topic for thread, topic in placed().items() if thread in before} == before
    assert TopicRun.objects.get().conversations == 150


def test_too_few_conversations_have_no_topics(workspace: Workspace, forum: Channel, make: Make) -> None:
    make.receive(forum, themed(make, 20))
    topics.follow(workspace.pk, now=NOW)
    assert not Topic.objects.exists()


def test_people_decide_and_undo(community: Workspace, owner: Role) -> None:
    one, other, _third = (node.topic for node in queries.tree(owner))
    decisions.rename(one, "  Printers  ", by=owner.user)
    decisions.pin(other, True, by=owner.user)
    assert [str(node.topic) for node in queries.tree(owner)][:2] == [str(other), "Printers"]
    decisions.merge(one, other, by=owner.user)
    tree = queries.tree(owner)
    assert [node.conversations for node in tree] == [60, 30]
    assert queries.conversations(owner, other.pk, None, size=100).rows.__len__() == 60
    with pytest.raises(UnableTo):
        decisions.merge(other, one, by=owner.user)
    decisions.unmerge(one, by=owner.user)
    assert [node.conversations for node in queries.tree(owner)] == [30, 30, 30]
    acts = list(AuditEntry.objects.filter(about=f"topic:{one.pk}").values_list("act", flat=True))
    assert sorted(acts) == ["topic.merge", "topic.rename", "topic.unmerge"]


def test_what_people_decided_outlives_a_whole_run(
    community: Workspace, owner: Role, forum: Channel, make: Make
) -> None:
    one, other, third = (node.topic for node in queries.tree(owner))
    decisions.rename(one, "Printers", by=owner.user)
    decisions.merge(third, other, by=owner.user)
    before = placed()
    make.receive(forum, themed(make, 90, seed=7, minute=2000))
    finding.find(community.pk, now=NOW, anew=True)
    assert {thread: topic for thread, topic in placed().items() if thread in before} == before
    one.refresh_from_db()
    assert (str(one), one.ended_at) == ("Printers", None)


def test_a_topic_is_split_and_made_one_again(community: Workspace, owner: Role) -> None:
    everything = Topic.objects.create(workspace=community, found_name="all", made_at=NOW)
    was = placed()
    Placement.objects.update(topic=everything)
    made = decisions.split(everything, by=owner.user, now=NOW)
    assert len(made) == 3
    (root,) = queries.tree(owner)
    assert root.conversations == 90
    assert sorted(part.conversations for part in root.parts) == [30, 30, 30]
    with pytest.raises(UnableTo):
        decisions.split(everything, by=owner.user, now=NOW)
    decisions.unsplit(everything, by=owner.user, now=NOW)
    assert set(placed().values()) == {everything.pk}
    assert len(was) == 90


def test_a_topic_of_a_piece_is_not_split(community: Workspace, owner: Role) -> None:
    lonely = Topic.objects.create(workspace=community, found_name="lonely", made_at=NOW)
    with pytest.raises(UnableTo):
        decisions.split(lonely, by=owner.user, now=NOW)


def test_whoever_sees_one_channel_sees_what_of_a_topic_lies_there(
    community: Workspace, owner: Role, make: Make
) -> None:
    chat = make.channel(community, "chat")
    make.receive(chat, themed(make, 3, seed=8, minute=2000))
    topics.follow(community.pk, now=NOW)
    owner.channel_ids = [chat.pk]
    assert sum(node.conversations for node in queries.tree(owner)) == 3
    owner.channel_ids = []
    assert queries.tree(owner) == []


def test_interests_are_what_somebody_wrote_about_lately(
    community: Workspace, owner: Role, forum: Channel, make: Make
) -> None:
    sewing = placed()["sewing-1-1"]
    for number in range(3):
        make.receive(forum, [make.seen("cleo", "my needle", minute=50000 + number, thread="sewing-1-1")])
    make.receive(forum, [make.seen("cleo", "nozzle", minute=1, thread="printing-1-0")])
    cleo = Member.objects.get(name="Cleo")
    interests = queries.interests(owner, cleo.pk, now=NOW)
    assert interests[0].topic.pk == sewing
    assert interests[0].share > 0.75
    assert sum(interest.share for interest in interests) == pytest.approx(1)


def test_the_tree_costs_few_queries(
    community: Workspace, owner: Role, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(2):
        queries.tree(owner)


def test_the_same_text_by_several_people_is_a_wave(
    workspace: Workspace, owner: Role, forum: Channel, make: Make
) -> None:
    chat = make.channel(workspace, "chat")
    make.receive(forum, [make.seen("eve", SPAM, minute=0), make.seen("ann", "something else entirely, said by nobody but me", minute=1)])  # fmt: skip
    make.receive(chat, [make.seen("mallory", SPAM.upper() + "!!!", minute=30)])
    topics.follow(workspace.pk, now=NOW)
    (seen,), _page = copies.waves(owner, None)
    assert (seen.messages, seen.authors, seen.channels, seen.message.text) == (2, 2, 2, SPAM)
    first = Message.objects.get(text=SPAM)
    assert [copy.author.name for copy in copies.copies(owner, first)] == ["Mallory"]
    assert len(copies.messages(owner, seen.wave, None).rows) == 2
    owner.channel_ids = [chat.pk]
    assert copies.waves(owner, None)[0] == []
    assert copies.wave(owner, seen.wave.pk) is None


def test_one_person_in_one_place_is_no_wave_and_a_pause_ends_one(workspace: Workspace, owner: Role, forum: Channel, make: Make) -> None:  # fmt: skip
    make.receive(forum, [make.seen("eve", SPAM, minute=0), make.seen("eve", SPAM, minute=5)])
    topics.follow(workspace.pk, now=NOW)
    assert Repeat.objects.count() == 2
    assert not Wave.objects.exists()
    week = 7 * 24 * 60
    make.receive(forum, [make.seen("mallory", SPAM, minute=week), make.seen("oscar", SPAM, minute=week + 1)])
    topics.follow(workspace.pk, now=NOW)
    assert [(wave.messages, wave.authors) for wave in Wave.objects.all()] == [(2, 2)]


def test_a_copy_that_is_edited_or_deleted_no_longer_counts(workspace: Workspace, forum: Channel, make: Make) -> None:
    make.receive(forum, [make.seen("eve", SPAM, id="a"), make.seen("mallory", SPAM, id="b", minute=1)])
    topics.follow(workspace.pk, now=NOW)
    assert Wave.objects.count() == 1
    make.receive(forum, [SeenDeletion("a", NOON + timedelta(hours=1))])
    topics.follow(workspace.pk, now=NOW)
    assert not Wave.objects.exists()
    assert Wording.objects.get().message.remote_id == "b"


def test_hours_count_people_once_and_leave_bots_out(workspace: Workspace, forum: Channel, make: Make) -> None:
    make.receive(
        forum,
        [
            make.seen("ann", "the nozzle and the nozzle", minute=1),
            make.seen("ann", "nozzles #repair", minute=2),
            make.seen("ben", "a nozzle", minute=3),
            make.seen("robot", "nozzle", minute=4, bot=True),
            make.seen("ben", "nozzle", minute=70),
        ],
    )
    topics.follow(workspace.pk, now=NOW)
    first, second = HourTerms.objects.order_by("hour")
    assert (first.people, first.terms) == (2, {"nozzleE": 2, "#repair": 1})
    assert second.people == 1
    assert DayTerms.objects.get().terms == {"nozzleE": 3}


def test_what_dies_halfway_is_done_again_in_full(workspace: Workspace, forum: Channel, make: Make) -> None:
    make.receive(forum, [make.seen("ann", "a nozzle"), make.seen("ben", "a nozzle", minute=1)])
    noted = Fresh.objects.count()
    with pytest.raises(InterruptedError), transaction.atomic():
        topics.follow(workspace.pk, now=NOW)
        assert HourTerms.objects.exists()
        raise InterruptedError
    assert (Fresh.objects.count(), HourTerms.objects.count()) == (noted, 0)
    topics.follow(workspace.pk, now=NOW)
    assert HourTerms.objects.get().terms == {"nozzleE": 2}


def test_an_edited_message_is_counted_as_it_reads_now(workspace: Workspace, forum: Channel, make: Make) -> None:
    make.receive(forum, [make.seen("ann", "a nozzle", id="a")])
    topics.follow(workspace.pk, now=NOW)
    make.receive(forum, [make.seen("ann", "a needle", id="a", edited_at=NOON + timedelta(minutes=5))])
    topics.follow(workspace.pk, now=NOW)
    assert HourTerms.objects.get().terms == {"needleE": 1}


def chatter(make: Make, days: int, rng: Random) -> list[SeenMessage]:
    """Four weeks of everyday talk, a message every quarter of an hour by day."""
    words = [f"{letter}{theme}" for theme in ("matter", "thing", "stuff") for letter in "bcdfghjklmnprst"]
    return [
        make.seen(
            f"p{rng.randrange(60)}",
            " ".join(rng.choices(words, k=3)),
            minute=(day * 24 * 60) + quarter * 15,
            thread=None,
        )
        for day in range(days)
        for quarter in range(60)
    ]


def test_what_suddenly_many_say_rises_and_is_over_in_time(workspace: Workspace, make: Make) -> None:
    chat, rng, days = make.channel(workspace, "chat"), Random(3), 30
    make.receive(chat, chatter(make, days, rng))
    last = days * 24 * 60
    make.receive(chat, [make.seen(f"p{number}", "an earthquake! #quake", minute=last + number) for number in range(20)])
    now = NOON + timedelta(minutes=last + 25)
    topics.follow(workspace.pk, now=now)
    rising = {trend.label: trend for trend in Trend.objects.filter(over_at=None)}
    assert set(rising) == {"earthquake", "#quake"}
    trend = rising["earthquake"]
    assert (trend.kind, trend.people, trend.channels) == ("word", 20, {str(chat.pk): 20})
    assert trend.since == counting.hour_of(NOON + timedelta(minutes=last))
    topics.follow(workspace.pk, now=now + timedelta(minutes=10))
    assert Trend.objects.count() == 2
    make.receive(chat, [make.seen("p1", "back to the bmatter", minute=last + 3 * 24 * 60)])
    topics.follow(workspace.pk, now=NOON + timedelta(minutes=last + 3 * 24 * 60 + 5))
    assert not Trend.objects.filter(over_at=None).exists()


def test_what_rose_in_an_archive_is_found_afterwards(workspace: Workspace, make: Make) -> None:
    chat, rng = make.channel(workspace, "chat"), Random(4)
    shaken = [make.seen(f"p{number}", "an earthquake!", minute=20 * 24 * 60 + number * 20) for number in range(25)]
    make.receive(chat, [*chatter(make, 40, rng), *shaken])
    topics.follow(workspace.pk, now=datetime.now(UTC))
    (trend,) = Trend.objects.all()
    assert (trend.label, trend.over_at is not None) == ("earthquake", True)
    assert trend.since.date() == (NOON + timedelta(days=20)).date()
    topics.follow(workspace.pk, now=datetime.now(UTC))
    assert Trend.objects.count() == 1


def test_a_night_of_tidying_forgets_what_is_old(community: Workspace, forum: Channel, make: Make) -> None:
    make.receive(forum, [make.seen("eve", SPAM, minute=0)])
    topics.follow(community.pk, now=NOW)
    assert Wording.objects.exists()
    Identity.objects.update(bot=False)
    topics.tidy(community.pk, now=NOW + timedelta(days=120))
    assert not Wording.objects.filter(repeats=None).exists()
