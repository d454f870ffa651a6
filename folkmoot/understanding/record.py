"""Readings stored in bulk, and the notes of what is not read yet.

Whoever stores messages writes notes in the same transaction; ``take`` removes notes in the one that stores the
readings, so that nothing is lost whoever dies when, and reading twice changes nothing. Many may read at once, each the
messages of other notes, and store one after the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from folkmoot.lib import bulk
from folkmoot.understanding import codes, impressions
from folkmoot.understanding.codes import Stands
from folkmoot.understanding.decided import Decided, decided
from folkmoot.understanding.hints import hints
from folkmoot.understanding.models import Version
from folkmoot.understanding.normal import shape
from folkmoot.understanding.reading.contract import Reading
from folkmoot.understanding.trends import notes

TURN = 0x666D0004  # tells this lock from other advisory locks in the same database


@dataclass(frozen=True, slots=True)
class Said:
    """A message as far as reading it needs."""

    id: int
    conversation_id: int
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """A reading to be stored."""

    message_id: int
    stands: Stands
    shape: int | None
    packed: bytes


def note(workspace_id: int, message_ids: Collection[int]) -> None:
    """Notes that these messages are new, edited or gone; call it in the transaction that made them so."""
    if message_ids:
        rows = ((workspace_id, message_id) for message_id in message_ids)
        bulk.copy_rows("understanding_unread", ["workspace_id", "message_id"], rows)
        notes.note(workspace_id, message_ids)


def forget(message_ids: Collection[int]) -> None:
    """What was read of messages that are gone goes too, and what people said of their words."""
    if not message_ids:
        return
    bulk.change("DELETE FROM understanding_reading WHERE message_id = ANY(%b::bigint[])", [list(message_ids)])
    bulk.change("DELETE FROM understanding_correction WHERE message_id = ANY(%b::bigint[])", [list(message_ids)])


@contextmanager
def turn(workspace_id: int) -> Iterator[None]:
    """A transaction in which nobody else stores readings of this workspace: what a conversation is like is worked out
    from all its readings."""
    with transaction.atomic():
        hold(workspace_id)
        yield


def hold(workspace_id: int) -> None:
    """Waits for the turn; until the transaction ends nobody else stores readings of this workspace."""
    bulk.fetch("SELECT pg_advisory_xact_lock(%s::int, %s::int)", [TURN, workspace_id])


def take(workspace_id: int, most: int, *, patient: bool = False) -> list[int]:
    """Takes up to ``most`` notes away, the newest first; the messages they tell of, as often as they do.

    Call it in the transaction that stores the readings, before its turn. Notes that another one has in hand are left to
    it; who is ``patient`` waits until it is done, and takes them if it died.
    """
    return [row[0] for row in bulk.fetch(_WAIT_AND_TAKE if patient else _TAKE, [workspace_id, most])]


_WAIT_AND_TAKE = """
DELETE FROM understanding_unread WHERE id IN (
    SELECT id FROM understanding_unread WHERE workspace_id = %s::bigint ORDER BY id DESC LIMIT %s::int FOR UPDATE
) RETURNING message_id
"""
_TAKE = _WAIT_AND_TAKE.replace("FOR UPDATE", "FOR UPDATE SKIP LOCKED")


def forget_gone(ids: Collection[int], said: Collection[Said]) -> None:
    """Forgets those of the messages ``ids`` that are not among ``said``, as they are gone. Call it within the turn."""
    if gone := set(ids) - {message.id for message in said}:
        forget(gone)
        impressions.renew({row[0] for row in bulk.fetch(_PLACES, [sorted(gone)])})


_PLACES = "SELECT DISTINCT conversation_id FROM conversations_message WHERE id = ANY(%b::bigint[])"


def messages(ids: Sequence[int]) -> list[Said]:
    """These messages, less those that were deleted at the network."""
    rows = bulk.fetch(
        "SELECT id, conversation_id, at, text FROM conversations_message"
        " WHERE id = ANY(%b::bigint[]) AND deleted_at IS NULL ORDER BY id",
        [list(ids)],
    )
    return [Said(*row) for row in rows]


def unread(workspace_id: int, *, most: int = 1_000_000) -> int:
    """How many notes there are, counted no further than to ``most``."""
    [(number,)] = bulk.fetch(
        "SELECT count(*) FROM (SELECT 1 FROM understanding_unread WHERE workspace_id = %s::bigint LIMIT %s::int) found",
        [workspace_id, most],
    )
    return int(number)


def behind() -> list[int]:
    """The workspaces of which there are notes."""
    return [row[0] for row in bulk.fetch("SELECT DISTINCT workspace_id FROM understanding_unread ORDER BY 1", [])]


def store(workspace_id: int, said: Sequence[Said], readings: Sequence[Reading]) -> None:
    """Stores a reading of each message, with what people decided laid over it, in place of any earlier one.

    Call it within ``turn``, with messages as they stand in it.
    """
    if not said:
        return
    known = decided(workspace_id)
    version = version_id(readings[0].version)
    second = hints(workspace_id, {message.id: message.text for message in said})
    rows = [
        _row(message, reading, known, second.get(message.id)) for message, reading in zip(said, readings, strict=True)
    ]
    bulk.change(_STORE, [workspace_id, version, *_columns(rows)])
    impressions.renew({message.conversation_id for message in said})


def _row(message: Said, reading: Reading, known: Decided, opinion: Mapping[str, str] | None) -> Row:
    stands = codes.stand(reading, known.about(message.id, message.text), opinion)
    return Row(message.id, stands, shape(message.text), codes.pack(reading))


def _columns(rows: Sequence[Row]) -> list[list[object]]:
    return [
        [row.message_id for row in rows],
        [row.stands.language for row in rows],
        [row.stands.says for row in rows],
        [row.stands.sure for row in rows],
        [row.stands.corrected for row in rows],
        [row.stands.urgency for row in rows],
        [row.stands.balance for row in rows],
        [row.shape for row in rows],
        [row.packed for row in rows],
    ]


# A message that was deleted for good meanwhile has no place for a reading.
_STORE = """
INSERT INTO understanding_reading
    (workspace_id, version_id, message_id, language, says, sure, corrected, urgency, balance, shape, packed)
