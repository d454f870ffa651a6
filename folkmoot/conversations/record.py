"""Messages stored in bulk: what is new is added, what changed is revised, what is seen again stays as it is."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from folkmoot.channels.models import Channel
from folkmoot.conversations import threads
from folkmoot.lib import bulk
from folkmoot.lib.html import clean
from folkmoot.lib.lemmas import vector
from folkmoot.members import activities
from folkmoot.members.recognise import Known
from folkmoot.networks.base import SeenMessage

Keyed = tuple[str, SeenMessage]


@dataclass(slots=True)
class Recorded:
    """What a batch came to: ids of its messages by key, all and the new ones; the kinds of those.

    ``own`` are the keys of comments by whoever opened the conversation, ``revised`` those of messages that changed.
    """

    ids: dict[str, int]
    new: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    conversation_ids: set[int] = field(default_factory=set)
    conversations_new: int = 0
    revised: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Stored:
    id: int
    conversation_id: int
    text: str
    html: str
    reactions: dict[str, int]
    deleted: bool
    edited_at: datetime | None


@dataclass(frozen=True, slots=True)
class Written:
    """What a message's words come to, worked out without the database."""

    text: str
    html: str
    lexemes: str
    title: str = ""
    """The title that ``lexemes`` begin with."""


def written(message: SeenMessage, title: str = "") -> Written:
    text = bulk.storable(message.text)
    return Written(text, clean(message.html) if message.html else "", _words(title, text), title)


def _words(title: str, text: str) -> str:
    return vector(f"{title}\n{text}" if title else text)


def record(
    channel: Channel,
    messages: Mapping[str, SeenMessage],
    people: Mapping[str, Known],
    *,
    now: datetime,
    words: Mapping[str, Written],
) -> Recorded:
    """Stores messages of one channel, given by their keys (``bulk.key`` of the remote id).

    ``words`` has, by the same keys, what was worked out ahead; the rest is worked out here where it is needed.
    Call it in a transaction that holds the channel's row.
    """
    answered = {bulk.key(message.parent) for message in messages.values() if message.parent}
    stored = _stored(channel, {*messages, *answered})
    result = Recorded(ids={key: stored[key].id for key in messages if key in stored})
    result.revised = _revise({key: stored[key] for key in result.ids}, messages, now=now)
    fresh = sorted(((key, messages[key]) for key in messages if key not in stored), key=lambda item: item[1].at)
    if not fresh:
        return result
    placed = threads.place(channel, fresh, {key: row.conversation_id for key, row in stored.items()}, people)
    result.new = dict(zip((key for key, _ in fresh), bulk.new_ids("conversations_message", len(fresh)), strict=True))
    result.ids |= result.new
    result.kinds = {key: _kind(channel, key, message, placed) for key, message in fresh}
    result.conversation_ids = set(placed.conversation.values())
    result.conversations_new = placed.new
    result.own = _own(fresh, people, placed)
    _demote(placed.reopened)
    parents = {key: row.id for key, row in stored.items()} | result.new
    rows = (
        _placed(channel, (key, message), people, parents, placed, result)
        + _said(message, message.thread_title if key in placed.openers else "", words.get(key) or written(message))
        for key, message in fresh
    )
    bulk.copy_rows("conversations_message", _COLUMNS, rows)
    _attach(fresh, result.new)
    _adopt(channel, list(result.new))
    return result


def delete(channel: Channel, deletions: Mapping[str, datetime]) -> tuple[list[int], set[int]]:
    """Honours deletions at the network: the words go, the fact that something was said stays.

    The ids of the messages that are gone, and of their conversations.
    """
    if not deletions:
        return [], set()
    rows = bulk.fetch(
        "UPDATE conversations_message m SET text = '', html = '', lexemes = NULL, edited_at = NULL, deleted_at = u.at"
        " FROM unnest(%b::text[], %b::timestamptz[]) AS u (key, at)"
        " WHERE m.channel_id = %s::bigint AND m.remote_id = u.key AND m.deleted_at IS NULL RETURNING m.id, m.conversation_id",
        [list(deletions), list(deletions.values()), channel.pk],
    )
    ids = [row[0] for row in rows]
    bulk.change("DELETE FROM conversations_attachment WHERE message_id = ANY(%b::bigint[])", [ids])
    bulk.change("DELETE FROM conversations_revision WHERE message_id = ANY(%b::bigint[])", [ids])
    bulk.change(_EXCERPTS_WITHOUT, [ids])
    return ids, {row[1] for row in rows}


