"""From the people a network shows to identities, many at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from folkmoot.lib import bulk
from folkmoot.members.activities import lock
from folkmoot.networks.base import Person

NEWCOMERS = 0x666D0002  # tells this lock from other advisory locks in the same database


@dataclass(frozen=True, slots=True)
class Known:
    """An identity as far as intake needs it; ``bot`` and ``ours`` also when its member is."""

    id: int
    member_id: int
    bot: bool
    ours: bool
    name: str
    handle: str


def recognise(workspace_id: int, network: str, people: Iterable[Person]) -> tuple[dict[str, Known], int]:
    """Identities by ``Person.remote_id``, and how many members are new.

    A person never seen before becomes a member with one identity.
    """
    persons = {person.remote_id: person for person in people}
    stored = {remote_id: bulk.key(remote_id) for remote_id in persons}
    known = _known(workspace_id, network, list(stored.values()))
    missing = [persons[remote_id] for remote_id, key in stored.items() if key not in known]
    added = 0
    if missing:
        # Newcomers of one workspace are written down by one process at a time; the constraint stands behind that.
        bulk.fetch("SELECT pg_advisory_xact_lock(%s::int, %s::int)", [NEWCOMERS, workspace_id])
        known |= _known(workspace_id, network, [bulk.key(person.remote_id) for person in missing])
        new = {key: person for person in missing if (key := bulk.key(person.remote_id)) not in known}
        known |= _add(workspace_id, network, list(new.values()))
        added = len(new)
    return {remote_id: known[key] for remote_id, key in stored.items()}, added


def take_in(identities: Iterable[Known]) -> None:
    """Whoever speaks with an account of ours is one of us; last in a transaction, because it locks identities."""
    fresh = {identity.id for identity in identities if not identity.ours}
    if fresh:
        members = lock(sorted(fresh))
        bulk.change("UPDATE members_member SET ours = true WHERE id = ANY(%b::bigint[]) AND NOT ours", [members])


def rename(people: Iterable[Person], known: dict[str, Known]) -> None:
    """Takes over names that changed; last in a transaction, because it locks identities."""
    changed: dict[int, tuple[int, str, str, str]] = {}
    for person in people:
        identity = known[person.remote_id]
        name, handle = bulk.storable(person.name, 200), bulk.storable(person.handle, 200)
        if (name and name != identity.name) or (handle and handle != identity.handle):
            changed[identity.id] = (identity.member_id, identity.name, name or identity.name, handle or identity.handle)
    if not changed:
        return
    lock(list(changed))
    member_ids, old, new, handles = (list(column) for column in zip(*changed.values(), strict=True))
    bulk.change(
        "UPDATE members_identity i SET name = u.name, handle = u.handle"
        " FROM unnest(%b::bigint[], %b::text[], %b::text[]) AS u (id, name, handle) WHERE i.id = u.id",
        [list(changed), new, handles],
    )
    bulk.change(  # a member still called as the account was goes on being called as it is
        "UPDATE members_member m SET name = u.new"
        " FROM unnest(%b::bigint[], %b::text[], %b::text[]) AS u (id, old, new)"
        " WHERE m.id = u.id AND m.name = u.old AND u.new <> ''",
        [member_ids, old, new],
    )


def _known(workspace_id: int, network: str, keys: list[str]) -> dict[str, Known]:
    rows = bulk.fetch(
        "SELECT i.remote_id, i.id, i.member_id, i.bot OR m.bot, m.ours, i.name, i.handle"
        " FROM members_identity i JOIN members_member m ON m.id = i.member_id"
        " WHERE i.workspace_id = %s::bigint AND i.network = %s::text AND i.remote_id = ANY(%b::text[])",
        [workspace_id, network, keys],
    )
    return {key: Known(*facts) for key, *facts in rows}


def _add(workspace_id: int, network: str, persons: list[Person]) -> dict[str, Known]:
    if not persons:
        return {}
    members = bulk.new_ids("members_member", len(persons))
    identities = bulk.new_ids("members_identity", len(persons))
    bulk.copy_rows(
        "members_member",
        ["id", "workspace_id", "name", "bot", "ours", "message_count", "reaction_count"],
        (
            (id_, workspace_id, _shown(person), person.bot, False, 0, 0)
            for id_, person in zip(members, persons, strict=True)
        ),
    )
    rows = [
        (
            id_, workspace_id, member_id, network, bulk.key(person.remote_id), bulk.storable(person.name, 200),
            bulk.storable(person.handle, 200), bulk.storable(person.avatar, 500), person.bot, 0, 0,
        )
        for id_, member_id, person in zip(identities, members, persons, strict=True)
    ]  # fmt: skip
    bulk.copy_rows("members_identity", _IDENTITY, rows)
    return {
        key: Known(id_, member_id, bot, False, name, handle)
        for id_, _workspace, member_id, _network, key, name, handle, _avatar, bot, *_counts in rows
    }


_IDENTITY = [
    "id", "workspace_id", "member_id", "network", "remote_id", "name", "handle", "avatar", "bot",
    "message_count", "reaction_count",
]  # fmt: skip


def _shown(person: Person) -> str:
    return bulk.storable(person.name or person.handle or person.remote_id, 200)
