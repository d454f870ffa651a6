from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.db import transaction

from folkmoot.members import activities
from folkmoot.members.models import Identity, Member
from folkmoot.members.recognise import recognise
from folkmoot.networks.base import Person
from folkmoot.workspaces.models import User, Workspace

DAY_ONE = datetime(2026, 1, 1, 12, tzinfo=UTC)
_numbers = count(1)


@pytest.fixture
def workspace(db: None) -> Workspace:
    return Workspace.objects.create(slug="moot", name="Moot")


@pytest.fixture
def other_workspace(db: None) -> Workspace:
    return Workspace.objects.create(slug="other", name="Other")


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create(email="mira@example.org", name="Mira")


Acts = list[tuple[str, int]]


@pytest.fixture
def make_member() -> Callable[..., Member]:
    """Makes a member with one identity that did things on days: ``acts`` are (kind, day) pairs."""

    def make(workspace: Workspace, name: str = "Ada", *, acts: Acts = [], network: str = "irc", **of: object) -> Member:  # noqa: B006
        number = next(_numbers)
        person = Person(remote_id=str(of.pop("remote_id", f"p{number}")), name=name, handle=str(of.pop("handle", "")))
        known, _new = recognise(workspace.pk, network, [person])
        identity = known[person.remote_id]
        did(workspace, identity.id, acts)
        Member.objects.filter(pk=identity.member_id).update(**of)
        return Member.objects.get(pk=identity.member_id)

    return make


def did(workspace: Workspace, identity_id: int, acts: Acts) -> None:
    rows: list[activities.Row] = [
        (identity_id, kind, DAY_ONE + timedelta(days=day), 1, next(_numbers), "post" if kind == "message" else "👍")
        for kind, day in acts
    ]
    said = [row for row in rows if row[1] == "message"]
    others = [row for row in rows if row[1] != "message"]
    with transaction.atomic():
        activities.append_new(workspace.pk, said)
        activities.append(workspace.pk, others)
    with transaction.atomic():
        activities.tally(activities.take(workspace.pk, len(rows)))


@pytest.fixture
def more() -> Callable[[Workspace, Identity, Acts], None]:
    """Lets an identity do more."""

    def act(workspace: Workspace, identity: Identity, acts: Acts) -> None:
        did(workspace, identity.pk, acts)

    return act
