"""Words that are said in one mood: what was said before they were listed follows in the background."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from conftest import Make, WordReader
from folkmoot.analytics.queries import Period, kpis
from folkmoot.conversations.models import Message
from folkmoot.flow import jobs, reading
from folkmoot.flow import vocabulary as flow
from folkmoot.understanding import codes
from folkmoot.understanding.actions import stands
from folkmoot.understanding.vocabulary import actions
from folkmoot.understanding.vocabulary.draft import Draft
from folkmoot.understanding.vocabulary.models import Entry, Reindexing
from folkmoot.workspaces.models import User, Workspace

NOW = timezone.now()


@pytest.fixture
def workspace(db: None) -> Workspace:
    return Workspace.objects.create(slug="moot", name="River Moot")


@pytest.fixture
def save(workspace: Workspace) -> Callable[..., Entry]:
    by = User.objects.create(email="mira@example.org", name="Mira")

    def saved(word: str, *forms: str, entry: Entry | None = None, **more: str) -> Entry:
        return actions.save(workspace, Draft("slang", word, forms=forms, **more), entry=entry, by=by, now=NOW)

    return saved


@pytest.fixture
def say(workspace: Workspace, make: Make, words_are_read: WordReader) -> Callable[..., None]:
    """Messages that are there and read."""

    def said(*texts: str) -> None:
        make.talk(make.channel(workspace), *[("ada", text) for text in texts])
        reading.read(workspace.pk)

    return said


def mood(text: str) -> str:
    """The mood that surely stands of this message, else nothing."""
    [stood] = stands([Message.objects.get(text=text).pk]).values()
    return "".join(name for name in ("neg", "neu", "pos") if stood.says & stood.sure & codes.BIT[name])


def test_older_messages_follow_a_word_of_a_mood_and_its_changes(
    workspace: Workspace, save: Callable[..., Entry], say: Callable[..., None]
) -> None:
    one, two = "perhaps it was a banger", "perhaps two bangers"
    say(one, two, "perhaps nothing", "awful banger")
    entry = save("banger", "bangers", sentiment="pos")
    assert mood(one) == ""
    assert flow.reindex(workspace.pk, now=NOW) == 3
    assert [mood(one), mood(two), mood("perhaps nothing")] == ["pos", "pos", ""]
    assert mood("awful banger") == "neg"  # where our own reader can tell, it does
    save("banger", entry=entry, sentiment="neg")
    flow.reindex(workspace.pk, now=NOW)
    assert [mood(one), mood(two)] == ["neg", ""]
    actions.delete(entry, by=User.objects.get())
    flow.reindex(workspace.pk, now=NOW)
    assert mood(one) == ""


def test_an_entry_says_that_older_messages_follow_until_they_did(
    workspace: Workspace, save: Callable[..., Entry], say: Callable[..., None]
) -> None:
    say("perhaps it was a banger")
    entry = save("banger", sentiment="pos")
    entry.refresh_from_db()
    assert entry.waits_for is not None
    flow.reindex(workspace.pk, now=NOW)
    entry.refresh_from_db()
    assert entry.waits_for is None


def test_a_mood_that_stays_as_it_was_leaves_older_messages_alone(
    workspace: Workspace, save: Callable[..., Entry]
) -> None:
    entry = save("banger", sentiment="pos")
    save("yeet", meaning="away with it")
    flow.reindex(workspace.pk, now=NOW)
    save("banger", entry=entry, sentiment="pos", note="since the concert")
    assert Reindexing.objects.count() == 1
    assert not Reindexing.objects.filter(finished_at=None).exists()


def test_moods_reach_older_messages_some_at_a_time_and_then_the_numbers(
    workspace: Workspace,
    make: Make,
    save: Callable[..., Entry],
    say: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = make.noon.date()
    day = Period(first, first + timedelta(days=1))
    say(*(f"perhaps banger {number}" for number in range(5)))
    make.count(workspace)
    assert kpis(workspace, day, now=NOW).negative_share is None
    monkeypatch.setattr(flow, "CHUNK", 2)
    save("banger", sentiment="neg")
    jobs.reindex(workspace.pk)
    assert Reindexing.objects.get().done == 5
    assert kpis(workspace, day, now=NOW).negative_share == 1
