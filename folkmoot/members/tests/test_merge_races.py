"""People who merge at the same moment, and messages that come in meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from threading import Barrier, Thread

import pytest
from django.db import connection

from folkmoot.members import actions
from folkmoot.members.models import Identity, Member
from folkmoot.workspaces.models import Workspace

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def at_once(*acts: Callable[[], object]) -> list[Exception]:
    """Runs each in a thread and connection of its own; what they raised."""
    barrier = Barrier(len(acts))
    raised: list[Exception] = []

    def run(act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            act()
        except actions.UnableTo as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.django_db(transaction=True)
def test_merges_in_a_circle_at_the_same_moment_leave_everybody_somewhere(make_member, more):
    workspace = Workspace.objects.create(slug="race", name="Race")
    for _round in range(5):
        ring = [make_member(workspace, name, acts=[("message", 1)]) for name in ("Ada", "Ben", "Cleo")]
        pairs = list(zip(ring, ring[1:] + ring[:1], strict=True))
        acts = [partial(actions.merge, kept, gone, by=None, now=NOW) for kept, gone in pairs]
        acts.append(partial(more, workspace, ring[0].identities.get(), [("message", 2)]))
        refused = at_once(*acts)

        members = Member.objects.filter(pk__in=[member.pk for member in ring])
        left = members.get(merged_into=None)
        assert len(refused) == 1
        assert Identity.objects.filter(member=left).count() == 3
        assert sum(member.message_count for member in members) == left.message_count == 4
