"""Topics kept up to date: now and then all anew, in between what is new is placed. Topics keep who they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from folkmoot.lib import bulk
from folkmoot.understanding.topics import documents, fitting
from folkmoot.understanding.topics.documents import Document, Documents
from folkmoot.understanding.topics.fitting import Found, Known
from folkmoot.understanding.topics.models import Topic, TopicRun
from folkmoot.understanding.topics.naming import Forms, usual
from folkmoot.understanding.topics.vectors import Vocabulary

TURN = 0x666D0005  # tells this lock from other advisory locks in the same database
WINDOW = timedelta(days=365)  # back from the latest word: what topics are found in
MOST = 20_000  # conversations that a whole run looks at, the newest
FEWEST = 30  # conversations below which there is nothing to find topics in
GROWN = 1.5  # times as many conversations as at the latest whole run make the next one due
STALE = timedelta(days=30)  # and so does this much time
AT_ONCE = 5_000  # conversations placed in one go
WORDS = 12  # of a topic that are kept to be shown


@dataclass(frozen=True, slots=True)
class Done:
    """``anew``: it was a whole run. How many conversations were looked at, and how many topics are new."""

    anew: bool = False
    looked_at: int = 0
    new: int = 0


@contextmanager
def turn(workspace_id: int) -> Iterator[None]:
    """A transaction in which nobody else changes this workspace's topics."""
    with transaction.atomic():
        bulk.fetch("SELECT pg_advisory_xact_lock(%s::int, %s::int)", [TURN, workspace_id])
        yield


def find(workspace_id: int, *, now: datetime, anew: bool = False) -> Done:
    """A whole run if one is due (or asked for by ``anew``), else the placing of what is new; safe to repeat."""
    with turn(workspace_id):
        [(latest, there)] = bulk.fetch(_EXTENT, {"workspace": workspace_id, "window": WINDOW})
        if latest is None:
            return Done()
        run = TopicRun.objects.filter(workspace=workspace_id).first()
        if anew or _is_due(run, there, now):
            done = _fit(workspace_id, latest - WINDOW, now=now) if there >= FEWEST else Done()
        elif run:
            done = _follow(workspace_id, run, latest - WINDOW, now=now)
        else:
            done = Done()
        if done.looked_at:
            recount(workspace_id)
    return done


def place_older(workspace_id: int) -> int:
    """Places a stretch of the conversations from before the window, the newest first; how many those were."""
    with turn(workspace_id):
        run = TopicRun.objects.filter(workspace=workspace_id).first()
        [(latest, _there)] = bulk.fetch(_EXTENT, {"workspace": workspace_id, "window": WINDOW})
        if run is None or latest is None:
            return 0
        ids = _ids(_UNPLACED_OLDER, workspace=workspace_id, since=latest - WINDOW, most=AT_ONCE)
        if ids:
            read = documents.read(ids)
            _put(workspace_id, read.all, fitting.place(read.texts, Vocabulary(run.idf), _known(workspace_id)))
            recount(workspace_id)
    return len(ids)


def recount(workspace_id: int) -> None:
    """Counts anew how much of each topic there is in each channel; call it within ``turn``."""
    bulk.change(_FORGET_COUNTS, [workspace_id])
    bulk.change(_COUNT, {"workspace": workspace_id})


def _is_due(run: TopicRun | None, there: int, now: datetime) -> bool:
    if run is None:
        return there >= FEWEST
    return min(there, MOST) >= GROWN * run.conversations or now - run.at >= STALE


