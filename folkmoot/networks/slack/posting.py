"""Saying something in Slack, and changing or deleting it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx

from folkmoot.networks.acts import Act, Deletion, Edit, Media, Pending, Publication, Reply, Sent
from folkmoot.networks.api import Api
from folkmoot.networks.base import Place, SeenMessage
from folkmoot.networks.errors import Refused, Unsure
from folkmoot.networks.payload import mapping, mappings, text
from folkmoot.networks.slack.client import Gone, Workspace
from folkmoot.networks.slack.facts import LIMITS
from folkmoot.networks.slack.parse import plain
from folkmoot.networks.slack.reading import PAGE, Reader, next_page

EVENT = "folkmoot_delivery"
_UPLOAD_SECONDS = 300.0
_SKEW = timedelta(minutes=1)
_MOST_PAGES = 10
_SOON = 3.0


class Author:
    def __init__(self, workspace: Workspace, reader: Reader) -> None:
        self._workspace = workspace
        self._reader = reader

    def say(self, act: Reply | Publication, key: str) -> Sent | Pending:
        words, thread = _words(act), self._thread(act)
        if act.media:
            return self._share(act.place, words, thread, act.media)
        made = self._workspace.act(
            "chat.postMessage",
            channel=act.place.remote_id,
            text=_marked(words),
            thread_ts=thread,
            metadata={"event_type": EVENT, "event_payload": {"key": key}},
        )
        return self._sent(act.place, {**mapping(made.get("message")), "ts": text(made.get("ts"))}, thread)

    def finish(self, act: Act, handle: str) -> Sent | Pending:
        if not isinstance(act, Publication | Reply):
            raise Refused("Slack does nothing else that takes long")
        thread, ts = self._thread(act), self._shared_at(handle, act.place)
        if not ts:
            return Pending(handle, retry_after=_SOON)
        for message in self._pages(act.place, thread, {"oldest": ts, "latest": ts, "inclusive": True}):
            if text(message.get("ts")) == ts:
                return self._sent(act.place, message, thread)
        return Sent(ts)

    def edit(self, act: Edit) -> Sent:
        words = f"*{act.title}*\n{act.text}" if act.title else act.text
        wanted = {"channel": act.place.remote_id, "ts": act.remote_id, "text": _marked(_fitting(words))}
        try:
            made = self._workspace.act("chat.update", **wanted)
        except Gone as error:
            raise Refused("Slack has no such message any more") from error
        message = mapping(made.get("message"))
        if not text(message.get("user")) and not text(message.get("bot_id")):
            return Sent(act.remote_id)
        return self._sent(act.place, {**message, "ts": act.remote_id}, text(message.get("thread_ts")) or None)

    def delete(self, act: Deletion) -> Sent:
        try:
            self._workspace.act("chat.delete", channel=act.place.remote_id, ts=act.remote_id)
        except Gone:
            return Sent(act.remote_id)
        return Sent(act.remote_id)

    def find_own(self, act: Reply | Publication, key: str, *, since: datetime) -> Sent | None:
        """By the key in its metadata; files have none, and are known by their words and number."""
        thread = self._thread(act)
        wanted = {"oldest": f"{(since - _SKEW).timestamp():.6f}", "include_all_metadata": True}
        for message in self._pages(act.place, thread, wanted):
            told = mapping(message.get("metadata"))
            known = mapping(told.get("event_payload")).get("key")
            if known == key if told.get("event_type") == EVENT else self._says(act, message):
                return self._sent(act.place, message, thread)
        return None

    def _says(self, act: Reply | Publication, message: Mapping[str, Any]) -> bool:
        if not self._workspace.is_ours(message) or len(mappings(message.get("files"))) != len(act.media):
            return False
        return plain(text(message.get("text")), self._workspace.names).split() == _words(act).split()

    def _pages(self, place: Place, thread: str | None, wanted: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        method, more = ("conversations.replies", {"ts": thread}) if thread else ("conversations.history", {})
        page = ""
        for _ in range(_MOST_PAGES):
            try:
                answer = self._workspace.ask(
                    method, channel=place.remote_id, limit=PAGE, cursor=page, **{**wanted, **more}
                )
            except Gone:
                return
            yield from mappings(answer.get("messages"))
            if not (page := next_page(answer)):
                return
        raise Unsure("so much was said since that it can't be told whether this was; look at the channel")

    def _thread(self, act: Reply | Publication) -> str | None:
        if isinstance(act, Publication):
            return act.options.get("thread") or None
        if act.thread or not act.parent:
            return act.thread or None
        # A thread is named by its first message; the message it answers may stand in one
        try:
            wanted = {"channel": act.place.remote_id, "ts": act.parent, "limit": 1}
            found = mappings(self._workspace.ask("conversations.replies", **wanted).get("messages"))
        except Gone as error:
            raise Refused("the message it answers is gone") from error
        return next((thread for one in found if (thread := text(one.get("thread_ts")))), act.parent)

    def _share(self, place: Place, words: str, thread: str | None, media: Sequence[Media]) -> Sent | Pending:
        if len(media) > (LIMITS.media or 0):
            raise Refused(f"Slack takes {LIMITS.media} files with one message")
        files = [{"id": self._uploaded(one), "title": one.name} for one in media]
        wanted = {"channel_id": place.remote_id, "thread_ts": thread, "initial_comment": _marked(words)}
        self._workspace.act("files.completeUploadExternal", files=files, **wanted)
        return Pending(json.dumps([one["id"] for one in files]), retry_after=_SOON)

    def _uploaded(self, one: Media) -> str:
        """A file that nobody uses is thrown away there, so that silence is no harm."""
        wanted = {"filename": one.name, "length": len(one.data), "alt_txt": one.alt}
        place = self._workspace.ask("files.getUploadURLExternal", **wanted)
        url, ident = text(place.get("upload_url")), text(place.get("file_id"))
        if not url or not ident:
            raise Refused(f"Slack did not take the file {one.name}")
        origin = str(httpx.URL(url).copy_with(raw_path=b"/"))
        there = Api(self._workspace.access.http, origin, now=self._workspace.access.now)
        there.read(url, method="POST", content=one.data, plain=True, seconds=_UPLOAD_SECONDS)
        return ident

    def _shared_at(self, handle: str, place: Place) -> str:
        """When the files came to stand in the channel; empty while Slack works on them."""
        try:
            ident = text(json.loads(handle)[0])
        except (ValueError, TypeError, LookupError) as error:
            raise Refused("what Slack was busy with can't be told any more; look at the channel") from error
        shares = mapping(mapping(self._workspace.ask("files.info", file=ident).get("file")).get("shares"))
        for kind in ("public", "private"):
            for one in mappings(mapping(shares.get(kind)).get(place.remote_id)):
                return text(one.get("ts"))
        return ""

    def _sent(self, place: Place, message: Mapping[str, Any], thread: str | None) -> Sent:
        ts = text(message.get("ts"))
        if not ts:
            raise Unsure("Slack's answer does not say what became of it")
        self._workspace.learn_of([message])
        whole = {**message, "thread_ts": text(message.get("thread_ts")) or thread}
        seen = self._reader.parse(place, whole)
        return Sent(ts, seen.url, seen) if isinstance(seen, SeenMessage) else Sent(ts)


def _words(act: Reply | Publication) -> str:
    return _fitting(f"*{act.title}*\n{act.text}" if act.title else act.text)


def _fitting(words: str) -> str:
    """Slack cuts off what is longer, and says so only in passing."""
    if LIMITS.text and len(words) > LIMITS.text:
        raise Refused(f"it has {len(words)} characters; Slack takes {LIMITS.text}")
    return words


def _marked(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
