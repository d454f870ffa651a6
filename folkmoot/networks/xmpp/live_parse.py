"""What comes out of a room as network-neutral things seen.

A message's id is the one that the room's archive gives it (XEP-0359, 0313), the same whether it is heard or read back.
Corrections (0308) name the id that the sender gave instead: they are understood as far as messages are remembered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TypeVar

from folkmoot.networks.base import Attachment, Person, Place, Seen, SeenDeletion, SeenMessage, SeenMove, SeenReaction
from folkmoot.networks.payload import Unfit, attachment_kind, web_address
from folkmoot.networks.times import believable
from folkmoot.networks.xmpp.stanzas import Element

ROOM, ROOM_USER = "http://jabber.org/protocol/muc", "http://jabber.org/protocol/muc#user"
SID, OCCUPANT = "urn:xmpp:sid:0", "urn:xmpp:occupant-id:0"
CORRECT, REPLY, REACTIONS = "urn:xmpp:message-correct:0", "urn:xmpp:reply:0", "urn:xmpp:reactions:0"
RETRACT, MODERATE = "urn:xmpp:message-retract:1", "urn:xmpp:message-moderate:1"
OLD_RETRACT, OLD_MODERATE = "urn:xmpp:message-retract:0", "urn:xmpp:message-moderate:0"
FASTEN, OOB, DELAY, FALLBACK = "urn:xmpp:fasten:0", "jabber:x:oob", "urn:xmpp:delay", "urn:xmpp:fallback:0"
_REMEMBERED = 5000
# What ids of people begin with whose addresses the room hides
HIDDEN = "occupant:"
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_ENCRYPTED = ("eu.siacs.conversations.axolotl", "urn:xmpp:omemo:1", "urn:xmpp:omemo:2", "urn:xmpp:openpgp:0")


def rooms(given: str) -> dict[str, str]:
    """What was filled in as rooms, each with its password, empty where it has none."""
    found = {}
    for one in re.split(r"[,\n]+", given):
        address, _, password = one.strip().partition(" ")
        if address:
            found[bare(address.removeprefix("xmpp:").partition("?")[0])] = password.strip()
    return found


def bare(address: str) -> str:
    return address.partition("/")[0].lower()


def nick_of(address: str) -> str:
    return address.partition("/")[2]


@dataclass(frozen=True, slots=True)
class Position:
    """The last message known of each room, and when the server was last heard."""

    rooms: Mapping[str, str]
    at: datetime

    def __str__(self) -> str:
        return json.dumps([dict(self.rooms), self.at.isoformat(timespec="seconds")], ensure_ascii=False)

    @classmethod
    def read(cls, cursor: str) -> Position | None:
        try:
            known, at = json.loads(cursor)
            moment = datetime.fromisoformat(at)
        except (ValueError, TypeError):
            return None
        fit = isinstance(known, dict) and all(isinstance(one, str) for one in known.values())
        return cls(known, moment) if fit and moment.tzinfo else None


@dataclass(frozen=True, slots=True)
class Occupant:
    """Somebody in a room; ``address`` is the real one where the room shows it to us, ``ident`` the room's own for them."""

    nick: str
    address: str = ""
    ident: str = ""
    role: str = ""
    affiliation: str = ""


@dataclass(frozen=True, slots=True)
class Archived:
    """A message from the archive: ``stanza`` as it was, ``at`` and ``ident`` of its own."""

    ident: str
    at: datetime | None
    stanza: Element


