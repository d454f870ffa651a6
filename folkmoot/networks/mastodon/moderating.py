"""What is done to people and posts: for our account alone, or, where that was chosen, for the whole server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from folkmoot.networks.acts import TO_PEOPLE, Moderation, Sent, Verb
from folkmoot.networks.base import Place
from folkmoot.networks.errors import Refused
from folkmoot.networks.mastodon.account import Account, segment
from folkmoot.networks.mastodon.errors import Gone
from folkmoot.networks.mastodon.reports import is_reports, report_of
from folkmoot.networks.payload import mapping, mappings, text

SERVER = "server"
_LONGEST_REASON = 1_000
# What a moderator of the server does: the act, the state that it brings about, and what takes it back
_LIMITS: dict[Verb, tuple[str, str]] = {"mute": ("silence", "silenced"), "ban": ("suspend", "suspended")}
_LIFTS: dict[Verb, tuple[str, str]] = {"unmute": ("unsilence", "silenced"), "unban": ("unsuspend", "suspended")}
_OWN: dict[Verb, str] = {"mute": "mute", "unmute": "unmute", "ban": "block", "unban": "unblock"}


def verbs(place: Place) -> frozenset[Verb]:
    people: set[Verb] = {"mute", "unmute", "ban", "unban", "spam"}
    if is_reports(place):
        return frozenset(people - {"spam"} | {"approve"})
    return frozenset(people | {"kick", "pin", "unpin"} if place.kind == "page" else people)


class Moderator:
    def __init__(self, account: Account) -> None:
        self._account = account
        self._whole_server = account.settings.get("moderation") == SERVER

    def moderate(self, act: Moderation) -> Sent:
        if act.verb not in verbs(act.place):
            raise Refused("that can't be done on this network")
        if act.verb in ("pin", "unpin"):
            self._account.api.act(f"api/v1/statuses/{segment(act.message)}/{act.verb}")
            return Sent(act.message)
        if act.verb == "approve":
            return self._settle(act)
        person = self._person(act)
        if act.verb == "spam":
            return self._reported(act, person)
        if act.verb == "kick":
            self._account.api.act(f"api/v1/accounts/{person}/remove_from_followers")
        elif self._whole_server:
            self._for_all(act, person)
        else:
            self._for_us(act, person)
        return Sent()

    def _settle(self, act: Moderation) -> Sent:
        """A report is looked after: here nothing else can be approved."""
        if not (report := report_of(act.message)):
            raise Refused("only a report can be settled, and not the posts that it is about")
        self._account.api.act(f"api/v1/admin/reports/{segment(report)}/resolve")
        return Sent(act.message)

    def _person(self, act: Moderation) -> str:
        """The server's id of who is meant, or who wrote what is meant."""
        if act.person:
            return segment(self._known(act.person))
        if act.message and act.verb not in TO_PEOPLE:
            return segment(text(mapping(self._account.status(act.message).get("account")).get("id")))
        raise Refused("say whom it is about")

    def _known(self, person: str) -> str:
        try:
            return self._account.ident_of(person)
        except Gone:
            if not self._whole_server:
                raise
        # Whom moderators limited or suspended is hidden from all others
        name, _, domain = self._account.home().local(person).partition("@")
        asked = {"username": name, "origin": "remote" if domain else "local", "by_domain": domain}
        for status in ("suspended", "silenced"):
            found = mappings(self._account.api.read("api/v2/admin/accounts", asked | {"status": status}).data)
            for one in found:
                if text(one.get("username")).lower() == name:
                    return text(one.get("id"))
        raise Gone("the server does not know that account")

    def _reported(self, act: Moderation, person: str) -> Sent:
        """To the moderators of this server and, if its author is from elsewhere, of that one."""
        body: dict[str, Any] = {"account_id": person, "category": "spam", "forward": True}
        body |= {"status_ids": [act.message]} if act.message else {}
        body |= {"comment": act.reason[:_LONGEST_REASON]} if act.reason else {}
        return Sent(text(mapping(self._account.api.act("api/v1/reports", json=body).data).get("id")))

    def _for_us(self, act: Moderation, person: str) -> None:
        body: dict[str, Any] = {}
        if act.verb == "mute" and act.until:
            body["duration"] = max(int((act.until - self._account.access.now()).total_seconds()), 1)
        self._account.api.act(f"api/v1/accounts/{person}/{_OWN[act.verb]}", json=body)

    def _for_all(self, act: Moderation, person: str) -> None:
        state = self._state(person)
        if act.verb in _LIMITS:
            kind, key = _LIMITS[act.verb]
            if state.get(key) is not True:
                body = {"type": kind, "text": act.reason[:_LONGEST_REASON]}
                self._account.api.act(f"api/v1/admin/accounts/{person}/action", json=body)
            return
        kind, key = _LIFTS[act.verb]
        if state.get(key) is not False:
            self._account.api.act(f"api/v1/admin/accounts/{person}/{kind}")

    def _state(self, person: str) -> Mapping[str, Any]:
        try:
            return mapping(self._account.api.read(f"api/v1/admin/accounts/{person}").data)
        except Refused as error:
            raise Refused(
                "only moderators of the server can do that, with a token that may (admin:read and admin:write); "
                f"else connect the account with moderation for this account only: {error}"
            ) from error