def _fit(workspace_id: int, since: datetime, *, now: datetime) -> Done:
    ids = _ids(_NEWEST, workspace=workspace_id, since=since, most=MOST)
    read = documents.read(ids)
    vocabulary = Vocabulary.learn(read.texts, without=read.named(documents.names(workspace_id)))
    before = _placed(ids)
    known = _known(workspace_id)
    found = fitting.fit(
        read.texts, vocabulary, read.forms, [before.get(document.conversation_id) for document in read.all], known
    )
    kept = {topic.id for topic in known if topic.fixed}
    stays = {
        document.conversation_id: topic
        for document in read.all
        if (topic := before.get(document.conversation_id)) in kept
    }
    topics = _store(workspace_id, found, read, now=now)
    _end_others(workspace_id, {*topics, *kept}, now=now)
    chosen: list[int | None] = [stays.get(document.conversation_id) for document in read.all]
    for topic, was_found in zip(topics, found, strict=True):
        for number in was_found.members:
            chosen[number] = topic
    drawn = [number for number, topic in enumerate(chosen) if topic is None]
    nearest = fitting.place([read.texts[number] for number in drawn], vocabulary, _known(workspace_id))
    for number, near in zip(drawn, nearest, strict=True):
        chosen[number] = near
    _put(workspace_id, read.all, chosen)
    TopicRun.objects.update_or_create(
        workspace_id=workspace_id, defaults={"at": now, "conversations": len(ids), "idf": vocabulary.idf}
    )
    return Done(anew=True, looked_at=len(ids), new=sum(topic.id is None for topic in found))


def _follow(workspace_id: int, run: TopicRun, since: datetime, *, now: datetime) -> Done:
    ids = _ids(_UNPLACED, workspace=workspace_id, since=since, most=AT_ONCE)
    if not ids:
        return Done()
    read = documents.read(ids)
    vocabulary = Vocabulary(run.idf)
    chosen = fitting.place(read.texts, vocabulary, _known(workspace_id))
    _put(workspace_id, read.all, chosen)
    homeless = _ids(_HOMELESS, workspace=workspace_id, since=since, most=AT_ONCE)
    rest = documents.read(homeless)
    found = fitting.fresh(rest.texts, vocabulary, rest.forms)
    for topic, was_found in zip(_store(workspace_id, found, rest, now=now), found, strict=True):
        members = [rest.all[number] for number in was_found.members]
        _put(workspace_id, members, [topic] * len(members))
    return Done(looked_at=len(ids), new=len(found))


def _ids(sql: str, **facts: object) -> list[int]:
    return [row[0] for row in bulk.fetch(sql, facts)]


def _placed(conversation_ids: Sequence[int]) -> dict[int, int]:
    return dict(
        bulk.fetch(
            "SELECT conversation_id, topic_id FROM understanding_placement"
            " WHERE conversation_id = ANY(%b::bigint[]) AND topic_id IS NOT NULL",
            [list(conversation_ids)],
        )
    )


def _known(workspace_id: int) -> list[Known]:
    """The topics that live; those a person had a hand in are fixed, with all that is above and below them."""
    topics = list(Topic.objects.filter(workspace=workspace_id, ended_at=None))
    touched = {topic.pk for topic in topics if topic.pinned or topic.name or topic.by_hand or topic.merged_into_id}
    touched |= {topic.merged_into_id for topic in topics if topic.merged_into_id}
    touched |= {topic.parent_id for topic in topics if topic.pk in touched and topic.parent_id}
    return [
        Known(topic.pk, topic.parent_id, topic.centre, fixed=topic.pk in touched or topic.parent_id in touched)
        for topic in topics
    ]


def _store(workspace_id: int, found: Sequence[Found], read: Documents, *, now: datetime) -> list[int]:
    """Writes what was found over the topics it carries on, or as new ones; their ids, in order."""
    there = Topic.objects.in_bulk([topic.id for topic in found if topic.id])
    stored: list[Topic] = []
    for topic in found:
        row = there.get(topic.id or 0) or Topic(workspace_id=workspace_id, made_at=now)
        row.parent = stored[topic.parent] if topic.parent is not None else None
        row.found_name = topic.name[:200]
        row.words = _words(topic, read.forms)
        row.centre = topic.centre
        row.typical_id = read.all[topic.typical].conversation_id
        row.ended_at = None
        row.save()
        stored.append(row)
    return [row.pk for row in stored]


