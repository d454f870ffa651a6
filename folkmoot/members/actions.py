"""Everything a person changes about members: their names and marks, and that two of them are one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from folkmoot.lib import bulk
from folkmoot.members import activities
from folkmoot.members.models import Identity, Member, Merge
from folkmoot.workspaces.actions import record
from folkmoot.workspaces.models import User


class UnableTo(Exception):
    """It can't be done; the message tells a person what to do."""


@transaction.atomic
def merge(kept: Member, gone: Member, *, by: User | None, now: datetime) -> Merge:
    """Makes two members one: ``kept`` gets the identities of ``gone``, which stays behind as an empty row.

    The name and the marks (one of us, a bot) are those of ``kept``. Raises ``UnableTo``.
    """
    if kept.pk == gone.pk:
        raise UnableTo(_("This is one and the same member. Choose another one."))
    if kept.workspace_id != gone.workspace_id:
        raise UnableTo(_("These members belong to different workspaces."))
    kept, gone = _hold(kept, gone)
    for member in (kept, gone):
        if member.merged_into_id is not None:
            raise UnableTo(_("%(name)s has been merged into another member already.") % {"name": member.name})
    identities = {member.pk: _identity_ids(member) for member in (kept, gone)}
    made = Merge.objects.create(
        workspace_id=kept.workspace_id,
        kept=kept,
        gone=gone,
        identity_ids=identities[gone.pk],
        before={
            "kept": _snapshot(kept, identities[kept.pk]),
            "gone": _snapshot(gone, identities[gone.pk]),
        },
        by=by,
        at=now,
    )
    Identity.objects.filter(pk__in=made.identity_ids).update(member=kept)
    Member.objects.filter(pk=gone.pk).update(merged_into=kept)
    activities.sum_up([kept.pk, gone.pk])
    record(kept.workspace, "member.merge", by=by, about=f"member:{kept.pk}", detail=_told(made))
    return made


@transaction.atomic
def unmerge(merge: Merge, *, by: User | None, now: datetime) -> None:
    """Gives the identities that the merge moved back; those that ``kept`` got since, it keeps. Raises ``UnableTo``."""
    kept, gone = _hold(merge.kept, merge.gone)
    merge.refresh_from_db(fields=["undone_at"])
    if merge.undone_at is not None:
        raise UnableTo(_("This merge has been undone already."))
    if kept.merged_into is not None:
        raise UnableTo(
            _("%(kept)s was merged into %(into)s later. Undo that merge first.")
            % {"kept": kept.name, "into": kept.merged_into.name}
        )
    Identity.objects.filter(pk__in=merge.identity_ids, member=kept).update(member=gone)
    Member.objects.filter(pk=gone.pk).update(merged_into=None)
    activities.sum_up([kept.pk, gone.pk])
    merge.undone_by, merge.undone_at = by, now
    merge.save(update_fields=["undone_by", "undone_at"])
    record(kept.workspace, "member.unmerge", by=by, about=f"member:{kept.pk}", detail=_told(merge))


@transaction.atomic
def rename(member: Member, name: str, *, by: User | None) -> None:
    """Raises ``UnableTo`` for an empty or endless name."""
    name = " ".join(bulk.storable(name).split())
    if not name:
        raise UnableTo(_("A member needs a name."))
    if len(name) > 200:
        raise UnableTo(_("A name has at most 200 characters."))
    _set(member, "name", name, by=by)


@transaction.atomic
def set_ours(member: Member, ours: bool, *, by: User | None) -> None:
    """Says whether the member is one of us, the team. Raises ``UnableTo``."""
    _set(member, "ours", ours, by=by)


@transaction.atomic
def set_bot(member: Member, bot: bool, *, by: User | None) -> None:
    """Says whether a machine writes for the member. Raises ``UnableTo``."""
    _set(member, "bot", bot, by=by)


def _set(member: Member, what: str, value: object, *, by: User | None) -> None:
    locked = Member.objects.select_for_update(no_key=True).get(pk=member.pk)
    if locked.merged_into_id is not None:
        raise UnableTo(_("%(name)s has been merged into another member already.") % {"name": locked.name})
    was = getattr(locked, what)
    if was == value:
        return
    setattr(locked, what, value)
    locked.save(update_fields=[what])
    setattr(member, what, value)
    about = f"member:{member.pk}"
    record(locked.workspace, f"member.{what}", by=by, about=about, detail={"from": was, "to": value})


def _hold(kept: Member, gone: Member) -> tuple[Member, Member]:
    """Both as they are now, locked.

    Only merges move identities, and those of a workspace take turns; then identities before members and each in the
    order of ids, as when messages come in.
    """
    bulk.fetch("SELECT pg_advisory_xact_lock(hashtext('members_merge'), %s::int)", [kept.workspace_id % 2**31])
    activities.lock(Identity.objects.filter(member__in=[kept, gone]).values_list("pk", flat=True))
    rows = Member.objects.select_for_update(no_key=True).order_by("pk").in_bulk([kept.pk, gone.pk])
    return rows[kept.pk], rows[gone.pk]


def _identity_ids(member: Member) -> list[int]:
    return list(member.identities.order_by("pk").values_list("pk", flat=True))


def _snapshot(member: Member, identity_ids: Iterable[int]) -> dict[str, Any]:
    moments = {
        name: moment.isoformat() if moment else None
        for name, moment in (("first_seen_at", member.first_seen_at), ("last_seen_at", member.last_seen_at))
    }
    return {
        "id": member.pk,
        "name": member.name,
        "ours": member.ours,
        "bot": member.bot,
        "message_count": member.message_count,
        "reaction_count": member.reaction_count,
        "identity_ids": list(identity_ids),
        **moments,
    }


def _told(merge: Merge) -> dict[str, Any]:
    return {"merge": merge.pk, "kept": merge.kept_id, "gone": merge.gone_id, "identities": merge.identity_ids}
