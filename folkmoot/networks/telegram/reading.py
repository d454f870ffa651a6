"""From what the Bot API tells, one update after another, to batches of one place each."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from folkmoot.networks.base import Place, Seen, SeenMessage, Skipped
from folkmoot.networks.errors import Moved, Reconnect, Refused
from folkmoot.networks.payload import Unfit, mapping, text
from folkmoot.networks.telegram.client import Bot
from folkmoot.networks.telegram.live_parse import (
    is_moves,
    moved_to,
    parse_album,
    parse_chat,
    parse_join_request,
    parse_member,
    parse_message,
    parse_moves,
    parse_reactions,
    parse_totals,
)

WANTED = (
    "message", "edited_message", "channel_post", "edited_channel_post", "message_reaction", "message_reaction_count",
    "my_chat_member", "chat_member", "chat_join_request",
)  # fmt: skip
_SAID = ("message", "channel_post", "edited_message", "edited_channel_post")
_MOST_POSTS = 2_000
_RANK_SECONDS = 600.0


@dataclass(slots=True)
class Told:
    """What is told of one place."""

    place: Place
    seen: list[Seen] = field(default_factory=list)
    skipped: dict[str, Skipped] = field(default_factory=dict)

    def skip(self, reason: str, where: str) -> None:
        known = self.skipped.get(reason)
        self.skipped[reason] = Skipped(reason, known.count + 1 if known else 1, known.where if known else where)


class Reader:
    """Remembers the last posts of channels, for totals of reactions come without the words; and what it is where."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._posts: OrderedDict[tuple[str, str], SeenMessage] = OrderedDict()
        self._ranks: dict[int, tuple[bool, datetime]] = {}

    def read(self, updates: Sequence[Mapping[str, Any]], *, albums: bool) -> list[Told]:
        """With ``albums``, pictures that were sent together are one message; the updates hold whole albums then."""
        told: dict[str, Told] = {}
        together: dict[str, list[Mapping[str, Any]]] = {}
        for update in updates:
            message = said(update)
            if albums and message and (group := text(message.get("media_group_id"))):
                together.setdefault(group, []).append(message)
                continue
            self._add(told, update)
        for messages in together.values():
            latest = {text(one.get("message_id")): one for one in messages}
            self._add_message(told, list(latest.values()))
        return list(told.values())

    def _add(self, told: dict[str, Told], update: Mapping[str, Any]) -> None:
        if message := said(update):
            self._add_message(told, [message])
            return
        for kind in WANTED:
            if payload := mapping(update.get(kind)):
                self._add_other(told, kind, payload)

    def _add_message(self, told: dict[str, Told], messages: Sequence[Mapping[str, Any]]) -> None:
        message = messages[0]
        with suppress(Unfit):
            here = _here(told, message)
            try:
                here.seen += self._moves(message) if is_moves(message) else [self._message(here.place, messages)]
            except Unfit as unfit:
                here.skip(unfit.reason, f"{here.place.remote_id}, {text(message.get('message_id'))}")

    def _message(self, place: Place, messages: Sequence[Mapping[str, Any]]) -> SeenMessage:
        home, dates = self._bot.home(), self._bot.dates
        seen = parse_message(messages[0], home, dates) if len(messages) == 1 else parse_album(messages, home, dates)
        if place.kind == "page":
            self._posts[place.remote_id, seen.remote_id] = seen
            if len(self._posts) > _MOST_POSTS:
                self._posts.popitem(last=False)
        return seen

    def _moves(self, message: Mapping[str, Any]) -> Iterable[Seen]:
        """Administrators are told of all moves by the list of members; a note in the chat would be the same once more."""
        if self._leads(mapping(message.get("chat"))):
            raise Unfit("service message")
        return parse_moves(message, self._bot.dates)

    def _add_other(self, told: dict[str, Told], kind: str, payload: Mapping[str, Any]) -> None:
        dates = self._bot.dates
        with suppress(Unfit):
            here = _here(told, payload)
            try:
                if kind == "message_reaction":
                    here.seen += parse_reactions(payload, dates)
                elif kind == "message_reaction_count":
                    here.seen.append(self._totals(here.place, payload))
                elif kind == "chat_member":
                    here.seen.append(parse_member(payload, dates))
                elif kind == "chat_join_request":
                    here.seen.append(parse_join_request(payload, dates))
                elif kind == "my_chat_member":
                    self._ranks.clear()
            except Unfit as unfit:
                here.skip(unfit.reason, f"{here.place.remote_id}, {kind}")

    def _totals(self, place: Place, payload: Mapping[str, Any]) -> SeenMessage:
        known = self._posts.get((place.remote_id, text(payload.get("message_id"))))
        if known is None:
            raise Unfit("reactions to a post that is not remembered")
        changed = replace(known, reactions=parse_totals(payload))
        self._posts[place.remote_id, known.remote_id] = changed
        return changed

    def _leads(self, chat: Mapping[str, Any]) -> bool:
        """Whether the bot is an administrator there."""
        number, now = chat.get("id"), self._bot.access.now()
        if not isinstance(number, int):
            return False
        known = self._ranks.get(number)
        if known is None or (now - known[1]).total_seconds() > _RANK_SECONDS:
            leads = False
            with suppress(Refused, Reconnect, Moved):
                me = mapping(self._bot.ask("getChatMember", chat_id=number, user_id=self._bot.home().ident))
                leads = me.get("status") == "administrator"
            known = self._ranks[number] = leads, now
        return known[0]


def said(update: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message that an update tells of, new or edited."""
    return next((message for kind in _SAID if (message := mapping(update.get(kind)))), {})


def moved(updates: Iterable[Mapping[str, Any]], places: Iterable[str]) -> Moved | None:
    """That one of these places has become a supergroup."""
    for update in updates:
        old, new = moved_to(said(update))
        if old and old in places:
            return Moved("the group has become a supergroup and has another number now", remote_id=new, was=old)
    return None


def _here(told: dict[str, Told], payload: Mapping[str, Any]) -> Told:
    """Raises ``Unfit``."""
    place = parse_chat(mapping(payload.get("chat")))
    return told.setdefault(place.remote_id, Told(place))