def _words(topic: Found, forms: Forms) -> list[str]:
    listed = sorted(topic.centre, key=lambda word: -topic.centre[word])[:WORDS]
    return [usual(word, forms.get(word, {}))[:80] for word in listed]


def _end_others(workspace_id: int, living: Iterable[int], *, now: datetime) -> None:
    Topic.objects.filter(workspace=workspace_id, ended_at=None).exclude(pk__in=set(living)).update(ended_at=now)


def _put(workspace_id: int, placed: Sequence[Document], topics: Sequence[int | None]) -> None:
    facts: Mapping[str, object] = {
        "workspace": workspace_id,
        "conversations": [document.conversation_id for document in placed],
        "topics": list(topics),
        "messages": [document.messages for document in placed],
    }
    bulk.change(_PUT, dict(facts))


_EXTENT = """
WITH latest AS (SELECT max(last_at) AS at FROM conversations_conversation WHERE workspace_id = %(workspace)s::bigint)
SELECT latest.at, (SELECT count(*) FROM conversations_conversation c
                   WHERE c.workspace_id = %(workspace)s::bigint AND c.last_at >= latest.at - %(window)s::interval)
FROM latest
"""

_NEWEST = """
SELECT id FROM conversations_conversation
WHERE workspace_id = %(workspace)s::bigint AND last_at >= %(since)s::timestamptz
ORDER BY last_at DESC, id DESC LIMIT %(most)s::int
"""

_UNPLACED = """
SELECT c.id FROM conversations_conversation c LEFT JOIN understanding_placement p ON p.conversation_id = c.id
WHERE c.workspace_id = %(workspace)s::bigint AND c.last_at >= %(since)s::timestamptz
  AND (p.conversation_id IS NULL OR (p.topic_id IS NULL AND p.messages < c.message_count))
ORDER BY c.last_at DESC, c.id DESC LIMIT %(most)s::int
"""

_UNPLACED_OLDER = """
SELECT c.id FROM conversations_conversation c
WHERE c.workspace_id = %(workspace)s::bigint AND c.last_at < %(since)s::timestamptz
  AND NOT EXISTS (SELECT FROM understanding_placement p WHERE p.conversation_id = c.id)
ORDER BY c.last_at DESC, c.id DESC LIMIT %(most)s::int
"""

_HOMELESS = """
SELECT c.id FROM conversations_conversation c JOIN understanding_placement p ON p.conversation_id = c.id
WHERE c.workspace_id = %(workspace)s::bigint AND c.last_at >= %(since)s::timestamptz AND p.topic_id IS NULL
ORDER BY c.last_at DESC, c.id DESC LIMIT %(most)s::int
"""

_PUT = """
INSERT INTO understanding_placement (conversation_id, workspace_id, topic_id, messages)
SELECT u.conversation, %(workspace)s::bigint, u.topic, u.messages
FROM unnest(%(conversations)b::bigint[], %(topics)b::bigint[], %(messages)b::int[]) AS u (conversation, topic, messages)
ON CONFLICT (conversation_id) DO UPDATE SET topic_id = excluded.topic_id, messages = excluded.messages
WHERE (understanding_placement.topic_id, understanding_placement.messages)
      IS DISTINCT FROM (excluded.topic_id, excluded.messages)
"""

_FORGET_COUNTS = "DELETE FROM understanding_topiccount WHERE workspace_id = %s::bigint"

_COUNT = """
INSERT INTO understanding_topiccount (workspace_id, topic_id, channel_id, conversations, messages, last_at)
SELECT %(workspace)s::bigint, p.topic_id, coalesce(c.channel_id, 0), count(*), sum(c.message_count), max(c.last_at)
FROM understanding_placement p JOIN conversations_conversation c ON c.id = p.conversation_id
WHERE p.workspace_id = %(workspace)s::bigint AND p.topic_id IS NOT NULL
GROUP BY GROUPING SETS ((p.topic_id, c.channel_id), (p.topic_id))
"""
