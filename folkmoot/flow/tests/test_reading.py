from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Event, Thread, Timer
from time import sleep
from typing import Any

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from conftest import Make, WordReader
from folkmoot.analytics.queries import Period, kpis
from folkmoot.conversations.models import Message
from folkmoot.flow import intake, jobs, news, reading
from folkmoot.networks.base import Batch, Place, SeenDeletion
from folkmoot.understanding import codes, impressions, reader, record, rereading
from folkmoot.understanding.actions import stands
from folkmoot.understanding.models import Impression, Reading, Rereading, Unread
from folkmoot.understanding.reading.contract import Reading as Said
from folkmoot.workspaces.models import Workspace

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("words_are_read")


@pytest.fixture
def workspace(db: None) -> Workspace:
    return Workspace.objects.create(slug="moot", name="Moot")


def marks(text: str) -> set[str]:
    """What is read of the message that says this."""
    [stood] = stands([Message.objects.get(text=text).pk]).values()
    return {mark for mark, bit in codes.BIT.items() if stood.says & bit}


def impression(workspace: Workspace) -> set[str]:
    says = Impression.objects.get(workspace=workspace).says
    return {mark for mark, bit in codes.BIT.items() if says & bit}


def test_what_is_stored_is_read(workspace: Workspace, make: Make) -> None:
    make.talk(make.channel(workspace), ("ada", "this is awful"), ("bo", "nice"))
    assert reading.read(workspace.pk) == 2
    assert marks("this is awful") == {"neg", "other", "anger"}
    assert marks("nice") == {"pos", "other"}
    assert not Unread.objects.exists()


def test_reading_again_reads_nothing(workspace: Workspace, make: Make, words_are_read: WordReader) -> None:
    make.talk(make.channel(workspace), ("ada", "one"), ("bo", "two"))
    reading.read(workspace.pk)
    assert reading.read(workspace.pk) == 0
    assert words_are_read.read_so_far == 2


def test_an_edit_is_read_again(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)
    make.receive(channel, [make.seen(id="a", text="nice")])
    reading.read(workspace.pk)
    make.receive(channel, [make.seen(id="a", text="awful")])
    reading.read(workspace.pk)
    assert "neg" in marks("awful")
    assert Reading.objects.count() == 1


def test_a_deletion_takes_the_reading_away(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)
    make.receive(channel, [make.seen(id="a", text="awful"), make.seen(id="b", text="hello", minute=1)])
    reading.read(workspace.pk)
    make.receive(channel, [SeenDeletion("a", NOW)])
    assert Reading.objects.count() == 1
    reading.read(workspace.pk)
    assert "neg" not in impression(workspace)


def test_a_message_deleted_before_it_was_read_is_not_read(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)
    make.receive(channel, [make.seen(id="a", text="awful")])
    make.receive(channel, [SeenDeletion("a", NOW)])
    reading.read(workspace.pk)
    assert not Reading.objects.exists()
    assert not Unread.objects.exists()


