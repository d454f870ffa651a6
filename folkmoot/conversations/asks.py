"""What calls for an answer, and whether it got one: the rule of docs/reference/kpis.md, in SQL.

An *ask* is a message by somebody who is neither one of us nor a bot, and that
- opens a conversation, or
- comments on a conversation that we opened, or
- is a direct message, a review or a mention;
messages that one person writes straight after each other, at most ``BUNDLE`` apart, are one ask.
Its *answer* is the first later message in the conversation by another person who is no bot; to a comment on our own
post only a reply to that very comment (or to another part of the same ask), or a word of ours, counts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from folkmoot.lib import bulk

BUNDLE = timedelta(minutes=15)


def follow(new_ids: Collection[int]) -> list[datetime]:
    """Brings asks up to date after messages were stored, in whatever order they came.

    ``new_ids`` are messages not followed before; following one again changes nothing. One follower at a time in a
    workspace: two at once could each miss what the other has not committed. The result is when the asks that changed
    were raised.
    """
    new = list(new_ids)
    disordered = [row[0] for row in bulk.fetch(_DISORDERED, [new])]
    changed = reckon(disordered) if disordered else []
    changed += _times(_RAISE.format(which="m.id = ANY(%(ids)b::bigint[])"), {"ids": new, "bundle": BUNDLE})
    changed += _times(_ANSWER_NEW_ASKS, {"ids": new})
    changed += _times(_ANSWER_BY_NEW, {"ids": new})
    bulk.change(_WAIT.format(which=_PLACES), [new])
    return changed


def reckon(conversation_ids: Collection[int]) -> list[datetime]:
    """Works the asks of whole conversations out anew: after an older message turned up, an answer was deleted, or it
    changed who is one of us or who is a bot. The result is when all their asks, old and new, were raised."""
    touched = list(conversation_ids)
    bulk.fetch(_HOLD, [touched])
    bulk.change(_OPENED_BY_US, [touched])
    changed = _times(_FORGET, [touched])
    changed += _times(
        _RAISE.format(which="m.conversation_id = ANY(%(ids)b::bigint[])"), {"ids": touched, "bundle": BUNDLE}
    )
    messages = [row[0] for row in bulk.fetch(_ASKED, [touched])]
    bulk.change(_ANSWER_NEW_ASKS, {"ids": messages})
    bulk.change(_WAIT.format(which="SELECT unnest(%b::bigint[])"), [touched])
    return changed


def _times(sql: str, parameters: Sequence[Any] | dict[str, Any]) -> list[datetime]:
    return [row[0] for row in bulk.fetch(sql, parameters)]


_FORGET = "DELETE FROM conversations_ask WHERE conversation_id = ANY(%b::bigint[]) RETURNING asked_at"
_PLACES = "SELECT DISTINCT conversation_id FROM conversations_message WHERE id = ANY(%b::bigint[])"

_ASKED = "SELECT message_id FROM conversations_ask WHERE conversation_id = ANY(%b::bigint[])"

# Conversations in which something followed before was said later than something new
_DISORDERED = """
SELECT n.conversation_id
FROM (
    SELECT conversation_id, min(at) AS at, min(id) AS id FROM conversations_message
    WHERE id = ANY(%b::bigint[]) GROUP BY conversation_id
) n
WHERE EXISTS (
    SELECT 1 FROM conversations_message e WHERE e.conversation_id = n.conversation_id AND e.at > n.at AND e.id < n.id)
