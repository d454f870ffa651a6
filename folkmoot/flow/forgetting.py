"""A channel is forgotten: all that was said in it, what was made of that, what went out to it, and the channel itself."""

from __future__ import annotations

from django.db.models import ProtectedError

from folkmoot.analytics import actions as analytics
from folkmoot.channels import actions as channels
from folkmoot.channels.models import Channel, Delivery
from folkmoot.conversations.models import Conversation, Message
from folkmoot.flow import settling
from folkmoot.lib import bulk
from folkmoot.members import activities
from folkmoot.understanding import record as readings
from folkmoot.workspaces.actions import record
from folkmoot.workspaces.models import User

CONVERSATIONS = 50  # at a time


class StillSending(Exception):
    """Something is being sent to the channel this moment: try again in a while."""


def forget(channel: Channel, *, by: User | None) -> None:
    """Deletes everything, a stretch a transaction; begun again, it goes on. Members and their identities stay.

    Raises ``StillSending``.
    """
    workspace_id = channel.workspace_id
    settling.settle(workspace_id)  # what is counted in later could not be counted out now
    while _forget_some(channel):
        analytics.count(workspace_id)
    with settling.turn(workspace_id):
        channels.hold(channel)
        _forget_acts(workspace_id, "kind IN ('join', 'leave') AND channel_id = %(channel)s", {"channel": channel.pk})
        _forget_sent(channel)
        detail = {"name": channel.name}
        record(channel.workspace, "channel.forget", by=by, about=f"channel:{channel.pk}", detail=detail)
        try:
            channel.delete()
        except ProtectedError as error:
            raise StillSending from error
    analytics.count(workspace_id)


def _forget_some(channel: Channel) -> bool:
    with settling.turn(channel.workspace_id):
        channels.hold(channel)
        ids = list(
            Conversation.objects.filter(channel=channel).order_by("pk").values_list("pk", flat=True)[:CONVERSATIONS]
        )
        said = list(Message.objects.filter(conversation__in=ids).values_list("pk", "at"))
        message_ids = [pk for pk, _at in said]
        about = "kind IN ('message', 'reaction') AND about_id = ANY(%(ids)b::bigint[])"
        _forget_acts(channel.workspace_id, about, {"ids": message_ids})
        readings.forget(message_ids)
        readings.note(channel.workspace_id, message_ids)
        analytics.mark_stale(channel.workspace_id, [at for _pk, at in said])
        Conversation.objects.filter(pk__in=ids).delete()
    return bool(ids)


def _forget_acts(workspace_id: int, which: str, facts: dict[str, object]) -> None:
    """Activities go, and the counts of those who did them follow."""
    rows = bulk.fetch(
        f"SELECT id, identity_id FROM members_activity WHERE workspace_id = %(workspace)s::bigint AND {which}",
        {"workspace": workspace_id, **facts},
    )
    if not rows:
        return
    member_ids = activities.lock(sorted({identity_id for _id, identity_id in rows}))
    bulk.change(_COUNT_OUT, {"ids": [id_ for id_, _identity in rows]})
    activities.sum_up(member_ids)


# what is left tells when somebody was first and last seen
_COUNT_OUT = """
WITH gone AS (
    DELETE FROM members_activity WHERE id = ANY(%(ids)b::bigint[]) RETURNING id, identity_id, kind
), less AS (
    SELECT identity_id, count(*) FILTER (WHERE kind = 'message') AS messages,
           count(*) FILTER (WHERE kind = 'reaction') AS reactions
    FROM gone GROUP BY identity_id
)
UPDATE members_identity i
SET message_count = greatest(i.message_count - less.messages, 0),
    reaction_count = greatest(i.reaction_count - less.reactions, 0),
    first_seen_at = span.first, last_seen_at = span.last
FROM less CROSS JOIN LATERAL (
    SELECT min(a.at) AS first, max(a.at) AS last FROM members_activity a
    WHERE a.identity_id = less.identity_id AND a.id <> ALL(%(ids)b::bigint[])
) span
WHERE i.id = less.identity_id
"""


def _forget_sent(channel: Channel) -> None:
    """What went out, or was to, but for what is being sent now."""
    Delivery.objects.filter(channel=channel).exclude(state=Delivery.State.SENDING).delete()
