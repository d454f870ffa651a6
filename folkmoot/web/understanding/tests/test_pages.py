from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import translation
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django import DjangoAssertNumQueries

from conftest import Make
from folkmoot.conversations.models import Message
from folkmoot.flow import corrections, reading
from folkmoot.understanding import quality
from folkmoot.understanding.models import Correction, Layer, Reading
from folkmoot.understanding.quality import Measured
from folkmoot.web.understanding import labels
from folkmoot.workspaces.models import Role, User, Workspace

SignIn = Callable[[User], Client]
NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("words_are_read")


@pytest.fixture
def client(signed_in: SignIn, mira: User) -> Client:
    return signed_in(mira)


@pytest.fixture
def correction(workspace: Workspace, make: Make, mira: User) -> Correction:
    make.talk(make.channel(workspace), ("ada", "the parcel is awful"), ("bo", "hello"))
    reading.read(workspace.pk)
    message = Message.objects.get(text__startswith="the parcel")
    corrections.correct(workspace, [message.pk], "sentiment", "neu", by=mira, now=NOW)
    return Correction.objects.get()


@pytest.fixture
def layer(workspace: Workspace) -> Layer:
    return Layer.objects.create(
        workspace=workspace, facet="intent", base="words", state="used", corrections=142,
        before={"complaint": 0.71, "all": 0.5}, after={"complaint": 0.79, "all": 0.6}, weights=b"", made_at=NOW,
    )  # fmt: skip


def body(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_corrections_are_listed_with_who_and_what(client: Client, workspace: Workspace, correction: Correction) -> None:
    html = body(client, reverse("corrections", args=[workspace.slug]))
    for part in ("the parcel is awful", "Negative → <strong>Neutral</strong>", "Mira Kask"):
        assert part in html


def test_before_anything_was_corrected_the_page_says_what_to_do(client: Client, workspace: Workspace) -> None:
    assert "Nothing was corrected yet" in body(client, reverse("corrections", args=[workspace.slug]))


def test_what_was_learnt_is_told_and_switched(client: Client, workspace: Workspace, layer: Layer) -> None:
    html = body(client, reverse("corrections", args=[workspace.slug]))
    assert "142 corrections: all 0.50 → 0.60, Complaint 0.71 → 0.79" in html
    for on, state in (("no", "off"), ("yes", "used")):
        client.post(reverse("layer-switch", args=[workspace.slug, layer.pk]), {"on": on})
        layer.refresh_from_db()
        assert layer.state == state
    assert ProcrastinateJob.objects.filter(task_name="reread", args__workspace_id=workspace.pk).count() == 1


def test_corrections_go_out_and_come_in_elsewhere(
    client: Client, workspace: Workspace, correction: Correction, make: Make, other_workspace: Workspace, mira: User
) -> None:
    response = client.get(reverse("corrections-export", args=[workspace.slug]))
    lines = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    assert json.loads(lines)["value"] == "neu"
    Role.objects.create(workspace=other_workspace, user=mira, rank="manager")
    make.talk(make.channel(other_workspace), ("dan", "The parcel is awful!"))
    reading.read(other_workspace.pk)
    address = reverse("corrections-import", args=[other_workspace.slug])
    for _time in range(2):
        client.post(address, {"file": SimpleUploadedFile("c.jsonl", lines)})
    assert Correction.objects.filter(workspace=other_workspace).count() == 1
    assert Reading.objects.get(workspace=other_workspace).corrected
    listed = body(client, reverse("corrections", args=[other_workspace.slug]))
    assert "imported" in listed


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "Choose a file"),
        (b"not json\n", "Line 1 is no correction"),
        (b'{"text": "a", "facet": "mood", "value": "x"}', "Line 1"),
        (b'{"text": "a", "facet": "sentiment", "value": "neg"}\n[1]\n', "Line 2 is no correction"),
        (b'{"text": "...", "facet": "sentiment", "value": "neg"}', "Line 1 has no words"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
    ],
)
def test_a_file_that_can_not_be_read_changes_nothing(
    client: Client, workspace: Workspace, content: bytes, told: str
) -> None:
    address = reverse("corrections-import", args=[workspace.slug])
    response = client.post(address, {"file": SimpleUploadedFile("c.jsonl", content)}, follow=True)
    assert told in response.content.decode()
    assert not Correction.objects.exists()


def test_learning_can_be_ordered(client: Client, workspace: Workspace) -> None:
    for _time in range(2):
        client.post(reverse("learn-now", args=[workspace.slug]))
    assert ProcrastinateJob.objects.filter(task_name="learn", args__workspace_id=workspace.pk).count() == 1


