"""A bot at Telegram."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from folkmoot.networks.acts import Deletion, Edit, Moderation, Publication, Reply, Sent, Verb
from folkmoot.networks.base import Place, gettext_noop
from folkmoot.networks.errors import Moved, Refused
from folkmoot.networks.live import Access, Checkup, Right
from folkmoot.networks.payload import Unfit, count, mapping, text
from folkmoot.networks.telegram.listening import Listening
from folkmoot.networks.telegram.live_parse import number_of, parse_chat, parse_person
from folkmoot.networks.telegram.moderating import Moderator, verbs
from folkmoot.networks.telegram.posting import Author

_PRIVACY = gettext_noop(
    "Write /setprivacy to @BotFather, choose the bot and Disable; then remove it from each group and add it again."
    " Or make it an administrator there."
)
_ADMIN = gettext_noop("Open the group or channel, Administrators, choose the bot and switch the right on. Lacking in: ")
_RIGHTS = (
    ("can_delete_messages", gettext_noop("To delete messages of others")),
    ("can_restrict_members", gettext_noop("To mute, remove and ban people, and to be told who comes and goes")),
    ("can_pin_messages", gettext_noop("To pin messages")),
    ("can_invite_users", gettext_noop("To let in people who ask to join")),
)
_NOTES = (
    gettext_noop("A bot sees no past: import the chat for what was said before."),
    gettext_noop("Telegram tells bots of no deletions: what people delete there stays here."),
    gettext_noop("Reactions are told only where the bot is an administrator; what other bots say is mostly hidden."),
)


class TelegramSession(Listening):
    def __init__(self, access: Access) -> None:
        super().__init__(access)
        self._author = Author(self._bot)
        self._moderator = Moderator(self._bot)

    def check(self) -> Checkup:
        me = self._bot.me(anew=True)
        rights = [
            Right(
                "read all messages",
                gettext_noop("To see all that is said in groups, and not only what is said to the bot"),
                me.get("can_read_all_group_messages") is True,
                needed=False,
                mend=_PRIVACY,
            ),
            Right(
                "join groups",
                gettext_noop("To be added to groups"),
                me.get("can_join_groups") is True,
                mend=gettext_noop("Write /setjoingroups to @BotFather, choose the bot and Enable."),
            ),
            *self._in_chats(),
        ]
        return Checkup(parse_person(me), tuple(rights), notes=(*_NOTES, *self._unknown(), *self._hook()))

    def _in_chats(self) -> Iterator[Right]:
        lacking: dict[str, list[str]] = {name: [] for name, _ in _RIGHTS}
        places = self.places()
        for place in places:
            me = self._standing(place)
            for name in lacking:
                # Channels have posts alone: nobody is restricted there, and pinning is part of editing
                if me.get(name) is not True and place.kind == "chat":
                    lacking[name].append(place.name)
        for name, why in _RIGHTS if places else ():
            yield Right(name, why, not lacking[name], needed=False, mend=_ADMIN + ", ".join(lacking[name]))

    def _standing(self, place: Place) -> Mapping[str, Any]:
        try:
            number = number_of(place.remote_id)
            return mapping(self._bot.ask("getChatMember", chat_id=number, user_id=self._bot.home().ident))
        except (Refused, Moved):
            return {}

    def _unknown(self) -> Iterator[str]:
        for one in self._written():
            if not list(self._named(one)):
                yield f"Telegram shows the bot no {one}: add the bot there, or correct the name."

    def _hook(self) -> Iterator[str]:
        info = mapping(self._bot.ask("getWebhookInfo"))
        if text(info.get("url")) and text(info.get("url")) != self._bot.access.settings.get("hook_url"):
            yield gettext_noop(
                "The news of this bot goes to another address now; have Telegram call ours to take it over."
            )
        if text(info.get("last_error_message")):
            yield f"Telegram could not reach our address: {text(info.get('last_error_message'))[:200]}"
        if waiting := count(info.get("pending_update_count")):
            yield f"News that wait at Telegram: {waiting}"

    def places(self) -> Sequence[Place]:
        """Those that were named; others are met when somebody speaks there: Telegram gives bots no list."""
        return [place for one in self._written() for place in self._named(one)]

    def _written(self) -> list[str]:
        return self._bot.access.settings.get("chats", "").replace(",", " ").split()

    def _named(self, written: str) -> Iterator[Place]:
        try:
            yield parse_chat(mapping(self._bot.ask("getChat", chat_id=_chat(written))))
        except (Refused, Moved, Unfit):
            return

    def close(self) -> None:
        """Nothing lasts: each question is one of its own."""

    def reply(self, act: Reply, key: str) -> Sent:
        return self._author.reply(act)

    def publish(self, act: Publication, key: str) -> Sent:
        return self._author.publish(act)

    def edit(self, act: Edit, key: str) -> Sent:
        return self._author.edit(act)

    def delete(self, act: Deletion, key: str) -> Sent:
        return self._author.delete(act)

    def verbs(self, place: Place) -> frozenset[Verb]:
        return verbs(place)

    def moderate(self, act: Moderation, key: str) -> Sent:
        return self._moderator.moderate(act)


def _chat(written: str) -> str:
    """What names a chat to the Bot API, out of a number, a name or an address."""
    bare = written.strip().rstrip("/")
    if bare.lstrip("-").isdigit():
        return bare
    return f"@{bare.rpartition('/')[2].removeprefix('@')}"