@dataclass(slots=True)
class Room:
    """Follows one room. ``us`` is our own address; ``nick`` ours in it."""

    place: Place
    us: str
    nick: str
    there: dict[str, Occupant] = field(default_factory=dict)
    entered: bool = False
    # Whether the room shows everybody's address to everybody: its archive does so, too.
    open: bool = False
    # Addresses by the remote ids of people, also of those who left.
    addresses: dict[str, str] = field(default_factory=dict)
    # By the archive's id, by the sender's id, and who had reacted how.
    known: dict[str, SeenMessage] = field(default_factory=dict)
    _own_ids: dict[tuple[str, str], str] = field(default_factory=dict)
    _reactions: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    _renaming: set[str] = field(default_factory=set)

    def presence(self, stanza: Element, now: datetime) -> list[Seen]:
        """Who comes and goes, once we are in; a change of nick is neither."""
        nick, gone = nick_of(stanza.get("from")), stanza.get("type") == "unavailable"
        codes = _codes(stanza)
        if not nick or stanza.get("type") == "error":
            return []
        occupant = _occupant(stanza, nick)
        before, new = self.there.get(nick), nick not in self.there
        if gone:
            self.there.pop(nick, None)
            if "303" in codes:
                item = _item(stanza)
                self._renaming.add(item.get("nick") if item else "")
        else:
            self.there[nick] = occupant
        if occupant.address:
            self.addresses[self.person(occupant).remote_id] = occupant.address
        if "110" in codes:
            self.open = self.open or "100" in codes
            self.entered = not gone or "303" in codes
            return []
        if nick in self._renaming:
            self._renaming.discard(nick)
            return []
        if not self.entered or "303" in codes or (not gone and not new):
            return []
        person, at = self.person(before or occupant), now.replace(microsecond=0)
        ident = _made_up(self.place.remote_id, person.remote_id, "leave" if gone else "join", at.isoformat())
        return [SeenMove(ident, now, person, "leave" if gone else "join")]

    def message(self, stanza: Element, now: datetime, archived: Archived | None = None) -> list[Seen]:
        """What a message tells, heard or archived. Raises ``Unfit``."""
        if stanza.get("type") == "error" or bare(stanza.get("from")) != self.place.remote_id:
            return []
        ident = archived.ident if archived else _archive_id(stanza, self.place.remote_id)
        at = _believed(archived.at if archived else _delayed(stanza), now)
        nick = nick_of(stanza.get("from"))
        if gone := _taken_back(stanza):
            return [self._deletion(gone, nick, stanza, at)]
        if not nick:
            return []
        author = self.author(stanza, nick)
        if (reactions := stanza.child("reactions", REACTIONS)) is not None:
            return list(self._reacted(reactions, author, at))
        if any(one.name == "encrypted" and one.space in _ENCRYPTED for one in stanza.children):
            raise Unfit("encrypted")
        if not (body := stanza.said("body")):
            return []
        ident = ident or _made_up(self.place.remote_id, author.remote_id, stanza.get("id"), body)
        if (correction := stanza.child("replace", CORRECT)) is not None:
            return [self._corrected(correction.get("id"), author, stanza, at, ident)]
        return [self._keep(self._said(ident, stanza, author, at), stanza.get("id"))]

    def person(self, one: Occupant) -> Person:
        """By the address only where the archive shows it, too: who said something is the same there and here."""
        hidden = one.ident and not self.open
        remote_id = (
            f"{HIDDEN}{one.ident}" if hidden else one.address or (f"{HIDDEN}{one.ident}" if one.ident else one.nick)
        )
        return Person(remote_id, one.nick, one.address)

    def author(self, stanza: Element, nick: str) -> Person:
        """Archives say themselves who it was, where the room shows it."""
        item, there = _item(stanza), self.there.get(nick)
        address, ident = bare(item.get("jid")) if item else "", _occupant_id(stanza)
        if there and (not ident or ident == there.ident) and not address:
            address, ident = there.address, ident or there.ident
        if not address and not ident and nick == self.nick:
            address = self.us
        found = self.person(Occupant(nick, address, ident))
        return replace(found, handle=found.handle or self.addresses.get(found.remote_id, ""))

    def is_ours(self, person: Person) -> bool:
        own = self.there.get(self.nick)
        return self.us in (person.remote_id, person.handle) or bool(
            own and self.person(own).remote_id == person.remote_id
        )

    def nick_for(self, person: str) -> str:
        return next(
            (one.nick for one in self.there.values() if person in (self.person(one).remote_id, one.address)), ""
        )

    def sender_id(self, ident: str) -> str:
        """The id that the sender gave a message that is known by the archive's."""
        return next((own for (_, own), kept in self._own_ids.items() if kept == ident), "")

    def _said(self, ident: str, stanza: Element, author: Person, at: datetime) -> SeenMessage:
        reply = stanza.child("reply", REPLY)
        text = _without_fallback(stanza, stanza.said("body"))
        if text.startswith("/me "):
            text = f"{author.name} {text[4:]}"
        return SeenMessage(
            ident,
            at,
            author,
            text,
            parent=(reply.get("id") or None) if reply else None,
            ours=self.is_ours(author),
            attachments=tuple(_attachments(stanza)),
            raw=stanza.raw(),
        )

    def _keep(self, seen: SeenMessage, sender_id: str) -> SeenMessage:
        self.known[seen.remote_id] = seen
        if sender_id:
            self._own_ids[seen.author.remote_id, sender_id] = seen.remote_id
        _forget(self.known)
        _forget(self._own_ids)
        _forget(self._reactions)
        return seen

    def _corrected(self, sender_id: str, author: Person, stanza: Element, at: datetime, ident: str) -> SeenMessage:
        """Only the author corrects: the id is looked for among theirs. A correction of what is not known is new words."""
        original = self.known.get(self._own_ids.get((author.remote_id, sender_id), ""))
        if original is None:
            raise Unfit("edit of a message that is not known")
        if ident == original.remote_id:
            return original
        said = self._said(original.remote_id, stanza, author, at)
        return self._keep(replace(said, at=original.at, parent=original.parent, edited_at=at), sender_id)

    def _deletion(self, gone: str, nick: str, stanza: Element, at: datetime) -> SeenDeletion:
        """Rooms may delete anything, people what they said."""
        known = self.known.get(gone)
        if nick and (known is None or known.author.remote_id != self.author(stanza, nick).remote_id):
            raise Unfit("deletion by somebody else than the author")
        return SeenDeletion(gone, at)

    def _reacted(self, given: Element, author: Person, at: datetime) -> list[SeenReaction]:
        """All reactions of a person to a message come each time; what is new and what is missing is told."""
        target = given.get("id")
        now = {one.text for one in given.all("reaction") if one.text}
        before = self._reactions.get((author.remote_id, target), set())
        self._reactions[author.remote_id, target] = now
        added = [SeenReaction(target, at, author, value) for value in sorted(now - before)]
        return added + [SeenReaction(target, at, author, value, taken_back=True) for value in sorted(before - now)]


