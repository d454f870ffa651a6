"""A workspace's vocabulary: kept, checked, in force at once, and brought into the index in the background."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from conftest import Make
from folkmoot.conversations.models import Message
from folkmoot.conversations.queries import Filters, search
from folkmoot.flow import vocabulary as flow
from folkmoot.lib.lemmas import PLAIN
from folkmoot.understanding.vocabulary import actions, queries, table
from folkmoot.understanding.vocabulary.draft import Draft, Unfit
from folkmoot.understanding.vocabulary.models import Entry, Reindexing
from folkmoot.workspaces.models import AuditEntry, Rank, Role, User, Workspace

NOW = timezone.now()


@pytest.fixture
def workspace(db: None) -> Workspace:
    return Workspace.objects.create(slug="moot", name="River Moot")


@pytest.fixture
def role(workspace: Workspace) -> Role:
    user = User.objects.create(email="mira@example.org", name="Mira")
    return Role.objects.create(workspace=workspace, user=user, rank=Rank.OWNER)


@pytest.fixture
def add(role: Role) -> Callable[..., Entry]:
    def made(kind: str, word: str, *forms: str, **more: str) -> Entry:
        draft = Draft(kind, word, forms=forms, **more)
        return actions.save(role.workspace, draft, by=role.user, now=NOW)

    return made


def finds(role: Role, words: str) -> list[str]:
    """What a search finds, by a request of its own."""
    fresh = Role.objects.select_related("workspace").get(pk=role.pk)
    found = search(fresh, Filters(words=words, vocabulary=queries.known(fresh.workspace)), None)
    return sorted(message.text for message in found.rows)


def test_synonyms_are_in_force_with_the_next_search(role: Role, make: Make, add: Callable[..., Entry]) -> None:
    make.talk(make.channel(role.workspace), ("ada", "I want my money back"))
    assert finds(role, "refund") == []
    entry = add("synonyms", "refund", "money back")
    assert finds(role, "refunds") == ["I want my money back"]
    assert not Reindexing.objects.exists()
    actions.delete(entry, by=role.user)
    assert finds(role, "refund") == []


def test_a_vocabulary_is_read_once_a_version_and_not_for_each_word(
    role: Role, add: Callable[..., Entry], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    add("synonyms", "refund", "money back")
    with django_assert_num_queries(1):
        known = queries.known(role.workspace)
    with django_assert_num_queries(0):
        assert queries.known(role.workspace) is known
    add("synonyms", "bug", "glitch")
    with django_assert_num_queries(1):
        assert queries.known(role.workspace) is not known


def test_a_workspace_without_one_costs_nothing(
    workspace: Workspace, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert queries.known(workspace) is PLAIN


def test_another_workspace_has_its_own(role: Role, make: Make, add: Callable[..., Entry]) -> None:
    other = Workspace.objects.create(slug="other", name="Other")
    theirs = Role.objects.create(workspace=other, user=role.user, rank=Rank.OWNER)
    make.talk(make.channel(other), ("ada", "I want my money back"))
    add("synonyms", "refund", "money back")
    assert finds(theirs, "refund") == []


def test_a_name_is_kept_whole_in_the_past_after_the_job_and_before_it_nothing_is_missed(
    role: Role, make: Make, add: Callable[..., Entry]
) -> None:
    make.talk(make.channel(role.workspace), ("ada", "Apples is down"), ("bo", "an apple a day"), ("cy", "no fruit"))
    entry = add("name", "Apples")
    assert finds(role, "apples") == ["Apples is down", "an apple a day"]
    assert flow.reindex(role.workspace_id, now=NOW) == 2
    assert finds(role, "apples") == ["Apples is down"]
    assert finds(role, "apple") == ["an apple a day"]
    actions.delete(Entry.objects.get(pk=entry.pk), by=role.user)
    flow.reindex(role.workspace_id, now=NOW)
    assert finds(role, "apple") == ["Apples is down", "an apple a day"]


def test_what_arrives_later_is_stored_with_names_whole(role: Role, make: Make, add: Callable[..., Entry]) -> None:
    add("name", "Apples")
    flow.reindex(role.workspace_id, now=NOW)
    channel = make.channel(role.workspace)
    make.talk(channel, ("ada", "Apples is down"), ("bo", "an apple a day"))
    assert finds(role, "apples") == ["Apples is down"]
    make.receive(channel, [make.seen("cy", "nothing", id="x"), make.seen("cy", "Apples again", id="x", minute=9)])
    assert finds(role, "apples") == ["Apples again", "Apples is down"]


def test_changing_a_name_brings_old_and_new_spellings_up_to_date(
    role: Role, make: Make, add: Callable[..., Entry]
) -> None:
    make.talk(make.channel(role.workspace), ("ada", "Apples is down"), ("bo", "Pears is down"))
    entry = add("name", "Apples")
    flow.reindex(role.workspace_id, now=NOW)
    actions.save(role.workspace, Draft("name", "Pears"), entry=entry, by=role.user, now=NOW)
    flow.reindex(role.workspace_id, now=NOW)
    assert finds(role, "apple") == ["Apples is down"]
    assert finds(role, "pear") == []
    assert finds(role, "pears") == ["Pears is down"]


def test_reindexing_goes_on_where_it_was_broken_off(
    role: Role, make: Make, add: Callable[..., Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    make.talk(make.channel(role.workspace), *[("ada", f"Apples number {n}") for n in range(25)])
    add("name", "Apples")
    monkeypatch.setattr(flow, "CHUNK", 10)
    advance = actions.advance

    def power_cut(order: Reindexing, *, done: int, upto: int) -> None:
        if order.done >= 10:
            raise InterruptedError
        advance(order, done=done, upto=upto)

    monkeypatch.setattr(actions, "advance", power_cut)
    with pytest.raises(InterruptedError):
        flow.reindex(role.workspace_id, now=NOW)
    order = Reindexing.objects.get()
    assert (order.done, order.total, order.finished_at) == (10, 25, None)
    monkeypatch.setattr(actions, "advance", advance)
    assert flow.reindex(role.workspace_id, now=NOW) == 15
    order.refresh_from_db()
    assert (order.done, order.finished_at) == (25, NOW)
    assert finds(role, "apple") == []
    assert flow.reindex(role.workspace_id, now=NOW) == 0


def test_reindexing_again_writes_nothing(role: Role, make: Make, add: Callable[..., Entry]) -> None:
    make.talk(make.channel(role.workspace), ("ada", "Apples is down"))
    add("name", "Apples")
    flow.reindex(role.workspace_id, now=NOW)
    before = written()
    Reindexing.objects.update(finished_at=None, upto=0)
    flow.reindex(role.workspace_id, now=NOW)
    assert written() == before


def written() -> list[tuple[int, str]]:
    """Which version of each row is there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, ctid::text || lexemes::text FROM conversations_message ORDER BY id")
        rows: list[tuple[int, str]] = cursor.fetchall()
    return rows


