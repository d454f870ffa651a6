"""News of a bot: asked for by questions that wait (getUpdates), or sent to an address of ours (webhook). Never both."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from time import monotonic, sleep
from typing import Any

from folkmoot.networks.base import BATCH_SIZE, Batch, Place
from folkmoot.networks.errors import Later, Moved, Refused
from folkmoot.networks.live import Access, Answer, Hook, Tokens
from folkmoot.networks.payload import count, mapping, mappings, text
from folkmoot.networks.telegram.client import Bot, Taken
from folkmoot.networks.telegram.live_parse import moved_to
from folkmoot.networks.telegram.reading import WANTED, Reader, Told, moved, said

_PROOF = "x-telegram-bot-api-secret-token"
# Telegram holds each question so long: no longer, for whoever stops us is to be heard
_HOLD = 2
_AT_ONCE = 100
_SIGN_OF_LIFE = 20.0
_ALBUM_PAUSE = 0.6
_ELSEWHERE_SECONDS = 30.0
# After a week without news, Telegram begins to count anew, anywhere: the old number is not asked from then
_STALE_SECONDS = 6 * 24 * 3600

_Update = Mapping[str, Any]


class Listening:
    def __init__(self, access: Access) -> None:
        self._bot = Bot(access)
        self._reader = Reader(self._bot)

    def stream(self, places: Sequence[Place], cursor: str, stopped: Callable[[], bool]) -> Iterator[Batch]:
        known = [place.remote_id for place in places]
        yield Batch(None, (), cursor, more=False)
        heard_at = monotonic()
        while not stopped():
            updates = self._updates(cursor)
            if updates is None:
                _rest(stopped)
            elif updates:
                error = moved(updates, known)
                before = _before(updates, known) if error else updates
                ahead = self._ahead(before, cursor)
                yield from _batches(self._reader.read(before, albums=True), cursor, ahead)
                cursor, heard_at = ahead, monotonic()
                if error:
                    raise error
            if monotonic() - heard_at > _SIGN_OF_LIFE:
                heard_at = monotonic()
                yield Batch(None, (), cursor, more=False)

    def _updates(self, cursor: str) -> list[_Update] | None:
        """What is new, whole albums; None while an address of ours receives it."""
        try:
            updates = self._ask(cursor, _HOLD)
            while 0 < len(updates) < _AT_ONCE and said(updates[-1]).get("media_group_id"):
                # The rest of an album comes within a moment; nothing of it was confirmed yet
                sleep(_ALBUM_PAUSE)
                again = self._ask(cursor, 0)
                if len(again) <= len(updates):
                    break
                updates = again
        except Taken:
            self._hooked()
            return None
        return updates

    def _ask(self, cursor: str, hold: int) -> list[_Update]:
        wanted = {"timeout": hold, "limit": _AT_ONCE, "allowed_updates": list(WANTED)}
        offset = self._offset(cursor)
        return mappings(self._bot.ask("getUpdates", offset=offset, seconds=hold + 15.0, **wanted))

    def _offset(self, cursor: str) -> int | None:
        with suppress(ValueError, RecursionError):
            read = mapping(json.loads(cursor or "{}"))
            at = count(read.get("at"))
            if at is not None and self._bot.access.now().timestamp() - at < _STALE_SECONDS:
                return count(read.get("offset"))
        return None

    def _ahead(self, updates: Sequence[_Update], cursor: str) -> str:
        numbers = [number for one in updates if (number := count(one.get("update_id"))) is not None]
        if not numbers:
            return cursor
        return json.dumps({"offset": max(numbers) + 1, "at": int(self._bot.access.now().timestamp())})

    def _hooked(self) -> None:
        """Raises ``Taken`` where another address than ours receives the news, ``Later`` where another program asks."""
        url = text(mapping(self._bot.ask("getWebhookInfo")).get("url"))
        if url and url == self._bot.access.settings.get("hook_url"):
            return
        if url:
            raise Taken("the news of this bot goes to another address; have Telegram call ours, or make another bot")
        # For a moment it may be our own question of before, too
        why = "another program asks Telegram for this bot's news; stop it, or make another bot for it"
        raise Later(why, retry_after=_ELSEWHERE_SECONDS)

    def answer(self, hook: Hook) -> Answer:
        secret = self._bot.access.secrets.get("hook_secret", "")
        given = hook.headers.get(_PROOF, "")
        if not secret or not hmac.compare_digest(given.encode(), secret.encode()):
            raise Refused("this does not come from Telegram")
        try:
            update = mapping(json.loads(hook.body))
        except (ValueError, RecursionError):
            return Answer(400, b"This is no JSON.\n", keep=False)
        return Answer(key=text(update.get("update_id")), keep=count(update.get("update_id")) is not None)

    def hear(self, hook: Hook) -> Sequence[Batch]:
        """Each picture of an album by itself: requests come one by one, and nothing tells how many there are."""
        try:
            update = mapping(json.loads(hook.body))
        except (ValueError, RecursionError) as error:
            raise Refused("this is no update of Telegram's") from error
        if any(moved_to(said(update))):
            old, new = moved_to(said(update))
            raise Moved("the group has become a supergroup and has another number now", remote_id=new, was=old)
        return list(_batches(self._reader.read([update], albums=False), "", ""))

    def subscribe(self, url: str, places: Sequence[Place]) -> Tokens:
        secret = self._bot.access.secrets.get("hook_secret") or secrets.token_urlsafe(32)
        # One connection: news then comes in order
        self._bot.ask("setWebhook", url=url, secret_token=secret, max_connections=1, allowed_updates=list(WANTED))
        return Tokens({"hook_secret": secret}, {"hook_url": url})

    def unsubscribe(self, url: str) -> None:
        if text(mapping(self._bot.ask("getWebhookInfo")).get("url")) in ("", url):
            self._bot.ask("deleteWebhook")


def _batches(told: Sequence[Told], before: str, after: str) -> Iterator[Batch]:
    """All but the last bear the cursor from before: what was not stored is then told again."""
    pieces = [(one, start) for one in told for start in range(0, max(len(one.seen), 1), BATCH_SIZE)]
    for number, (one, start) in enumerate(pieces, 1):
        last = number == len(pieces)
        skipped = () if start else tuple(one.skipped.values())
        yield Batch(one.place, one.seen[start : start + BATCH_SIZE], after if last else before, not last, skipped)
    if not pieces:
        yield Batch(None, (), after, more=False)


def _before(updates: Sequence[_Update], places: Sequence[str]) -> list[_Update]:
    """What came before a group moved."""
    for index, update in enumerate(updates):
        if moved([update], places):
            return list(updates[:index])
    return list(updates)


def _rest(stopped: Callable[[], bool]) -> None:
    """While an address receives the news, there is nothing to ask."""
    until = monotonic() + 15.0
    while not stopped() and monotonic() < until:
        sleep(0.5)
