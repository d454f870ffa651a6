from __future__ import annotations

import json
from functools import partial

import pytest
from click.testing import CliRunner, Result

from folkmoot.channels.models import Channel
from folkmoot.cli import demo
from folkmoot.flow import demo as builder
from folkmoot.workspaces.models import Role, User, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "build", partial(builder.build, messages=300))


def make(*arguments: str) -> Result:
    return CliRunner().invoke(demo.command, arguments)


@pytest.mark.usefixtures("small")
def test_it_makes_the_workspace_and_hands_it_to_the_first_user() -> None:
    mira = User.objects.create(email="mira@example.org")
    made = make("--json")
    assert made.exit_code == 0, made.output
    told = json.loads(made.output)
    assert told["workspace"] == "demo"
    assert told["messages_new"] >= 300
    assert Role.objects.get(workspace__slug="demo").user == mira


@pytest.mark.usefixtures("small")
def test_doing_it_again_says_that_nothing_was_added() -> None:
    assert "new messages" in make().output
    assert "nothing was added" in make().output


def test_a_real_community_is_left_alone() -> None:
    workspace = Workspace.objects.create(slug="real", name="Real")
    Channel.objects.create(workspace=workspace, network="elsewhere", remote_id="1", name="Town")
    refused = make("--workspace", "real")
    assert refused.exit_code == 2
    assert Channel.objects.count() == 1


def test_a_short_name_that_cannot_be_is_refused() -> None:
    assert make("--workspace", "No Spaces!").exit_code == 2
    assert not Workspace.objects.exists()
