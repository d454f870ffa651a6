"""What conversations are like lately, kept so that lists can be narrowed and sorted by it.

It goes by the last ``LATELY`` messages of the community in a conversation: not ours, not those of bots. The mood is
the mean of theirs; wants, harms and feelings are those of any of them. What is sure of one is sure; the mood goes by
the sure ones, if there are any.
"""

from __future__ import annotations

from collections.abc import Collection

from folkmoot.lib import bulk
from folkmoot.understanding.codes import BIT, LANGUAGE_SURE, MOODS
from folkmoot.understanding.reading.contract import HARMS

LATELY = 8
LEANS = 0.34  # a mean beyond it, of -1 for negative to 1 for positive, is a mood
STEPS = 10
BASE = 10**11  # more than any moment in seconds: ranks go by the step first, then by time


def renew(conversation_ids: Collection[int]) -> None:
    """Works these conversations out anew, in the transaction that changed their readings."""
    ids = sorted(conversation_ids)
    facts = {
        "ids": ids,
        "lately": LATELY,
        "leans": LEANS,
        "neg": BIT["neg"],
        "neu": BIT["neu"],
        "pos": BIT["pos"],
        "moods": MOODS,
        "language": LANGUAGE_SURE,
        "harm": sum(BIT[name] for name in HARMS),
        "steps": STEPS,
        "base": BASE,
    }
    kept = {row[0] for row in bulk.fetch(_RENEW, facts)}
    if silent := [id_ for id_ in ids if id_ not in kept]:
        bulk.change("DELETE FROM understanding_impression WHERE conversation_id = ANY(%b::bigint[])", [silent])


_RENEW = """
WITH heard AS (
    SELECT c.id, c.workspace_id, c.channel_id, c.last_at, r.*
    FROM conversations_conversation c
    CROSS JOIN LATERAL (
        SELECT r.language, r.says, r.sure, r.urgency, r.balance
        FROM conversations_message m
        JOIN members_identity i ON i.id = m.author_id
        JOIN members_member p ON p.id = i.member_id
        JOIN understanding_reading r ON r.message_id = m.id
        WHERE m.conversation_id = c.id AND m.deleted_at IS NULL AND NOT (m.ours OR p.ours OR p.bot OR i.bot)
        ORDER BY m.at DESC, m.id DESC LIMIT %(lately)s::int
    ) r
    WHERE c.id = ANY(%(ids)b::bigint[])
), summed AS (
    SELECT id, workspace_id, channel_id, last_at,
           coalesce(mode() WITHIN GROUP (ORDER BY language) FILTER (WHERE language NOT IN ('unknown', 'mixed')), 'unknown') AS language,
           bit_or(says & ~%(moods)s::int) AS says,
           bit_or(says & sure & ~%(moods)s::int) | bit_or(sure & %(language)s::int) AS sure,
           bool_or(says & sure & %(moods)s::int <> 0) AS settled,
           coalesce(avg(CASE WHEN says & %(neg)s::int <> 0 THEN -1.0 WHEN says & %(pos)s::int <> 0 THEN 1.0 ELSE 0 END)
                        FILTER (WHERE says & sure & %(moods)s::int <> 0),
                    avg(CASE WHEN says & %(neg)s::int <> 0 THEN -1.0 WHEN says & %(pos)s::int <> 0 THEN 1.0 ELSE 0 END)) AS mood,
           max(urgency) AS urgency, avg(balance) AS balance
    FROM heard GROUP BY id, workspace_id, channel_id, last_at
), leaning AS (
    SELECT *, CASE WHEN mood < -%(leans)s::numeric THEN %(neg)s::int WHEN mood > %(leans)s::numeric THEN %(pos)s::int
                   ELSE %(neu)s::int END AS bit
    FROM summed
)
INSERT INTO understanding_impression
    (conversation_id, workspace_id, channel_id, last_at, language, says, sure, harmful, urgent_rank, bad_rank)
SELECT id, workspace_id, channel_id, last_at, language, says | bit, sure | CASE WHEN settled THEN bit ELSE 0 END,
       says & %(harm)s::int <> 0,
       least(urgency * %(steps)s::int / 1000, %(steps)s::int - 1) * %(base)s::bigint + extract(epoch FROM last_at)::bigint,
       least(greatest(floor((1000 - balance) * %(steps)s::int / 2000), 0), %(steps)s::int - 1)::bigint * %(base)s::bigint
           + extract(epoch FROM last_at)::bigint
FROM leaning
ON CONFLICT (conversation_id) DO UPDATE SET
    last_at = excluded.last_at, language = excluded.language, says = excluded.says, sure = excluded.sure,
    harmful = excluded.harmful, urgent_rank = excluded.urgent_rank, bad_rank = excluded.bad_rank
RETURNING conversation_id
"""
