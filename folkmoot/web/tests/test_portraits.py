from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from conftest import Make
from folkmoot.conversations.models import Conversation
from folkmoot.members.models import Identity
from folkmoot.web import jobs
from folkmoot.workspaces.models import User, Workspace

pytestmark = pytest.mark.django_db
URL = "https://pictures.example/ada.png"
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 20


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MEDIA_ROOT", tmp_path)


@pytest.fixture
def ada(workspace: Workspace, make: Make) -> Identity:
    make.talk(make.channel(workspace), ("ada", "hello"))
    Identity.objects.update(avatar=URL)
    return Identity.objects.get()


def keep(content: bytes, status: int = 200) -> None:
    http = httpx.Client(transport=httpx.MockTransport(lambda _request: httpx.Response(status, content=content)))
    jobs.shelf().fetch(URL, http, now=timezone.now())


def test_a_picture_is_ordered_when_it_is_first_looked_at(
    ada: Identity, gil: User, signed_in: Callable[[User], Client]
) -> None:
    client = signed_in(gil)
    answer = client.get(f"/w/moot/members/pictures/{ada.pk}/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/gif")
    client.get(f"/w/moot/members/pictures/{ada.pk}/")
    job = ProcrastinateJob.objects.get(task_name="fetch_picture")
    assert job.args == {"url": URL}


def test_a_picture_that_is_here_is_served_as_ours(
    ada: Identity, gil: User, signed_in: Callable[[User], Client]
) -> None:
    keep(PNG)
    answer = signed_in(gil).get(f"/w/moot/members/pictures/{ada.pk}/")
    assert answer.content == PNG
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "private" in answer["Cache-Control"]
    assert not ProcrastinateJob.objects.filter(task_name="fetch_picture").exists()


def test_one_that_can_not_be_had_is_nothing_to_see(
    ada: Identity, gil: User, signed_in: Callable[[User], Client]
) -> None:
    keep(b"", 404)
    answer = signed_in(gil).get(f"/w/moot/members/pictures/{ada.pk}/")
    assert answer["Content-Type"] == "image/gif"
    assert not ProcrastinateJob.objects.filter(task_name="fetch_picture").exists()


def test_pages_never_name_where_a_picture_lies(ada: Identity, mira: User, signed_in: Callable[[User], Client]) -> None:
    client = signed_in(mira)
    ours = f'src="/w/moot/members/pictures/{ada.pk}/"'
    talk = Conversation.objects.get()
    for page in ("inbox/", f"inbox/{talk.pk}/", "members/", f"members/{ada.member_id}/"):
        text = client.get(f"/w/moot/{page}").content.decode()
        assert ours in text, page
        assert "pictures.example" not in text, page


def test_people_without_a_picture_and_of_elsewhere_are_not_found(
    ada: Identity, gil: User, zoe: User, signed_in: Callable[[User], Client]
) -> None:
    there = f"members/pictures/{ada.pk}/"
    assert signed_in(zoe).get(f"/w/moot/{there}").status_code == 404
    assert signed_in(zoe).get(f"/w/elsewhere/{there}").status_code == 404
    assert Client().get(f"/w/moot/{there}").status_code == 302
    Identity.objects.update(avatar="javascript:alert(1)")
    assert signed_in(gil).get(f"/w/moot/{there}").status_code == 404


def test_a_picture_of_this_machine_is_not_fetched(ada: Identity) -> None:
    jobs.fetch_picture("http://127.0.0.1:9/ada.png")
    kept = jobs.shelf().find("http://127.0.0.1:9/ada.png", now=timezone.now())
    assert kept
    assert kept.data == b""
