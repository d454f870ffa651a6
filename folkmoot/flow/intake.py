"""A message's whole life on one screen.

``receive`` stores what a connector saw, in one transaction: the same batch twice changes nothing. It leaves notes of
what is not settled yet; ``consider`` takes them up, in a job per batch or for many batches at once, every step of it
safe to repeat. ``consider_past`` is the shorter list for archives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from folkmoot.analytics import actions as analytics
from folkmoot.channels import actions as channels
from folkmoot.channels.models import Channel
from folkmoot.conversations import asks, early, reactions, record
from folkmoot.conversations.early import Told
from folkmoot.conversations.record import Written, written
from folkmoot.flow import news, reading, settling, vocabulary
from folkmoot.lib import bulk
from folkmoot.members import activities
from folkmoot.members.activities import Row
from folkmoot.members.recognise import Known, recognise, rename, take_in
from folkmoot.networks.base import Batch, Person, Seen, SeenDeletion, SeenMessage, SeenMove, SeenReaction
from folkmoot.understanding import record as readings
from folkmoot.understanding.assistant.actions import forget_summaries

READ_AT_ONCE = 4000


@dataclass(slots=True)
class Received:
    """What a batch came to. ``messages_seen`` counts every message in it, new or not."""

    messages_new: int = 0
    messages_seen: int = 0
    conversations_new: int = 0
    members_new: int = 0
    activities_new: int = 0
    message_ids: list[int] = field(default_factory=list)


def receive(
    channel: Channel,
    batch: Batch,
    *,
    now: datetime,
    past: bool = False,
    follow_up: Callable[[Channel], None] | None = None,
    words: Mapping[str, Written] | None = None,
    mark: Callable[[Received], None] | None = None,
) -> Received:
    """Stores a batch, the cursor and the job that considers it; all of it or nothing.

    ``words`` is what ``look_up`` found in the batch; without it the batch is looked up here, before the transaction.
    ``past`` marks what is read from an archive: nobody is told of it, and the channel's own cursor stays.
    ``follow_up`` defers the job that considers what is new, within the transaction. ``mark`` notes in it how far was
    read, in the place of the channel's own cursor, and may refuse the batch by raising.
    """
    words = look_up(batch) if words is None else words
    with transaction.atomic():
        channels.hold(channel)
        received = _store(channel, batch.seen, words, now=now)
        if mark:
            mark(received)
        elif not past:
            channels.read(channel, batch.cursor, new=bool(received.message_ids), now=now)
        if not past and received.message_ids:
            news.announce(channel.workspace_id, "messages", channel=channel.pk, count=received.messages_new)
        if follow_up and received.message_ids:
            follow_up(channel)
    return received


def look_up(batch: Batch) -> dict[str, Written]:
    """What the words of a batch come to, by the messages' keys: all of intake that needs no database.

    Who is the first of a thread in the batch is taken to open it, and so to say its title.
    """
    messages = list(latest(batch.seen).values())
    titles = {one.thread: one for one in sorted(messages, key=lambda one: one.at, reverse=True) if one.thread_title}
    return {
        bulk.key(one.remote_id): written(one, one.thread_title if titles.get(one.thread) is one else "")
        for one in messages
    }


def latest(seen: Iterable[Seen]) -> dict[str, SeenMessage]:
    """The messages of a batch by their keys; of one that is there twice, what was so last."""
    found: dict[str, SeenMessage] = {}
    for one in seen:
        if isinstance(one, SeenMessage):
            key = bulk.key(one.remote_id)
            if key not in found or not _is_before(one, found[key]):
                found[key] = one
    return found


def _is_before(one: SeenMessage, other: SeenMessage) -> bool:
    told, known = one.edited_at or one.as_of, other.edited_at or other.as_of
    return told is not None and known is not None and told < known


def _store(channel: Channel, seen: Sequence[Seen], words: Mapping[str, Written], *, now: datetime) -> Received:
    messages = latest(seen)
    moves = [one for one in seen if isinstance(one, SeenMove)]
    deletions = {bulk.key(one.remote_id): one.at for one in seen if isinstance(one, SeenDeletion)}
    deletions |= {key: message.deleted_at for key, message in messages.items() if message.deleted_at}
    if deletions:
        settling.hold(channel.workspace_id)  # what waits for an answer is worked out anew below
    people = list(_people(messages.values(), moves, [one for one in seen if isinstance(one, SeenReaction)]))
    known, members_new = recognise(channel.workspace_id, channel.network, people)

    recorded = record.record(channel, messages, known, now=now, words=words)
    told = _told(channel, seen, recorded)
    deletions |= {bulk.key(one.remote_id): one.at for one in told if isinstance(one, SeenDeletion)}
    gone, bereft = record.delete(channel, deletions)
    times = asks.reckon(bereft) if bereft else []

    said = list(_said(channel, messages, known, recorded))
    activities.append_new(channel.workspace_id, said)
    others = [*_reactions(channel, messages, known, recorded.ids), *_moves(channel, moves, known)]
    others_new = activities.append(channel.workspace_id, others)
    rename(people, known)
    take_in(known[one.author.remote_id] for one in messages.values() if one.ours)
    times += _react(channel, [one for one in told if isinstance(one, SeenReaction)], known)

    times += [messages[key].at for key in recorded.revised]
    analytics.mark_stale(channel.workspace_id, times)
    touched = sorted({*recorded.new.values(), *(recorded.ids[key] for key in recorded.revised), *gone})
    vocabulary.keep_whole(channel.workspace_id, touched)
    forget_summaries(bereft)
    readings.note(channel.workspace_id, touched)
    readings.forget(gone)
    return Received(
        messages_new=len(recorded.new),
        messages_seen=sum(isinstance(one, SeenMessage) for one in seen),
        conversations_new=recorded.conversations_new,
        members_new=members_new,
        activities_new=len(said) + others_new,
        message_ids=touched,
    )


def _told(channel: Channel, seen: Iterable[Seen], recorded: record.Recorded) -> list[Told]:
    """What is told of messages that are there, now or since before; what is told of others waits for them."""
    fresh = [one for one in seen if isinstance(one, SeenDeletion | SeenReaction)]
    told = early.take(channel, recorded.new)
    if fresh:
        there = record.ids_of(channel, {bulk.key(one.remote_id) for one in fresh})
        told += [one for one in fresh if bulk.key(one.remote_id) in there]
        early.keep(channel, [one for one in fresh if bulk.key(one.remote_id) not in there])
    return told


def _react(channel: Channel, told: Sequence[SeenReaction], known: Mapping[str, Known]) -> list[datetime]:
    """Single reactions, given and taken back; when those acts were that change the numbers."""
    if not told:
        return []
    others = [one.person for one in told if one.person.remote_id not in known]
    people = {**known, **recognise(channel.workspace_id, channel.network, others)[0]} if others else known
    ids = record.ids_of(channel, {bulk.key(one.remote_id) for one in told})
    changed = reactions.apply(told, ids, people)
    known_acts = activities.there([_reaction(channel, row) for row in changed.given + changed.taken_back])
    given = [row for row in changed.given if _act(row) not in known_acts]
    gone = [row for row in changed.taken_back if _act(row) in known_acts]
    reactions.count(given, gone)
    activities.append(channel.workspace_id, [_reaction(channel, row) for row in given])
    times = activities.take_back(channel.workspace_id, [_reaction(channel, row) for row in gone])
    return [at for _message, _identity, _value, at in given] + times


def _act(row: reactions.Row) -> tuple[int, str, int, str]:
    message_id, identity_id, value, _at = row
    return identity_id, "reaction", message_id, value


def _reaction(channel: Channel, row: reactions.Row) -> Row:
    message_id, identity_id, value, at = row
    return identity_id, "reaction", at, channel.pk, message_id, value


def _people(
    messages: Iterable[SeenMessage], moves: Iterable[SeenMove], single: Iterable[SeenReaction]
) -> Iterable[Person]:
    for message in messages:
        for reaction in message.reactions:
            yield from reaction.people
        yield message.author
    for move in moves:
        yield move.person
    for one in single:
        yield one.person


def _said(
    channel: Channel, messages: Mapping[str, SeenMessage], known: Mapping[str, Known], recorded: record.Recorded
) -> Iterable[Row]:
    for key, message_id in recorded.new.items():
        message = messages[key]
        value = "own" if key in recorded.own else recorded.kinds[key]
        yield known[message.author.remote_id].id, "message", message.at, channel.pk, message_id, value


def _reactions(
    channel: Channel, messages: Mapping[str, SeenMessage], known: Mapping[str, Known], ids: Mapping[str, int]
) -> Iterable[Row]:
    for key, message in messages.items():
        for reaction in message.reactions:
            value, at = bulk.storable(reaction.value, 64), reaction.at or message.at
            for person in reaction.people:
                yield known[person.remote_id].id, "reaction", at, channel.pk, ids[key], value


def _moves(channel: Channel, moves: Iterable[SeenMove], known: Mapping[str, Known]) -> Iterable[Row]:
    for move in moves:
        yield known[move.person.remote_id].id, move.kind, move.at, channel.pk, channel.pk, bulk.key(move.remote_id)


def consider(workspace_id: int) -> None:
    """What follows from what was stored: who waits for an answer, counts of members, the numbers, readings.

    Of a long backlog only the newest is read here; ``reading.read`` does the rest.
    """
    settling.settle(workspace_id)
    analytics.count(workspace_id)
    if reading.read(workspace_id, most=READ_AT_ONCE):
        analytics.count(workspace_id)


def consider_past(workspace_id: int) -> None:
    """What follows from a community's past, while it is being read: the same without the numbers, and no alarms."""
    settling.settle(workspace_id)
