"""docs/reference/access.md names every page of a workspace with the role it needs, and pages keep to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from conftest import Make
from folkmoot.channels.models import ArchiveImport, Channel, Connection, Delivery
from folkmoot.conversations.models import Conversation, Message
from folkmoot.lib.keyset import Mark
from folkmoot.members.models import Identity, Member
from folkmoot.understanding.copies.models import Repeat, Wave, Wording
from folkmoot.understanding.topics.models import Topic
from folkmoot.understanding.trends.models import Trend
from folkmoot.understanding.vocabulary.models import Entry
from folkmoot.workspaces.models import Rank, Role, User, Workspace
from tests.docs.tables import code, page, rows

PREFIX = "w/<slug:slug>/"
ROWS = {code(row["page"]): row for row in rows(page("reference/access.md"), "page", "address", "from role")}
NOWHERE = 10**9
SEND_ON = {
    "outbox-stop",
    "outbox-release",
    "comparing-switch",
    "view-save",
    "corrections-import",
    "learn-now",
    "readings-correct",
}  # by POST, about nothing in particular


def walk(found: list[URLPattern | URLResolver], before: str = "") -> Iterator[tuple[str, str]]:
    """Names and addresses of all pages."""
    for one in found:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from walk(one.url_patterns, route)
        else:
            yield str(one.name), route


PAGES = {name: route for name, route in walk(get_resolver().url_patterns) if route.startswith(PREFIX)}


def wave_of(workspace: Workspace, messages: list[Message]) -> Wave:
    """As if these messages said the same."""
    first, last = messages[0], messages[-1]
    wording = Wording.objects.create(workspace=workspace, message=first, bands=[], at=first.at)
    for one in messages:
        Repeat.objects.create(
            message=one, wording=wording, author_id=one.author_id, channel_id=one.channel_id, at=one.at
        )
    return Wave.objects.create(
        workspace=workspace, wording=wording, first_at=first.at, last_at=last.at, messages=len(messages), authors=2,
        channel_ids=[first.channel_id],
    )  # fmt: skip


@pytest.fixture
def address(workspace: Workspace, make_person: Callable[..., User], make: Make) -> Callable[[str], str]:
    """Addresses of pages that are there; what is changed by POST is nowhere, so that nothing changes."""
    make.talk(make.channel(workspace), ("ada", "hello"), ("bo", "hi"))
    somebody = make_person("somebody@example.org", "Somebody", workspace)
    topic = Topic.objects.create(workspace=workspace, found_name="hello", made_at=make.noon)
    wordpress = Connection.objects.create(
        workspace=workspace,
        network="wordpress",
        remote_id="1",
        name="Us",
        address="x",
        settings={"site": "https://blog.invalid"},
    )
    talk = Conversation.objects.get()
    Channel.objects.filter(pk=talk.channel_id).update(connection=wordpress)
    Identity.objects.update(avatar="https://pictures.example/ada.png")
    there = {
        "account": wordpress.pk,
        "delivery": Delivery.objects.create(
            workspace=workspace, channel_id=talk.channel_id, connection=wordpress, key=uuid4(), act="reply"
        ).pk,
        "message": Message.objects.order_by("pk")[0].pk,
        "picture": Identity.objects.order_by("pk")[0].pk,
        "topic": topic.pk,
        "trend": Trend.objects.create(
            workspace=workspace,
            kind="word",
            term="hello",
            label="hello",
            since=make.noon,
            found_at=make.noon,
            seen_at=make.noon,
            window_minutes=30,
            people=9,
            usual=1,
            chance=1e-9,
        ).pk,
        "wave": wave_of(workspace, list(Message.objects.order_by("pk"))).pk,
        "conversation": Conversation.objects.get().pk,
        "member": Member.objects.order_by("pk")[0].pk,
        "import": ArchiveImport.objects.create(workspace=workspace, path="a.zip", name="a.zip").pk,
        "colleague": Role.objects.get(user=somebody).pk,
        "reading": Message.objects.order_by("pk")[0].pk,
        "alike": Message.objects.order_by("pk")[0].pk,
        "vocabulary": Entry.objects.create(
            workspace=workspace, kind="slang", word="kek", key="kek", changed_at=make.noon
        ).pk,
    }

    def address_of(name: str) -> str:
        kind = name.split("-")[0]
        numbers = re.findall(r"<int:\w+>", PAGES[name])
        found = there.get(kind, NOWHERE) if ROWS[name]["by"] == "GET" else NOWHERE
        url = reverse(name, args=[workspace.slug, *[found] * len(numbers)])
        at = Mark(make.noon, 0)
        return f"{url}?after={at}&since={at}" if name in {"conversation-rest", "conversation-marks"} else url

    return address_of


def test_every_page_is_in_the_table_and_every_row_is_a_page() -> None:
    assert set(ROWS) == set(PAGES)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_the_address_is_the_pages_own(name: str) -> None:
    told = ROWS[name]["address"]
    route = re.sub(r"<int:\w+>", "NUMBER", PAGES[name].removeprefix(PREFIX))
    assert code(told) == (route or "*(nothing more)*")


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_opens_for_the_roles_in_the_table_and_for_no_other(
    name: str,
    workspace: Workspace,
    make_person: Callable[..., User],
    signed_in: Callable[[User], Client],
    address: Callable[[str], str],
) -> None:
    row, url = ROWS[name], address(name)
    client = signed_in(make_person("who@example.org", "Who", workspace))
    by_get = row["by"] == "GET"
    opened = (302 if name in {"enter", "import-columns"} else 200) if by_get else (302 if name in SEND_ON else 404)
    for rank in Rank:
        Role.objects.filter(user__email="who@example.org").update(rank=rank)
        status = (client.get(url) if by_get else client.post(url)).status_code
        assert status == (opened if rank.reaches(Rank(row["from role"])) else 403), rank


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_by_post_only_can_not_be_opened(
    name: str, mira: User, signed_in: Callable[[User], Client], address: Callable[[str], str]
) -> None:
    answer = signed_in(mira).get(address(name))
    assert (answer.status_code == 405) == (ROWS[name]["by"] == "POST")


def test_every_role_is_told_of_in_order() -> None:
    told = [row["role"] for row in rows(page("reference/access.md"), "role", "beyond those below")]
    assert told == [str(rank.label) for rank in Rank]
