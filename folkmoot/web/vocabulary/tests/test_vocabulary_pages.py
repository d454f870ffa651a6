from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from conftest import Make
from folkmoot.flow import jobs
from folkmoot.understanding.vocabulary import actions
from folkmoot.understanding.vocabulary.draft import Draft
from folkmoot.understanding.vocabulary.models import Entry, Reindexing
from folkmoot.workspaces.models import Rank, User, Workspace

SignIn = Callable[[User], Client]
ENTRY = {"kind": "synonyms", "word": "refund", "forms_": "money back, возврат", "language": "", "sentiment": ""}


@pytest.fixture
def ann(make_person: Callable[..., User], workspace: Workspace) -> User:
    return make_person("ann@example.org", "Ann", workspace, Rank.ANALYST)


def add(workspace: Workspace, by: User, *, word: str = "refund", kind: str = "synonyms") -> Entry:
    draft = Draft(kind, word, forms=("money back",), meaning="a meaning" if kind == "slang" else "")
    return actions.save(workspace, draft, by=by, now=timezone.now())


def test_an_empty_vocabulary_says_what_it_is_for(
    signed_in: SignIn, mira: User, ann: User, workspace: Workspace
) -> None:
    url = reverse("vocabulary", args=[workspace.slug])
    page = signed_in(mira).get(url).content.decode()
    assert "No words of your own yet" in page
    assert "Add the first" in page
    assert "Add the first" not in signed_in(ann).get(url).content.decode()


def test_a_word_is_added_and_search_finds_by_it_at_once(
    signed_in: SignIn, mira: User, workspace: Workspace, make: Make
) -> None:
    make.talk(make.channel(workspace), ("ada", "I want my money back"))
    client = signed_in(mira)
    answer = client.post(reverse("vocabulary-new", args=[workspace.slug]), ENTRY, follow=True)
    assert "“refund” is saved." in answer.content.decode()
    assert Entry.objects.get().forms == ["money back", "возврат"]
    found = client.get(reverse("inbox", args=[workspace.slug]), {"q": "refunds"}).content.decode()
    assert "<mark>money</mark>" in found
    pk = client.get(reverse("inbox", args=[workspace.slug]), {"q": "refund"}).context["rows"][0].conversation.pk
    thread = client.get(reverse("conversation", args=[workspace.slug, pk]), {"q": "refund"}).content.decode()
    assert "<mark>money</mark>" in thread


def test_a_mistake_is_told_and_what_was_typed_stays(signed_in: SignIn, mira: User, workspace: Workspace) -> None:
    answer = signed_in(mira).post(reverse("vocabulary-new", args=[workspace.slug]), {**ENTRY, "forms_": ""})
    assert answer.status_code == 422
    assert "Synonyms need at least one other word." in answer.content.decode()
    assert 'value="refund"' in answer.content.decode()


def test_a_word_is_changed_and_deleted(signed_in: SignIn, mira: User, workspace: Workspace) -> None:
    entry, client = add(workspace, mira), signed_in(mira)
    url = reverse("vocabulary-entry", args=[workspace.slug, entry.pk])
    assert "money back" in client.get(url).content.decode()
    client.post(url, {**ENTRY, "word": "chargeback"})
    assert Entry.objects.get().word == "chargeback"
    client.post(reverse("vocabulary-delete", args=[workspace.slug, entry.pk]))
    assert not Entry.objects.exists()


def test_a_name_orders_the_older_messages_and_shows_how_it_goes(
    signed_in: SignIn, mira: User, workspace: Workspace, make: Make
) -> None:
    make.talk(make.channel(workspace), ("ada", "Apples is down"))
    client, url = signed_in(mira), reverse("vocabulary", args=[workspace.slug])
    client.post(
        reverse("vocabulary-new", args=[workspace.slug]), {**ENTRY, "kind": "name", "word": "Apples", "forms_": ""}
    )
    assert ProcrastinateJob.objects.filter(task_name="reindex", args__workspace_id=workspace.pk).count() == 1
    page = client.get(url).content.decode()
    assert "Names are being kept whole" in page
    assert "older messages follow" in page
    Reindexing.objects.update(total=10, done=4)
    part = client.get(url, headers={"HX-Request": "true", "HX-Target": "reindexing"}).content.decode()
    assert "4 of 10 messages" in part
    assert "<html" not in part
    jobs.reindex(workspace_id=workspace.pk)
    assert "Names are being kept whole" not in client.get(url).content.decode()


