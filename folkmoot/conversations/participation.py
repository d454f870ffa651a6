"""A member's part in conversations: how many, and with whom."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from folkmoot.lib import bulk

LOOK_BACK = 500
"""How many of a member's latest messages tell with whom they talk."""

COUNT_BACK = 5000
"""How many of a member's latest messages are looked through to count conversations."""


@dataclass(frozen=True, slots=True)
class Partner:
    """Somebody a member talks with: messages of the member that came upon theirs, and theirs upon the member's."""

    member_id: int
    name: str
    answered: int
    answers: int

    @property
    def times(self) -> int:
        return self.answered + self.answers


def conversations(identity_ids: Collection[int], channel_ids: Collection[int] | None) -> int:
    """In how many conversations these identities wrote, among their latest ``COUNT_BACK`` messages each."""
    [(number,)] = bulk.fetch(
        "SELECT count(DISTINCT m.conversation_id) FROM unnest(%(identities)s::bigint[]) AS own (id)"
        " CROSS JOIN LATERAL (SELECT conversation_id, channel_id FROM conversations_message"
        " WHERE author_id = own.id ORDER BY at DESC, id DESC LIMIT %(size)s) m"
        " WHERE %(channels)s::bigint[] IS NULL OR m.channel_id = ANY(%(channels)s)",
        {"identities": list(identity_ids), "channels": _list(channel_ids), "size": COUNT_BACK},
    )
    return int(number)


def partners(
    member_id: int, identity_ids: Collection[int], channel_ids: Collection[int] | None, *, size: int = 8
) -> list[Partner]:
    """With whom a member talks most, from their latest ``LOOK_BACK`` messages; bots are left out.

    A message comes upon the one it answers where the network says so, else upon the one just before it in the
    conversation.
    """
    rows = bulk.fetch(
        _PARTNERS,
        {
            "member": member_id,
            "identities": list(identity_ids),
            "channels": _list(channel_ids),
            "back": LOOK_BACK,
            "size": size,
        },
    )
    return [Partner(*row) for row in rows]


def _list(channel_ids: Collection[int] | None) -> list[int] | None:
    return None if channel_ids is None else list(channel_ids)


# MATERIALIZED: the latest messages are found once, by the index, before anything is looked up for them.
_PARTNERS = """
WITH own AS MATERIALIZED (
    SELECT latest.* FROM (
        SELECT m.* FROM unnest(%(identities)s::bigint[]) AS i (id)
        CROSS JOIN LATERAL (
            SELECT id, conversation_id, channel_id, at, parent_id FROM conversations_message
            WHERE author_id = i.id ORDER BY at DESC, id DESC LIMIT %(back)s
        ) m
        ORDER BY m.at DESC, m.id DESC LIMIT %(back)s
    ) latest
    WHERE %(channels)s::bigint[] IS NULL OR latest.channel_id = ANY(%(channels)s)
), met AS (
    SELECT p.author_id, 1 AS answered, 0 AS answers
    FROM own JOIN conversations_message p ON p.id = own.parent_id
    UNION ALL
    SELECT e.author_id, 1, 0 FROM own CROSS JOIN LATERAL (
        SELECT author_id FROM conversations_message e
        WHERE e.conversation_id = own.conversation_id AND (e.at, e.id) < (own.at, own.id)
        ORDER BY e.at DESC, e.id DESC LIMIT 1
    ) e WHERE own.parent_id IS NULL
    UNION ALL
    SELECT r.author_id, 0, 1 FROM own CROSS JOIN LATERAL (
        SELECT author_id FROM conversations_message r WHERE r.parent_id = own.id LIMIT 20
    ) r
    UNION ALL
    SELECT n.author_id, 0, 1 FROM own CROSS JOIN LATERAL (
        SELECT author_id, parent_id FROM conversations_message n
        WHERE n.conversation_id = own.conversation_id AND (n.at, n.id) > (own.at, own.id)
        ORDER BY n.at, n.id LIMIT 1
    ) n WHERE n.parent_id IS NULL
)
SELECT p.id, p.name, sum(met.answered), sum(met.answers)
FROM met JOIN members_identity i ON i.id = met.author_id JOIN members_member p ON p.id = i.member_id
WHERE p.id <> %(member)s AND NOT (p.bot OR i.bot)
GROUP BY p.id, p.name ORDER BY count(*) DESC, p.id LIMIT %(size)s
"""
