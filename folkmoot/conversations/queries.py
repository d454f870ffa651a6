"""Conversations as the inbox lists them, threads as they are read, messages as search finds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F, Prefetch, QuerySet

from folkmoot.conversations import access
from folkmoot.conversations.models import Ask, Conversation, Message
from folkmoot.lib import keyset
from folkmoot.lib.keyset import Mark, Slice
from folkmoot.lib.lemmas import PLAIN, Vocabulary
from folkmoot.lib.lemmas import query as lexeme_query
from folkmoot.workspaces.models import Role

PAGE = 40
THREAD = 50
NEAREST = 10_000

Narrow = Callable[[QuerySet[Message]], QuerySet[Message]]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to. Times are aware; ``since`` counts in, ``until`` does not. ``vocabulary`` is the
    workspace's own, by which words find others.

    In a list of conversations, found by words or not, ``kind`` is theirs; in one of messages, the messages'.
    """

    words: str = ""
    channel_id: int | None = None
    network: str = ""
    kind: str = ""
    waiting: bool = False
    since: datetime | None = None
    until: datetime | None = None
    member_id: int | None = None
    vocabulary: Vocabulary = PLAIN


@dataclass(frozen=True, slots=True)
class Hit:
    """A conversation in the list; ``message`` is the newest one that search found in it."""

    conversation: Conversation
    message: Message | None = None


def listing(
    role: Role,
    filters: Filters,
    mark: Mark | None,
    *,
    size: int = PAGE,
    narrow: Callable[[QuerySet[Conversation]], QuerySet[Conversation]] | None = None,
) -> tuple[list[Hit], Slice[Any]]:
    """A page of conversations, those with the latest word first; with words to search for, by the newest hit.

    ``narrow`` leaves out more of them where no words are searched for.
    """
    if filters.words.strip():
        found = search(role, filters, mark, size=size)
        return by_conversation(found.rows), found
    rows = narrow(_listed(role)) if narrow else _listed(role)
    if filters.waiting:
        rows = rows.filter(waiting_since__isnull=False)
    if filters.member_id:
        theirs = access.messages(role).filter(author__member=filters.member_id)
        rows = rows.filter(pk__in=theirs.values("conversation"))
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    if filters.since:
        rows = rows.filter(last_at__gte=filters.since)
    if filters.until:
        rows = rows.filter(first_at__lt=filters.until)
    page = keyset.page(_in_places(rows, filters), "last_at", mark, size)
    return [Hit(conversation) for conversation in page.rows], page


def _listed(role: Role) -> QuerySet[Conversation]:
    return (
        access.conversations(role)
        .select_related("channel", "latest_author__member")
        .only(
            "title", "opening", "latest", "last_at", "message_count", "waiting_since", "channel__name",
            "latest_author__avatar",
            "latest_author__member__name",
        )
    )  # fmt: skip


def listed(role: Role, ids: Sequence[int]) -> list[Hit]:
    """These conversations as a list shows them, in this order."""
    found = _listed(role).in_bulk(ids)
    return [Hit(found[id_]) for id_ in ids if id_ in found]


def search(
    role: Role, filters: Filters, mark: Mark | None, *, size: int = PAGE, narrow: Narrow | None = None
) -> Slice[Message]:
    """Messages that say these words in any form, newest first; nothing for words that ask for nothing.

    ``narrow`` leaves out more of them, by what only packages above know.
    """
    wanted = lexeme_query(filters.words, filters.vocabulary)
    if not wanted:
        return Slice([], None, None)
    rows = _said(access.messages(role), filters)
    if filters.member_id:
        rows = rows.filter(author__member=filters.member_id)
    if filters.waiting:
        rows = rows.filter(conversation__waiting_since__isnull=False)
    if filters.kind:
        rows = rows.filter(conversation__kind=filters.kind)
    ids = _hits(keyset.beyond(rows, "at", mark), wanted, size + 1, narrow)
    found = _described(Message.objects.all()).in_bulk(ids)
    return keyset.cut([found[id_] for id_ in ids if id_ in found], "at", mark, size)