@pytest.mark.parametrize("step", ["store", "announce"])
def test_a_reader_that_dies_loses_nothing(
    workspace: Workspace, make: Make, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    make.talk(make.channel(workspace), ("ada", "this is awful"))

    def die(*_given: Any, **_named: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(record if step == "store" else news, step, die)
        with pytest.raises(KeyboardInterrupt):
            reading.read(workspace.pk)
    assert Unread.objects.count() == 1
    assert not Reading.objects.exists()
    reading.read(workspace.pk)
    assert "neg" in marks("this is awful")


class Interrupted(WordReader):
    """Whose work is interrupted by something that happens once it has read."""

    def __init__(self, happens: Callable[[], None]) -> None:
        super().__init__("interrupted")
        self._happens = [happens]

    def read(self, texts: list[str]) -> list[Said]:
        found = super().read(texts)
        while self._happens:
            self._happens.pop()()
        return found


def apart(act: Callable[[], Any]) -> None:
    """Does something on another connection, and waits for its end."""

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(run).result(timeout=30)


@pytest.fixture
def shared(transactional_db: None) -> Workspace:
    """A workspace that other connections see."""
    return Workspace.objects.create(slug="shared", name="Shared")


def test_two_who_read_at_once_take_different_messages(
    shared: Workspace, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.talk(make.channel(shared), *[("ada", f"awful {n}") for n in range(6)])
    monkeypatch.setattr(reading, "BATCH", 4)
    read_apart: list[int] = []
    both = Interrupted(lambda: apart(lambda: read_apart.append(reading.read(shared.pk, most=1))))
    monkeypatch.setattr(reader, "base", lambda: both)
    assert reading.read(shared.pk) == 4
    assert read_apart == [2]
    assert both.read_so_far == 6
    assert Reading.objects.count() == 6
    assert not Unread.objects.exists()


def test_what_is_edited_while_it_is_read_is_read_as_it_is_then(
    shared: Workspace, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when somebody else takes up the note of the edit, and is done first."""
    channel = make.channel(shared)
    make.receive(channel, [make.seen(id="a", text="nice")])

    def edit() -> None:
        make.receive(channel, [make.seen(id="a", text="awful")])
        assert reading.read(shared.pk, most=1) == 1

    monkeypatch.setattr(reader, "base", lambda one=Interrupted(lambda: apart(edit)): one)
    assert reading.read(shared.pk) == 1
    assert "neg" in marks("awful")


def test_what_is_deleted_while_it_is_read_leaves_no_reading(
    shared: Workspace, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = make.channel(shared)
    make.receive(channel, [make.seen(id="a", text="nice"), make.seen(id="b", text="awful", minute=1)])
    delete = Interrupted(lambda: apart(lambda: make.receive(channel, [SeenDeletion("a", NOW)])))
    monkeypatch.setattr(reader, "base", lambda: delete)
    reading.read(shared.pk)
    assert list(Reading.objects.values_list("message__text", flat=True)) == ["awful"]
    assert not Unread.objects.exists()


def test_whoever_reads_to_the_end_takes_up_what_another_one_who_dies_had_in_hand(shared: Workspace, make: Make) -> None:
    make.talk(make.channel(shared), ("ada", "this is awful"))
    taken, go_on = Event(), Event()

    def die() -> None:
        with suppress(KeyboardInterrupt), transaction.atomic():
            record.take(shared.pk, 10)
            taken.set()
            go_on.wait(30)
            raise KeyboardInterrupt

    dying = Thread(target=apart, args=(die,))
    dying.start()
    assert taken.wait(30)
    Timer(0.3, go_on.set).start()
    assert reading.read(shared.pk) == 1
    dying.join()
    assert "neg" in marks("this is awful")


def test_without_a_model_the_notes_wait(workspace: Workspace, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise reader.NoModel

    make.talk(make.channel(workspace), ("ada", "hello"))
    with monkeypatch.context() as patch:
        patch.setattr(reader, "base", missing)
        patch.setattr(reader, "base_version", missing)
        assert reading.read(workspace.pk) == 0
        assert reading.outdated() == []
    assert reading.behind() == [workspace.pk]
    assert reading.read(workspace.pk) == 1


def test_more_messages_take_no_more_queries(
    workspace: Workspace, make: Make, django_assert_max_num_queries: Any
) -> None:
    channel = make.channel(workspace, kind="forum")
    make.receive(channel, [make.seen(text=f"awful {n}", thread=f"t{n % 7}", minute=n) for n in range(90)])
    with django_assert_max_num_queries(26):
        assert reading.read(workspace.pk) == 90


def test_live_messages_are_read_by_the_same_job_that_settles_them(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)
    batch = Batch(Place("lounge", "lounge"), [make.seen(text="awful")], "1")
    intake.receive(channel, batch, now=NOW, follow_up=jobs.consider_later)
    assert ProcrastinateJob.objects.filter(task_name="consider").exists()
    jobs.consider(workspace.pk)
    assert "neg" in marks("awful")


def test_a_long_backlog_is_left_to_a_job_of_its_own(
    workspace: Workspace, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "READ_AT_ONCE", 2)
    monkeypatch.setattr(reading, "BATCH", 2)
    make.talk(make.channel(workspace), *[("ada", f"awful {n}") for n in range(5)])
    jobs.consider(workspace.pk)
    assert Reading.objects.count() == 2
    assert ProcrastinateJob.objects.filter(task_name="read", args__workspace_id=workspace.pk).count() == 1
    jobs.read(workspace.pk)
    assert Reading.objects.count() == 5


def test_a_new_version_reads_everything_anew_from_the_newest_back(
    workspace: Workspace, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.talk(make.channel(workspace), *[("ada", f"awful {n}") for n in range(5)])
    reading.read(workspace.pk)
    newer = WordReader("newer")
    monkeypatch.setattr(reader, "base", lambda: newer)
    monkeypatch.setattr(reader, "base_version", lambda: newer.version)
    monkeypatch.setattr(rereading, "READ", 2)
    assert reading.outdated() == [workspace.pk]
    assert reading.reread(workspace.pk, now=NOW, batches=1)
    done = Reading.objects.filter(version__name="newer").values_list("message__text", flat=True)
    assert sorted(done) == ["awful 3", "awful 4"]
    while reading.reread(workspace.pk, now=NOW, batches=1):
        pass
    assert Reading.objects.filter(version__name="newer").count() == 5
    assert reading.outdated() == []
    order = Rereading.objects.get(workspace=workspace)
    assert (order.done, order.total) == (5, 5)
    assert newer.read_so_far == 5


def test_messages_from_before_anything_was_read_are_read_too(workspace: Workspace, make: Make) -> None:
    make.talk(make.channel(workspace), ("ada", "awful"))
    Unread.objects.all().delete()
    jobs.catch_up(0)
    assert ProcrastinateJob.objects.filter(task_name="reread", args__workspace_id=workspace.pk).count() == 1
    jobs.reread(workspace.pk)
    assert "neg" in marks("awful")


def test_a_conversation_is_what_the_community_said_in_it_lately(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace, kind="forum")
    said = [make.seen("ada", "awful", minute=0, thread="t")]
    said += [make.seen("ada", "nice", minute=1 + n, thread="t") for n in range(impressions.LATELY)]
    said.append(make.seen("mira", "awful, broken now", minute=60, thread="t", ours=True))
    said.append(make.seen("bell", "awful, broken now", minute=61, thread="t", bot=True))
    make.receive(channel, said)
    reading.read(workspace.pk)
    assert impression(workspace) == {"pos", "other"}


def test_what_is_unsure_in_all_messages_is_unsure_of_the_conversation(workspace: Workspace, make: Make) -> None:
    make.talk(make.channel(workspace), ("ada", "perhaps awful ?"), ("bo", "perhaps awful"))
    reading.read(workspace.pk)
    found = Impression.objects.get()
    assert found.says & codes.BIT["neg"]
    assert found.says & codes.BIT["question"]
    assert not found.sure & (codes.BIT["neg"] | codes.BIT["question"] | codes.LANGUAGE_SURE)
    make.talk(make.channel(workspace), ("ada", "awful ?"))
    reading.read(workspace.pk)
    assert Impression.objects.get().sure & codes.BIT["neg"]


def test_a_conversation_of_our_own_words_alone_gives_no_impression(workspace: Workspace, make: Make) -> None:
    make.receive(make.channel(workspace), [make.seen("mira", "nice", ours=True)])
    reading.read(workspace.pk)
    assert not Impression.objects.exists()


def test_moods_and_complaints_of_the_community_are_counted_by_day(workspace: Workspace, make: Make) -> None:
    channel = make.channel(workspace)
    said = [
        make.seen("ada", "awful, it is broken"),
        make.seen("ada", "nice"),
        make.seen("bo", "nice"),
        make.seen("bo", "perhaps awful, perhaps broken"),
        make.seen("bo", "hello"),
        make.seen("mira", "awful", ours=True),
        make.seen("bell", "awful", bot=True),
        make.seen("ada", "nice", minute=24 * 60),
    ]
    make.receive(channel, said)
    make.count(workspace)
    first = make.noon.date()
    found = kpis(workspace, Period(first, first + timedelta(days=1)), now=NOW)
    assert found.sentiment_index == pytest.approx(100 * (2 - 1) / 3)
    assert found.negative_share == pytest.approx(1 / 4)
    assert found.complaints == 1
    assert found.complaint_share == pytest.approx(1 / 4)
    empty = kpis(workspace, Period(first - timedelta(days=9), first - timedelta(days=8)), now=NOW)
    assert (empty.sentiment_index, empty.negative_share, empty.complaints, empty.complaint_share) == (None,) * 4


def test_numbers_follow_when_something_is_read_otherwise(
    workspace: Workspace, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gloomy(WordReader):
        def read(self, texts: list[str]) -> list[Said]:
            return super().read(["awful"] * len(texts))

    make.talk(make.channel(workspace), ("ada", "nice"))
    make.count(workspace)
    monkeypatch.setattr(reader, "base", lambda: Gloomy("gloomy"))
    jobs.reread(workspace.pk)
    first = make.noon.date()
    assert kpis(workspace, Period(first, first + timedelta(days=1)), now=NOW).sentiment_index == -100


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_whoever_reads_beside_leaves_nothing_unread(make: Make) -> None:
    """With the product's own model, in a process of its own."""
    workspace = Workspace.objects.create(slug="beside", name="Beside")
    make.talk(make.channel(workspace), ("ada", "hello, this is awful"))
    with reading.Beside(workspace) as beside:
        beside.begin()
        make.talk(make.channel(workspace), ("ada", "and this is nice"))
        beside.finish()
    assert Reading.objects.count() == 2
    assert not Unread.objects.exists()


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_what_a_killed_reader_had_in_hand_is_read_once_by_another(make: Make) -> None:
    workspace = Workspace.objects.create(slug="beside", name="Beside")
    make.talk(make.channel(workspace), *[("ada", f"hello, this is awful {number}") for number in range(1500)])
    with reading.Beside(workspace) as beside:
        beside.begin()
        wait_until_some_are_in_hand()
        assert beside._process
        beside._process.kill()
        beside._process.wait()
        before = Reading.objects.count()
        assert before < 1500
        assert reading.read(workspace.pk) == 1500 - before
    assert Reading.objects.count() == 1500
    assert not Unread.objects.exists()


def wait_until_some_are_in_hand() -> None:
    for _moment in range(1200):
        with transaction.atomic():
            if len(Unread.objects.select_for_update(skip_locked=True)) < 1500:
                return
        sleep(0.05)
    raise AssertionError("nobody took up any note")
