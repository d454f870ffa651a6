"""Whatever is merged and undone in whatever order: nothing is lost, nothing is doubled, undone is as before."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from django.db.models import Count, Max, Min, Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from folkmoot.members import actions
from folkmoot.members.models import Activity, Identity, Member, Merge
from folkmoot.workspaces.models import Workspace

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SLUGS = count()
acts = st.lists(st.tuples(st.sampled_from(["message", "reaction", "join"]), st.integers(0, 40)), max_size=6)
people = st.lists(acts, min_size=2, max_size=5)
steps = st.lists(st.tuples(st.booleans(), st.integers(0, 30), st.integers(0, 30)), max_size=12)
many = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
pytestmark = pytest.mark.django_db


def rows(model: Any, workspace: Workspace) -> list[dict[str, Any]]:
    return list(model.objects.filter(workspace=workspace).order_by("pk").values())


def totals(workspace: Workspace) -> dict[str, Any]:
    return {
        "members": Member.objects.filter(workspace=workspace).count(),
        "identities": Identity.objects.filter(workspace=workspace).aggregate(
            Count("pk"), Sum("message_count"), Sum("reaction_count"), Min("first_seen_at"), Max("last_seen_at")
        ),
        "activities": rows(Activity, workspace),
        "sums": Member.objects.filter(workspace=workspace).aggregate(
            Sum("message_count"), Sum("reaction_count"), Min("first_seen_at"), Max("last_seen_at")
        ),
    }


def check_whole(workspace: Workspace) -> None:
    for member in Member.objects.filter(workspace=workspace):
        own = member.identities.aggregate(m=Sum("message_count"), r=Sum("reaction_count"), last=Max("last_seen_at"))
        assert (member.message_count, member.reaction_count, member.last_seen_at) == (
            own["m"] or 0,
            own["r"] or 0,
            own["last"],
        )
        end, seen = member, {member.pk}
        while end.merged_into is not None:
            end = end.merged_into
            assert end.pk not in seen, "merged in a circle"
            seen.add(end.pk)
        assert member.merged_into_id is None or not member.identities.exists()
    gone = Merge.objects.filter(workspace=workspace, undone_at=None).values_list("gone", flat=True)
    assert len(gone) == len(set(gone))
    assert set(gone) == set(
        Member.objects.filter(workspace=workspace).exclude(merged_into=None).values_list("pk", flat=True)
    )


@many
@given(people=people, steps=steps)
def test_any_merges_and_undos_keep_every_total(make_member, people, steps):
    workspace = Workspace.objects.create(slug=f"w{next(SLUGS)}", name="W")
    members = [make_member(workspace, f"P{n}", acts=did) for n, did in enumerate(people)]
    before, first = totals(workspace), rows(Identity, workspace)
    merges: list[Merge] = []
    for undo, one, other in steps:
        try:
            if undo and merges:
                actions.unmerge(merges[one % len(merges)], by=None, now=NOW)
            else:
                kept, gone = members[one % len(members)], members[other % len(members)]
                merges.append(actions.merge(kept, gone, by=None, now=NOW))
        except actions.UnableTo:
            continue
        assert totals(workspace) == before
        check_whole(workspace)
    for merge in reversed(merges):
        merge.refresh_from_db()
        if merge.undone_at is None:
            actions.unmerge(merge, by=None, now=NOW)
    assert rows(Identity, workspace) == first
    check_whole(workspace)


@many
@given(people=people, chosen=st.tuples(st.integers(0, 30), st.integers(0, 30)))
def test_merged_and_undone_every_row_is_as_it_was(make_member, people, chosen):
    workspace = Workspace.objects.create(slug=f"w{next(SLUGS)}", name="W")
    members = [make_member(workspace, f"P{n}", acts=did) for n, did in enumerate(people)]
    kept, gone = members[chosen[0] % len(members)], members[chosen[1] % len(members)]
    if kept == gone:
        return
    tables = (Member, Identity, Activity)
    before = [rows(table, workspace) for table in tables]
    made = actions.merge(kept, gone, by=None, now=NOW)
    assert [rows(table, workspace) for table in tables] != before
    actions.unmerge(made, by=None, now=NOW)
    assert [rows(table, workspace) for table in tables] == before
