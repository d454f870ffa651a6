"""From the people a network shows to identities, many at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from folkmoot.lib import bulk
from folkmoot.networks.base import Person


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
    if missing:
        _add(workspace_id, network, missing)
        known = _known(workspace_id, network, list(stored.values()))
    return {remote_id: known[key] for remote_id, key in stored.items()}, len(missing)


def rename(people: Iterable[Person], known: dict[str, Known]) -> None:
    """Takes over names that changed. Call it with the identities locked, last in a transaction."""
    changed: dict[int, tuple[int, str, str, str]] = {}
    for person in people:
        identity = known[person.remote_id]
        name, handle = bulk.storable(person.name, 200), bulk.storable(person.handle, 200)
        if (name and name != identity.name) or (handle and handle != identity.handle):
            changed[identity.id] = (identity.member_id, identity.name, name or identity.name, handle or identity.handle)
    if not changed:
        return
    member_ids, old, new, handles = (list(column) for column in zip(*changed.values(), strict=True))
    bulk.change(
        "UPDATE members_identity i SET name = u.name, handle = u.handle"
        " FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS u (id, name, handle) WHERE i.id = u.id",
        [list(changed), new, handles],
    )
    bulk.change(  # a member still called as the account was goes on being called as it is
        "UPDATE members_member m SET name = u.new"
        " FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS u (id, old, new)"
        " WHERE m.id = u.id AND m.name = u.old AND u.new <> ''",
        [member_ids, old, new],
    )


def _known(workspace_id: int, network: str, keys: list[str]) -> dict[str, Known]:
    rows = bulk.fetch(
        "SELECT i.remote_id, i.id, i.member_id, i.bot OR m.bot, m.ours, i.name, i.handle"
        " FROM members_identity i JOIN members_member m ON m.id = i.member_id"
        " WHERE i.workspace_id = %s AND i.network = %s AND i.remote_id = ANY(%s)",
        [workspace_id, network, keys],
    )
    return {key: Known(*facts) for key, *facts in rows}


def _add(workspace_id: int, network: str, persons: list[Person]) -> None:
    """Another process may be adding the same people: the identity's constraint decides, a member left over goes."""
    ids = bulk.new_ids("members_member", len(persons))
    bulk.copy_rows(
        "members_member",
        ["id", "workspace_id", "name", "bot", "ours", "message_count", "reaction_count"],
        (
            (member_id, workspace_id, _shown(person), person.bot, False, 0, 0)
            for member_id, person in zip(ids, persons, strict=True)
        ),
    )
    bulk.change(
        "INSERT INTO members_identity"
        " (workspace_id, member_id, network, remote_id, name, handle, avatar, bot, message_count, reaction_count)"
        " SELECT %s, u.member_id, %s, u.remote_id, u.name, u.handle, u.avatar, u.bot, 0, 0"
        " FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bool[])"
        " AS u (member_id, remote_id, name, handle, avatar, bot)"
        " ON CONFLICT (workspace_id, network, remote_id) DO NOTHING",
        [
            workspace_id,
            network,
            ids,
            [bulk.key(person.remote_id) for person in persons],
            [bulk.storable(person.name, 200) for person in persons],
            [bulk.storable(person.handle, 200) for person in persons],
            [bulk.storable(person.avatar, 500) for person in persons],
            [person.bot for person in persons],
        ],
    )
    bulk.change(
        "DELETE FROM members_member m WHERE m.id = ANY(%s)"
        " AND NOT EXISTS (SELECT 1 FROM members_identity i WHERE i.member_id = m.id)",
        [ids],
    )


def _shown(person: Person) -> str:
    return bulk.storable(person.name or person.handle or person.remote_id, 200)
