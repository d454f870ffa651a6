"""What follows when identities changed hands, or it changed who is one of us or a bot: asks and numbers anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from folkmoot.analytics import actions as analytics
from folkmoot.channels import actions as channels
from folkmoot.channels.models import Channel
from folkmoot.conversations import asks
from folkmoot.conversations.models import Message
from folkmoot.flow import settling
from folkmoot.understanding import impressions

BATCH = 200


def recount(workspace_id: int, identity_ids: Collection[int]) -> None:
    """Works out anew what the messages of these identities ask and answer, and the days that are stale.

    Safe to repeat: a batch is a transaction that holds its channel, as storing messages does.
    """
    settling.settle(workspace_id)
    for channel, conversation_ids in _batches(workspace_id, identity_ids):
        with settling.turn(workspace_id):
            channels.hold(channel)
            analytics.mark_stale(workspace_id, asks.reckon(conversation_ids))
            impressions.renew(conversation_ids)
    analytics.count(workspace_id)


def _batches(workspace_id: int, identity_ids: Collection[int]) -> Iterator[tuple[Channel, list[int]]]:
    spoken = Message.objects.filter(workspace=workspace_id, author__in=identity_ids).order_by()
    by_channel: dict[int, list[int]] = defaultdict(list)
    for channel_id, conversation_id in spoken.values_list("channel", "conversation").distinct().iterator():
        by_channel[channel_id].append(conversation_id)
    for channel in Channel.objects.filter(pk__in=by_channel).order_by("pk"):
        ids = sorted(by_channel[channel.pk])
        for start in range(0, len(ids), BATCH):
            yield channel, ids[start : start + BATCH]
