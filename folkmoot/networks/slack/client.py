"""One app in a Slack workspace: how it is asked, and what its refusals mean."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from folkmoot.lib.fetching import Fetched
from folkmoot.networks.api import SOON, Answered, Api
from folkmoot.networks.base import Person, Place
from folkmoot.networks.errors import Later, NetworkError, Reconnect, Refused, Unsure
from folkmoot.networks.live import Access
from folkmoot.networks.payload import Dates, mapping, text
from folkmoot.networks.slack.parse import Names, parse_channel, parse_person

SERVER = "https://slack.com/api"
_UTC = ZoneInfo("UTC")
_PERSON = re.compile(r'(?:"|<@)([UW](?=[A-Z]*\d)[A-Z0-9]+)\b')
_MOST_KNOWN = 5_000
_ASKED_AT_ONCE = 50
_SCOPES = "at api.slack.com/apps open the app, OAuth & Permissions, add the scope, and install the app again"
_SIGNED_OUT = frozenset({
    "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "org_login_required",
    "user_removed_from_team", "team_access_not_granted", "access_denied", "invalid_refresh_token",
})  # fmt: skip
_GONE = frozenset({"message_not_found", "thread_not_found", "file_not_found", "no_such_file"})
_PERHAPS = frozenset({"fatal_error", "internal_error", "request_timeout"})
_AWAY = frozenset({"service_unavailable", "team_added_to_org"})
_THERE = frozenset({
    "already_pinned", "no_pin", "not_pinned", "already_in_channel", "not_in_channel_user", "already_reacted",
    "no_reaction",
})  # fmt: skip
_MEANT = {
    "channel_not_found": "Slack shows the app no such channel; invite it there: /invite @app",
    "not_in_channel": "the app is not in that channel; invite it there: /invite @app",
    "is_archived": "this channel is archived; nothing can be written there",
    "restricted_action": "the workspace's settings let only some write there; ask an administrator of the workspace",
    "msg_too_long": "it is longer than Slack takes: 40,000 characters",
    "no_text": "there is nothing to send",
    "cant_update_message": "only what the app itself said can be changed",
    "edit_window_closed": "the workspace lets nobody change messages so late",
    "cant_delete_message": "the app can only delete what it said itself; an administrator can delete it in Slack",
    "cant_kick_from_general": "nobody can be removed from the channel that all are in",
    "restricted_action_thread_locked": "this thread is closed",
    "user_not_found": "Slack knows no such person in this workspace",
    "cant_invite_self": "the app can't invite itself",
    "ekm_access_denied": "the workspace's administrators have suspended access to messages",
    "two_factor_setup_required": "the workspace asks for two-factor authentication",
}


class Gone(Refused):
    """What it was to be done to is not there."""


class Already(Refused):
    """It is as it was to be."""


class BadPage(Refused):
    """The page that was to be read on from is not known any more."""


class Workspace:
    def __init__(self, access: Access) -> None:
        self.access = access
        token = access.secrets.get("token", "").strip()
        server = access.settings.get("server", "").strip() or SERVER
        self._api = Api(access.http, server, {"Authorization": f"Bearer {token}"}, judge, access.now)
        self._me: Mapping[str, Any] = {}
        self._people: dict[str, Person] = {}
        self._places: dict[str, Place] = {}

    @property
    def dates(self) -> Dates:
        return Dates(_UTC, self.access.now())

    @property
    def names(self) -> Names:
        return Names(self._people, self._places)

    def ask(self, method: str, **wanted: Any) -> Mapping[str, Any]:
        """Something that is safe to repeat."""
        return _said(self.answered(method, **wanted), Later("this is no answer of Slack's", retry_after=SOON))

    def answered(self, method: str, **wanted: Any) -> Answered:
        try:
            return self._api.read(method, method="POST", data=_form(wanted))
        except Unsure as error:
            raise Later(str(error), retry_after=SOON) from error

    def act(self, method: str, **wanted: Any) -> Mapping[str, Any]:
        answer = self._api.act(method, data=_form(wanted))
        return _said(answer, Unsure("Slack's answer does not say what became of it"))

    def me(self, *, anew: bool = False) -> Mapping[str, Any]:
        if anew or not self._me:
            found = self.ask("auth.test")
            if not text(found.get("user_id")):
                raise Later("this is no answer of Slack's", retry_after=SOON)
            self._me = found
        return self._me

    def is_ours(self, message: Mapping[str, Any]) -> bool:
        me, bot = self.me(), text(message.get("bot_id"))
        return text(message.get("user")) == text(me.get("user_id")) or (bool(bot) and bot == text(me.get("bot_id")))

    def place(self, ident: str) -> Place:
        """Raises ``Refused`` where the app sees no such channel."""
        if ident not in self._places:
            found = self.remember(mapping(self.ask("conversations.info", channel=ident).get("channel")))
            self._places[ident] = found or Place(ident, ident)
        return self._places[ident]

    def remember(self, channel: Mapping[str, Any]) -> Place | None:
        direct = channel.get("is_im") is True or channel.get("is_mpim") is True
        if direct and text(channel.get("user")):
            self.learn([text(channel.get("user"))])
            channel = {**channel, "members": [text(channel.get("user"))]}
        place = parse_channel(channel, self._people, direct=direct)
        if place:
            self._places[place.remote_id] = place
        return place

    def learn_of(self, messages: Any) -> None:
        """Asks for the names of those who speak, react or are named in messages."""
        self.learn(dict.fromkeys(_PERSON.findall(json.dumps(messages))))

    def learn(self, idents: Iterable[str]) -> None:
        unknown = [ident for ident in idents if ident not in self._people]
        for ident in unknown[:_ASKED_AT_ONCE]:
            try:
                user = mapping(self.ask("users.info", user=ident).get("user"))
            except Refused:
                user = {}
            if len(self._people) >= _MOST_KNOWN:
                self._people.pop(next(iter(self._people)))
            self._people[ident] = parse_person(user) or Person(ident)


def _form(wanted: Mapping[str, Any]) -> dict[str, str]:
    """Many methods take forms alone; what is no text is JSON in them."""
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in wanted.items()
        if value is not None and value != ""
    }


def _said(answer: Answered, otherwise: NetworkError) -> Mapping[str, Any]:
    data = mapping(answer.data)
    if data.get("ok") is not True:
        raise otherwise
    return data


def judge(fetched: Fetched, data: Any) -> NetworkError | None:
    answer = mapping(data)
    error = text(answer.get("error"))
    if fetched.status == 429 or answer.get("ok") is not False or not error:
        return None
    if error in ("ratelimited", "rate_limited"):
        return Later("Slack asks us to slow down", retry_after=SOON, everywhere=True)
    if error in _SIGNED_OUT:
        return Reconnect(f"Slack does not accept our token any more ({error}); connect the workspace again")
    if error == "missing_scope":
        return Refused(f"the app lacks the scope {text(answer.get('needed')) or 'for it'}; {_SCOPES}")
    if error in _GONE:
        return Gone("Slack has no such message any more")
    if error in _THERE:
        return Already(error)
    if error == "invalid_cursor":
        return BadPage(error)
    if error in _PERHAPS:
        return Unsure(f"Slack failed on it: {error}")
    if error in _AWAY:
        return Later(f"Slack can't do it now: {error}", retry_after=SOON)
    return Refused(_MEANT.get(error) or f"Slack refuses it: {error}")