def test_who_may_see_and_who_may_change(
    signed_in: SignIn, mira: User, bo: User, gil: User, zoe: User, ann: User, workspace: Workspace
) -> None:
    entry = add(workspace, mira)
    seen = [reverse(name, args=[workspace.slug]) for name in ("vocabulary", "vocabulary-export")]
    changed = [reverse(name, args=[workspace.slug]) for name in ("vocabulary-new", "vocabulary-import")]
    changed.append(reverse("vocabulary-entry", args=[workspace.slug, entry.pk]))
    for person, reading, writing in [
        (mira, 200, 200),
        (bo, 200, 403),
        (ann, 200, 403),
        (gil, 403, 403),
        (zoe, 404, 404),
    ]:
        client = signed_in(person)
        assert [client.get(url).status_code for url in seen] == [reading] * 2
        assert [client.get(url).status_code for url in changed] == [writing] * 3
        deletion = client.post(reverse("vocabulary-delete", args=[workspace.slug, entry.pk + 999]))
        assert deletion.status_code == (404 if writing == 200 else writing)


def test_nobody_reaches_an_entry_of_another_workspace(
    signed_in: SignIn, mira: User, zoe: User, workspace: Workspace, other_workspace: Workspace
) -> None:
    entry = add(workspace, mira)
    client = signed_in(zoe)
    url = reverse("vocabulary-entry", args=[other_workspace.slug, entry.pk])
    assert client.get(url).status_code == 404
    assert client.post(url, ENTRY).status_code == 404
    assert client.post(reverse("vocabulary-delete", args=[other_workspace.slug, entry.pk])).status_code == 404
    assert "refund" not in client.get(reverse("vocabulary", args=[other_workspace.slug])).content.decode()


def test_the_list_is_narrowed_and_paged(
    signed_in: SignIn, mira: User, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        add(workspace, mira, word=f"refund{n}")
    add(workspace, mira, word="кек", kind="slang")
    client, url = signed_in(mira), reverse("vocabulary", args=[workspace.slug])
    assert [row.word for row in client.get(url, {"kind": "slang"}).context["rows"]] == ["кек"]
    assert len(client.get(url, {"q": "REFUND"}).context["rows"]) == 3
    assert "No such word" in client.get(url, {"q": "nothing"}).content.decode()
    monkeypatch.setattr("folkmoot.web.vocabulary.views.PAGE", 2)
    first = client.get(url)
    second = client.get(first.context["older_url"])
    assert len({row.word for row in [*first.context["rows"], *second.context["rows"]]}) == 4


def test_a_table_goes_out_and_in(signed_in: SignIn, mira: User, workspace: Workspace) -> None:
    add(workspace, mira)
    client = signed_in(mira)
    raw = b"".join(client.get(reverse("vocabulary-export", args=[workspace.slug])).streaming_content)  # type: ignore[attr-defined]
    assert raw.decode().splitlines()[1] == "synonyms,refund,,money back,,,"
    Entry.objects.all().delete()
    upload = SimpleUploadedFile("v.csv", raw, "text/csv")
    answer = client.post(reverse("vocabulary-import", args=[workspace.slug]), {"table": upload}, follow=True)
    assert "Imported: 1 new, 0 there already." in answer.content.decode()


def test_a_wrong_table_is_refused_line_by_line(signed_in: SignIn, mira: User, workspace: Workspace) -> None:
    upload = SimpleUploadedFile("v.csv", b"word,forms\nrefund,\nok,fine\n#,x\n", "text/csv")
    answer = signed_in(mira).post(reverse("vocabulary-import", args=[workspace.slug]), {"table": upload})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Line 2: Synonyms need" in page
    assert "Line 4:" in page
    assert not Entry.objects.exists()


def test_what_people_write_is_escaped(signed_in: SignIn, mira: User, workspace: Workspace) -> None:
    add(workspace, mira, word="<script>alert(1)</script>")
    page = signed_in(mira).get(reverse("vocabulary", args=[workspace.slug])).content.decode()
    assert "<script>alert" not in page