SELECT %s::bigint, %s::smallint, u.* FROM unnest(
    %b::bigint[], %b::text[], %b::int[], %b::int[], %b::int[], %b::smallint[], %b::smallint[], %b::bigint[], %b::bytea[]
) AS u (message_id, language, says, sure, corrected, urgency, balance, shape, packed)
WHERE EXISTS (SELECT 1 FROM conversations_message m WHERE m.id = u.message_id)
ON CONFLICT (message_id) DO UPDATE SET
    version_id = excluded.version_id, language = excluded.language, says = excluded.says, sure = excluded.sure,
    corrected = excluded.corrected, urgency = excluded.urgency, balance = excluded.balance, shape = excluded.shape,
    packed = excluded.packed
"""


def restand(workspace_id: int, message_ids: Collection[int]) -> list[datetime]:
    """Lays what people decided over stored readings anew, without reading again; when these messages were written.

    Call it within ``turn``.
    """
    rows = bulk.fetch(
        "SELECT m.id, m.conversation_id, m.at, m.text, r.shape, r.packed FROM understanding_reading r"
        " JOIN conversations_message m ON m.id = r.message_id"
        " WHERE m.workspace_id = %s::bigint AND m.id = ANY(%b::bigint[]) ORDER BY m.id",
        [workspace_id, list(message_ids)],
    )
    known, second = decided(workspace_id), hints(workspace_id, {row[0]: row[3] for row in rows})
    changed = [
        Row(id_, codes.stand(codes.unpack(packed), known.about(id_, text), second.get(id_)), form, packed)
        for id_, _conversation, _at, text, form, packed in rows
    ]
    if changed:
        bulk.change(_RESTAND, _columns(changed)[:-2])
        impressions.renew({row[1] for row in rows})
    return [row[2] for row in rows]


_RESTAND = """
UPDATE understanding_reading r SET
    language = u.language, says = u.says, sure = u.sure, corrected = u.corrected, urgency = u.urgency, balance = u.balance
FROM unnest(%b::bigint[], %b::text[], %b::int[], %b::int[], %b::int[], %b::smallint[], %b::smallint[])
    AS u (message_id, language, says, sure, corrected, urgency, balance)
WHERE r.message_id = u.message_id
"""


def version_id(name: str) -> int:
    """The number under which a version is stored."""
    found = Version.objects.filter(name=name).values_list("pk", flat=True).first()
    return found if found is not None else Version.objects.get_or_create(name=name)[0].pk
