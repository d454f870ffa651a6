"""The one way a topic reaches a door: one of the role's workspace."""

from __future__ import annotations

from django.http import Http404

from folkmoot.understanding.topics.models import Topic, TopicCount
from folkmoot.understanding.topics.queries import family
from folkmoot.workspaces.models import Rank, Role

READS = Rank.GUEST
CHANGES = Rank.MODERATOR


def topic(role: Role, pk: int) -> Topic:
    """Raises ``Http404`` for one that is not there, or of which nothing lies in channels that the role may see."""
    found = Topic.objects.filter(workspace=role.workspace_id, pk=pk).select_related("parent", "merged_into").first()
    if found is None or not _is_seen(role, found):
        raise Http404
    return found


def _is_seen(role: Role, topic: Topic) -> bool:
    if role.channel_ids is None:
        return True
    counts = TopicCount.objects.filter(topic__in=family(role.workspace_id, topic.pk))
    return counts.filter(channel_id__in=role.channel_ids).exists()
