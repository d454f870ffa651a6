"""Reads of copies and waves, within the channels that a role may see."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from folkmoot.conversations import access
from folkmoot.conversations.models import Message
from folkmoot.lib import bulk, keyset
from folkmoot.lib.keyset import Mark, Slice
from folkmoot.understanding.copies.models import Repeat, Wave
from folkmoot.workspaces.models import Role

PAGE = 30


@dataclass(frozen=True, slots=True)
class Seen:
    """A wave as a role sees it: how many messages, people and channels, and the text as it was said first there."""

    wave: Wave
    message: Message
    messages: int
    authors: int
    channels: int


def copies(role: Role, message: Message) -> QuerySet[Message]:
    """Other messages that say nearly the same, newest first."""
    same = Repeat.objects.filter(wording__repeats__message=message)
    return access.messages(role).filter(pk__in=same.values("message")).exclude(pk=message.pk).order_by("-at", "-id")


def waves(role: Role, mark: Mark | None, *, several: bool = False, size: int = PAGE) -> tuple[list[Seen], Slice[Wave]]:
    """A page of waves, the latest first; ``several`` leaves out those by one person."""
    rows = Wave.objects.filter(workspace=role.workspace_id)
    if role.channel_ids is not None:
        rows = rows.filter(channel_ids__overlap=role.channel_ids)
    if several:
        rows = rows.filter(authors__gt=1)
    page = keyset.page(rows, "last_at", mark, size)
    return _seen(role, page.rows, several=several), page


def wave(role: Role, pk: int) -> Wave | None:
    """A wave of the role's workspace of which something lies in channels that it may see."""
    found = Wave.objects.filter(workspace=role.workspace_id, pk=pk).first()
    return found if found and _seen(role, [found]) else None


def messages(role: Role, wave: Wave, mark: Mark | None, *, size: int = PAGE) -> Slice[Message]:
    """What was said in a wave, the latest first."""
    rows = access.messages(role).filter(pk__in=_repeats(wave, role.channel_ids).values("message"))
    described = rows.defer("lexemes", "html").select_related("author__member", "conversation__channel")
    return keyset.page(described, "at", mark, size)


def _repeats(wave: Wave, channel_ids: Collection[int] | None) -> QuerySet[Repeat]:
    rows = Repeat.objects.filter(wording=wave.wording_id, at__range=(wave.first_at, wave.last_at))
    return rows if channel_ids is None else rows.filter(channel_id__in=channel_ids)


def _seen(role: Role, waves: Sequence[Wave], *, several: bool = False) -> list[Seen]:
    """What the role sees of waves, in their order; those of which that is no wave are left out."""
    rows = bulk.fetch(_VISIBLE, {"waves": [wave.pk for wave in waves], "channels": role.channel_ids})
    by_wave = {wave_id: counts for wave_id, *counts in rows}
    firsts = access.messages(role).defer("lexemes", "html").select_related("author__member", "channel")
    messages = firsts.in_bulk([counts[0] for counts in by_wave.values()])
    seen = []
    for wave in waves:
        first, said, authors, channels = by_wave.get(wave.pk, (0, 0, 0, 0))
        if first in messages and (authors > 1 or (channels > 1 and not several)):
            seen.append(Seen(wave, messages[first], said, authors, channels))
    return seen


_VISIBLE = """
SELECT v.id, (array_agg(r.message_id ORDER BY r.at, r.message_id))[1], count(*)::int,
       count(DISTINCT r.author_id)::int, count(DISTINCT r.channel_id)::int
FROM understanding_wave v
JOIN understanding_repeat r ON r.wording_id = v.wording_id AND r.at BETWEEN v.first_at AND v.last_at
WHERE v.id = ANY(%(waves)b::bigint[])
  AND (%(channels)b::bigint[] IS NULL OR r.channel_id = ANY(%(channels)b::bigint[]))
GROUP BY v.id
"""
