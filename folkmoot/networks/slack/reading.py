"""Asking for news: a channel's own messages, what changed in them and in their threads, and the past."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from folkmoot.networks.base import BATCH_SIZE, Batch, Place, Seen, SeenDeletion, SeenMessage, Skipped
from folkmoot.networks.live import Kind, Recalled
from folkmoot.networks.payload import count, mapping, mappings, text
from folkmoot.networks.slack.client import BadPage, Gone, Workspace
from folkmoot.networks.slack.parse import parse_message

HISTORY, CHANGES = "history", "changes"
PAGE = 200
_OVERLAP = 60.0
_MOST_KNOWN = 1_000
_THREADS_AT_ONCE = 10

_Message = Mapping[str, Any]


@dataclass(slots=True)
class Gathered:
    seen: list[Seen] = field(default_factory=list)
    skipped: dict[str, Skipped] = field(default_factory=dict)

    def batch(self, place: Place, state: Mapping[str, Any], *, more: bool = False) -> Batch:
        return Batch(place, self.seen[:BATCH_SIZE], json.dumps(state), more, tuple(self.skipped.values()))


class Reader:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def kinds(self, place: Place) -> Sequence[Kind]:
        return (Kind(HISTORY, 30.0), Kind(CHANGES, 180.0))

    def poll(self, place: Place, kind: str, cursor: str) -> Batch:
        try:
            return self._changes(place, state(cursor)) if kind == CHANGES else self._history(place, state(cursor))
        except BadPage:
            return Batch(place, (), json.dumps({"ts": text(state(cursor).get("ts"))}), more=True)

    def _history(self, place: Place, known: Mapping[str, Any]) -> Batch:
        behind = text(known.get("ts"))
        oldest = f"{max(float(behind) - _OVERLAP, 0):.6f}" if _is_ts(behind) else None
        page = {"oldest": oldest, "cursor": text(known.get("page")) or None, "limit": PAGE}
        answer = self._workspace.ask("conversations.history", channel=place.remote_id, **page)
        messages = mappings(answer.get("messages"))
        top = max([text(known.get("top")) or behind, *(text(one.get("ts")) for one in messages)])
        gathered = self.gather(place, messages)
        if oldest and (ahead := next_page(answer)):
            return gathered.batch(place, {"ts": behind, "page": ahead, "top": top}, more=True)
        return gathered.batch(place, {"ts": top or f"{self._workspace.access.now().timestamp():.6f}"})

    def _changes(self, place: Place, known: Mapping[str, Any]) -> Batch:
        """The newest page once more: edits, reactions, what is gone; and answers in its threads since the last time."""
        answer = self._workspace.ask("conversations.history", channel=place.remote_id, limit=PAGE)
        messages = mappings(answer.get("messages"))
        stamps = [text(one.get("ts")) for one in messages]
        gathered = self.gather(place, messages)
        before, first = known.get("known"), min(stamps, default="")
        gone = [one for one in before if text(one) >= first and one not in stamps] if isinstance(before, list) else []
        gathered.seen += [SeenDeletion(text(one), self._workspace.access.now()) for one in gone if first]
        answered = sorted(
            (text(one.get("latest_reply")), text(one.get("ts"))) for one in messages if one.get("latest_reply")
        )
        mark = text(known.get("replies")) or max((at for at, _ in answered), default="0")
        fresh = [(at, ts) for at, ts in answered if at > mark]
        for at, ts in fresh[:_THREADS_AT_ONCE]:
            if len(gathered.seen) > BATCH_SIZE - PAGE:
                break
            gathered = self._answers(place, ts, mark, gathered)
            done = at
        else:
            done = fresh[min(len(fresh), _THREADS_AT_ONCE) - 1][0] if fresh else mark
        return gathered.batch(place, {"known": stamps, "replies": done}, more=bool(fresh) and done != fresh[-1][0])

    def _answers(self, place: Place, ts: str, since: str, gathered: Gathered) -> Gathered:
        wanted = {"channel": place.remote_id, "ts": ts, "oldest": since, "limit": PAGE}
        with suppress(Gone):
            found = mappings(self._workspace.ask("conversations.replies", **wanted).get("messages"))
            more = self.gather(place, [one for one in found if text(one.get("ts")) != ts])
            gathered.seen += more.seen
        return gathered

    def poll_thread(self, place: Place, thread: str, cursor: str) -> Batch:
        known = state(cursor)
        wanted = {"channel": place.remote_id, "ts": thread, "cursor": text(known.get("page")) or None, "limit": PAGE}
        try:
            answer = self._workspace.ask("conversations.replies", **wanted)
        except Gone:
            return Batch(place, [SeenDeletion(thread, self._workspace.access.now())], "", more=False)
        except BadPage:
            return Batch(place, (), "", more=True)
        messages = mappings(answer.get("messages"))
        seen = [*_texts(known.get("seen")), *(text(one.get("ts")) for one in messages)]
        gathered = self.gather(place, messages)
        if ahead := next_page(answer):
            kept = {"page": ahead, "seen": seen[-_MOST_KNOWN:], "known": _texts(known.get("known"))}
            return gathered.batch(place, kept, more=True)
        gone = [one for one in _texts(known.get("known")) if one not in seen]
        gathered.seen += [SeenDeletion(one, self._workspace.access.now()) for one in gone]
        return gathered.batch(place, {"known": list(dict.fromkeys(seen))[-_MOST_KNOWN:]})

    def recall(self, place: Place, cursor: str, *, since: datetime) -> Recalled:
        """A page of the channel, then its threads one by one, then the next page."""
        known, now = state(cursor), self._workspace.access.now()
        queue = _texts(known.get("queue"))
        if queue:
            return self._recall_thread(place, known, queue)
        wanted = {"oldest": f"{since.timestamp():.6f}", "cursor": text(known.get("page")) or None, "limit": PAGE}
        answer = self._workspace.ask("conversations.history", channel=place.remote_id, **wanted)
        messages = mappings(answer.get("messages"))
        queue = [text(one.get("ts")) for one in messages if count(one.get("reply_count"))]
        ahead = next_page(answer)
        reached = min((float(ts) for one in messages if _is_ts(ts := text(one.get("ts")))), default=since.timestamp())
        whole = now.timestamp() - since.timestamp()
        share = min(max((now.timestamp() - reached) / whole, 0.0), 0.99) if whole > 0 else 0.99
        kept = {"page": ahead, "queue": queue, "share": share}
        more = bool(queue or ahead)
        return Recalled(self.gather(place, messages).batch(place, kept, more=more), share if more else 1.0)

    def _recall_thread(self, place: Place, known: Mapping[str, Any], queue: list[str]) -> Recalled:
        wanted = {"ts": queue[0], "cursor": text(known.get("inner")) or None, "limit": PAGE}
        answer: Mapping[str, Any] = {}
        with suppress(Gone):
            answer = self._workspace.ask("conversations.replies", channel=place.remote_id, **wanted)
        inner = next_page(answer)
        left = queue if inner else queue[1:]
        page = text(known.get("page"))
        share = float(known.get("share") or 0.0)
        kept = {"page": page, "queue": left, "inner": inner, "share": share}
        more = bool(left or page)
        found = self.gather(place, mappings(answer.get("messages")))
        return Recalled(found.batch(place, kept, more=more), share if more else 1.0)

    def gather(self, place: Place, messages: Iterable[_Message]) -> Gathered:
        listed = list(messages)
        self._workspace.learn_of(listed)
        gathered = Gathered()
        for message in reversed(listed):
            found = self.parse(place, message)
            if isinstance(found, Skipped):
                known = gathered.skipped.get(found.reason)
                where = known.where if known else f"{place.remote_id}, {text(message.get('ts'))}"
                gathered.skipped[found.reason] = Skipped(found.reason, known.count + 1 if known else 1, where)
            else:
                gathered.seen.append(found)
        return gathered

    def parse(self, place: Place, message: _Message, *, as_of: datetime | None = None) -> Seen | Skipped:
        """``as_of`` is when it was so; the time it was said without."""
        if text(message.get("subtype")) == "tombstone" and text(message.get("ts")):
            return SeenDeletion(text(message.get("ts")), as_of or self._workspace.access.now())
        found = parse_message(message, place, self._workspace.names, self._workspace.dates)
        if isinstance(found, SeenMessage):
            # Who opened a thread is told to stand in it, by all but the oldest messages
            opened = found.remote_id if count(message.get("reply_count")) else None
            ours = self._workspace.is_ours(message)
            return replace(found, ours=ours, thread=found.thread or opened, as_of=as_of or found.at)
        return found


def state(cursor: str) -> Mapping[str, Any]:
    try:
        return mapping(json.loads(cursor)) if cursor else {}
    except (ValueError, RecursionError):
        return {}


def next_page(answer: Mapping[str, Any]) -> str:
    return text(mapping(answer.get("response_metadata")).get("next_cursor"))


def moment(ts: str) -> datetime:
    return datetime.fromtimestamp(float(ts), UTC)


def _is_ts(value: str) -> bool:
    return value.replace(".", "", 1).isdigit() and len(value) < 24


def _texts(value: object) -> list[str]:
    return [text(one) for one in value] if isinstance(value, list) else []
