from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.test import Client
from django.urls import reverse

from folkmoot.web.workspaces.audit import ACTS, PAGE
from folkmoot.workspaces import actions
from folkmoot.workspaces.models import User, Workspace

SignIn = Callable[[User], Client]
# acts whose second half is a variable in the code
COMPOSED = {
    "channel.go_on", "connection.go_on", "connection.make", "connection.pause",
    "delivery.decide.again", "delivery.decide.done", "delivery.decide.leave", "delivery.delete", "delivery.edit",
    "delivery.invite", "delivery.moderate", "delivery.publish", "delivery.reply",
    "import.cancelled", "import.done", "import.failed", "member.bot", "member.name", "member.ours", "neighbours.off",
}  # fmt: skip


def _url(workspace: Workspace) -> str:
    return reverse("audit", args=[workspace.slug])


def test_it_says_who_did_what_newest_first(signed_in: SignIn, mira: User, workspace: Workspace) -> None:
    actions.record(workspace, "channel.create", by=None)
    actions.change_workspace(workspace, name="Lake Moot", timezone=workspace.timezone, language="en", by=mira)
    page = signed_in(mira).get(_url(workspace)).content.decode()
    assert "Workspace changed" in page
    assert str(mira) in page
    assert "Folkmoot itself" in page
    assert page.index("Workspace changed") < page.index("Channel added")


def test_older_entries_are_a_page_away(signed_in: SignIn, mira: User, workspace: Workspace) -> None:
    for number in range(PAGE + 3):
        actions.record(workspace, "channel.create", by=mira, detail={"name": f"channel-{number:03}"})
    page = signed_in(mira).get(_url(workspace)).content.decode()
    assert "channel-052" in page
    assert "channel-000" not in page
    [older] = re.findall(r'rel="next" href="([^"]+)"', page)
    assert "channel-000" in signed_in(mira).get(older).content.decode()


def test_only_admins_of_this_workspace_see_it(
    signed_in: SignIn, bo: User, gil: User, zoe: User, workspace: Workspace
) -> None:
    assert [signed_in(user).get(_url(workspace)).status_code for user in (bo, gil, zoe)] == [403, 403, 404]


def test_it_asks_the_database_no_more_for_many_entries(
    signed_in: SignIn, mira: User, workspace: Workspace, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    for number in range(PAGE):
        actions.record(workspace, "channel.create", by=mira, detail={"name": f"channel-{number}"})
    client = signed_in(mira)
    with django_assert_max_num_queries(6):  # type: ignore[attr-defined]
        client.get(_url(workspace))


def test_every_act_that_is_recorded_is_put_into_words() -> None:
    source = "".join(
        path.read_text()
        for path in Path(settings.PACKAGE).rglob("*.py")
        if "tests" not in path.parts and path.name != "audit.py"
    )
    recorded = set(re.findall(r'record\([^"]*?"([a-z]+\.[a-z_]+)"', source))
    recorded |= set(re.findall(r'act = "([a-z]+\.[a-z_]+)" if [a-z_]+ else "', source))
    recorded |= set(re.findall(r'else "((?:layer|topic|reading|vocabulary|assistant)\.[a-z_]+)"', source))
    assert recorded - set(ACTS) == set()
    assert set(ACTS) - recorded - COMPOSED == set()
