"""Older messages follow the vocabulary, by a job: names are kept whole in them, and words of a mood tell theirs.

In what arrives both hold from the beginning. Doing it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from django.db import transaction

from folkmoot.analytics import actions as analytics
from folkmoot.channels import actions as channels
from folkmoot.channels.models import Channel
from folkmoot.flow import news
from folkmoot.lib import bulk
from folkmoot.lib.alive import working_at
from folkmoot.lib.lemmas import Vocabulary, vector
from folkmoot.understanding import record
from folkmoot.understanding.vocabulary import actions, queries
from folkmoot.understanding.vocabulary.models import Reindexing

REINDEXING = 0x666D0006  # tells these locks from other advisory locks in the same database
CHUNK = 500  # messages a transaction
STRETCH = 20_000  # messages looked up at once


def keep_whole(workspace_id: int, message_ids: Collection[int]) -> None:
    """Writes the names in messages just stored as the vocabulary wants it, within the transaction that stored them."""
    vocabulary = queries.hold(workspace_id)
    if vocabulary.names and message_ids:
        _rewrite(vocabulary, list(message_ids), all_of_them=False)


def reindex(workspace_id: int, *, now: datetime) -> int:
    """Brings older messages up to every change that waits; how many messages that concerned.

    Each chunk is a transaction that also moves the place to go on from, so that it may be broken off anywhere. Whoever
    finds another at it leaves it to them.
    """
    with working_at(workspace_id, REINDEXING) as ours:
        return _reindex(workspace_id, now=now) if ours else 0


def _reindex(workspace_id: int, *, now: datetime) -> int:
    total = 0
    orders = Reindexing.objects.filter(workspace=workspace_id, finished_at=None).order_by("id")
    while (order := orders.first()) is not None:
        if order.total is None:
            actions.begin(order, _count(order))
        for ids in _stretches(order):
            for start in range(0, len(ids), CHUNK):
                follow = _restand_some if order.moods else _reindex_some
                follow(order, ids[start : start + CHUNK])
            total += len(ids)
        actions.finish(order, now=now)
        news.announce(workspace_id, "vocabulary")
    return total


def _reindex_some(order: Reindexing, ids: Sequence[int]) -> None:
    """Holds the channels, as storing messages does: the same messages are never written in two orders."""
    with transaction.atomic():
        rows = bulk.fetch(
            "SELECT DISTINCT channel_id FROM conversations_message WHERE id = ANY(%b::bigint[]) ORDER BY 1", [list(ids)]
        )
        for channel in Channel.objects.filter(pk__in=[row[0] for row in rows]).order_by("pk"):
            channels.hold(channel)
        _rewrite(queries.hold(order.workspace_id), list(ids), all_of_them=True)
        actions.advance(order, done=len(ids), upto=ids[-1])
        news.announce(order.workspace_id, "vocabulary")


def _restand_some(order: Reindexing, ids: Sequence[int]) -> None:
    """Nothing is read again: what the model said is stored, and words of a mood are laid over it anew."""
    with record.turn(order.workspace_id):
        times = record.restand(order.workspace_id, ids)
        if times:
            analytics.mark_stale(order.workspace_id, times, only_readings=True)
        actions.advance(order, done=len(ids), upto=ids[-1])
        news.announce(order.workspace_id, "vocabulary")
        news.announce(order.workspace_id, "readings")


def waiting() -> list[int]:
    """The workspaces in which something waits to be reindexed."""
    orders = Reindexing.objects.filter(finished_at=None).order_by("workspace")
    return list(orders.values_list("workspace", flat=True).distinct())


def _count(order: Reindexing) -> int:
    rows = bulk.fetch(f"SELECT count(*) {_CONCERNED}", [order.workspace_id, order.query, 0])
    count: int = rows[0][0]
    return count


def _stretches(order: Reindexing) -> Iterator[list[int]]:
    """Ids of messages that are concerned, rising; by the index of words, not along the messages by id."""
    while True:
        rows = bulk.fetch(_STRETCH, [order.workspace_id, order.query, order.upto, STRETCH])
        if not rows:
            return
        yield [row[0] for row in rows]


_CONCERNED = "FROM conversations_message WHERE workspace_id = %s::bigint AND lexemes @@ %s::tsquery AND id > %s::bigint"
_STRETCH = f"WITH hits AS MATERIALIZED (SELECT id {_CONCERNED}) SELECT id FROM hits ORDER BY id LIMIT %s::int"


def _rewrite(vocabulary: Vocabulary, ids: list[int], *, all_of_them: bool) -> None:
    """Writes words as they are to be stored; unless ``all_of_them``, only where there is a name."""
    names = vocabulary.names
    named, fresh = [], []
    for id_, text, title in bulk.fetch(_SAID, [ids]):
        said = f"{title}\n{text}" if title else text
        if all_of_them or names.are_in(said):
            named.append(id_)
            fresh.append(names.vector(said) if names else vector(said))
    if not named:
        return
    bulk.change(
        "UPDATE conversations_message m SET lexemes = u.lexemes::tsvector"
        " FROM unnest(%b::bigint[], %b::text[]) AS u (id, lexemes)"
        " WHERE m.id = u.id AND m.lexemes IS DISTINCT FROM u.lexemes::tsvector",
        [named, fresh],
    )


# Whoever opens a thread says its title, too
_SAID = """
SELECT m.id, m.text, CASE WHEN m.at = c.first_at THEN c.title ELSE '' END
FROM conversations_message m JOIN conversations_conversation c ON c.id = m.conversation_id
WHERE m.id = ANY(%b::bigint[]) AND m.lexemes IS NOT NULL
"""
