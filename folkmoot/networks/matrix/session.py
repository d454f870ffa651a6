"""One account at a homeserver: its rooms are listened to and written into."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from folkmoot.networks.acts import (
    Deletion,
    Edit,
    Invitation,
    Media,
    Moderation,
    Publication,
    Reply,
    Sent,
    Verb,
)
from folkmoot.networks.base import Batch, Person, Place, SeenMessage, gettext_noop
from folkmoot.networks.errors import Refused, Unsure
from folkmoot.networks.live import Access, Checkup, Recalled, Right, Tokens
from folkmoot.networks.matrix import acts
from folkmoot.networks.matrix.client import Client, Forbidden, Missing
from folkmoot.networks.matrix.listening import Listening
from folkmoot.networks.matrix.live_parse import Memory, Reader
from folkmoot.networks.matrix.parse import Relations
from folkmoot.networks.matrix.rooms import STATE, Room, link, rooms, server_of
from folkmoot.networks.payload import Unfit, mapping, text

# Servers forget transactions after a while (Dendrite after half an hour, Synapse after a day), and know them by token.
_KEYS_KEPT = timedelta(minutes=30)
_LASTING = timedelta(days=3650)
_OVERVIEW = {
    "room": {
        "timeline": {"limit": 0},
        "state": {"types": list(STATE)},
        "ephemeral": {"not_types": ["*"]},
        "account_data": {"not_types": ["*"]},
    },
    "presence": {"not_types": ["*"]},
    "account_data": {"not_types": ["*"]},
}
_ROLE = "In the room's settings, under “Roles & Permissions”, make the account a moderator. Lacking in: "


@dataclass(frozen=True, slots=True)
class _Wish:
    """Something it is good to be allowed in every room, and what in Matrix it hangs on."""

    name: str
    why: str
    act: str


_WISHES = (
    _Wish("delete", gettext_noop("To delete messages of others"), "redact"),
    _Wish("kick", gettext_noop("To remove people from a room"), "kick"),
    _Wish("ban", gettext_noop("To ban people"), "ban"),
    _Wish("mute", gettext_noop("To mute people"), "m.room.power_levels"),
    _Wish("pin", gettext_noop("To pin messages"), "m.room.pinned_events"),
    _Wish("invite", gettext_noop("To invite people"), "invite"),
)


class MatrixSession:
    def __init__(self, access: Access) -> None:
        self._access = access
        self._client = Client(access)
        self._listening = Listening(self._client, access.now, self._file)
        self._name: str | None = None
        self._newer_media: bool | None = None

    # Who we are

    def check(self) -> Checkup:
        user = self._client.user()
        found = self._rooms()
        plain = [room for room in found if not room.encrypted and not room.invited]
        rights = (self._reading(found, plain), *(self._may(wish, user, plain) for wish in _WISHES))
        # What a password signs in is to be exchanged for a lasting token at once: servers allow few sign-ins.
        expires_at = self._access.now() if self._client.signed_in_here() else None
        return Checkup(Person(user, self._our_name(), user), rights, expires_at, tuple(_notes(found)))

    def places(self) -> Sequence[Place]:
        """Rooms that can be read, also those that we are only invited to: listening to one takes the invitation up."""
        return [room.place for room in self._rooms() if not room.encrypted]

    def renew(self) -> Tokens:
        """A lasting access token for the password."""
        answer = mapping(self._client.log_in().data)
        return Tokens({"token": text(answer["access_token"])}, expires_at=self._access.now() + _LASTING)

    def close(self) -> None:
        self._client.close()

    def _rooms(self) -> list[Room]:
        synced = self._client.overview(_OVERVIEW)
        return [room for room in rooms(synced) if not room.space and not room.replaced_by]

    def _reading(self, found: Sequence[Room], plain: Sequence[Room]) -> Right:
        return Right(
            "read",
            gettext_noop("To read and write in rooms"),
            True if plain else None,
            mend=""
            if plain
            else "Invite the account into a room that is not encrypted."
            if not any(room.invited for room in found)
            else "The account is invited; choose its rooms to take the invitations up.",
        )

    def _may(self, wish: _Wish, user: str, plain: Sequence[Room]) -> Right:
        lacking = [room.place.name for room in plain if not room.levels.allows(user, wish.act)]
        mend = _ROLE + ", ".join(lacking[:5]) if lacking else ""
        return Right(wish.name, wish.why, not lacking if plain else None, needed=False, mend=mend)

    def _our_name(self) -> str:
        if self._name is None:
            user = self._client.user()
            try:
                known = mapping(self._client.read("profile", user, "displayname"))
            except (Missing, Forbidden):
                known = {}
            self._name = text(known.get("displayname")) or user.removeprefix("@").partition(":")[0]
        return self._name

    def _file(self, address: str) -> str:
        """Where a file of the network can be fetched: since 1.11 of the protocol only with the account's token."""
        if not address.startswith("mxc://"):
            return address
        if self._newer_media is None:
            versions = mapping(self._client.read("versions", root="_matrix/client")).get("versions")
            self._newer_media = isinstance(versions, list) and "v1.11" in versions
        path = "_matrix/client/v1/media/download" if self._newer_media else "_matrix/media/v3/download"
        return f"{self._access.settings['server'].strip().rstrip('/')}/{path}/{address.removeprefix('mxc://')}"

    # Listening

    def stream(self, places: Sequence[Place], cursor: str, stopped: Callable[[], bool]) -> Iterator[Batch]:
        return self._listening.stream(places, cursor, stopped)

    def recall(self, place: Place, cursor: str, *, since: datetime) -> Recalled:
        return self._listening.recall(place, cursor, since)

    # Acting

    def reply(self, act: Reply, key: str) -> Sent:
        return self._send(act.place, act.text, act.media, acts.answering(act), key)

    def publish(self, act: Publication, key: str) -> Sent:
        return self._send(act.place, acts.titled(act), act.media, {}, key)

    def edit(self, act: Edit, key: str) -> Sent:
        room = act.place.remote_id
        known = self._listening.event(room, act.remote_id)
        if known is None or not mapping(known.get("content")):
            raise Refused("The message is gone; there is nothing to edit.")
        if known.get("sender") != self._client.user():
            raise Refused("Only its author can edit a message in Matrix.")
        content = acts.edited(mapping(known["content"]), act.text)
        relation = {"m.relates_to": {"rel_type": "m.replace", "event_id": act.remote_id}}
        self._look_up(content)
        made = self._put(room, content | relation | {acts.KEY: key}, key)
        edit = self._event(room, text(made.get("event_id")), content | relation)
        relations = Relations(names={self._client.user(): self._our_name()})
        relations.note(edit)
        return Sent(act.remote_id, self._link(room, act.remote_id), self._read_back(room, known, relations))

    def delete(self, act: Deletion, key: str) -> Sent:
        content = {"reason": act.reason} if act.reason else {}
        try:
            self._client.in_room(act.place.remote_id, "redact", act.remote_id, key, method="PUT", json=content)
        except Missing:
            return Sent(act.remote_id)
        return Sent(act.remote_id)

    def verbs(self, place: Place) -> frozenset[Verb]:
        return acts.VERBS

    def moderate(self, act: Moderation, key: str) -> Sent:
        acts.moderate(self._client, act)
        return Sent()

    def invite(self, act: Invitation, key: str) -> Sent:
        room = act.place.remote_id
        now = acts.membership(self._client, room, act.person)
        if now == "ban":
            raise Refused("This person is banned from the room. Unban them first.")
        if now not in ("invite", "join"):
            asked = {"user_id": act.person} | ({"reason": act.text} if act.text else {})
            self._client.in_room(room, "invite", json=asked)
        return Sent()

    def keeps_keys_for(self) -> timedelta:
        return _KEYS_KEPT if self._access.secrets.get("token") else timedelta(0)

    def find_own(self, act: Reply | Publication, key: str, *, since: datetime) -> Sent | None:
        room, blank = act.place.remote_id, False
        for event in self._listening.own(room, since):
            content = mapping(event.get("content"))
            if content.get(acts.KEY) == key or mapping(event.get("unsigned")).get("transaction_id") == key:
                if not content:
                    return Sent(text(event.get("event_id")))
                return self._sent(room, event)
            blank = blank or not content
        if blank:
            raise Unsure("A message of ours was deleted in the room since; it may have been this one.")
        return None

    def _send(self, place: Place, said: str, media: Sequence[Media], more: Mapping[str, Any], key: str) -> Sent:
        room = place.remote_id
        self._client.may_write(room)
        if len(media) > 1:
            raise Refused("One message in Matrix carries one file. Send the others by themselves.")
        file = media[0] if media else None
        content = acts.written(said, media=file, uri=self._upload(file) if file else "") | dict(more) | {acts.KEY: key}
        self._look_up(content)
        made = self._put(room, content, key)
        return self._sent(room, self._event(room, text(made.get("event_id")), content))

    def _look_up(self, content: Mapping[str, Any]) -> None:
        """Asks beforehand what is needed afterwards: once the act is done, no question may fail."""
        self._our_name()
        self._file(text(content.get("url")))

    def _put(self, room: str, content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        made = self._client.in_room(room, "send", "m.room.message", key, method="PUT", json=content)
        if not text(made.get("event_id")):
            raise Unsure("The server does not say what became of the message.")
        return made

    def _upload(self, media: Media) -> str:
        """What a failed attempt uploaded, no message speaks of: uploading is safe to repeat."""
        headers = {"Content-Type": media.mime or "application/octet-stream"}
        answer = self._client.read(
            "upload", root="_matrix/media/v3", method="POST", params={"filename": media.name}, content=media.data,
            headers=headers, seconds=120,
        )  # fmt: skip
        uri = text(mapping(answer).get("content_uri"))
        if not uri:
            raise Refused("The server took no file. Send the text without it.")
        return uri

    def _event(self, room: str, ident: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
        """What we sent, as the server will give it."""
        return {
            "type": "m.room.message",
            "event_id": ident,
            "room_id": room,
            "sender": self._client.user(),
            "origin_server_ts": int(self._access.now().timestamp() * 1000),
            "content": content,
        }

    def _sent(self, room: str, event: Mapping[str, Any]) -> Sent:
        ident = text(event.get("event_id"))
        relations = Relations(names={self._client.user(): self._our_name()})
        relations.note_bundled(event)
        return Sent(ident, self._link(room, ident), self._read_back(room, event, relations))

    def _read_back(self, room: str, event: Mapping[str, Any], relations: Relations) -> SeenMessage | None:
        reader = Reader(room, self._client.user(), self._access.now(), Memory(), lambda _: None, self._file)
        try:
            seen = reader.parsed(event, relations)
        except Unfit:
            return None  # it is there all the same
        return replace(seen, ours=True) if isinstance(seen, SeenMessage) else None

    def _link(self, room: str, ident: str) -> str:
        return link(room, ident, via=server_of(self._client.user()))


def _notes(found: Sequence[Room]) -> Iterator[str]:
    encrypted = [room.place.name for room in found if room.encrypted]
    if encrypted:
        yield f"Encrypted rooms can't be read: {', '.join(encrypted[:10])}{' and more' if len(encrypted) > 10 else ''}."
    invited = [room.place.name for room in found if room.invited]
    if invited:
        yield f"Invited to: {', '.join(invited[:10])}. The invitation is taken up when the room is chosen."
