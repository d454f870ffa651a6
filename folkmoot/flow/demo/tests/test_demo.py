from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from folkmoot.analytics import queries
from folkmoot.channels.models import Channel
from folkmoot.conversations.models import Attachment, Conversation, Message, Revision
from folkmoot.flow import demo
from folkmoot.flow.demo import phrases, places
from folkmoot.flow.demo.community import Community
from folkmoot.members.models import Activity, Identity, Member
from folkmoot.workspaces.models import Workspace

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
UNTIL = date(2026, 5, 20)
SIZE = 300

CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
UKRAINIAN = re.compile("[іїєґ]", re.IGNORECASE)
POLISH = re.compile("[ąćęłńśźż]", re.IGNORECASE)
ESTONIAN = re.compile("[õäü]", re.IGNORECASE)


@pytest.fixture
def lumen(db: None) -> Workspace:
    return Workspace.objects.create(slug="lumen", name="Lumen Makers", timezone="Europe/Tallinn")


@pytest.fixture
def built(lumen: Workspace) -> demo.Built:
    return demo.build(lumen, until=UNTIL, now=NOW, messages=SIZE)


def tables() -> dict[str, int]:
    return {
        model.__name__: model._default_manager.count()
        for model in (Channel, Conversation, Message, Revision, Attachment, Member, Identity, Activity)
    }


def test_the_same_seed_and_dates_tell_the_same_story() -> None:
    once, again = (Community(seed=7, until=UNTIL, messages=SIZE).tell() for _ in range(2))
    assert [told.seen for told in once] == [told.seen for told in again]
    other = Community(seed=8, until=UNTIL, messages=SIZE).tell()
    assert [told.seen for told in once] != [told.seen for told in other]


def test_building_it_again_adds_nothing(lumen: Workspace, built: demo.Built) -> None:
    before = tables()
    again = demo.build(lumen, now=datetime(2026, 5, 23, tzinfo=UTC), messages=SIZE)
    assert (again.until, again.messages_new, again.members_new, again.activities_new) == (UNTIL, 0, 0, 0)
    assert tables() == before
    assert built.messages_new >= SIZE


def test_five_languages_are_spoken(built: demo.Built) -> None:
    texts = " ".join(Message.objects.values_list("text", flat=True))
    for letters in (CYRILLIC, UKRAINIAN, POLISH, ESTONIAN):
        assert len(letters.findall(texts)) > 20
    assert "the" in texts.split()


def test_there_is_something_of_everything(built: demo.Built) -> None:
    assert Message.objects.exclude(reactions={}).count() > 20
    assert Message.objects.filter(unnamed_reactions__gt=0).exists()
    assert Message.objects.filter(parent__isnull=False).count() > 50
    assert Message.objects.filter(html__contains="<code>").exists()
    assert Message.objects.filter(html__contains="<blockquote>").exists()
    assert Conversation.objects.filter(waiting_since__isnull=False).count() > 5
    assert Conversation.objects.exclude(title="").exists()
    assert Conversation.objects.filter(opened_by_us=True).exists()
    assert Attachment.objects.filter(url__startswith="https://example.org/").exists()
    assert {"join", "leave", "reaction", "message"} == set(Activity.objects.values_list("kind", flat=True))


def test_some_messages_are_edited_or_deleted_in_the_whole_community(lumen: Workspace) -> None:
    demo.build(lumen, until=UNTIL, now=NOW, messages=1500)
    assert Revision.objects.count() > 3
    assert Message.objects.filter(deleted_at__isnull=False).exists()


def test_the_team_is_ours_and_has_one_member_each_on_all_networks(built: demo.Built) -> None:
    team = Member.objects.filter(ours=True, merged_into=None)
    networks = {place.network for place in places.every()}
    assert sorted(team.values_list("name", flat=True)) == ["Maarja Lepik", "Nora Whitlock", "Тарас Левицький"]
    assert all({identity.network for identity in member.identities.all()} == networks for member in team)


def test_the_numbers_are_counted(lumen: Workspace, built: demo.Built) -> None:
    period = queries.Period(date(2025, 11, 1), UNTIL)
    kpis = queries.kpis(lumen, period, now=NOW)
    assert kpis.messages == built.messages_new
    assert kpis.active_members > 30
    assert kpis.answered_share is not None
    assert 0.5 < kpis.answered_share < 1


def test_nothing_is_said_after_the_end_or_by_who_is_not_there() -> None:
    community = Community(seed=7, until=UNTIL, messages=SIZE)
    end = datetime(2026, 5, 20, tzinfo=UTC)
    assert all(seen.at < end for told in community.tell() for seen in told.seen)


def test_a_workspace_of_a_real_community_is_refused(lumen: Workspace) -> None:
    Channel.objects.create(workspace=lumen, network="elsewhere", remote_id="1", name="Real people")
    with pytest.raises(demo.UnableToBuild, match="real community"):
        demo.build(lumen, now=NOW, messages=SIZE)
    assert not Message.objects.exists()


def test_another_demo_in_the_same_workspace_is_refused(lumen: Workspace, built: demo.Built) -> None:
    with pytest.raises(demo.UnableToBuild, match="another demo"):
        demo.build(lumen, seed=8, now=NOW, messages=SIZE)


def test_two_workspaces_can_have_the_demo(lumen: Workspace, built: demo.Built) -> None:
    other = Workspace.objects.create(slug="other", name="Other")
    assert demo.build(other, until=UNTIL, now=NOW, messages=SIZE).messages_new == built.messages_new


def test_building_takes_statements_by_batch_not_by_message(lumen: Workspace) -> None:
    demo.build(lumen, until=UNTIL, now=NOW, messages=SIZE)
    with CaptureQueriesContext(connection) as captured:
        demo.build(lumen, until=UNTIL, now=NOW, messages=SIZE)
    assert len(captured) < 900


@pytest.mark.parametrize("language", phrases.LANGUAGES)
class TestPhrases:
    def test_every_kind_of_line_is_there_in_every_language(self, language: str) -> None:
        only_english = {"build"}
        assert set(phrases.read(language).lines) | only_english == set(phrases.read("en").lines)

    def test_no_sentence_comes_twice(self, language: str) -> None:
        lines = Counter(line for lines in phrases.read(language).lines.values() for line in lines)
        assert lines.total() > 130
        assert [line for line, count in lines.items() if count > 1] == []

    def test_every_slot_can_be_filled(self, language: str) -> None:
        for kind, female in self._kinds(phrases.read(language).lines):
            talk = phrases.Talk(phrases.read(language), Community(seed=1, until=UNTIL)._rng, first="Kim")
            for _ in phrases.read(language).lines[kind]:
                said = talk.say(kind, female=female)
                assert not set("{}|") & set(said)
                assert said[0] == said[0].upper()

    def _kinds(self, lines: Mapping[str, object]) -> list[tuple[str, bool]]:
        return [(kind, female) for kind in lines for female in (True, False)]