def _hits(rows: QuerySet[Message], wanted: str, most: int, narrow: Narrow | None) -> list[int]:
    """The ids of the first rows that say the words, and that ``narrow`` leaves.

    Two ways, because no index gives both the words and the order: a frequent word is soon found by looking through
    the nearest rows; of a rare one the index of words gives all the hits, which are few. The planner, left to choose,
    guesses the frequency of inflected words badly and may walk through all there is.
    """
    nearest, parameters = rows.values("id", "at", "lexemes")[:NEAREST].query.sql_with_params()
    limit = NEAREST if narrow else most
    ids = _ids(f"SELECT id FROM ({nearest}) near WHERE lexemes @@ %s::tsquery LIMIT %s", [*parameters, wanted, limit])
    if narrow:  # after the words, which leave few: before them it would be asked of each of the nearest rows
        left = narrow(Message.objects.filter(pk__in=ids)).order_by(*rows.query.order_by)
        ids = list(left.values_list("pk", flat=True)[:most])
    if len(ids) == most:
        return ids
    order = "ASC" if rows.query.order_by[0] == "at" else "DESC"
    hits = rows.filter(lexemes__says=wanted)
    said, parameters = (narrow(hits) if narrow else hits).order_by().values("id", "at").query.sql_with_params()
    return _ids(
        f"WITH hits AS MATERIALIZED ({said}) SELECT id FROM hits ORDER BY at {order}, id {order} LIMIT %s",
        [*parameters, most],
    )


def _ids(sql: str, parameters: list[Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [row[0] for row in cursor.fetchall()]


def messages(
    role: Role, filters: Filters, of: str, mark: Mark | None, *, size: int = PAGE, narrow: Narrow | None = None
) -> Slice[Message]:
    """The messages behind a number: see ``BEHIND`` for what ``of`` may be; ``narrow`` as for ``search``."""
    rows = _said(access.messages(role), filters)
    if narrow:
        rows = narrow(rows)
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    if of in ASKS:
        asks = Ask.objects.filter(workspace=role.workspace_id, answered_at__isnull=of == "waiting")
        rows = rows.filter(pk__in=asks.values("message"))
    elif of == "comments":
        rows = rows.filter(kind__in=["comment", "reply"]).exclude(author=F("conversation__opener"))
    elif of == "posts":
        rows = rows.filter(kind="post")
    elif of == "reactions":
        rows = rows.exclude(reactions={})
    return keyset.page(_described(rows), "at", mark, size)


ASKS = ("answered", "waiting")
BEHIND = ("messages", "posts", "comments", "reactions", *ASKS)


def _in_places(rows: QuerySet[Any], filters: Filters) -> QuerySet[Any]:
    if filters.channel_id:
        rows = rows.filter(channel=filters.channel_id)
    if filters.network:
        rows = rows.filter(channel__network=filters.network)
    return rows


def _said(rows: QuerySet[Message], filters: Filters) -> QuerySet[Message]:
    if filters.since:
        rows = rows.filter(at__gte=filters.since)
    if filters.until:
        rows = rows.filter(at__lt=filters.until)
    return _in_places(rows, filters)


def _described(rows: QuerySet[Message]) -> QuerySet[Message]:
    return rows.defer("lexemes", "html").select_related(
        "author__member", "conversation__channel", "conversation__opener", "conversation__latest_author__member"
    )


def by_conversation(messages: list[Message]) -> list[Hit]:
    """What search found, each conversation once, by its newest hit."""
    hits: dict[int, Hit] = {}
    for message in messages:
        hits.setdefault(message.conversation_id, Hit(message.conversation, message))
    return list(hits.values())


@dataclass(frozen=True, slots=True)
class Thread:
    """A stretch of a conversation, oldest first. ``first`` is the opening message when it lies before the stretch."""

    messages: list[Message]
    first: Message | None
    earlier: Mark | None
    later: Mark | None


def thread(conversation: Conversation, mark: Mark | None = None, *, around: int | None = None) -> Thread:
    """The latest messages of a conversation, those at ``mark``, or those around the message with the id ``around``."""
    rows = _readable(Message.objects.filter(conversation=conversation))
    target = rows.filter(pk=around).first() if around else None
    if target is not None:
        mark = Mark(target.at, target.pk + 1)
        half = keyset.page(rows, "at", mark, THREAD // 2)
        rest = keyset.page(rows, "at", Mark(target.at, target.pk, newer=True), THREAD // 2)
        page: Slice[Message] = Slice([*rest.rows, *half.rows], rest.newer, half.older)
    else:
        page = keyset.page(rows, "at", mark, THREAD)
    shown = page.rows[::-1]
    first = None
    if page.older and conversation.message_count > len(shown):
        first = rows.order_by("at", "id").first()
    return Thread(shown, first, page.older, page.newer)


def since(conversation: Conversation, after: Mark) -> list[Message]:
    """What was said after a message, oldest first, at most one page of it."""
    rows = _readable(Message.objects.filter(conversation=conversation))
    return keyset.page(rows, "at", Mark(after.at, after.id, newer=True), THREAD).rows[::-1]


def _readable(rows: QuerySet[Message]) -> QuerySet[Message]:
    return (
        rows.defer("lexemes")
        .select_related("author__member", "parent__author__member")
        .defer("lexemes", "parent__lexemes", "parent__html")
        .prefetch_related(Prefetch("attachments", to_attr="files"), Prefetch("revisions", to_attr="versions"))
    )
