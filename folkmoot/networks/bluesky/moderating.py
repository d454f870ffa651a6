"""What is done to people and posts, and to threads that we began."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from folkmoot.networks.acts import TO_PEOPLE, Moderation, Sent, Verb
from folkmoot.networks.base import Place
from folkmoot.networks.bluesky.account import Account
from folkmoot.networks.bluesky.errors import Changed, Gone
from folkmoot.networks.bluesky.parse import did_of, key_of
from folkmoot.networks.bluesky.posting import GATE
from folkmoot.networks.errors import Later, Refused
from folkmoot.networks.payload import mapping, text

_BLOCK, _PROFILE = "app.bsky.graph.block", "app.bsky.actor.profile"
_MOST_HIDDEN = 300
_TRIES = 3
_LONGEST_REASON = 2_000

Record = dict[str, Any]


def verbs(place: Place) -> frozenset[Verb]:
    people: set[Verb] = {"mute", "unmute", "ban", "unban", "spam"}
    threads: set[Verb] = {"hide", "unhide", "lock", "unlock", "pin", "unpin"}
    return frozenset(people | threads if place.kind == "page" else people)


class Moderator:
    def __init__(self, account: Account) -> None:
        self._account = account

    def moderate(self, act: Moderation) -> Sent:
        if act.verb not in verbs(act.place):
            raise Refused("that can't be done on Bluesky")
        if act.verb == "spam":
            return self._report(act)
        if act.verb in TO_PEOPLE:
            self._to_person(act.verb, self._person(act))
        elif act.verb in ("pin", "unpin"):
            self._pin(act)
        else:
            self._thread(act)
        return Sent(act.message)

    def _person(self, act: Moderation) -> str:
        if not act.person.startswith("did:"):
            raise Refused("say whom it is about")
        return act.person

    def _to_person(self, verb: Verb, did: str) -> None:
        if verb in ("mute", "unmute"):
            method = "app.bsky.graph.muteActor" if verb == "mute" else "app.bsky.graph.unmuteActor"
            self._account.act(method, {"actor": did})
            return
        profile = mapping(self._account.read("app.bsky.actor.getProfile", {"actor": did}))
        block = text(mapping(profile.get("viewer")).get("blocking"))
        if verb == "ban" and not block:
            record = {"$type": _BLOCK, "subject": did, "createdAt": self._now()}
            named = {"repo": self._account.did, "collection": _BLOCK, "record": record}
            self._account.act("com.atproto.repo.createRecord", named)
        elif verb == "unban" and block:
            named = {"repo": self._account.did, "collection": _BLOCK, "rkey": key_of(block)}
            self._account.act("com.atproto.repo.deleteRecord", named)

    def _report(self, act: Moderation) -> Sent:
        """To the moderators of Bluesky."""
        subject: dict[str, str] = {"$type": "com.atproto.admin.defs#repoRef", "did": act.person}
        if act.message:
            subject = {"$type": "com.atproto.repo.strongRef", "uri": act.message, "cid": self._cid(act.message)}
        elif not act.person.startswith("did:"):
            raise Refused("say what it is about")
        body: dict[str, Any] = {"reasonType": "com.atproto.moderation.defs#reasonSpam", "subject": subject}
        body |= {"reason": act.reason[:_LONGEST_REASON]} if act.reason else {}
        return Sent(text(mapping(self._account.act("com.atproto.moderation.createReport", body)).get("id")))

    def _cid(self, uri: str) -> str:
        return text(self._account.record(uri).get("cid"))

    def _pin(self, act: Moderation) -> None:
        if did_of(act.message) != self._account.did:
            raise Refused("only posts of this account can be pinned")

        def change(profile: Record) -> Record | None:
            pinned = text(mapping(profile.get("pinnedPost")).get("uri"))
            if (pinned == act.message) == (act.verb == "pin"):
                return None
            rest = {name: value for name, value in profile.items() if name != "pinnedPost"}
            if act.verb == "unpin":
                return rest
            return rest | {"pinnedPost": {"uri": act.message, "cid": self._cid(act.message)}}

        self._changed(_PROFILE, "self", {"$type": _PROFILE}, change)

    def _thread(self, act: Moderation) -> None:
        record = mapping(self._account.record(act.message).get("value"))
        root = text(mapping(mapping(record.get("reply")).get("root")).get("uri")) or act.message
        if did_of(root) != self._account.did:
            raise Refused("only threads that this account began can be closed, and only answers in them hidden")
        if act.verb in ("hide", "unhide") and root == act.message:
            raise Refused("the first post of a thread can't be hidden; delete it")
        new = {"$type": GATE, "post": root, "createdAt": self._now()}
        change = _closing(act.verb) if act.verb in ("lock", "unlock") else _hiding(act.verb, act.message)
        self._changed(GATE, key_of(root), new, change)

    def _changed(self, collection: str, name: str, new: Record, change: Callable[[Record], Record | None]) -> None:
        """Replaces a record of ours by what ``change`` makes of it, unless somebody else did meanwhile: then once more."""
        for _ in range(_TRIES):
            cid: str | None = None
            old = dict(new)
            with suppress(Gone):
                found = self._account.record(f"at://{self._account.did}/{collection}/{name}")
                cid, old = text(found.get("cid")), dict(mapping(found.get("value")))
            if (changed := change(old)) is None:
                return
            named = {"repo": self._account.did, "collection": collection, "rkey": name}
            with suppress(Changed):
                self._account.act("com.atproto.repo.putRecord", {**named, "record": changed, "swapRecord": cid})
                return
        raise Later("it is being changed elsewhere at this moment", retry_after=5)

    def _now(self) -> str:
        return self._account.access.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _hiding(verb: Verb, uri: str) -> Callable[[Record], Record | None]:
    def change(gate: Record) -> Record | None:
        listed = gate.get("hiddenReplies")
        hidden = [text(one) for one in listed] if isinstance(listed, list) else []
        if (uri in hidden) == (verb == "hide"):
            return None
        left = [one for one in hidden if one != uri]
        if verb == "hide" and len(left) >= _MOST_HIDDEN:
            raise Refused(f"a thread has room for {_MOST_HIDDEN} hidden answers; close it, or block who writes them")
        return gate | {"hiddenReplies": [*left, uri] if verb == "hide" else left}

    return change


def _closing(verb: Verb) -> Callable[[Record], Record | None]:
    def change(gate: Record) -> Record | None:
        closed = gate.get("allow") == []
        if closed == (verb == "lock"):
            return None
        rest = {name: value for name, value in gate.items() if name != "allow"}
        return rest | {"allow": []} if verb == "lock" else rest

    return change
