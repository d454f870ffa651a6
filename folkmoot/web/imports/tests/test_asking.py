"""What an archive does not say by itself is asked before it is read: columns of tables, options of other formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django import Settings

from folkmoot.channels.models import ArchiveImport
from folkmoot.conversations.models import Message
from folkmoot.flow import jobs
from folkmoot.workspaces.models import User, Workspace

SignIn = Callable[[User], Client]
TABLE = "Inhalt,Wann,Wer,Nr\nhello there,03.02.2026 10:00,ada,1\nand hello,03.02.2026 11:00,bo,2\n"
LOG = "[10:00] <ada> hello there\n[10:01] <bo> and hello\n"
COLUMNS = {"text": "Inhalt", "time": "Wann", "author": "Wer", "id": "Nr", "dateformat": "%d.%m.%Y %H:%M"}


@pytest.fixture(autouse=True)
def _home(settings: Settings, tmp_path: Path) -> None:
    settings.HOME = tmp_path


@pytest.fixture
def client(signed_in: SignIn, mira: User, workspace: Workspace) -> Client:
    return signed_in(mira)


def upload(client: Client, name: str, content: str, **more: str) -> str:
    """The address that one is sent to."""
    file = SimpleUploadedFile(name, content.encode())
    response = client.post(reverse("imports", args=["moot"]), {"upload": file, **more})
    assert response.status_code == 302
    return response.headers["Location"]


def send(client: Client, address: str, how: str, **changed: str) -> Any:
    form = client.get(address).context["form"]
    said = {name: form[name].initial or "" for name in form.fields}
    return client.post(address, said | changed | {how: ""})


def work() -> None:
    for job in ProcrastinateJob.objects.filter(task_name="import_archive", status="todo"):
        jobs.import_archive(**job.args)


def test_a_table_with_usual_columns_is_shown_as_it_will_be_read(client: Client) -> None:
    address = upload(client, "t.csv", "time,author,text\n2026-03-02 12:00,ada,hello\n")
    assert not ProcrastinateJob.objects.exists()
    page = client.get(address)
    form = page.context["form"]
    assert [form[name].initial for name in ("text", "time", "author", "id")] == ["text", "time", "author", "-"]
    assert [one.text for one in page.context["seen"].messages] == ["hello"]
    assert send(client, address, "import").status_code == 302
    work()
    assert Message.objects.get().text == "hello"


def test_what_is_needed_or_known_is_asked_first_and_the_rest_on_request(client: Client) -> None:
    address = upload(client, "t.csv", "time,author,text,channel\n2026-03-02 12:00,ada,hello,lounge\n")
    form = client.get(address).context["form"]
    assert [field.name for field in form.ahead()] == ["text", "time", "author", "channel"]
    assert {"id", "thread", "encoding"} <= {field.name for field in form.behind()}
    wrong = send(client, address, "look", text="text", time="time", author="author", encoding="klingon")
    assert "encoding" in [field.name for field in wrong.context["form"].ahead()]


def test_columns_nobody_guesses_are_chosen_looked_at_and_read(client: Client) -> None:
    address = upload(client, "t.csv", TABLE)
    assert client.get(address).context["seen"] is None
    looked = send(client, address, "look", **COLUMNS)
    assert [(one.author.name, one.text) for one in looked.context["seen"].messages] == [
        ("ada", "hello there"),
        ("bo", "and hello"),
    ]
    assert not ProcrastinateJob.objects.exists()
    assert send(client, address, "import", **COLUMNS).status_code == 302
    work()
    order = ArchiveImport.objects.get()
    assert (order.state, order.messages_new, order.options["text"]) == ("done", 2, "Inhalt")
    assert set(Message.objects.values_list("remote_id", "at__month", "at__day")) == {("1", 2, 3), ("2", 2, 3)}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"text": "-"}, "columns not recognised"),
        ({"dateformat": "%Y"}, "date not understood"),
        ({"encoding": "klingon"}, "no encoding"),
        ({"timezone": "Middle/Earth"}, "no time zone"),
    ],
)
def test_what_reads_nothing_is_not_begun_and_says_why(client: Client, changed: dict[str, str], said: str) -> None:
    address = upload(client, "t.csv", TABLE)
    answer = send(client, address, "import", **COLUMNS | changed)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not ProcrastinateJob.objects.exists()


def test_a_log_that_names_no_day_is_asked_for_it(client: Client) -> None:
    address = upload(client, "talk.log", LOG)
    assert set(client.get(address).context["form"].fields) == {"channel", "date", "timezone", "encoding"}
    assert send(client, address, "import").status_code == 422
    send(client, address, "import", date="2026-02-03", channel="#tea")
    work()
    assert ArchiveImport.objects.get().messages_new == 2
    assert Message.objects.filter(channel__name="#tea", at__day=3).count() == 2


def test_what_says_all_by_itself_is_read_at_once(client: Client) -> None:
    chat = '{"name": "Tea", "type": "private_group", "id": 1, "messages": []}'
    assert not upload(client, "result.json", chat).endswith("/columns/")
    assert ProcrastinateJob.objects.count() == 1


def test_the_zone_given_at_first_stands_in_the_questions(client: Client) -> None:
    address = upload(client, "t.csv", TABLE, timezone="Europe/Kyiv")
    assert client.get(address).context["form"]["timezone"].initial == "Europe/Kyiv"


def test_one_that_waits_for_answers_leads_to_them_and_can_be_dropped(client: Client) -> None:
    address = upload(client, "t.csv", TABLE)
    here = reverse("import", args=["moot", ArchiveImport.objects.get().pk])
    page = client.get(here).content.decode()
    assert address in page
    assert "every 1s" not in page
    client.post(reverse("import-cancel", args=["moot", ArchiveImport.objects.get().pk]))
    assert ArchiveImport.objects.get().state == "cancelled"
    assert client.get(address).headers["Location"] == here


def test_one_that_is_read_is_not_asked_about_again(client: Client) -> None:
    address = upload(client, "t.csv", TABLE)
    send(client, address, "import", **COLUMNS)
    again = client.post(address, COLUMNS | {"text": "Wer", "import": ""})
    assert again.status_code == 302
    assert ArchiveImport.objects.get().options["text"] == "Inhalt"
    assert ProcrastinateJob.objects.count() == 1


def test_strangers_and_low_roles_are_not_asked(
    signed_in: SignIn, client: Client, bo: User, zoe: User, other_workspace: Workspace
) -> None:
    address = upload(client, "t.csv", TABLE)
    elsewhere = reverse("import-columns", args=[other_workspace.slug, ArchiveImport.objects.get().pk])
    for how in ("get", "post"):
        assert getattr(signed_in(bo), how)(address).status_code == 403
        assert getattr(signed_in(zoe), how)(address).status_code == 404
        assert getattr(signed_in(zoe), how)(elsewhere).status_code == 404
    assert not ProcrastinateJob.objects.exists()
