"""Counting ahead. What is stale is counted anew from activities, in one transaction, with the marks taken away."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from math import log

from django.db import transaction

from folkmoot.analytics import readings
from folkmoot.analytics.models import Stale
from folkmoot.lib import bulk
from folkmoot.workspaces.models import Workspace

MANY_RUNS = 30
STEP = log(1.02)  # waiting times are counted in steps of 2 %


def mark_stale(workspace_id: int, times: Iterable[datetime], *, only_readings: bool = False) -> None:
    """Notes that what happened at these times is not counted yet; call it in the transaction that stored it.

    ``only_readings``: nothing but how it was read has changed.
    """
    moments = set(times)
    if not moments:
        return
    zone = Workspace.objects.only("timezone").get(pk=workspace_id).zone
    runs = _runs(sorted({moment.astimezone(zone).date() for moment in moments}))
    if len(runs) > MANY_RUNS:
        runs = [(runs[0][0], runs[-1][1])]
    Stale.objects.bulk_create(
        [
            Stale(workspace_id=workspace_id, first_day=first, last_day=last, readings=only_readings)
            for first, last in runs
        ]
    )


def mark_all_stale(workspace_id: int) -> None:
    """After the workspace's time zone changed: days begin elsewhere now.

    No zone is further than a day from the database's own, so the marks reach all that was counted in the old one;
    until they are counted the old numbers stay.
    """
    bulk.change(
        "INSERT INTO analytics_stale (workspace_id, first_day, last_day)"
        " SELECT workspace_id, min(at)::date - 1, max(at)::date + 1 FROM members_activity"
        " WHERE workspace_id = %s GROUP BY workspace_id",
        [workspace_id],
    )


def mark_members_stale(workspace_id: int, member_ids: Iterable[int]) -> None:
    """After identities changed hands: every day on which these members did something."""
    bulk.change(
        "INSERT INTO analytics_stale (workspace_id, first_day, last_day)"
        " SELECT i.workspace_id, min(a.at)::date - 1, max(a.at)::date + 1 FROM members_activity a"
        " JOIN members_identity i ON i.id = a.identity_id"
        " WHERE i.workspace_id = %s AND i.member_id = ANY(%s) GROUP BY i.workspace_id",
        [workspace_id, list(member_ids)],
    )


def count(workspace_id: int) -> int:
    """Counts what is stale; how many days that was.

    Marks are taken before the activities are read, and are committed after those they speak of, so none is lost.
    """
    with transaction.atomic():
        workspace = Workspace.objects.select_for_update(no_key=True).get(pk=workspace_id)
        marks = bulk.fetch(
            "DELETE FROM analytics_stale WHERE workspace_id = %s RETURNING first_day, last_day, readings",
            [workspace_id],
        )
        days = 0
        for first, last in _joined((first, last) for first, last, only_readings in marks if not only_readings):
            _recount(workspace, first, last)
            days += (last - first).days + 1
        for first, last in _joined((first, last) for first, last, _only_readings in marks):
            readings.count(workspace, first, last)
    return days


def _runs(days: list[date]) -> list[tuple[date, date]]:
    return _joined((day, day) for day in days)


def _joined(ranges: Iterable[tuple[date, ...]]) -> list[tuple[date, date]]:
    """Ranges of days, overlapping and touching ones as one."""
    joined: list[tuple[date, date]] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + timedelta(days=1):
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def _recount(workspace: Workspace, first: date, last: date) -> None:
    facts = {
        "workspace": workspace.pk,
        "zone": workspace.timezone,
        "first": first,
        "last": last,
        "step": STEP,
        "end": last + timedelta(days=29),  # the last day whose 30 days reach back to ``last``
    }
    bulk.change(_FORGET_MEMBER_DAYS, facts)
    bulk.change(_MEMBER_DAYS, facts)
    bulk.change(_BEFORE, facts)
    bulk.change(_FORGET_ASK_DAYS, facts)
    bulk.change(_ASK_DAYS, facts)
    bulk.change(_FORGET_DAY_COUNTS, facts)
    bulk.change(_DAY_COUNTS, facts)


_FORGET_MEMBER_DAYS = """
DELETE FROM analytics_memberday WHERE workspace_id = %(workspace)s AND day BETWEEN %(first)s AND %(last)s
"""

_MEMBER_DAYS = """
INSERT INTO analytics_memberday (workspace_id, channel_id, member_id, day, before, messages)
SELECT %(workspace)s, coalesce(channel_id, 0), member_id, day,
       lag(day) OVER (PARTITION BY coalesce(channel_id, 0), member_id ORDER BY day), sum(n)
