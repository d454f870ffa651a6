"""A channel is forgotten: all that was said in it, what was made of that, what went out to it, and the channel itself."""

from __future__ import annotations

from collections import Counter

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
ACTS = 10_000


class StillSending(Exception):
    """Something is being sent to the channel this moment: try again in a while."""


def forget(channel: Channel, *, by: User | None) -> None:
    """Deletes everything, a stretch a transaction; begun again, it goes on. Members and their identities stay.

    Raises ``StillSending``.
    """
    workspace_id = channel.workspace_id
    settling.settle(workspace_id)  # what is counted in later could not be counted out now
    acts = [row[0] for row in bulk.fetch(_ACTS, [workspace_id, channel.pk])]
    for start in range(0, len(acts), ACTS):
        _forget_acts(channel, acts[start : start + ACTS])
    while _forget_said(channel):
        pass
    with settling.turn(workspace_id):
        channels.hold(channel)
        _forget_sent(channel)
        detail = {"name": channel.name}
        record(channel.workspace, "channel.forget", by=by, about=f"channel:{channel.pk}", detail=detail)
        try:
            channel.delete()
        except ProtectedError as error:
            raise StillSending from error
    analytics.count(workspace_id)


def _forget_said(channel: Channel) -> bool:
    """A few conversations; False when there are none any more."""
    with settling.turn(channel.workspace_id):
        channels.hold(channel)
        rows = Conversation.objects.filter(channel=channel).order_by("pk")
        ids = list(rows.values_list("pk", flat=True)[:CONVERSATIONS])
        said = list(Message.objects.filter(conversation__in=ids).values_list("pk", "at"))
        message_ids = [pk for pk, _at in said]
        readings.forget(message_ids)
        readings.note(channel.workspace_id, message_ids)
        analytics.mark_stale(channel.workspace_id, [at for _pk, at in said])
        Conversation.objects.filter(pk__in=ids).delete()
    return bool(ids)


def _forget_acts(channel: Channel, ids: list[int]) -> None:
    """Activities go, and the counts of those who did them follow."""
    with settling.turn(channel.workspace_id):
        channels.hold(channel)
        who = bulk.fetch("SELECT DISTINCT identity_id FROM members_activity WHERE id = ANY(%b::bigint[])", [ids])
        member_ids = activities.lock([row[0] for row in who])
        gone = bulk.fetch(
            "DELETE FROM members_activity WHERE id = ANY(%b::bigint[]) RETURNING identity_id, kind, at", [ids]
        )
        messages = Counter(identity_id for identity_id, kind, _at in gone if kind == "message")
        reactions = Counter(identity_id for identity_id, kind, _at in gone if kind == "reaction")
        identity_ids = sorted({identity_id for identity_id, _kind, _at in gone})
        counts = [[of[one] for one in identity_ids] for of in (messages, reactions)]
        bulk.change(_COUNT_OUT, [identity_ids, *counts])
        activities.sum_up(member_ids)
        analytics.mark_stale(channel.workspace_id, [at for _identity, _kind, at in gone])


# once through the table: there is no index by channel, for nothing else asks so
_ACTS = "SELECT id FROM members_activity WHERE workspace_id = %s::bigint AND channel_id = %s::bigint ORDER BY id"

# what is left tells when somebody was first and last seen
_COUNT_OUT = """
UPDATE members_identity i
SET message_count = greatest(i.message_count - less.messages, 0),
    reaction_count = greatest(i.reaction_count - less.reactions, 0),
    first_seen_at = (SELECT min(a.at) FROM members_activity a WHERE a.identity_id = i.id),
    last_seen_at = (SELECT max(a.at) FROM members_activity a WHERE a.identity_id = i.id)
FROM unnest(%b::bigint[], %b::int[], %b::int[]) AS less (id, messages, reactions) WHERE i.id = less.id
"""


def _forget_sent(channel: Channel) -> None:
    """What went out, or was to, but for what is being sent now."""
    Delivery.objects.filter(channel=channel).exclude(state=Delivery.State.SENDING).delete()
