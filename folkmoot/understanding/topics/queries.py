"""Topics as a tree, with what of them lies in the channels that a role may see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import FilteredRelation, Max, Q, QuerySet, Sum

from folkmoot.conversations import access
from folkmoot.conversations.models import Conversation
from folkmoot.lib import bulk, keyset
from folkmoot.lib.keyset import Mark, Slice
from folkmoot.understanding.topics.models import Placement, Topic
from folkmoot.workspaces.models import Role

HALF_LIFE_DAYS = 60
LOOKED_AT = 500  # a member's latest messages that interests are worked out from
INTERESTS = 6
INDENT = "\u2003"
ALL_CHANNELS = 0


@dataclass(slots=True)
class Node:
    """A topic in the tree. Counts take in its parts and what was merged into it; ``typical`` is for pages to fill."""

    topic: Topic
    typical: Conversation | None = None
    depth: int = 0
    conversations: int = 0
    messages: int = 0
    last_at: datetime | None = None
    parts: list[Node] = field(default_factory=list)
    merged: list[Node] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        """It and its parts, all the way down."""
        yield self
        for part in self.parts:
            yield from part.walk()


@dataclass(frozen=True, slots=True)
class Interest:
    """How much of what a member wrote lately is about a topic: a share of 0 to 1, newer words weighing more."""

    topic: Topic
    share: float


def tree(role: Role) -> list[Node]:
    """The topics there is something of, pinned ones and large ones first; merged ones hang on what they went into."""
    channels = [ALL_CHANNELS] if role.channel_ids is None else role.channel_ids
    rows = (
        Topic.objects.filter(workspace=role.workspace_id)
        .defer("centre")
        .annotate(there=FilteredRelation("counts", condition=Q(counts__channel_id__in=channels)))
        .annotate(
            conversations=Sum("there__conversations", default=0),
            messages=Sum("there__messages", default=0),
            last_at=Max("there__last_at"),
        )
    )
    nodes = {row.pk: Node(row, None, 0, row.conversations, row.messages, row.last_at) for row in rows}
    roots = []
    for node in nodes.values():
        above = nodes.get(node.topic.merged_into_id or node.topic.parent_id or 0)
        if above is None:
            roots.append(node)
        else:
            (above.merged if node.topic.merged_into_id else above.parts).append(node)
    for root in roots:
        _sum_up(root, 0)
    return _ordered(roots)


def _add(node: Node, conversations: int, messages: int, last_at: datetime | None) -> None:
    node.conversations += conversations
    node.messages += messages
    if last_at and (node.last_at is None or last_at > node.last_at):
        node.last_at = last_at


def _sum_up(node: Node, depth: int) -> None:
    node.depth = depth
    for below in (*node.parts, *node.merged):
        _sum_up(below, depth + 1)
        _add(node, below.conversations, below.messages, below.last_at)
    node.parts = _ordered(node.parts)
    node.merged = [each for each in node.merged if each.conversations or each.topic.ended_at is None]


def _ordered(nodes: Sequence[Node]) -> list[Node]:
    shown = [node for node in nodes if node.conversations or (node.topic.pinned and node.topic.ended_at is None)]
    return sorted(shown, key=lambda node: (not node.topic.pinned, -node.conversations, node.topic.pk))


def choices(role: Role) -> list[tuple[int, str]]:
    """The tree as the options of a select, parts indented."""
    return [(node.topic.pk, f"{INDENT * node.depth}{node.topic}") for root in tree(role) for node in root.walk()]


def family(workspace_id: int, topic_id: int) -> list[int]:
    """A topic's id with those of its parts and of what was merged into any of them; none for an unknown topic."""
    below: defaultdict[int, list[int]] = defaultdict(list)
    rows = Topic.objects.filter(workspace=workspace_id).values_list("pk", "parent", "merged_into")
    known = set()
    for pk, parent, merged_into in rows:
        known.add(pk)
        below[merged_into or parent or 0].append(pk)
    found: list[int] = []
    waiting = [topic_id] if topic_id in known else []
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.append(each)
            waiting += below[each]
    return found


def placed(workspace_id: int, topic_id: int) -> QuerySet[Placement, int]:
    """The ids of a topic's conversations, for ``pk__in``."""
    rows = Placement.objects.filter(topic__in=family(workspace_id, topic_id))
    return rows.values_list("conversation_id", flat=True)


def conversations(role: Role, topic_id: int, mark: Mark | None, *, size: int = 30) -> Slice[Conversation]:
    """A topic's conversations, the latest word first."""
    rows = (
        access.conversations(role)
        .filter(pk__in=placed(role.workspace_id, topic_id))
        .select_related("channel", "latest_author__member")
    )
    return keyset.page(rows, "last_at", mark, size)


def seen(role: Role, conversation_ids: Sequence[int]) -> dict[int, Conversation]:
    """Those of these conversations that the role may see, by their ids."""
    return access.conversations(role).only("title", "opening").in_bulk(list(conversation_ids))


def interests(role: Role, member_id: int, *, now: datetime) -> list[Interest]:
    """What a member's latest messages were about; each weighs half as much as one ``HALF_LIFE_DAYS`` younger."""
    rows = bulk.fetch(
        _INTERESTS,
        {
            "member": member_id, "workspace": role.workspace_id, "channels": role.channel_ids, "most": LOOKED_AT,
            "now": now, "half_life": HALF_LIFE_DAYS * 86400.0,
        },
    )  # fmt: skip
    topics = Topic.objects.defer("centre").select_related("merged_into").in_bulk([row[0] for row in rows])
    weights: dict[Topic, float] = defaultdict(float)
    for topic_id, weight in rows:
        topic = topics[topic_id]
        weights[topic.merged_into or topic] += weight
    total = sum(weights.values())
    ranked = sorted(weights.items(), key=lambda entry: (-entry[1], entry[0].pk))[:INTERESTS]
    return [Interest(topic, weight / total) for topic, weight in ranked]


_INTERESTS = """
SELECT p.topic_id, sum(power(0.5, greatest(extract(epoch FROM %(now)s::timestamptz - said.at), 0) / %(half_life)s::float8))
FROM (
    SELECT m.conversation_id, m.at FROM conversations_message m JOIN members_identity i ON i.id = m.author_id
    WHERE i.member_id = %(member)s::bigint AND m.workspace_id = %(workspace)s::bigint
      AND (%(channels)b::bigint[] IS NULL OR m.channel_id = ANY(%(channels)b::bigint[]))
    ORDER BY m.at DESC LIMIT %(most)s::int
) said JOIN understanding_placement p ON p.conversation_id = said.conversation_id
WHERE p.topic_id IS NOT NULL GROUP BY p.topic_id
"""
