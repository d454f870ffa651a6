from __future__ import annotations

from datetime import UTC, datetime

import pytest

from folkmoot.members import actions
from folkmoot.members.models import Member, Merge
from folkmoot.workspaces.models import AuditEntry

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_the_kept_member_gets_the_identities_and_the_sums(workspace, user, make_member):
    kept = make_member(workspace, "Ada", acts=[("message", 3), ("reaction", 5)])
    gone = make_member(workspace, "ada_l", acts=[("message", 1), ("message", 9)])
    identity = gone.identities.get()

    made = actions.merge(kept, gone, by=user, now=NOW)

    kept.refresh_from_db()
    gone.refresh_from_db()
    assert made.identity_ids == [identity.pk]
    assert (kept.message_count, kept.reaction_count, kept.identities.count()) == (3, 1, 2)
    assert (kept.first_seen_at.day, kept.last_seen_at.day) == (2, 10)
    assert (gone.message_count, gone.first_seen_at, gone.merged_into_id) == (0, None, kept.pk)


def test_a_merge_remembers_what_both_were_and_who_did_it(workspace, user, make_member):
    kept = make_member(workspace, "Ada", acts=[("message", 3)], ours=True)
    gone = make_member(workspace, "ada_l", acts=[("message", 1), ("message", 2)])

    made = actions.merge(kept, gone, by=user, now=NOW)

    assert made.before["kept"]["ours"] is True
    assert made.before["gone"]["message_count"] == 2
    assert made.before["gone"]["identity_ids"] == made.identity_ids
    entry = AuditEntry.objects.get(act="member.merge")
    assert (entry.user, entry.about, entry.detail["gone"]) == (user, f"member:{kept.pk}", gone.pk)


def test_the_marks_of_the_kept_member_hold(workspace, user, make_member):
    kept = make_member(workspace, "Ada")
    gone = make_member(workspace, "Ada at work", ours=True, bot=True)

    actions.merge(kept, gone, by=user, now=NOW)

    kept.refresh_from_db()
    assert (kept.name, kept.ours, kept.bot) == ("Ada", False, False)


def test_a_member_is_not_merged_with_itself(workspace, user, make_member):
    ada = make_member(workspace)
    with pytest.raises(actions.UnableTo, match="one and the same"):
        actions.merge(ada, Member.objects.get(pk=ada.pk), by=user, now=NOW)


def test_members_of_two_workspaces_are_not_merged(workspace, other_workspace, user, make_member):
    with pytest.raises(actions.UnableTo, match="different workspaces"):
        actions.merge(make_member(workspace), make_member(other_workspace), by=user, now=NOW)
    assert not Merge.objects.exists()


def test_a_member_merged_away_is_not_merged_again(workspace, user, make_member):
    ada, ben, cleo = (make_member(workspace, name) for name in ("Ada", "Ben", "Cleo"))
    actions.merge(ada, ben, by=user, now=NOW)
    with pytest.raises(actions.UnableTo, match="Ben has been merged"):
        actions.merge(cleo, ben, by=user, now=NOW)
    with pytest.raises(actions.UnableTo, match="Ben has been merged"):
        actions.merge(ben, cleo, by=user, now=NOW)


def test_a_merge_is_undone_once(workspace, user, make_member):
    made = actions.merge(make_member(workspace), make_member(workspace), by=user, now=NOW)
    stale = Merge.objects.get(pk=made.pk)
    actions.unmerge(made, by=user, now=NOW)
    with pytest.raises(actions.UnableTo, match="undone already"):
        actions.unmerge(stale, by=user, now=NOW)


def test_a_later_merge_on_top_is_undone_first(workspace, user, make_member):
    ada, ben, cleo = (make_member(workspace, name) for name in ("Ada", "Ben", "Cleo"))
    below = actions.merge(ben, cleo, by=user, now=NOW)
    above = actions.merge(ada, ben, by=user, now=NOW)

    with pytest.raises(actions.UnableTo, match="Ben was merged into Ada later"):
        actions.unmerge(below, by=user, now=NOW)
    actions.unmerge(above, by=user, now=NOW)
    actions.unmerge(below, by=user, now=NOW)

    assert [member.identities.count() for member in (ada, ben, cleo)] == [1, 1, 1]


def test_merges_into_the_same_member_are_undone_in_any_order(workspace, user, make_member):
    ada, ben, cleo = (make_member(workspace, name) for name in ("Ada", "Ben", "Cleo"))
    first = actions.merge(ada, ben, by=user, now=NOW)
    actions.merge(ada, cleo, by=user, now=NOW)

    actions.unmerge(first, by=user, now=NOW)

    assert [member.identities.count() for member in (ada, ben, cleo)] == [2, 1, 0]


def test_what_came_after_the_merge_stays_where_it_belongs(workspace, user, make_member, more):
    """Acts since go with the identity that did them; a change a person made to the kept member stays."""
    ada, ben = make_member(workspace, "Ada"), make_member(workspace, "Ben", acts=[("message", 1)])
    made = actions.merge(ada, ben, by=user, now=NOW)
    more(workspace, ada.identities.order_by("pk")[0], [("message", 4), ("message", 5)])
    actions.rename(ada, "Ada  Lovelace", by=user)

    actions.unmerge(made, by=user, now=NOW)

    ada.refresh_from_db()
    ben.refresh_from_db()
    assert (ada.name, ada.message_count, ben.message_count) == ("Ada Lovelace", 2, 1)


def test_changes_by_a_person_are_in_the_audit_log(workspace, user, make_member):
    ada = make_member(workspace, "Ada")
    actions.rename(ada, "Ada L.", by=user)
    actions.set_ours(ada, True, by=user)
    actions.set_bot(ada, True, by=user)
    actions.set_bot(ada, True, by=user)

    entries = AuditEntry.objects.filter(about=f"member:{ada.pk}").order_by("pk")
    assert [(entry.act, entry.detail["to"]) for entry in entries] == [
        ("member.name", "Ada L."),
        ("member.ours", True),
        ("member.bot", True),
    ]


@pytest.mark.parametrize(("name", "why"), [("  ", "needs a name"), ("x" * 201, "at most 200"), ("\x00", "needs")])
def test_a_name_is_neither_empty_nor_endless(workspace, user, make_member, name, why):
    with pytest.raises(actions.UnableTo, match=why):
        actions.rename(make_member(workspace), name, by=user)


def test_a_member_merged_away_is_not_changed(workspace, user, make_member):
    ada, ben = make_member(workspace, "Ada"), make_member(workspace, "Ben")
    actions.merge(ada, ben, by=user, now=NOW)
    with pytest.raises(actions.UnableTo, match="merged into another"):
        actions.set_ours(ben, True, by=user)
