"""How what was said was read, counted by day: moods and complaints of the community, not of us or of bots."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from folkmoot.analytics.models import ReadingDay
from folkmoot.lib import bulk
from folkmoot.understanding.codes import BIT, MOODS, WANTS
from folkmoot.workspaces.models import Workspace


def count(workspace: Workspace, first: date, last: date) -> None:
    """Counts these days anew; in the transaction that takes their marks away."""
    facts = {
        "workspace": workspace.pk,
        "zone": workspace.timezone,
        "first": first,
        "last": last,
        "moods": MOODS,
        "pos": BIT["pos"],
        "neg": BIT["neg"],
        "intents": WANTS,
        "complaint": BIT["complaint"],
    }
    bulk.change(_FORGET, facts)
    bulk.change(_COUNT, facts)


_FORGET = """
DELETE FROM analytics_readingday WHERE workspace_id = %(workspace)s AND day BETWEEN %(first)s AND %(last)s
"""

_COUNT = """
INSERT INTO analytics_readingday
    (workspace_id, channel_id, day, read, moods, positive, negative, intents, complaints)
SELECT %(workspace)s, coalesce(channel_id, 0), day, count(*),
       count(*) FILTER (WHERE said & %(moods)s::int <> 0),
       count(*) FILTER (WHERE said & %(pos)s::int <> 0),
       count(*) FILTER (WHERE said & %(neg)s::int <> 0),
       count(*) FILTER (WHERE said & %(intents)s::int <> 0),
       count(*) FILTER (WHERE said & %(complaint)s::int <> 0)
FROM (
    SELECT m.channel_id, (m.at AT TIME ZONE %(zone)s)::date AS day, r.says & r.sure AS said
    FROM conversations_message m
    JOIN understanding_reading r ON r.message_id = m.id
    JOIN members_identity i ON i.id = m.author_id
    JOIN members_member p ON p.id = i.member_id
    WHERE m.workspace_id = %(workspace)s AND m.deleted_at IS NULL AND NOT (m.ours OR p.ours OR p.bot OR i.bot)
      AND m.at >= %(first)s::timestamp AT TIME ZONE %(zone)s AND m.at < (%(last)s::date + 1)::timestamp AT TIME ZONE %(zone)s
) heard
GROUP BY GROUPING SETS ((channel_id, day), (day))
"""


@dataclass(frozen=True, slots=True)
class Moods:
    """What a period's days add up to; see ``ReadingDay``."""

    read: int = 0
    moods: int = 0
    positive: int = 0
    negative: int = 0
    intents: int = 0
    complaints: int = 0

    @property
    def index(self) -> float | None:
        """(P − N) ÷ (P + N) · 100, from −100 to 100; None where nobody was either."""
        both = self.positive + self.negative
        return 100 * (self.positive - self.negative) / both if both else None

    @property
    def negative_share(self) -> float | None:
        """N ÷ all whose mood is sure, 0 to 1."""
        return self.negative / self.moods if self.moods else None

    @property
    def complaint_share(self) -> float | None:
        """Complaints ÷ all whose intent is sure, 0 to 1."""
        return self.complaints / self.intents if self.intents else None


def sums(workspace: Workspace, first: date, until: date, channel_ids: Collection[int]) -> dict[int, Moods]:
    """Of the days from ``first`` up to but without ``until``, by channel; channels in which nothing was read are left
    out."""
    rows = bulk.fetch(
        "SELECT channel_id, sum(read)::bigint, sum(moods)::bigint, sum(positive)::bigint, sum(negative)::bigint,"
        " sum(intents)::bigint, sum(complaints)::bigint FROM analytics_readingday"
        " WHERE workspace_id = %s AND channel_id = ANY(%s) AND day >= %s AND day < %s GROUP BY 1",
        [workspace.pk, list(channel_ids), first, until],
    )
    return {channel_id: Moods(*numbers) for channel_id, *numbers in rows}


def series(workspace: Workspace, first: date, until: date, channel_id: int) -> dict[date, Moods]:
    """By day; days on which nothing was read are left out."""
    rows = ReadingDay.objects.filter(workspace=workspace, channel_id=channel_id, day__gte=first, day__lt=until)
    return {
        row.day: Moods(row.read, row.moods, row.positive, row.negative, row.intents, row.complaints) for row in rows
    }


def together(days: Iterable[Moods]) -> Moods:
    """Several days as one."""
    numbers = [(day.read, day.moods, day.positive, day.negative, day.intents, day.complaints) for day in days]
    return Moods(*(sum(column) for column in zip(*numbers, strict=True)))
