"""Readings as pages show them, corrections as they are listed and exported, what was learnt, how far reading is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q, QuerySet

from folkmoot.conversations import access as conversations
from folkmoot.conversations.models import Conversation, Message
from folkmoot.lib import bulk, keyset
from folkmoot.lib.keyset import Mark, Slice
from folkmoot.understanding import access
from folkmoot.understanding.codes import Stands
from folkmoot.understanding.models import Correction, Layer, Reading, Rereading
from folkmoot.understanding.reading.contract import UNKNOWN
from folkmoot.understanding.record import unread
from folkmoot.workspaces.models import Role, Workspace

PAGE = 50
SHOWN = 200  # messages of an open conversation whose marks are kept fresh


def stands(messages: Iterable[Message]) -> dict[int, Stands]:
    """What stands of these messages, by their ids; unread ones are left out."""
    rows = Reading.objects.filter(pk__in=[message.pk for message in messages]).only(
        "language", "says", "sure", "corrected", "urgency", "balance"
    )
    return {row.pk: stands_of(row) for row in rows}


def stands_since(conversation: Conversation, at: datetime) -> dict[int, Stands]:
    """What stands of the latest messages of a conversation, none of them before ``at``, by their ids."""
    said = Message.objects.filter(conversation=conversation, at__gte=at).only("pk")
    return stands(said.order_by("-at", "-id")[:SHOWN])


def stands_of(row: Reading) -> Stands:
    return Stands(row.language, row.says, row.sure, row.corrected, row.urgency, row.balance)


@dataclass(frozen=True, slots=True)
class Told:
    """One message with all that is known of how it was read."""

    message: Message
    reading: Reading | None
    corrections: dict[str, Correction]


def told(role: Role, pk: int) -> Told:
    """Raises ``Http404`` for a message that is not there, or not this role's to see."""
    message = access.message(role, pk)
    reading = Reading.objects.select_related("version").filter(pk=message.pk).first()
    corrections = Correction.objects.filter(message=message).select_related("by")
    return Told(message, reading, {row.facet: row for row in corrections})


def picked(role: Role, *, conversation_ids: list[int], message_ids: list[int]) -> list[int]:
    """The ids of messages: the given ones, and the community's latest in each conversation; only what the role sees."""
    own = conversations.messages(role).filter(pk__in=message_ids).values_list("pk", flat=True)
    seen = conversations.conversations(role).filter(pk__in=conversation_ids).values_list("pk", flat=True)
    latest = bulk.fetch(_LATEST, [list(seen)])
    return sorted({*own, *(row[0] for row in latest)})


_LATEST = """
SELECT latest.id FROM unnest(%b::bigint[]) AS c (id) CROSS JOIN LATERAL (
    SELECT m.id FROM conversations_message m
    JOIN members_identity i ON i.id = m.author_id
    JOIN members_member p ON p.id = i.member_id
    WHERE m.conversation_id = c.id AND m.deleted_at IS NULL AND NOT (m.ours OR p.ours OR p.bot OR i.bot)
    ORDER BY m.at DESC, m.id DESC LIMIT 1
) latest
"""


def corrections(role: Role, mark: Mark | None, *, size: int = PAGE) -> Slice[Correction]:
    """Newest first."""
    rows = access.corrections(role).select_related("message", "by")
    return keyset.page(rows.defer("message__lexemes", "message__html"), "at", mark, size)


def exported(workspace: Workspace) -> Iterator[str]:
    """Every correction as a line of JSON, the oldest first."""
    rows = Correction.objects.filter(workspace=workspace).order_by("at", "pk")
    for row in rows.iterator():
        yield json.dumps(
            {
                "text": row.text,
                "facet": row.facet,
                "value": row.value,
                "was": row.was,
                "by": row.by_name,
                "at": row.at.isoformat(),
                "learn": row.learn,
            },
            ensure_ascii=False,
        )


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often people agreed with the model where they said what is right: ``agreed`` of ``looked_at``."""

    language: str
    facet: str
    looked_at: int
    agreed: int


def agreements(workspace: Workspace) -> list[Agreement]:
    """By language and facet, over what was corrected or confirmed; the most looked at first."""
    rows = (
        Correction.objects.filter(workspace=workspace, message__isnull=False)
        .exclude(was="")
        .values_list("message__reading__language", "facet")
        .annotate(looked_at=Count("pk"), agreed=Count("pk", filter=Q(value=F("was"))))
        .order_by("-looked_at", "facet")
    )
    return [Agreement(language or UNKNOWN, facet, n, agreed) for language, facet, n, agreed in rows]


def layers(workspace: Workspace) -> QuerySet[Layer]:
    """What was learnt, the newest first; without the weights."""
    return Layer.objects.filter(workspace=workspace).defer("weights").order_by("-pk")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far reading is: notes of unread messages, and the rereading with a new version, if one is under way."""

    unread: int
    version: str
    done: int
    total: int
    finished_at: datetime | None


def progress(workspace: Workspace) -> Progress:
    order = Rereading.objects.filter(workspace=workspace).first()
    if order is None:
        return Progress(unread(workspace.pk), "", 0, 0, None)
    return Progress(unread(workspace.pk), order.version, order.done, max(order.total, order.done), order.finished_at)
