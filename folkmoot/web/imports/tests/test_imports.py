from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django import Settings

from folkmoot.channels import actions
from folkmoot.channels.models import ArchiveImport
from folkmoot.conversations.models import Message
from folkmoot.flow import jobs
from folkmoot.workspaces.models import Rank, User, Workspace

SignIn = Callable[[User], Client]


def archive(count: int = 3) -> bytes:
    rows = [
        {
            "id": n,
            "author": f"p{n % 2}",
            "text": f"word {n}",
            "time": f"2026-03-02T12:0{n % 10}:00Z",
            "channel": "lounge",
        }
        for n in range(count)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.fixture(autouse=True)
def _home(settings: Settings, tmp_path: Path) -> None:
    settings.HOME = tmp_path


@pytest.fixture
def client(signed_in: SignIn, mira: User) -> Client:
    return signed_in(mira)


def work() -> None:
    """What a worker does with the imports that wait."""
    for job in ProcrastinateJob.objects.filter(task_name="import_archive", status="todo"):
        jobs.import_archive(**job.args)


def upload(client: Client, workspace: Workspace, content: bytes, name: str = "talk.jsonl") -> ArchiveImport:
    response = client.post(reverse("imports", args=[workspace.slug]), {"upload": SimpleUploadedFile(name, content)})
    assert response.status_code == 302
    if response.headers["Location"].endswith("/columns/"):
        answer(client, response.headers["Location"])
    return ArchiveImport.objects.latest("pk")


def answer(client: Client, address: str) -> None:
    """Sends what the page asks for as it stands there."""
    form = client.get(address).context["form"]
    said = {name: form[name].initial or "" for name in form.fields}
    assert client.post(address, said | {"import": ""}).status_code == 302


def test_an_uploaded_archive_is_read_and_not_kept(client: Client, workspace: Workspace) -> None:
    order = upload(client, workspace, archive())
    assert Path(order.path).is_relative_to(settings.HOME)
    work()
    order.refresh_from_db()
    assert (order.state, order.messages_new, order.members_new) == ("done", 3, 2)
    assert not Path(order.path).exists()
    html = client.get(reverse("import", args=[workspace.slug, order.pk])).content.decode()
    assert "Open the inbox" in html
    assert "hx-trigger" not in html.split('id="state"')[1].split(">")[0]


def test_the_same_archive_again_adds_nothing(client: Client, workspace: Workspace) -> None:
    for _ in range(2):
        upload(client, workspace, archive())
        work()
    assert list(ArchiveImport.objects.order_by("pk").values_list("messages_new", "messages_seen")) == [(3, 3), (0, 3)]
    assert Message.objects.count() == 3


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("talk.zip", b"PK\x03\x04 cut off"),
        ("empty.jsonl", b""),
        ("notes.docx", b"\x00\x01\x02"),
    ],
)
def test_garbage_is_refused_with_what_to_do(client: Client, workspace: Workspace, name: str, content: bytes) -> None:
    order_or_none = client.post(
        reverse("imports", args=[workspace.slug]), {"upload": SimpleUploadedFile(name, content)}
    )
    if order_or_none.status_code == 422:  # Django's own form refuses an empty file
        return
    work()
    order = ArchiveImport.objects.get()
    assert order.state == "failed"
    assert len(order.error) > 20
    assert order.error in client.get(reverse("import", args=[workspace.slug, order.pk])).context["order"].error
    assert not Message.objects.exists()


def test_a_path_on_the_server_stays_within_the_import_folder(
    client: Client, workspace: Workspace, settings: Settings
) -> None:
    folder = Path(settings.IMPORT_FOLDER)
    folder.mkdir()
    (folder / "talk.jsonl").write_bytes(archive())
    outside = folder.parent / "secret.jsonl"
    outside.write_bytes(archive())
    (folder / "link.jsonl").symlink_to(outside)
    address = reverse("imports", args=[workspace.slug])
    for path in ("../secret.jsonl", str(outside), "link.jsonl", "missing.jsonl", "/etc/passwd"):
        assert client.post(address, {"path": path}).status_code == 422
    assert not ArchiveImport.objects.exists()
    answer(client, client.post(address, {"path": "talk.jsonl"}).headers["Location"])
    work()
    assert ArchiveImport.objects.get().messages_new == 3
    assert (folder / "talk.jsonl").exists()


def test_neither_or_both_are_asked_for_again(client: Client, workspace: Workspace) -> None:
    response = client.post(reverse("imports", args=[workspace.slug]), {})
    assert response.status_code == 422
    assert "one of the two" in response.content.decode()


def test_an_import_is_stopped_and_goes_on_from_there(
    client: Client, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = upload(client, workspace, archive(1200))
    stop = reverse("import-cancel", args=[workspace.slug, order.pk])
    real = actions.advance
    calls: list[int] = []

    def advance(*args: Any, **kwargs: Any) -> bool:
        go_on: bool = real(*args, **kwargs)
        calls.append(1)
        if len(calls) == 1:
            client.post(stop)
            return not ArchiveImport.objects.get(pk=order.pk).cancel_wanted
        return go_on

    with monkeypatch.context() as patched:
        patched.setattr(actions, "advance", advance)
        work()
    order.refresh_from_db()
    assert order.state == "cancelled"
    assert 0 < order.messages_new < 1200
    client.post(reverse("import-resume", args=[workspace.slug, order.pk]))
    jobs.import_archive(import_id=order.pk)
    order.refresh_from_db()
    assert (order.state, order.messages_new, order.messages_seen) == ("done", 1200, 1200)


def test_one_that_waits_is_cancelled_at_once(client: Client, workspace: Workspace) -> None:
    order = upload(client, workspace, archive())
    client.post(reverse("import-cancel", args=[workspace.slug, order.pk]))
    order.refresh_from_db()
    assert order.state == "cancelled"


def test_strangers_and_low_roles_stay_out(
    signed_in: SignIn, client: Client, workspace: Workspace, other_workspace: Workspace, bo: User, zoe: User
) -> None:
    order = upload(client, workspace, archive())
    for name in ("imports", "import", "import-columns", "import-cancel", "import-resume"):
        args = [workspace.slug] if name == "imports" else [workspace.slug, order.pk]
        address = reverse(name, args=args)
        ask = "get" if name in ("imports", "import", "import-columns") else "post"
        assert getattr(Client(), ask)(address).status_code == 302
        assert getattr(signed_in(zoe), ask)(address).status_code == 404
        assert getattr(signed_in(bo), ask)(address).status_code == 403
    assert signed_in(zoe).get(reverse("import", args=[other_workspace.slug, order.pk])).status_code == 404
    assert bo.roles.get().rank == Rank.MODERATOR
