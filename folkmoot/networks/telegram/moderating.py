"""What a bot that is an administrator can do to messages and people."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from folkmoot.networks.acts import TO_PEOPLE, Moderation, Sent, Verb
from folkmoot.networks.base import Place
from folkmoot.networks.errors import Refused
from folkmoot.networks.telegram.client import Bot, Gone, Unchanged
from folkmoot.networks.telegram.live_parse import JOIN_REQUEST, number_of, said_number

_WRITES = (
    "can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos",
    "can_send_video_notes", "can_send_voice_notes", "can_send_polls", "can_send_other_messages",
    "can_add_web_page_previews",
)  # fmt: skip
# What ends sooner or later than this, Telegram takes for lasting
_SHORTEST, _LONGEST = timedelta(seconds=35), timedelta(days=365)
_AWAY = (
    "participant_id_invalid",
    "user_not_participant",
    "user not found",
    "not in the chat",
    "hide_requester_missing",
)


def verbs(place: Place) -> frozenset[Verb]:
    if place.kind == "page":
        return frozenset(("pin", "unpin", "ban", "unban", "approve", "spam"))
    if place.remote_id.startswith("channel"):
        return frozenset(("pin", "unpin", "mute", "unmute", "kick", "ban", "unban", "approve", "spam"))
    # In small groups nobody can be muted, and there is no list of those who are banned
    return frozenset(("pin", "unpin", "kick", "ban")) if place.remote_id.startswith("chat") else frozenset()


class Moderator:
    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    def moderate(self, act: Moderation) -> Sent:
        if act.verb not in verbs(act.place):
            raise Refused("Telegram offers bots no such thing in this kind of chat")
        try:
            if act.verb in TO_PEOPLE:
                self._to_person(act)
            elif act.verb in ("approve", "spam"):
                self._requested(act)
            else:
                self._pin(act)
        except (Unchanged, Gone):
            if act.verb == "pin":
                raise
        except Refused as error:
            # Who is not there need not be let go of, nor let in
            if act.verb == "pin" or not any(words in str(error).lower() for words in _AWAY):
                raise
            if act.verb in ("mute", "unmute"):
                raise Refused("this person is not in the group") from error
        return Sent()

    def _pin(self, act: Moderation) -> None:
        number = said_number(act.place.remote_id, act.message)
        method = "pinChatMessage" if act.verb == "pin" else "unpinChatMessage"
        more = {"disable_notification": True} if act.verb == "pin" else {}
        self._bot.act(method, chat_id=number_of(act.place.remote_id), message_id=number, **more)

    def _requested(self, act: Moderation) -> None:
        kind, _, rest = act.message.partition(":")
        if kind != JOIN_REQUEST:
            raise Refused("only requests to join are approved or turned down; other messages can be deleted")
        method = "approveChatJoinRequest" if act.verb == "approve" else "declineChatJoinRequest"
        person = number_of(rest.partition(":")[0])
        self._bot.act(method, chat_id=number_of(act.place.remote_id), user_id=person)

    def _to_person(self, act: Moderation) -> None:
        chat, person = number_of(act.place.remote_id), number_of(act.person)
        if person < 0:
            self._to_channel(act, chat, person)
        elif act.verb in ("mute", "unmute"):
            allowed = dict.fromkeys(_WRITES, act.verb == "unmute")
            until = self._until(act.until) if act.verb == "mute" else None
            self._bot.act(
                "restrictChatMember",
                chat_id=chat,
                user_id=person,
                permissions=allowed,
                use_independent_chat_permissions=True,
                until_date=until,
            )
        elif act.verb == "unban":
            self._bot.act("unbanChatMember", chat_id=chat, user_id=person, only_if_banned=True)
        else:
            until = self._until(act.until) if act.verb == "ban" else None
            self._bot.act("banChatMember", chat_id=chat, user_id=person, until_date=until)
            if act.verb == "kick" and act.place.remote_id.startswith("channel"):
                self._bot.act("unbanChatMember", chat_id=chat, user_id=person, only_if_banned=True)

    def _to_channel(self, act: Moderation, chat: int, person: int) -> None:
        """Somebody who speaks in the name of a channel."""
        if person == chat:
            raise Refused("this is an administrator who speaks in the name of the group")
        methods: dict[Any, str] = {"ban": "banChatSenderChat", "unban": "unbanChatSenderChat"}
        if act.verb not in methods:
            raise Refused("who speaks in the name of a channel can only be banned: nobody knows who it is")
        self._bot.act(methods[act.verb], chat_id=chat, sender_chat_id=person)

    def _until(self, end: datetime | None) -> int | None:
        if end is None:
            return None
        now = self._bot.access.now()
        return int(min(max(end, now + _SHORTEST), now + _LONGEST).timestamp())