FROM (
    SELECT a.channel_id, i.member_id, (a.at AT TIME ZONE %(zone)s)::date AS day, count(*) AS n
    FROM members_activity a JOIN members_identity i ON i.id = a.identity_id
    WHERE a.workspace_id = %(workspace)s AND a.kind = 'message'
      AND a.at >= %(first)s::timestamp AT TIME ZONE %(zone)s AND a.at < (%(last)s::date + 1)::timestamp AT TIME ZONE %(zone)s
    GROUP BY 1, 2, 3
) said
GROUP BY GROUPING SETS ((channel_id, member_id, day), (member_id, day))
"""

_BEFORE = """
WITH run AS (
    SELECT id, channel_id, member_id, before,
           lag(day) OVER (PARTITION BY channel_id, member_id ORDER BY day) AS day_before
    FROM analytics_memberday WHERE workspace_id = %(workspace)s AND day >= %(first)s
), whole AS (
    SELECT id, before, coalesce(day_before, (
        SELECT max(o.day) FROM analytics_memberday o
        WHERE o.workspace_id = %(workspace)s AND o.channel_id = run.channel_id AND o.member_id = run.member_id
          AND o.day < %(first)s)) AS day_before
    FROM run
)
UPDATE analytics_memberday d SET before = whole.day_before
FROM whole WHERE d.id = whole.id AND whole.before IS DISTINCT FROM whole.day_before
"""

_FORGET_ASK_DAYS = """
DELETE FROM analytics_askday WHERE workspace_id = %(workspace)s AND day BETWEEN %(first)s AND %(last)s
"""

_ASK_DAYS = """
WITH stepped AS (
    SELECT channel_id, (asked_at AT TIME ZONE %(zone)s)::date AS day,
           round(ln(1 + extract(epoch FROM answered_at - asked_at)) / %(step)s::float8)::smallint AS step, count(*) AS n
    FROM conversations_ask
    WHERE workspace_id = %(workspace)s AND asked_at >= %(first)s::timestamp AT TIME ZONE %(zone)s
      AND asked_at < (%(last)s::date + 1)::timestamp AT TIME ZONE %(zone)s
    GROUP BY 1, 2, 3
), summed AS (
    SELECT coalesce(channel_id, 0) AS channel_id, day, step, sum(n)::int AS n
    FROM stepped GROUP BY GROUPING SETS ((channel_id, day, step), (day, step))
)
INSERT INTO analytics_askday (workspace_id, channel_id, day, asks, answered, steps)
SELECT %(workspace)s, channel_id, day, sum(n), coalesce(sum(n) FILTER (WHERE step IS NOT NULL), 0),
       coalesce(string_agg(int2send(step) || int4send(n), '' ORDER BY step) FILTER (WHERE step IS NOT NULL), '')