"""

# In the order of ids, as whoever writes conversations locks them
_HOLD = "SELECT 1 FROM conversations_conversation WHERE id = ANY(%b::bigint[]) ORDER BY id FOR NO KEY UPDATE"

_OPENED_BY_US = """
UPDATE conversations_conversation c SET opened_by_us = x.ours
FROM (
    SELECT c.id, first.ours OR p.ours AS ours
    FROM conversations_conversation c
    CROSS JOIN LATERAL (
        SELECT m.author_id, m.ours FROM conversations_message m
        WHERE m.conversation_id = c.id ORDER BY m.at, m.id LIMIT 1
    ) first
    JOIN members_identity i ON i.id = first.author_id
    JOIN members_member p ON p.id = i.member_id
    WHERE c.id = ANY(%b::bigint[])
) x WHERE c.id = x.id AND c.opened_by_us <> x.ours
"""

_RAISE = """
INSERT INTO conversations_ask (workspace_id, channel_id, conversation_id, message_id, asked_at)
SELECT m.workspace_id, m.channel_id, m.conversation_id, m.id, m.at
FROM conversations_message m
JOIN conversations_conversation c ON c.id = m.conversation_id
JOIN members_identity i ON i.id = m.author_id
JOIN members_member p ON p.id = i.member_id
WHERE {which} AND m.deleted_at IS NULL AND NOT (m.ours OR p.ours OR p.bot OR i.bot)
  AND (
    (m.at = c.first_at AND NOT EXISTS (
        SELECT 1 FROM conversations_message e WHERE e.conversation_id = c.id AND e.at = m.at AND e.id < m.id))
    OR ((c.opened_by_us OR m.kind IN ('direct', 'review', 'mention')) AND NOT EXISTS (
        SELECT 1 FROM (
            SELECT e.author_id, e.at FROM conversations_message e
            WHERE e.conversation_id = c.id AND (e.at, e.id) < (m.at, m.id) ORDER BY e.at DESC, e.id DESC LIMIT 1
        ) before WHERE before.author_id = m.author_id AND m.at - before.at <= %(bundle)s::interval))
  )
ON CONFLICT (message_id) DO NOTHING
RETURNING asked_at
"""

_COUNTS_AS_ANSWER = """
    i.member_id <> qi.member_id AND NOT (p.bot OR i.bot) AND m.deleted_at IS NULL
    AND (NOT c.opened_by_us OR m.ours OR p.ours OR m.parent_id = q.id OR EXISTS (
        SELECT 1 FROM conversations_message part
        WHERE part.id = m.parent_id AND part.author_id = q.author_id AND part.at BETWEEN q.at AND m.at))
"""

_ANSWER_NEW_ASKS = f"""
UPDATE conversations_ask a SET answer_id = x.answer_id, answered_at = x.at
FROM (
    SELECT a.id, first.id AS answer_id, first.at
    FROM conversations_ask a
    JOIN conversations_conversation c ON c.id = a.conversation_id
    JOIN conversations_message q ON q.id = a.message_id
    JOIN members_identity qi ON qi.id = q.author_id
    CROSS JOIN LATERAL (
        SELECT m.id, m.at FROM conversations_message m
        JOIN members_identity i ON i.id = m.author_id
        JOIN members_member p ON p.id = i.member_id
        WHERE m.conversation_id = a.conversation_id AND (m.at, m.id) > (q.at, q.id) AND {_COUNTS_AS_ANSWER}
        ORDER BY m.at, m.id LIMIT 1
    ) first
    WHERE a.message_id = ANY(%(ids)b::bigint[])
) x WHERE a.id = x.id
RETURNING a.asked_at
"""

_ANSWER_BY_NEW = f"""
UPDATE conversations_ask a SET answer_id = x.answer_id, answered_at = x.at
FROM (
    SELECT DISTINCT ON (a.id) a.id, m.id AS answer_id, m.at
    FROM conversations_message m
    JOIN conversations_conversation c ON c.id = m.conversation_id
    JOIN conversations_ask a ON a.conversation_id = c.id AND (a.answered_at IS NULL OR a.answered_at > m.at)
    JOIN conversations_message q ON q.id = a.message_id AND (q.at, q.id) < (m.at, m.id)
    JOIN members_identity qi ON qi.id = q.author_id
    JOIN members_identity i ON i.id = m.author_id
    JOIN members_member p ON p.id = i.member_id
    WHERE m.id = ANY(%(ids)b::bigint[]) AND {_COUNTS_AS_ANSWER}
    ORDER BY a.id, m.at, m.id
) x WHERE a.id = x.id
RETURNING a.asked_at
"""

_WAIT = """
UPDATE conversations_conversation c SET waiting_since = w.since
FROM (
    SELECT o.id, w.since
    FROM (
        SELECT t.id, min(a.asked_at) AS since
        FROM ({which}) AS t (id)
        LEFT JOIN conversations_ask a ON a.conversation_id = t.id AND a.answered_at IS NULL
        GROUP BY t.id
    ) w JOIN conversations_conversation o ON o.id = w.id AND o.waiting_since IS DISTINCT FROM w.since
    ORDER BY o.id FOR NO KEY UPDATE OF o
) w WHERE c.id = w.id
"""
