"""One bot at the Bot API: how it is asked, and what its refusals mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from folkmoot.lib.fetching import Fetched
from folkmoot.networks.api import SOON, Api
from folkmoot.networks.errors import Later, Moved, NetworkError, Reconnect, Refused, Unsure
from folkmoot.networks.live import Access
from folkmoot.networks.payload import Dates, count, mapping, text
from folkmoot.networks.telegram.live_parse import Home, remote_id

SERVER = "https://api.telegram.org"
_UTC = ZoneInfo("UTC")
_ADMINISTRATOR = "in Telegram, open the group or channel, Administrators, choose the bot and give it the right"
# The beginnings of Telegram's own words for errors 400 and 403, in small letters, and what to do then
_MEANT = (
    ("not enough rights", f"the bot lacks a right there; {_ADMINISTRATOR}"),
    ("chat_admin_required", f"the bot is no administrator there; {_ADMINISTRATOR}"),
    ("need administrator rights", f"the bot is no administrator there; {_ADMINISTRATOR}"),
    ("have no rights to send", f"the bot may not write there; {_ADMINISTRATOR}"),
    ("chat_write_forbidden", f"the bot may not write there; {_ADMINISTRATOR}"),
    ("chat not found", "Telegram shows the bot no such chat; add the bot to it"),
    ("bot was kicked", "the bot was removed from there; add it again in Telegram"),
    ("bot is not a member", "the bot is not in there; add it in Telegram"),
    ("bot was blocked", "this person has blocked the bot; nobody can write to them with it"),
    ("bot can't initiate conversation", "a bot can't write first; this person must write to it before"),
    ("user is deactivated", "this person has deleted their Telegram account"),
    ("topic_closed", "this topic is closed; open it in Telegram"),
    ("message can't be deleted", "Telegram doesn't let the bot delete it: it may be too old, or the right is missing"),
    ("message can't be edited", "Telegram doesn't let the bot change it any more"),
    ("message is too long", "it is longer than Telegram takes: 4,096 characters"),
    ("message caption is too long", "with pictures, Telegram takes 1,024 characters at most"),
    ("message to be replied not found", "the message it answers is gone"),
    ("user is an administrator", "administrators can't be restricted or banned; take that role from them first"),
    ("can't remove chat owner", "the owner of a group can't be restricted or banned"),
)  # fmt: skip

_GONE = (
    "message to delete not found", "message to edit not found", "message to pin not found",
    "message to unpin not found", "message_id_invalid",
)  # fmt: skip


class Gone(Refused):
    """What it was to be done to is not there."""


class Unchanged(Refused):
    """It is as it was to be."""


class Taken(Refused):
    """Another program receives the news of this bot, or an address does."""


class WrongKind(Refused):
    """This kind of message is changed in another way."""


class Bot:
    def __init__(self, access: Access) -> None:
        self.access = access
        self._me: Mapping[str, Any] = {}
        token = access.secrets.get("token", "").strip()
        server = access.settings.get("server", "").strip() or SERVER
        self._api = Api(access.http, f"{server.rstrip('/')}/bot{token}", {}, _judge, access.now)

    @property
    def dates(self) -> Dates:
        return Dates(_UTC, self.access.now())

    def ask(self, method: str, *, seconds: float = 20.0, **wanted: Any) -> Any:
        """Something that is safe to repeat."""
        try:
            data = mapping(self._api.read(method, method="POST", json=_filled(wanted), seconds=seconds).data)
        except Unsure as error:
            raise Later(str(error), retry_after=SOON) from error
        if data.get("ok") is not True or "result" not in data:
            raise Later("this is no answer of Telegram's; is the server's address right?", retry_after=SOON)
        return data["result"]

    def act(self, method: str, *, files: Any = None, seconds: float = 20.0, **wanted: Any) -> Any:
        request = {"data": wanted, "files": files} if files else {"json": _filled(wanted)}
        data = mapping(self._api.act(method, seconds=seconds, **request).data)
        if data.get("ok") is not True or "result" not in data:
            raise Unsure("Telegram's answer does not say what became of it")
        return data["result"]

    def me(self, *, anew: bool = False) -> Mapping[str, Any]:
        if anew or not self._me:
            found = mapping(self.ask("getMe"))
            if not isinstance(found.get("id"), int):
                raise Later("this is no answer of Telegram's; is the server's address right?", retry_after=SOON)
            self._me = found
        return self._me

    def home(self) -> Home:
        return Home(int(self.me()["id"]))


def _filled(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if value is not None}


def _judge(fetched: Fetched, data: Any) -> NetworkError | None:
    answer = mapping(data)
    if answer.get("ok") is not False:
        return None
    code = count(answer.get("error_code")) or fetched.status
    said, more = text(answer.get("description")), mapping(answer.get("parameters"))
    new = more.get("migrate_to_chat_id")
    if isinstance(new, int):
        return Moved("the group has become a supergroup and has another number now", remote_id=remote_id(new))
    if code in (420, 429):
        seconds = count(more.get("retry_after"))
        return Later("Telegram asks us to slow down", retry_after=SOON if seconds is None else float(seconds))
    if code in (401, 404):  # one for a token that was revoked, one for what never was a token
        return Reconnect("Telegram does not know this token any more; ask @BotFather for it and connect the bot again")
    if code == 409:
        return Taken(f"another program or address receives this bot's news: {said}")
    if code == 413:
        return Refused("the files are larger than Telegram takes from bots: 50 MB, pictures 10 MB")
    return _refusal(said) if code in (400, 403) else None


def _refusal(said: str) -> Refused:
    small = said.lower()
    if "not modified" in small:
        return Unchanged(said)
    if any(words in small for words in _GONE):
        return Gone("Telegram has no such message any more")
    if "there is no text in the message" in small or "there is no caption in the message" in small:
        return WrongKind(said)
    for words, meaning in _MEANT:
        if words in small:
            return Refused(meaning)
    return Refused(f"Telegram refuses it: {said}")
