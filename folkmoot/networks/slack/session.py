"""An app in a Slack workspace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from folkmoot.networks.acts import Act, Deletion, Edit, Invitation, Moderation, Pending, Publication, Reply, Sent, Verb
from folkmoot.networks.base import Batch, Person, Place, gettext_noop
from folkmoot.networks.errors import Refused
from folkmoot.networks.live import Access, Answer, Checkup, Hook, Kind, Recalled, Right, Tokens
from folkmoot.networks.payload import mappings, text
from folkmoot.networks.slack import hearing, signing_in
from folkmoot.networks.slack.client import Already, Workspace
from folkmoot.networks.slack.posting import Author
from folkmoot.networks.slack.reading import Reader, next_page
from folkmoot.networks.slack.signing_in import NEEDED, WISHED

_WHY = {
    "channels:history": gettext_noop("To read public channels that the app is in"),
    "channels:read": gettext_noop("To list public channels"),
    "groups:history": gettext_noop("To read private channels that the app is in"),
    "groups:read": gettext_noop("To list private channels that the app is in"),
    "chat:write": gettext_noop("To answer and publish, and to change and delete that"),
    "users:read": gettext_noop("To know people's names"),
    "reactions:read": gettext_noop("To see reactions as they come"),
    "files:read": gettext_noop("To know what became of files that were sent"),
    "files:write": gettext_noop("To send pictures and files"),
    "pins:write": gettext_noop("To pin messages"),
    "im:history": gettext_noop("To read what people write to the app"),
    "im:read": gettext_noop("To list conversations with the app"),
    "mpim:history": gettext_noop("To read group conversations that the app is in"),
    "mpim:read": gettext_noop("To list group conversations that the app is in"),
    "metadata.message:read": gettext_noop("To find out whether an answer went out after a lost connection"),
    "channels:manage": gettext_noop("To remove people from public channels, and invite them"),
    "groups:write": gettext_noop("To remove people from private channels, and invite them"),
}
_MEND = gettext_noop("At api.slack.com/apps open the app, OAuth & Permissions, add the scope, and install it again.")
_TYPES = "public_channel,private_channel,im,mpim"
_MOST_PLACES = 2_000


class SlackSession:
    def __init__(self, access: Access) -> None:
        self._access = access
        self._workspace = Workspace(access)
        self._reader = Reader(self._workspace)
        self._author = Author(self._workspace, self._reader)

    def check(self) -> Checkup:
        answer = self._workspace.answered("auth.test")
        me = self._workspace.me(anew=True)
        header = answer.headers.get("x-oauth-scopes")
        scopes = frozenset(one.strip() for one in header.split(",")) if header else frozenset()
        rights = [
            Right(name, _WHY[name], name in scopes if scopes else None, needed=name in NEEDED, mend=_MEND)
            for name in (*NEEDED, *WISHED)
        ]
        handle = text(me.get("user"))
        person = Person(text(me.get("user_id")), handle, handle, bot=bool(text(me.get("bot_id"))))
        notes = [text(me.get("team"))] if text(me.get("team")) else []
        if not self._access.secrets.get("signing_secret"):
            notes.append(gettext_noop("Without the signing secret, Slack can't tell news at once; it is asked for."))
        return Checkup(person, tuple(rights), notes=tuple(notes))

    def places(self) -> Sequence[Place]:
        """Channels that the app is in, and its conversations with people."""
        found: list[Place] = []
        page = ""
        types = _TYPES
        while len(found) < _MOST_PLACES:
            wanted = {"types": types, "exclude_archived": True, "limit": 200, "cursor": page}
            try:
                answer = self._workspace.ask("conversations.list", **wanted)
            except Refused:
                if types != _TYPES:
                    raise
                types = "public_channel"
                continue
            for channel in mappings(answer.get("channels")):
                inside = channel.get("is_member") is True or channel.get("is_im") is True
                if inside and (place := self._workspace.remember(channel)):
                    found.append(place)
            if not (page := next_page(answer)):
                break
        return found

    def close(self) -> None:
        """Nothing lasts: each question is one of its own."""

    def kinds(self, place: Place) -> Sequence[Kind]:
        return self._reader.kinds(place)

    def poll(self, place: Place, kind: str, cursor: str) -> Batch:
        return self._reader.poll(place, kind, cursor)

    def poll_thread(self, place: Place, thread: str, cursor: str) -> Batch:
        return self._reader.poll_thread(place, thread, cursor)

    def recall(self, place: Place, cursor: str, *, since: datetime) -> Recalled:
        return self._reader.recall(place, cursor, since=since)

    def answer(self, hook: Hook) -> Answer:
        return hearing.answer(hook, self._access.secrets.get("signing_secret", ""))

    def hear(self, hook: Hook) -> Sequence[Batch]:
        return hearing.hear(hook, self._workspace, self._reader)

    def reply(self, act: Reply, key: str) -> Sent | Pending:
        return self._author.say(act, key)

    def publish(self, act: Publication, key: str) -> Sent | Pending:
        return self._author.say(act, key)

    def finish(self, act: Act, handle: str, key: str) -> Sent | Pending:
        return self._author.finish(act, handle)

    def edit(self, act: Edit, key: str) -> Sent:
        return self._author.edit(act)

    def delete(self, act: Deletion, key: str) -> Sent:
        return self._author.delete(act)

    def find_own(self, act: Reply | Publication, key: str, *, since: datetime) -> Sent | None:
        return self._author.find_own(act, key, since=since)

    def verbs(self, place: Place) -> frozenset[Verb]:
        return frozenset(("pin", "unpin")) if place.kind == "direct" else frozenset(("pin", "unpin", "kick"))

    def moderate(self, act: Moderation, key: str) -> Sent:
        if act.verb not in self.verbs(act.place):
            raise Refused("Slack offers apps no such thing; an administrator can do it in Slack")
        channel = act.place.remote_id
        with suppress(Already):
            if act.verb == "kick":
                self._kick(channel, act.person)
            else:
                method = "pins.add" if act.verb == "pin" else "pins.remove"
                self._workspace.act(method, channel=channel, timestamp=act.message)
        return Sent()

    def _kick(self, channel: str, person: str) -> None:
        """Slack says by the same word that somebody is not there and that the app is not."""
        try:
            self._workspace.act("conversations.kick", channel=channel, user=person)
        except Refused:
            if person in self._members(channel):
                raise

    def _members(self, channel: str) -> Iterator[str]:
        page = ""
        while True:
            answer = self._workspace.ask("conversations.members", channel=channel, limit=200, cursor=page)
            found = answer.get("members")
            yield from (text(one) for one in found) if isinstance(found, list) else ()
            if not (page := next_page(answer)):
                return

    def invite(self, act: Invitation, key: str) -> Sent:
        with suppress(Already):
            self._workspace.act("conversations.invite", channel=act.place.remote_id, users=act.person)
        return Sent()

    def renew(self) -> Tokens:
        return signing_in.renew(self._access)
