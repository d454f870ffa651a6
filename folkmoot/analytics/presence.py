"""Where and when one member wrote, from the counts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from folkmoot.lib import bulk


@dataclass(frozen=True, slots=True)
class Presence:
    """Messages by channel id, the most first, and by first day of the month (of the workspace's time zone)."""

    channels: dict[int, int]
    months: dict[date, int]


def presence(workspace_id: int, member_id: int, channel_ids: Collection[int]) -> Presence:
    """A member's messages in these channels, as far as they are counted; months without any are left out."""
    rows = bulk.fetch(
        "SELECT channel_id, date_trunc('month', day)::date, sum(messages) FROM analytics_memberday"
        " WHERE workspace_id = %s AND channel_id = ANY(%s) AND member_id = %s"
        " GROUP BY GROUPING SETS ((1), (2)) ORDER BY 3 DESC, 1, 2",
        [workspace_id, list(channel_ids), member_id],
    )
    months = {month: int(number) for _channel, month, number in rows if month is not None}
    return Presence(
        channels={channel: int(number) for channel, _month, number in rows if channel is not None},
        months=dict(sorted(months.items())),
    )
