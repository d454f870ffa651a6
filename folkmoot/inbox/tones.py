"""Lists of conversations and messages by how they were read: what the community wants, how it feels, what does harm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet

from folkmoot.conversations import access, queries
from folkmoot.conversations.models import Conversation, Message
from folkmoot.conversations.queries import PAGE, Filters, Hit
from folkmoot.lib import keyset
from folkmoot.lib.keyset import Mark, Slice
from folkmoot.understanding.codes import BIT, LANGUAGE_SURE, Stands
from folkmoot.understanding.models import Impression
from folkmoot.understanding.reading.contract import HARMS
from folkmoot.understanding.topics import queries as topics
from folkmoot.workspaces.models import Role

SORTS = {"urgent": "urgent_rank", "negative": "bad_rank"}


@dataclass(frozen=True, slots=True)
class Tone:
    """What a list is narrowed to by readings. ``marks`` are names of ``codes.MARKS``, all of which must be said.

    Only what is sure counts, unless ``unsure`` is on. ``topic`` is the id of one, with all its parts. ``sort`` is one of
    ``SORTS``, or nothing for the newest first.
    """

    language: str = ""
    marks: tuple[str, ...] = ()
    unsure: bool = False
    sort: str = ""
    topic: int | None = None

    @property
    def reads(self) -> bool:
        """Whether readings decide; a topic is one of what was not read, too."""
        return bool(self.language or self.marks)

    @property
    def narrows(self) -> bool:
        return self.reads or self.topic is not None

    @property
    def by(self) -> str:
        return SORTS.get(self.sort, "last_at")


BEHIND = {"negative": "neg", "positive": "pos", "complaints": "complaint"}
"""Kinds of messages behind a number, and the mark that they bear."""


def listing(
    role: Role, filters: Filters, tone: Tone, mark: Mark | None, *, size: int = PAGE
) -> tuple[list[Hit], Slice[Any]]:
    """A page of conversations; what the words found is in the order of the words' newest hits, whatever the sort."""
    ranked = tone.sort in SORTS and not filters.words.strip()
    if mark is not None and mark.is_number != ranked:
        mark = None  # of a page in another order
    if not tone.reads and not ranked:
        return _on_topic(role, filters, tone.topic, mark, size=size)
    if filters.words.strip():
        wanted = _toned(Impression.objects.filter(workspace=role.workspace_id), tone, role)
        found = queries.search(
            role, filters, mark, size=size, narrow=lambda rows: rows.filter(conversation__in=wanted.values("pk"))
        )
        return queries.by_conversation(found.rows), found
    rows = _toned(_conversations(role, filters), tone, role).only(tone.by)
    page = keyset.page(rows, tone.by, mark, size)
    return queries.listed(role, [impression.pk for impression in page.rows]), page


def _on_topic(
    role: Role, filters: Filters, topic: int | None, mark: Mark | None, *, size: int
) -> tuple[list[Hit], Slice[Any]]:
    """What no reading decides: all, or what is about a topic."""
    if topic is None:
        return queries.listing(role, filters, mark, size=size)
    placed = topics.placed(role.workspace_id, topic)
    if filters.words.strip():
        found = queries.search(role, filters, mark, size=size, narrow=lambda rows: rows.filter(conversation__in=placed))
        return queries.by_conversation(found.rows), found
    return queries.listing(role, filters, mark, size=size, narrow=lambda rows: rows.filter(pk__in=placed))


def _conversations(role: Role, filters: Filters) -> QuerySet[Impression]:
    """The impressions of what the other filters leave. All that can be told by the index comes first."""
    rows = Impression.objects.filter(workspace=role.workspace_id)
    if role.channel_ids is not None:
        rows = rows.filter(channel_id__in=role.channel_ids)
    if filters.channel_id:
        rows = rows.filter(channel_id=filters.channel_id)
    if filters.network:
        places = access.channels(role).filter(network=filters.network)
        rows = rows.filter(channel_id__in=list(places.values_list("pk", flat=True)))
    if filters.since:
        rows = rows.filter(last_at__gte=filters.since)
    if filters.until:
        rows = rows.filter(conversation__first_at__lt=filters.until)
    if filters.kind:
        rows = rows.filter(conversation__kind=filters.kind)
    if filters.waiting:
        rows = rows.filter(conversation__waiting_since__isnull=False)
    if filters.member_id:
        theirs = access.messages(role).filter(author__member=filters.member_id)
        rows = rows.filter(pk__in=theirs.values("conversation"))
    return rows


def _toned(rows: QuerySet[Impression], tone: Tone, role: Role) -> QuerySet[Impression]:
    """Each mark by itself and as *more than nothing*: of that the planner expects a good part of all rows, and walks
    along the list's order; of several as an equation it would expect next to none, and sort all there are."""
    said = F("says") if tone.unsure else F("sure")
    if tone.language:
        rows = rows.filter(language=tone.language)
        if not tone.unsure:
            rows = rows.alias(known=said.bitand(LANGUAGE_SURE)).filter(known__gt=0)
    if tone.topic:
        rows = rows.filter(pk__in=topics.placed(role.workspace_id, tone.topic))
    for mark in tone.marks:
        rows = rows.alias(**{f"says_{mark}": said.bitand(BIT[mark])}).filter(**{f"says_{mark}__gt": 0})
    return rows.filter(harmful=True) if set(tone.marks) & set(HARMS) else rows


def impressions(conversations: Iterable[Conversation]) -> dict[int, Stands]:
    """What these conversations are like, by their ids, as far as something in them was read."""
    rows = Impression.objects.filter(pk__in=[conversation.pk for conversation in conversations])
    return {row.pk: Stands(row.language, row.says, row.sure, 0, 0, 0) for row in rows}


def messages(role: Role, filters: Filters, tone: Tone, of: str, mark: Mark | None) -> Slice[Message]:
    """The messages behind a number, narrowed by how they themselves were read.

    ``of`` is one of ``BEHIND``, and then those of the community that surely bear the mark; or what ``conversations`` knows.
    """

    def narrow(rows: QuerySet[Message]) -> QuerySet[Message]:
        if of in BEHIND:
            rows = rows.filter(
                ours=False, author__bot=False, author__member__ours=False, author__member__bot=False, deleted_at=None
            )
            rows = _bearing(rows, (BEHIND[of],), unsure=False)
        if tone.language:
            rows = rows.filter(reading__language=tone.language)
        if tone.topic:
            rows = rows.filter(conversation__in=topics.placed(role.workspace_id, tone.topic))
        return _bearing(rows, tone.marks, unsure=tone.unsure)

    known = "messages" if of in BEHIND else of
    return queries.messages(role, filters, known, mark, narrow=narrow if of in BEHIND or tone.narrows else None)


def _bearing(rows: QuerySet[Message], marks: Iterable[str], *, unsure: bool) -> QuerySet[Message]:
    for mark in marks:
        said, sure = F("reading__says").bitand(BIT[mark]), F("reading__sure").bitand(BIT[mark])
        rows = rows.alias(said=said, sure=sure).filter(said__gt=0)
        rows = rows if unsure else rows.filter(sure__gt=0)
    return rows