FROM summed GROUP BY channel_id, day
"""

_FORGET_DAY_COUNTS = """
DELETE FROM analytics_daycount WHERE workspace_id = %(workspace)s AND day BETWEEN %(first)s AND %(end)s
"""

# Somebody active on a day counts into the 30 days from it on, less those already covered by the active day before.
# Added up as +1 where that begins and -1 where it ends, the running sum is the number of people active in the 30 days
# up to each day, with every row touched once.
_DAY_COUNTS = """
WITH active AS (
    SELECT channel_id, member_id, day, before FROM analytics_memberday
    WHERE workspace_id = %(workspace)s AND day BETWEEN %(first)s::date - 29 AND %(end)s
), steps AS (
    SELECT channel_id, greatest(day, before + 30, %(first)s) AS day, 0 AS wau, 1 AS mau FROM active
    UNION ALL SELECT channel_id, day + 30, 0, -1 FROM active
    UNION ALL SELECT channel_id, greatest(day, before + 7, %(first)s), 1, 0 FROM active WHERE day + 7 > %(first)s
    UNION ALL SELECT channel_id, day + 7, -1, 0 FROM active WHERE day + 7 > %(first)s
), stepped AS (
    SELECT channel_id, day, sum(wau) AS wau, sum(mau) AS mau FROM steps GROUP BY 1, 2
), rolling AS (
    SELECT c.channel_id, d.day::date AS day,
           sum(coalesce(s.wau, 0)) OVER running AS wau, sum(coalesce(s.mau, 0)) OVER running AS mau
    FROM (SELECT channel_id, min(day) AS first, max(day) AS last FROM stepped GROUP BY 1) c
    CROSS JOIN LATERAL generate_series(c.first, least(c.last, %(end)s), interval '1 day') AS d (day)
    LEFT JOIN stepped s ON s.channel_id = c.channel_id AND s.day = d.day
    WINDOW running AS (PARTITION BY c.channel_id ORDER BY d.day)
), people AS (
    SELECT channel_id, day, count(*) AS dau, count(*) FILTER (WHERE before IS NULL) AS newcomers
    FROM active WHERE day >= %(first)s GROUP BY 1, 2
), acts AS (
    SELECT channel_id, (at AT TIME ZONE %(zone)s)::date AS day, kind, value, count(*) AS n
    FROM members_activity
    WHERE workspace_id = %(workspace)s
      AND at >= %(first)s::timestamp AT TIME ZONE %(zone)s AND at < (%(end)s::date + 1)::timestamp AT TIME ZONE %(zone)s
    GROUP BY 1, 2, 3, 4
    UNION ALL
    SELECT channel_id, (at AT TIME ZONE %(zone)s)::date, 'reaction', '', sum(unnamed_reactions)
    FROM conversations_message
    WHERE workspace_id = %(workspace)s AND unnamed_reactions > 0
      AND at >= %(first)s::timestamp AT TIME ZONE %(zone)s AND at < (%(end)s::date + 1)::timestamp AT TIME ZONE %(zone)s
    GROUP BY 1, 2
), done AS (
    SELECT coalesce(channel_id, 0) AS channel_id, day,
           sum(n) FILTER (WHERE kind = 'message') AS messages,
           sum(n) FILTER (WHERE kind = 'message' AND value = 'post') AS posts,
           sum(n) FILTER (WHERE kind = 'message' AND value IN ('comment', 'reply')) AS comments,
           sum(n) FILTER (WHERE kind = 'reaction') AS reactions,
           sum(n) FILTER (WHERE kind = 'join') AS joins,
           sum(n) FILTER (WHERE kind = 'leave') AS leaves
    FROM acts GROUP BY GROUPING SETS ((channel_id, day), (day))
)
INSERT INTO analytics_daycount
    (workspace_id, channel_id, day, messages, posts, comments, reactions, newcomers, joins, leaves, dau, wau, mau)
SELECT %(workspace)s, channel_id, day, coalesce(done.messages, 0), coalesce(done.posts, 0),
       coalesce(done.comments, 0), coalesce(done.reactions, 0), coalesce(people.newcomers, 0),
       coalesce(done.joins, 0), coalesce(done.leaves, 0), coalesce(people.dau, 0),
       coalesce(rolling.wau, 0), coalesce(rolling.mau, 0)
FROM rolling FULL JOIN done USING (channel_id, day) FULL JOIN people USING (channel_id, day)
WHERE coalesce(rolling.mau, 0) > 0 OR done.channel_id IS NOT NULL
"""