def test_the_title_of_a_thread_stays_searchable(role: Role, make: Make, add: Callable[..., Entry]) -> None:
    seen = make.seen("ada", "it is about Apples", thread="t", thread_title="Weather")
    make.receive(make.channel(role.workspace, kind="forum"), [seen])
    add("name", "Apples")
    flow.reindex(role.workspace_id, now=NOW)
    assert finds(role, "weather apples") == ["it is about Apples"]


def test_deleted_messages_stay_without_words(role: Role, make: Make, add: Callable[..., Entry]) -> None:
    make.talk(make.channel(role.workspace), ("ada", "Apples is down"))
    Message.objects.update(text="", lexemes=None)
    add("name", "Apples")
    assert flow.reindex(role.workspace_id, now=NOW) == 0
    assert list(Message.objects.values_list("lexemes", flat=True)) == [None]


@pytest.mark.django_db(transaction=True)
def test_who_stores_messages_and_who_changes_the_vocabulary_wait_for_each_other(role: Role, make: Make) -> None:
    """A message stored by the old vocabulary is there when the reindexing looks for what it concerns."""
    channel = make.channel(role.workspace)
    stored, go_on = Event(), Event()

    def store() -> None:
        with transaction.atomic():
            queries.hold(role.workspace_id)
            make.talk(channel, ("ada", "Apples is down"))
            stored.set()
            go_on.wait(5)
        connection.close()

    def change() -> None:
        actions.save(role.workspace, Draft("name", "Apples"), by=role.user, now=NOW)
        flow.reindex(role.workspace_id, now=NOW)
        connection.close()

    storing, changing = Thread(target=store), Thread(target=change)
    storing.start()
    assert stored.wait(5)
    changing.start()
    changing.join(0.3)
    assert changing.is_alive()
    go_on.set()
    storing.join()
    changing.join()
    assert finds(role, "apples") == ["Apples is down"]
    assert finds(role, "apple") == []


