"""Which conversation a message belongs to.

Where the network has threads, the thread decides. In a flat chat a reply belongs to what it answers; everything
else joins the talk around it: a stretch ends after ``SILENCE`` without a word, and at the latest after ``SPAN``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from folkmoot.channels.models import Channel
from folkmoot.lib import bulk
from folkmoot.members.recognise import Known
from folkmoot.networks.base import SeenMessage

SILENCE = timedelta(minutes=30)
SPAN = timedelta(hours=24)
EXCERPT = 200

Keyed = tuple[str, SeenMessage]


@dataclass(slots=True)
class Placed:
    """The conversation of each message by key, and the messages that open one."""

    conversation: dict[str, int] = field(default_factory=dict)
    openers: set[str] = field(default_factory=set)
    new: int = 0
    reopened: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Group:
    """Messages of one conversation, oldest first: of a thread, of a known conversation, or of a stretch of talk."""

    messages: list[Keyed]
    thread: str | None = None
    conversation_id: int | None = None


def place(channel: Channel, fresh: Sequence[Keyed], answered: Mapping[str, int], people: Mapping[str, Known]) -> Placed:
    """Finds or makes the conversations of new messages and counts the messages in.

    ``fresh`` is oldest first; ``answered`` maps the keys of stored messages that are answered here to their
    conversations.
    """
    groups = _groups(channel, fresh, answered)
    _find_threads(channel, [group for group in groups if group.thread is not None])
    _find_stretches(channel, [group for group in groups if group.thread is None and group.conversation_id is None])
    placed = Placed()
    known = _merge(group for group in groups if group.conversation_id is not None)
    made = [group for group in groups if group.conversation_id is None]
    _make(channel, made, people, placed)
    _extend(channel, known, people, placed)
    for group in [*known, *made]:
        if group.conversation_id is not None:
            placed.conversation.update(dict.fromkeys((key for key, _message in group.messages), group.conversation_id))
    return placed


def _groups(channel: Channel, fresh: Sequence[Keyed], answered: Mapping[str, int]) -> list[_Group]:
    by_parent = channel.kind == Channel.Kind.LIST  # many mail programs name only what a mail answers, not the thread
    threads: dict[str, _Group] = {}
    known: dict[int, _Group] = {}
    stretches: list[_Group] = []
    home: dict[str, _Group] = {}
    for key, message in fresh:
        parent = bulk.key(message.parent) if message.parent else ""
        if parent in home and (by_parent or message.thread is None):
            group = home[parent]
        elif parent in answered and (by_parent or message.thread is None):
            group = known.setdefault(answered[parent], _Group([], conversation_id=answered[parent]))
        elif message.thread is not None:
            thread = bulk.key(message.thread)
            group = threads.setdefault(thread, _Group([], thread=thread))
        else:
            group = _stretch(stretches, message.at)
        group.messages.append((key, message))
        home[key] = group
    return [*threads.values(), *known.values(), *stretches]


def _stretch(stretches: list[_Group], at: datetime) -> _Group:
    if stretches:
        group = stretches[-1]
        if at - group.messages[-1][1].at <= SILENCE and at - group.messages[0][1].at <= SPAN:
            return group
    stretches.append(_Group([]))
    return stretches[-1]


def _find_threads(channel: Channel, groups: list[_Group]) -> None:
    if not groups:
        return
    rows = bulk.fetch(
        "SELECT remote_id, id FROM conversations_conversation WHERE channel_id = %s::bigint AND remote_id = ANY(%b::text[])",
        [channel.pk, [group.thread for group in groups]],
    )
    found: dict[str | None, int] = dict(rows)
    for group in groups:
        group.conversation_id = found.get(group.thread)


def _find_stretches(channel: Channel, groups: list[_Group]) -> None:
    """Stretches of talk that go on from, or lead up to, what is stored already."""
    if not groups:
        return
    rows = bulk.fetch(
        "SELECT s.n, near.conversation_id"
        " FROM unnest(%b::timestamptz[], %b::timestamptz[]) WITH ORDINALITY AS s (first, last, n)"
        " CROSS JOIN LATERAL ("
        "  SELECT m.conversation_id FROM conversations_message m"
        "  JOIN conversations_conversation c ON c.id = m.conversation_id"
        "  WHERE m.channel_id = %s::bigint AND m.at BETWEEN s.first - %s::interval AND s.last + %s::interval"
        "  AND c.remote_id IS NULL AND c.first_at >= s.first - %s::interval ORDER BY m.at LIMIT 1) near",
        [
            [group.messages[0][1].at for group in groups],
            [group.messages[-1][1].at for group in groups],
            channel.pk,
            SILENCE,
            SILENCE,
            SPAN,
        ],
    )
    for n, conversation_id in rows:
        groups[n - 1].conversation_id = conversation_id


def _merge(groups: Iterable[_Group]) -> list[_Group]:
    """One group per conversation, oldest message first."""
    merged: dict[int | None, _Group] = {}
    for group in groups:
        if group.conversation_id in merged:
            merged[group.conversation_id].messages.extend(group.messages)
        else:
            merged[group.conversation_id] = group
    for group in merged.values():
        group.messages.sort(key=lambda item: item[1].at)
    return list(merged.values())


def _make(channel: Channel, groups: list[_Group], people: Mapping[str, Known], placed: Placed) -> None:
    if not groups:
        return
    ids = bulk.new_ids("conversations_conversation", len(groups))
    rows = []
    for id_, group in zip(ids, groups, strict=True):
        group.conversation_id = id_
        (key, first), (_key, last) = group.messages[0], group.messages[-1]
        opener, latest = people[first.author.remote_id], people[last.author.remote_id]
        by_us = first.ours or opener.ours
        placed.openers.add(key)
        rows.append(
            (
                id_, channel.workspace_id, channel.pk, group.thread, _title(group), _kind(channel, first), opener.id, by_us,
                excerpt(first), first.at, excerpt(last), latest.id, last.at, len(group.messages),
            )
        )  # fmt: skip
    bulk.copy_rows("conversations_conversation", _COLUMNS, rows)
    placed.new = len(rows)


_COLUMNS = [
    "id", "workspace_id", "channel_id", "remote_id", "title", "kind", "opener_id", "opened_by_us",
    "opening", "first_at", "latest", "latest_author_id", "last_at", "message_count",
]  # fmt: skip


def _extend(channel: Channel, groups: list[_Group], people: Mapping[str, Known], placed: Placed) -> None:
    """Counts messages into conversations that are there; one older than the first so far opens them anew."""
    if not groups:
        return
    columns: list[list[object]] = [[] for _ in range(12)]
    for group in groups:
        (_key, first), (_key, last) = group.messages[0], group.messages[-1]
        opener, latest = people[first.author.remote_id], people[last.author.remote_id]
        row = (
            group.conversation_id, len(group.messages), _title(group),
            first.at, excerpt(first), opener.id, first.ours or opener.ours, last.at, excerpt(last), latest.id,
            _kind(channel, first), group.messages[0][0],
        )  # fmt: skip
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    keys = columns.pop()
    rows = bulk.fetch(_EXTEND, columns)
    first_keys = dict(zip(columns[0], keys, strict=True))
    for conversation_id, reopened in rows:
        if reopened:
            placed.reopened.append(conversation_id)
            placed.openers.add(str(first_keys[conversation_id]))


_EXTEND = """
WITH u AS (
    SELECT * FROM unnest(%b::bigint[], %b::int[], %b::text[], %b::timestamptz[], %b::text[], %b::bigint[], %b::bool[],
                         %b::timestamptz[], %b::text[], %b::bigint[], %b::text[])
    AS u (id, n, title, first_at, opening, opener_id, by_us, last_at, latest, latest_author_id, kind)
), was AS (
    SELECT c.id, c.first_at FROM conversations_conversation c
    WHERE c.id IN (SELECT id FROM u) ORDER BY c.id FOR NO KEY UPDATE
)
UPDATE conversations_conversation c SET
    message_count = c.message_count + u.n,
    title = CASE WHEN u.title <> '' AND (c.title = '' OR u.last_at >= c.last_at) THEN u.title ELSE c.title END,
    kind = CASE WHEN u.first_at < c.first_at THEN u.kind ELSE c.kind END,
    opening = CASE WHEN u.first_at < c.first_at THEN u.opening ELSE c.opening END,
    opener_id = CASE WHEN u.first_at < c.first_at THEN u.opener_id ELSE c.opener_id END,
    opened_by_us = CASE WHEN u.first_at < c.first_at THEN u.by_us ELSE c.opened_by_us END,
    latest = CASE WHEN u.last_at >= c.last_at THEN u.latest ELSE c.latest END,
    latest_author_id = CASE WHEN u.last_at >= c.last_at THEN u.latest_author_id ELSE c.latest_author_id END,
    first_at = LEAST(c.first_at, u.first_at),
    last_at = GREATEST(c.last_at, u.last_at)
FROM u JOIN was ON was.id = u.id WHERE c.id = u.id
RETURNING c.id, u.first_at < was.first_at
"""


def _kind(channel: Channel, opener: SeenMessage) -> str:
    """In a flat chat, whoever opens a stretch of talk posts."""
    return opener.kind or ("direct" if channel.kind == Channel.Kind.DIRECT else "post")


def _title(group: _Group) -> str:
    """The thread's title as its latest message in the batch gives it."""
    titles = (message.thread_title for _key, message in reversed(group.messages) if message.thread_title)
    return bulk.storable(next(titles, ""), 300)


def excerpt(message: SeenMessage) -> str:
    """The beginning of a message on one line; of one without words, the name of what hangs on it."""
    words = " ".join(message.text[: EXCERPT * 3].split())
    if not words and message.attachments:
        words = message.attachments[0].name or message.attachments[0].url
    return bulk.storable(words, EXCERPT)