def archived(result: Element) -> Archived | None:
    """What an answer of the archive holds (XEP-0313); None for what is none."""
    forwarded = result.child("forwarded")
    stanza = forwarded.child("message") if forwarded else None
    if stanza is None or not result.get("id") or forwarded is None:
        return None
    return Archived(result.get("id"), _delayed(forwarded), stanza)


def _taken_back(stanza: Element) -> str:
    """The archive's id of the message that is taken back by this one, in either manner of saying so."""
    by_room = not nick_of(stanza.get("from"))
    new = stanza.child("retract", RETRACT)
    if new is not None and (new.child("moderated") is None or by_room):
        return new.get("id")
    old = stanza.child("apply-to", FASTEN)
    if old is None:
        return ""
    if old.child("moderated", OLD_MODERATE) is not None:
        return old.get("id") if by_room else ""
    return old.get("id") if old.child("retract", OLD_RETRACT) is not None else ""


def _without_fallback(stanza: Element, body: str) -> str:
    """Without the words quoted for clients that know no answers (XEP-0428, 0461)."""
    for fallback in stanza.all("fallback", FALLBACK):
        if fallback.get("for") != REPLY or (part := fallback.child("body")) is None:
            continue
        start, end = part.get("start") or "0", part.get("end") or "0"
        if start.isdigit() and end.isdigit() and int(start) <= int(end) <= len(body):
            return (body[: int(start)] + body[int(end) :]).strip()
    return body.strip()


def _attachments(stanza: Element) -> list[Attachment]:
    found = [web_address(one.said("url")) for one in stanza.all("x", OOB)]
    return [Attachment(attachment_kind("", url), url, url.rpartition("/")[2]) for url in found if url]


def _occupant(stanza: Element, nick: str) -> Occupant:
    item = _item(stanza)
    if item is None:
        return Occupant(nick, ident=_occupant_id(stanza))
    return Occupant(nick, bare(item.get("jid")), _occupant_id(stanza), item.get("role"), item.get("affiliation"))


def _item(stanza: Element) -> Element | None:
    x = stanza.child("x", ROOM_USER)
    return x.child("item") if x else None


def _codes(stanza: Element) -> set[str]:
    x = stanza.child("x", ROOM_USER)
    return {one.get("code") for one in x.all("status")} if x else set()


def _occupant_id(stanza: Element) -> str:
    found = stanza.child("occupant-id", OCCUPANT)
    return found.get("id") if found else ""


def _archive_id(stanza: Element, room: str) -> str:
    """Only the room's own counts: others may have been put there by the sender."""
    return next((one.get("id") for one in stanza.all("stanza-id", SID) if bare(one.get("by")) == room), "")


def _delayed(stanza: Element) -> datetime | None:
    found = stanza.child("delay", DELAY)
    try:
        return datetime.fromisoformat(found.get("stamp").replace("Z", "+00:00")).astimezone(UTC) if found else None
    except ValueError:
        return None


def _believed(at: datetime | None, now: datetime) -> datetime:
    return at if at is not None and believable(at, now) else now


def _forget(kept: dict[_Key, _Value]) -> None:
    """The oldest, where it has become too much."""
    while len(kept) > _REMEMBERED:
        del kept[next(iter(kept))]


def _made_up(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()