_EXCERPTS_WITHOUT = """
UPDATE conversations_conversation c SET
    opening = CASE WHEN m.at = c.first_at THEN '' ELSE c.opening END,
    latest = CASE WHEN m.at = c.last_at THEN '' ELSE c.latest END
FROM conversations_message m WHERE m.id = ANY(%b::bigint[]) AND c.id = m.conversation_id AND m.at IN (c.first_at, c.last_at)
"""


def _stored(channel: Channel, keys: set[str]) -> dict[str, _Stored]:
    rows = bulk.fetch(
        "SELECT remote_id, id, conversation_id, text, html, reactions, deleted_at IS NOT NULL, edited_at"
        " FROM conversations_message WHERE channel_id = %s::bigint AND remote_id = ANY(%b::text[])",
        [channel.pk, list(keys)],
    )
    return {
        key: _Stored(id_, place, text, html, as_counts(given), gone, edited)
        for key, id_, place, text, html, given, gone, edited in rows
    }


def as_counts(value: Any) -> dict[str, int]:
    """A jsonb value as the driver gives it here: Django leaves it as text."""
    return dict(json.loads(value)) if isinstance(value, str) else dict(value)


def _kind(channel: Channel, key: str, message: SeenMessage, placed: threads.Placed) -> str:
    """What the network says; in a flat chat, whoever opens a stretch of talk posts and the others comment."""
    if message.kind:
        return message.kind
    if channel.kind == Channel.Kind.DIRECT:
        return "direct"
    if key in placed.openers:
        return "post"
    return "reply" if message.parent else "comment"


def _demote(reopened: Sequence[int]) -> None:
    """In a flat chat, what opened a stretch of talk until an older message turned up is a comment after all."""
    if not reopened:
        return
    rows = bulk.fetch(_DEMOTE, [list(reopened)])
    if rows:
        activities.revalue(rows, "comment")


_DEMOTE = """
UPDATE conversations_message m SET kind = 'comment' FROM conversations_conversation c
WHERE c.id = ANY(%b::bigint[]) AND c.remote_id IS NULL AND m.conversation_id = c.id AND m.kind = 'post' AND m.at > c.first_at
RETURNING m.author_id, m.id
"""


def _own(fresh: Sequence[Keyed], people: Mapping[str, Known], placed: threads.Placed) -> set[str]:
    openers: dict[int, int] = dict(
        bulk.fetch(
            "SELECT id, opener_id FROM conversations_conversation WHERE id = ANY(%b::bigint[])",
            [list(set(placed.conversation.values()))],
        )
    )
    return {
        key
        for key, message in fresh
        if key not in placed.openers and openers[placed.conversation[key]] == people[message.author.remote_id].id
    }


_COLUMNS = [
    "id", "workspace_id", "channel_id", "conversation_id", "author_id", "remote_id", "kind", "parent_id",
    "parent_remote_id", "ours", "at", "edited_at", "url", "reactions", "unnamed_reactions", "text", "html", "lexemes",
]  # fmt: skip


def _placed(
    channel: Channel,
    item: Keyed,
    people: Mapping[str, Known],
    parents: Mapping[str, int],
    placed: threads.Placed,
    result: Recorded,
) -> tuple[Any, ...]:
    """Whose a message is and where it stands: the first columns of its row."""
    key, message = item
    author = people[message.author.remote_id]
    parent = bulk.key(message.parent) if message.parent else ""
    return (
        result.new[key], channel.workspace_id, channel.pk, placed.conversation[key], author.id, key, result.kinds[key],
        parents.get(parent), parent, message.ours or author.ours,
    )  # fmt: skip


def _said(message: SeenMessage, title: str, words: Written) -> tuple[Any, ...]:
    """What a message says: the other columns. Whoever opens a thread says its title, too."""
    return (
        message.at, message.edited_at, bulk.storable(message.url, 1000),
        json.dumps(counts(message)) if message.reactions else "{}", unnamed(message),
        words.text, words.html, words.lexemes if words.title == title else _words(title, words.text),
    )  # fmt: skip


def counts(message: SeenMessage) -> dict[str, int]:
    """How often each reaction was given."""
    return {bulk.storable(reaction.value, 64): reaction.count for reaction in message.reactions}


def unnamed(message: SeenMessage) -> int:
    """Reactions of which the network does not say who gave them."""
    return sum(max(reaction.count - len(reaction.people), 0) for reaction in message.reactions)


def _attach(fresh: Sequence[Keyed], ids: Mapping[str, int]) -> None:
    bulk.copy_rows(
        "conversations_attachment",
        ["message_id", "kind", "name", "url", "mime", "size"],
        _attachments(fresh, ids),
    )