def test_the_page_of_quality_tells_what_was_measured_and_what_was_not(
    client: Client, workspace: Workspace, correction: Correction, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = (
        Measured("sentiment", "en", "tweets", 1200, "macro-F1", 0.7, 0.67, 0.73, 0.6, "human"),
        Measured("sentiment", "uk", "", 0, "macro-F1", None, None, None, None, "none"),
        Measured("hate", "en", "own sentences", 100, "accuracy", 0.67, 0.6, 0.7, None, "none"),
        Measured("sentiment", "pl", "reviews", 900, "macro-F1", 0.85, 0.82, 0.88, None, "projected"),
    )
    monkeypatch.setattr(quality, "measured", lambda: rows)
    html = body(client, reverse("understanding", args=[workspace.slug]))
    for part in ("70.0 %", "fair: look before you act", "only checked against another model", "Not measured",
                 "No text labelled by people", "only on sentences that we made up", "0 of 1 right"):  # fmt: skip
        assert part in html


@pytest.mark.parametrize(("spoken", "opened"), [("uk", "uk"), ("de", "et")])
def test_the_page_of_quality_opens_at_ones_own_language_or_at_the_communitys(
    client: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, spoken: str, opened: str
) -> None:
    workspace.language = "et"
    workspace.save()
    monkeypatch.setattr(translation, "get_language", lambda: spoken)
    response = client.get(reverse("understanding", args=[workspace.slug]))
    assert [known.name for known in response.context["languages"] if known.open] == [labels.language(opened)]
    assert response.content.decode().count('<details class="card fold" open>') == 1


def test_without_measurements_the_page_says_so(
    client: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality, "measured", lambda: ())
    assert "No measurements here" in body(client, reverse("understanding", args=[workspace.slug]))


def test_progress_is_told_while_much_is_unread(client: Client, workspace: Workspace, make: Make) -> None:
    make.talk(make.channel(workspace), ("ada", "hello"), ("bo", "hi"))
    assert "2 messages are waiting to be read" in body(client, reverse("understanding", args=[workspace.slug]))


def addresses(workspace: Workspace, correction: Correction, layer: Layer) -> dict[str, tuple[str, str, str]]:
    """Each with how it is asked for, and the lowest role that may."""

    def at(name: str, *args: int) -> str:
        return reverse(name, args=[workspace.slug, *args])

    return {
        "understanding": (at("understanding"), "get", "analyst"),
        "corrections": (at("corrections"), "get", "moderator"),
        "undo": (at("correction-undo", correction.pk), "post", "moderator"),
        "learn": (at("correction-learn", correction.pk), "post", "moderator"),
        "export": (at("corrections-export"), "get", "manager"),
        "import": (at("corrections-import"), "post", "manager"),
        "now": (at("learn-now"), "post", "manager"),
        "switch": (at("layer-switch", layer.pk), "post", "manager"),
    }


BELOW = {"analyst": "guest", "moderator": "editor", "manager": "moderator"}


def test_only_sufficient_roles_may(
    signed_in: SignIn, workspace: Workspace, correction: Correction, layer: Layer, gil: User
) -> None:
    gils = signed_in(gil)
    for address, method, needed in addresses(workspace, correction, layer).values():
        Role.objects.filter(user=gil).update(rank=BELOW[needed])
        assert getattr(gils, method)(address).status_code == 403, address
        Role.objects.filter(user=gil).update(rank=needed)
    assert Correction.objects.count() == 1


def test_strangers_find_nothing(
    signed_in: SignIn, workspace: Workspace, other_workspace: Workspace, correction: Correction, layer: Layer, zoe: User
) -> None:
    zoes = signed_in(zoe)
    for address, method, _needed in addresses(workspace, correction, layer).values():
        assert getattr(zoes, method)(address).status_code == 404, address
        assert getattr(Client(), method)(address).status_code == 302, address
    for name in ("undo", "learn", "switch"):
        address, method, _needed = addresses(other_workspace, correction, layer)[name]
        assert getattr(zoes, method)(address).status_code == 404, address
    assert "the parcel" not in body(zoes, reverse("corrections", args=[other_workspace.slug]))


def test_corrections_of_channels_out_of_sight_are_out_of_sight(
    signed_in: SignIn, workspace: Workspace, correction: Correction, make: Make, bo: User
) -> None:
    Role.objects.filter(user=bo).update(channel_ids=[make.channel(workspace, "other").pk])
    bos = signed_in(bo)
    assert "the parcel" not in body(bos, reverse("corrections", args=[workspace.slug]))
    assert bos.post(reverse("correction-undo", args=[workspace.slug, correction.pk])).status_code == 404


def test_the_list_costs_the_same_however_long(
    client: Client, workspace: Workspace, make: Make, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    here = reverse("corrections", args=[workspace.slug])
    body(client, here)
    for size, name in ((3, "few"), (40, "many")):
        said = [make.seen(text=f"awful {name} {n} {chr(97 + n % 26) * 3}", minute=n) for n in range(size)]
        make.receive(make.channel(workspace, name, kind="forum"), said)
        reading.read(workspace.pk)
        ids = list(Message.objects.filter(text__contains=name).values_list("pk", flat=True))
        corrections.correct(workspace, ids, "sentiment", "neu", by=None, now=NOW)
        with django_assert_max_num_queries(7):
            body(client, here)
