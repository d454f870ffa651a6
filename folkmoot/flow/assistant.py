"""Second opinions where our own reader was not sure, and what follows from them."""

from __future__ import annotations

from datetime import datetime, timedelta

from folkmoot.analytics import actions as analytics
from folkmoot.flow import news
from folkmoot.lib import bulk
from folkmoot.lib.alive import working_at
from folkmoot.understanding import codes, record
from folkmoot.understanding.assistant import actions
from folkmoot.understanding.assistant.models import Assistant
from folkmoot.understanding.assistant.opinions import VALUES
from folkmoot.understanding.reading.contract import INTENTS, SENTIMENTS

ASKED_ABOUT = ("sentiment", "intent", "toxic", "spam")
"""Being unsure of these is reason enough to ask; of anything else only along with them."""

ASKING = 0x666D0007  # tells these locks from other advisory locks in the same database
AT_ONCE = 200
LOOK_BACK = timedelta(days=2)


def give_opinions(workspace_id: int, *, now: datetime) -> int:
    """Asks about the newest messages that were read with doubt and not asked about yet; how many got an opinion.

    Only what was written lately: a past of years would cost more than it is worth. Whoever finds another at it leaves
    it to them.
    """
    with working_at(workspace_id, ASKING) as ours:
        return _give(workspace_id, now=now) if ours else 0


def _give(workspace_id: int, *, now: datetime) -> int:
    if not Assistant.objects.filter(workspace=workspace_id, agreed_at__isnull=False, reads=True).exists():
        return 0
    wanted = {"workspace": workspace_id, "since": now - LOOK_BACK, "most": AT_ONCE, **_BITS}
    rows = bulk.fetch(_DOUBTFUL, wanted)
    found = actions.second_opinion(workspace_id, {row[0]: _unsure(row[1], row[2]) for row in rows}, now=now)
    if found:
        with record.turn(workspace_id):
            times = record.restand(workspace_id, list(found))
            analytics.mark_stale(workspace_id, times, only_readings=True)
        news.announce(workspace_id, "readings")
    return len(found)


def agreed() -> list[int]:
    """The workspaces whose model is on and may read."""
    found = Assistant.objects.filter(agreed_at__isnull=False, reads=True).order_by("workspace")
    return list(found.values_list("workspace", flat=True))


def _bits(label: str) -> int:
    names = {"sentiment": SENTIMENTS, "intent": INTENTS}.get(label, (label,))
    return sum(codes.BIT[name] for name in names)


def _unsure(sure: int, corrected: int) -> list[str]:
    """What can't be told, less what people said."""
    return [label for label in VALUES if not sure & _bits(label) and not corrected & codes.FACET_BIT[label]]


_BITS = {label: _bits(label) for label in ASKED_ABOUT}

# Times narrow it down before readings are looked at, by the index on the newest messages
_DOUBTFUL = f"""
SELECT r.message_id, r.sure, r.corrected
FROM conversations_message m JOIN understanding_reading r ON r.message_id = m.id
WHERE m.workspace_id = %(workspace)s::bigint AND m.at >= %(since)s::timestamptz AND NOT m.ours AND m.text <> ''
  AND ({" OR ".join(f"r.sure & %({label})s::int = 0" for label in ASKED_ABOUT)})
  AND NOT EXISTS (
    SELECT 1 FROM understanding_opinion o WHERE o.message_id = m.id AND o.digest = md5(m.text)
  )
ORDER BY m.at DESC, m.id DESC LIMIT %(most)s::int
"""