def _attachments(fresh: Sequence[Keyed], ids: Mapping[str, int]) -> Iterator[tuple[Any, ...]]:
    for key, message in fresh:
        for one in message.attachments:
            yield (
                ids[key], one.kind, bulk.storable(one.name, 300), bulk.storable(one.url),
                bulk.storable(one.mime, 120), one.size,
            )  # fmt: skip


def _adopt(channel: Channel, keys: list[str]) -> None:
    """Ties answers that came before what they answer to it."""
    if not bulk.fetch(_ORPHAN, [channel.pk]):
        return
    bulk.change(
        "UPDATE conversations_message child SET parent_id = parent.id FROM conversations_message parent"
        " WHERE child.channel_id = %s::bigint AND child.parent_id IS NULL AND child.parent_remote_id = ANY(%b::text[])"
        " AND child.parent_remote_id <> '' AND parent.channel_id = child.channel_id"
        " AND parent.remote_id = child.parent_remote_id AND parent.id <> child.id",
        [channel.pk, keys],
    )


# Answered by its index alone, where all answers found what they answer
_ORPHAN = """
SELECT 1 FROM conversations_message
WHERE channel_id = %s::bigint AND parent_id IS NULL AND parent_remote_id <> '' LIMIT 1
"""


def _revise(stored: Mapping[str, _Stored], messages: Mapping[str, SeenMessage], *, now: datetime) -> list[str]:
    """Takes over what changed in messages seen before: words (the old ones are kept) and counts of reactions."""
    edited: list[tuple[int, SeenMessage, _Stored]] = []
    reacted: list[tuple[int, SeenMessage]] = []
    changed: dict[str, None] = {}
    for key, row in stored.items():
        message = messages[key]
        if row.deleted or _is_older(message, row):
            continue
        if bulk.storable(message.text) != row.text:
            edited.append((row.id, message, row))
            changed[key] = None
        if message.reactions and counts(message) != row.reactions:
            reacted.append((row.id, message))
            changed[key] = None
    if edited:
        _rewrite(edited, now=now)
    if reacted:
        bulk.change(
            "UPDATE conversations_message m SET reactions = u.given::jsonb, unnamed_reactions = u.unnamed"
            " FROM unnest(%b::bigint[], %b::text[], %b::int[]) AS u (id, given, unnamed) WHERE m.id = u.id",
            [
                [id_ for id_, _ in reacted],
                [json.dumps(counts(message)) for _, message in reacted],
                [unnamed(message) for _, message in reacted],
            ],
        )
    return list(changed)


def _is_older(message: SeenMessage, row: _Stored) -> bool:
    """Whether a later edit of it is stored already: news may come in any order."""
    told = message.edited_at or message.as_of
    return told is not None and row.edited_at is not None and told < row.edited_at


def ids_of(channel: Channel, keys: Collection[str]) -> dict[str, int]:
    """The ids of those messages that are stored, by their keys."""
    return dict(
        bulk.fetch(
            "SELECT remote_id, id FROM conversations_message WHERE channel_id = %s::bigint AND remote_id = ANY(%b::text[])",
            [channel.pk, list(keys)],
        )
    )


def threads_of(message_ids: Collection[int]) -> list[str]:
    """The keys of the network's threads in which these messages are."""
    if not message_ids:
        return []
    rows = bulk.fetch(
        "SELECT DISTINCT c.remote_id FROM conversations_message m JOIN conversations_conversation c"
        " ON c.id = m.conversation_id WHERE m.id = ANY(%b::bigint[]) AND c.remote_id IS NOT NULL",
        [list(message_ids)],
    )
    return [row[0] for row in rows]


def _rewrite(edited: Sequence[tuple[int, SeenMessage, _Stored]], *, now: datetime) -> None:
    now_written = [written(message) for _, message, _ in edited]
    bulk.copy_rows(
        "conversations_revision",
        ["message_id", "text", "html", "replaced_at"],
        ((id_, was.text, was.html, message.edited_at or now) for id_, message, was in edited),
    )
    bulk.change(
        "UPDATE conversations_message m SET text = u.text, html = u.html, lexemes = u.lexemes::tsvector,"
        " edited_at = u.at FROM unnest(%b::bigint[], %b::text[], %b::text[], %b::text[], %b::timestamptz[])"
        " AS u (id, text, html, lexemes, at) WHERE m.id = u.id",
        [
            [id_ for id_, _, _ in edited],
            [words.text for words in now_written],
            [words.html for words in now_written],
            [words.lexemes for words in now_written],
            [message.edited_at or now for _, message, _ in edited],
        ],
    )