@pytest.mark.parametrize(
    ("draft", "why"),
    [
        (Draft("synonyms", "refund"), "at least one other"),
        (Draft("synonyms", "…", forms=("a",)), "no letters"),
        (Draft("name", "#summer"), "kept as it is already"),
        (Draft("name", "C++"), "kept as it is already"),
        (Draft("slang", "x" * 101), "too long"),
        (Draft("slang", "a b c d e f g h i"), "too long"),
        (Draft("slang", "kek", language="de"), "The language is one of"),
        (Draft("slang", "kek", sentiment="bad"), "The sentiment"),
        (Draft("slang", "kek", note="x" * 301), "at most 300"),
        (Draft("thing", "kek"), "The kind is one of"),
        (Draft("slang", "kek", forms=tuple(f"f{n}" for n in range(51))), "at most 50"),
    ],
)
def test_what_makes_no_entry_is_refused_with_a_reason(draft: Draft, why: str) -> None:
    with pytest.raises(Unfit, match=why):
        draft.checked()


def test_an_entry_is_tidied() -> None:
    draft = Draft(
        "synonyms", "  money   back ", forms=("Refund", "refund", "money back", ""), meaning="dropped"
    ).checked()
    assert (draft.word, draft.forms, draft.meaning) == ("money back", ("Refund",), "")


def test_the_same_word_comes_once(role: Role, add: Callable[..., Entry]) -> None:
    add("slang", "Кёк", meaning="fun")
    with pytest.raises(actions.UnableTo, match="already"):
        add("slang", "кек", meaning="something else")
    add("slang", "кек", language="ru", meaning="something else")


def test_too_many_entries_are_refused(role: Role, add: Callable[..., Entry], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "MOST_ENTRIES", 2)
    add("slang", "one")
    add("slang", "two")
    with pytest.raises(actions.UnableTo, match="at most 2"):
        add("slang", "three")
    assert Entry.objects.count() == 2


def test_every_change_is_in_the_audit_log(role: Role, add: Callable[..., Entry]) -> None:
    entry = add("slang", "kek")
    actions.save(role.workspace, Draft("slang", "lol"), entry=entry, by=role.user, now=NOW)
    actions.put_all(role.workspace, [Draft("slang", "rofl")], by=role.user, now=NOW)
    actions.delete(entry, by=role.user)
    acts = AuditEntry.objects.order_by("id").values_list("act", flat=True)
    assert list(acts) == ["vocabulary.add", "vocabulary.change", "vocabulary.import", "vocabulary.delete"]


def test_a_table_comes_back_as_it_went_out(role: Role, add: Callable[..., Entry]) -> None:
    add("synonyms", "refund", "money back", "возврат", note='with, comma; and "quotes"')
    add("slang", "@home", meaning="=fun", sentiment="pos", language="en")
    add("name", "Apples")
    text = "".join(table.written(queries.entries(role.workspace).order_by("id")))
    assert "'@home" in text
    assert "'=fun" in text
    before = [
        (e.kind, e.word, e.language, e.forms, e.meaning, e.sentiment, e.note) for e in Entry.objects.order_by("id")
    ]
    Entry.objects.all().delete()
    assert actions.put_all(role.workspace, table.read(text.encode()), by=role.user, now=NOW) == (3, 0)
    after = [
        (e.kind, e.word, e.language, e.forms, e.meaning, e.sentiment, e.note) for e in Entry.objects.order_by("id")
    ]
    assert after == before
    assert actions.put_all(role.workspace, table.read(text.encode()), by=role.user, now=NOW) == (0, 3)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_of_spreadsheets_are_read(delimiter: str, encoding: str) -> None:
    raw = f'word{delimiter}forms\nвозврат{delimiter}"деньги назад, refund"\n\n'.encode(encoding)
    assert table.read(raw) == [Draft("synonyms", "возврат", forms=("деньги назад", "refund"))]


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n", "must name the columns"),
        (b"word,forms\nrefund,\n", "Line 2: Synonyms need"),
        (b"word\n\xff\xfe\xff\n", "UTF-8"),
        (b'word\n"open\n', "Line"),
    ],
)
def test_a_table_that_is_none_is_refused_with_a_reason(raw: bytes, why: str) -> None:
    with pytest.raises(table.Unreadable, match=why):
        table.read(raw)


def test_entries_are_found_by_any_of_their_words(role: Role, add: Callable[..., Entry]) -> None:
    add("synonyms", "refund", "money back")
    add("slang", "кёк", meaning="laughter")
    for words, kind, expected in [
        ("Money", "", ["refund"]),
        ("КЕК", "", ["кёк"]),
        ("laugh", "", ["кёк"]),
        ("", "slang", ["кёк"]),
    ]:
        assert [entry.word for entry in queries.entries(role.workspace, words=words, kind=kind)] == expected
