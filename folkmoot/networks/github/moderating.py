"""What those who keep a repository can do to messages and people."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from folkmoot.networks.acts import Moderation, Sent, Verb
from folkmoot.networks.base import Place
from folkmoot.networks.errors import Refused
from folkmoot.networks.github import queries
from folkmoot.networks.github.client import GitHubApi, Gone, repository
from folkmoot.networks.github.parse import DISCUSSION, GHOST, ISSUE
from folkmoot.networks.github.posting import Author, numbered
from folkmoot.networks.payload import mapping, text

_VERBS: frozenset[Verb] = frozenset(("hide", "unhide", "spam", "lock", "unlock", "pin", "unpin", "ban", "unban"))
_REASONS: Mapping[str, str] = {
    "spam": "SPAM", "abuse": "ABUSE", "off-topic": "OFF_TOPIC", "outdated": "OUTDATED", "duplicate": "DUPLICATE",
    "resolved": "RESOLVED",
}  # fmt: skip


def verbs(place: Place) -> frozenset[Verb]:
    return _VERBS


class Moderator:
    def __init__(self, api: GitHubApi, author: Author) -> None:
        self._api = api
        self._author = author

    def moderate(self, act: Moderation) -> Sent:
        if act.verb in ("ban", "unban"):
            self._block(act)
        elif act.verb in ("hide", "unhide", "spam"):
            self._minimise(act)
        elif act.verb in ("lock", "unlock"):
            self._lock(act)
        elif act.verb in ("pin", "unpin") and numbered(act.message, ISSUE):
            self._pin(act)
        else:
            raise Refused("GitHub offers no such thing for this")
        return Sent()

    def _minimise(self, act: Moderation) -> None:
        if act.message.startswith((ISSUE, DISCUSSION)):
            raise Refused("GitHub hides comments alone; lock or delete what opens a conversation")
        ident = self._author.node_id(act.place, act.message)
        if act.verb == "unhide":
            self._api.do(queries.SHOW, id=ident)
            return
        why = "SPAM" if act.verb == "spam" else _REASONS.get(act.reason.strip().lower(), "OFF_TOPIC")
        self._api.do(queries.HIDE, id=ident, why=why)

    def _lock(self, act: Moderation) -> None:
        if number := numbered(act.message, ISSUE):
            method = "PUT" if act.verb == "lock" else "DELETE"
            self._api.act(act.place, f"issues/{number}/lock", method=method, json={} if method == "PUT" else None)
        elif number := numbered(act.message, DISCUSSION):
            query = queries.LOCK if act.verb == "lock" else queries.UNLOCK
            self._api.do(query, id=self._author.topic_id(act.place, number))
        else:
            raise Refused("GitHub locks whole conversations; choose what opens it")

    def _pin(self, act: Moderation) -> None:
        query = queries.PIN if act.verb == "pin" else queries.UNPIN
        try:
            self._api.do(query, id=self._author.node_id(act.place, act.message))
        except Refused as error:
            if "already" not in str(error).lower() and "not pinned" not in str(error).lower():
                raise

    def _block(self, act: Moderation) -> None:
        """For the organisation, where one owns the repository; else for our account."""
        login = self._login(act.person)
        owner = mapping(mapping(self._api.read(repository(act.place)).data).get("owner"))
        path = f"orgs/{text(owner.get('login'))}/blocks" if owner.get("type") == "Organization" else "user/blocks"
        if act.verb == "unban":
            with suppress(Gone):
                self._api.act_anywhere(f"{path}/{login}", method="DELETE")
            return
        try:
            self._api.act_anywhere(f"{path}/{login}", method="PUT")
        except Refused as error:
            if "already" not in str(error).lower():
                raise

    def _login(self, person: str) -> str:
        """By GitHub's number of a person, which lasts when the name changes."""
        if person == GHOST.remote_id:
            raise Refused("this account is deleted; there is nobody to ban")
        if not person.isdigit():
            return person
        found = text(mapping(self._api.read(f"user/{person}").data).get("login"))
        if not found:
            raise Gone("GitHub knows no such person any more")
        return found
