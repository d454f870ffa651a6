"""One account in its rooms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from time import monotonic

from folkmoot.networks.acts import Deletion, Edit, Invitation, Moderation, Publication, Reply, Sent, Verb
from folkmoot.networks.base import Batch, Person, Place, Seen, SeenMessage, Skipped, gettext_noop
from folkmoot.networks.errors import Refused, Unsure
from folkmoot.networks.live import Access, Checkup, Recalled, Right
from folkmoot.networks.payload import Unfit
from folkmoot.networks.xmpp import moderation
from folkmoot.networks.xmpp.archive import MAM, Forgotten, Page, Unarchived, following, page
from folkmoot.networks.xmpp.link import Broken, Link, Rejected, Silent, refused
from folkmoot.networks.xmpp.live_parse import (
    CORRECT,
    MODERATE,
    OLD_MODERATE,
    REPLY,
    RETRACT,
    ROOM,
    Archived,
    Position,
    Room,
    bare,
    nick_of,
    rooms,
)
from folkmoot.networks.xmpp.stanzas import Element, tag

_BEAT = 20.0
_QUIET = 60.0
_TRY_AGAIN = 60.0
_SKEW = timedelta(minutes=10)
_PAGES_BACK = 5
_ROOM_PATIENCE = 15.0
_DISCO = "http://jabber.org/protocol/disco#info"


@dataclass(slots=True)
class _Told:
    """What some stanzas of one room came to."""

    seen: list[Seen] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)

    def batch(self, place: Place, cursor: str) -> Batch:
        return Batch(place, self.seen, cursor, skipped=[Skipped(why, number) for why, number in self.skipped.items()])

    def __bool__(self) -> bool:
        return bool(self.seen or self.skipped)


class XmppSession:
    def __init__(self, access: Access) -> None:
        self._access = access
        self._link = Link(access)
        self._open = False
        self._rooms: dict[str, Room] = {}
        self._features: dict[str, tuple[str, set[str]]] = {}

    def check(self) -> Checkup:
        self._connect()
        entered = {room: self._try_to_enter(room) for room in self._wanted()}
        out = "; ".join(f"{room}: {why}" for room, why in entered.items() if why)
        joined = [room for room, why in entered.items() if not why]
        mute = [room for room in joined if self._affiliation(room) not in ("owner", "admin")]
        blind = [room for room in joined if MAM not in self._known(room)[1]]
        unmoderated = [room for room in joined if not self._moderation(room)]
        rights = (
            Right("join", gettext_noop("To be in the rooms"), not out if entered else None, mend=out),
            Right("history", gettext_noop("To read what was said while Folkmoot was away"), not blind if joined else None, False, _archive(blind)),
            Right("administer", gettext_noop("To remove, mute and ban people, and to know who they are"), not mute if joined else None, False, _admin(mute)),
            Right("retract", gettext_noop("To delete messages of others"), not unmoderated if joined else None, False, _moderated(unmoderated)),
        )  # fmt: skip
        account = self._link.account
        return Checkup(Person(account, account.partition("@")[0], account), rights)

    def places(self) -> Sequence[Place]:
        self._connect()
        return [Place(room, self._known(room)[0] or room, "chat", f"xmpp:{room}?join") for room in self._wanted()]

    def close(self) -> None:
        self._link.close()
        self._open = False

    # Listening

    def stream(self, places: Sequence[Place], cursor: str, stopped: Callable[[], bool]) -> Iterator[Batch]:
        self._connect()
        chosen, before = {place.remote_id: place for place in places}, Position.read(cursor)
        known = dict(before.rooms) if before else {}
        for room, place in chosen.items():
            if why := self._try_to_enter(room, place):
                yield Batch(place, [], self._here(known), skipped=[Skipped("room not entered", where=why)])
                continue
            yield from self._missed(place, known, before)
        yield Batch(None, [], self._here(known))
        beat = heard = tried = monotonic()
        while not stopped():
            stanzas, now = self._link.hear(1.0), monotonic()
            heard = now if stanzas else heard
            for batch in self._batches(chosen, stanzas, known):
                beat = now
                yield batch
            if now - heard > _QUIET:
                self._link.ping()
                heard = monotonic()
            if now - tried > _TRY_AGAIN:
                tried = now
                yield from self._return(chosen, known, before)
            if now - beat > _BEAT:
                beat = now
                yield Batch(None, [], self._here(known))

    def _return(self, chosen: Mapping[str, Place], known: dict[str, str], before: Position | None) -> Iterator[Batch]:
        """Into rooms that could not be entered, or sent us out."""
        for room in [room for room in chosen if room not in self._rooms or not self._rooms[room].entered]:
            if not self._try_to_enter(room, chosen[room]):
                yield from self._missed(chosen[room], known, before)

    def recall(self, place: Place, cursor: str, *, since: datetime) -> Recalled:
        self._enter(place)
        try:
            self._need_archive(place.remote_id)
            found = self._page_before(place.remote_id, cursor, since)
        except Unarchived:
            return Recalled(Batch(place, [], "", more=False, skipped=[Skipped("room without an archive")]), 1.0)
        told, more = self._told(place, found.items), not found.complete and bool(found.first) and found.first != cursor
        batch = told.batch(place, found.first)
        oldest = next((one.at for one in found.items if one.at), None)
        done = self._done(oldest, since) if more else 1.0
        return Recalled(Batch(place, batch.seen, batch.cursor, more, batch.skipped), done)

    def _page_before(self, room: str, cursor: str, since: datetime) -> Page:
        try:
            return page(self._link, room, before=cursor, start=since)
        except Forgotten:
            return page(self._link, room, before="", start=since)

    def _missed(self, place: Place, known: dict[str, str], before: Position | None) -> Iterator[Batch]:
        """What the room's archive has behind where we were; where it ends, when we were nowhere yet."""
        room = place.remote_id
        try:
            self._need_archive(room)
            if last := known.get(room, ""):
                pages = self._behind(room, last, before)
            elif before:
                pages = following(self._link, room, start=before.at - _SKEW)
            else:
                known[room] = page(self._link, room, before="", most=1).last
                return
            for one in pages:
                known[room] = one.last or known.get(room, "")
                if told := self._told(place, one.items):
                    yield told.batch(place, self._here(known))
        except Unarchived:
            if before:
                where = f"since {before.at:%Y-%m-%d %H:%M} UTC"
                yield Batch(
                    place, [], self._here(known), skipped=[Skipped("not heard while disconnected", where=where)]
                )

    def _behind(self, room: str, last: str, before: Position | None) -> Iterator[Page]:
        """From the last message on, and by time where the archive has forgotten it. What came just before is remembered,
        so that corrections of it are understood."""
        try:
            pages = following(self._link, room, after=last)
            newest = next(pages)
            earlier = page(self._link, room, before=newest.items[0].ident if newest.items else "")
            self._remember(earlier.items, room)
            yield newest
            yield from pages
        except Forgotten:
            yield from following(self._link, room, start=before.at - _SKEW if before else None)

    def _batches(
        self, chosen: Mapping[str, Place], stanzas: Sequence[Element], known: dict[str, str]
    ) -> Iterator[Batch]:
        told: dict[str, _Told] = {}
        for stanza in stanzas:
            room = bare(stanza.get("from"))
            if room in chosen and room in self._rooms:
                self._tell(self._rooms[room], stanza, told.setdefault(room, _Told()))
        for room, one in told.items():
            last = [seen.remote_id for seen in one.seen if isinstance(seen, SeenMessage) and not seen.edited_at]
            if room in known and last:
                known[room] = last[-1]
            if one:
                yield one.batch(chosen[room], self._here(known))

    def _tell(self, room: Room, stanza: Element, told: _Told, item: Archived | None = None) -> None:
        try:
            if stanza.name == "presence":
                told.seen += room.presence(stanza, self._access.now())
            elif stanza.name == "message":
                told.seen += room.message(stanza, self._access.now(), item)
        except Unfit as unfit:
            told.skipped[unfit.reason] = told.skipped.get(unfit.reason, 0) + 1

    def _told(self, place: Place, items: Sequence[Archived]) -> _Told:
        told, room = _Told(), self._rooms[place.remote_id]
        for item in items:
            self._tell(room, item.stanza, told, item)
        return told

    def _remember(self, items: Sequence[Archived], room: str) -> None:
        for item in items:
            self._tell(self._rooms[room], item.stanza, _Told(), item)

    def _here(self, known: Mapping[str, str]) -> str:
        return str(Position(known, self._access.now()))

    def _done(self, oldest: datetime | None, since: datetime) -> float | None:
        whole = (self._access.now() - since).total_seconds()
        if oldest is None or whole <= 0:
            return None
        return min(max((self._access.now() - oldest).total_seconds() / whole, 0.0), 1.0)

    # Acting

    def reply(self, act: Reply, key: str) -> Sent:
        answering = tag("reply", {"xmlns": REPLY, "id": act.parent}) if act.parent else ""
        return self._say(act.place, act.text, key, answering)

    def publish(self, act: Publication, key: str) -> Sent:
        return self._say(act.place, f"{act.title}\n\n{act.text}" if act.title else act.text, key)

    def edit(self, act: Edit, key: str) -> Sent:
        room = self._enter(act.place)
        original = self._find(room, act.remote_id)
        if original is None or not original.ours:
            raise Refused("Only what the account said itself, and not long ago, can be edited here.")
        correcting = tag("replace", {"xmlns": CORRECT, "id": room.sender_id(act.remote_id)})
        sent = self._send(act.place, _message(act.text, correcting), key)
        told = _Told()
        self._tell(room, sent, told)
        seen = next((one for one in told.seen if isinstance(one, SeenMessage)), None)
        return Sent(act.remote_id, seen=seen)

    def delete(self, act: Deletion, key: str) -> Sent:
        room = self._enter(act.place)
        original = self._find(room, act.remote_id)
        if original is not None and original.ours:
            retraction = tag("retract", {"xmlns": RETRACT, "id": act.remote_id})
            hint = tag("store", {"xmlns": "urn:xmpp:hints"})
            self._send(act.place, retraction + hint + tag("body", text="This message was deleted by its author."), key)
        else:
            self._act(lambda: moderation.retract(self._link, act, self._moderation(act.place.remote_id)))
        return Sent(act.remote_id)

    def verbs(self, place: Place) -> frozenset[Verb]:
        return moderation.VERBS

    def moderate(self, act: Moderation, key: str) -> Sent:
        room = self._enter(act.place)
        self._act(lambda: moderation.moderate(self._link, room, act))
        return Sent()

    def invite(self, act: Invitation, key: str) -> Sent:
        self._enter(act.place)
        self._act(lambda: moderation.invite(self._link, act))
        return Sent()

    def find_own(self, act: Reply | Publication, key: str, *, since: datetime) -> Sent | None:
        room = self._enter(act.place)
        try:
            self._need_archive(act.place.remote_id)
            for found in following(self._link, act.place.remote_id, start=since - _SKEW):
                for item in found.items:
                    if item.stanza.get("id") == _ident(key):
                        told = _Told()
                        self._tell(room, item.stanza, told, item)
                        seen = [one for one in told.seen if isinstance(one, SeenMessage) and one.ours]
                        if seen:
                            return Sent(seen[0].remote_id, seen=seen[0])
        except Unarchived as error:
            raise Unsure("The room keeps no archive, so that it can't tell whether the message arrived.") from error
        return None

    def _say(self, place: Place, said: str, key: str, *more: str) -> Sent:
        if not said.strip():
            raise Refused("There is nothing to say: a message has words.")
        room, told = self._enter(place), _Told()
        self._tell(room, self._send(place, _message(said, *more), key), told)
        seen = next((one for one in told.seen if isinstance(one, SeenMessage)), None)
        if seen is None:
            raise Unsure("The room took the message, and gave back another.")
        return Sent(seen.remote_id, seen=seen)

    def _send(self, place: Place, inside: str, key: str) -> Element:
        """The message as the room gives it back to all. Raises ``Refused`` and ``Unsure``."""
        ident, room = _ident(key), place.remote_id

        def back(stanza: Element) -> bool:
            return stanza.name == "message" and stanza.get("id") == ident and bare(stanza.get("from")) == room

        def sent() -> Element:
            self._link.send(tag("message", {"to": room, "type": "groupchat", "id": ident}, inside))
            return refused(self._link.wait(back))

        return self._act(sent)

    def _act(self, act: Callable[[], Element | None]) -> Element:
        try:
            return act() or Element("done")
        except Broken as error:
            raise Unsure(str(error)) from error

    def _find(self, room: Room, ident: str) -> SeenMessage | None:
        """A message by its id: remembered, or among the newest of the archive."""
        before = ""
        for _page in range(_PAGES_BACK):
            if ident in room.known:
                return room.known[ident]
            try:
                found = page(self._link, room.place.remote_id, before=before)
            except (Unarchived, Forgotten):
                return None
            self._remember(found.items, room.place.remote_id)
            if found.complete or not found.first:
                break
            before = found.first
        return room.known.get(ident)

    # Being there

    def _wanted(self) -> dict[str, str]:
        return rooms(self._access.settings.get("rooms", ""))

    def _connect(self) -> None:
        if not self._open:
            self._rooms.clear()
            self._link.open()
            self._open = True

    def _enter(self, place: Place) -> Room:
        """In the room, on a connection that lives. Raises ``Refused`` with why not."""
        self._connect()
        try:
            self._link.ping()
        except Broken:
            self._open = False
            self._connect()
        for stanza in self._link.hear(0):
            if stanza.name == "presence" and (known := self._rooms.get(bare(stanza.get("from")))):
                known.presence(stanza, self._access.now())
        room = self._rooms.get(place.remote_id)
        if room is None or not room.entered:
            try:
                self._go_in(place.remote_id, place)
            except Refused as error:
                raise Refused(f"{place.name} can't be entered: {error}") from error
        return self._rooms[place.remote_id]

    def _try_to_enter(self, address: str, place: Place | None = None) -> str:
        """Why a room can't be entered; empty when we are in it."""
        try:
            self._go_in(address, place)
        except (Refused, Silent) as error:
            return str(error)
        return ""

    def _go_in(self, address: str, place: Place | None) -> None:
        """Raises ``Refused``, or ``Silent`` where the room's server is away."""
        nick = self._access.settings.get("nick", "").strip() or self._link.account.partition("@")[0]
        room = Room(place or Place(address, address), self._link.account, nick)
        password = self._wanted().get(address, "")
        asked = tag(
            "x",
            {"xmlns": ROOM},
            tag("history", {"maxstanzas": "0"}),
            tag("password", text=password) if password else "",
        )
        self._link.send(tag("presence", {"to": f"{address}/{nick}"}, asked))
        while not room.entered:
            stanza = refused(self._link.wait(lambda one: _presence(one, address), seconds=_ROOM_PATIENCE, other=True))
            room.presence(stanza, self._access.now())
            if nick_of(stanza.get("from")) == nick and stanza.get("type") == "unavailable":
                raise Refused("The room sent the account out at once.")
        self._rooms[address] = room

    def _known(self, room: str) -> tuple[str, set[str]]:
        """A room's name, and what it can do."""
        if room not in self._features:
            try:
                query = self._link.ask("get", tag("query", {"xmlns": _DISCO}), to=room).child("query")
            except Rejected:
                return "", set()
            parts = query.children if query else []
            name = next((one.get("name") for one in parts if one.name == "identity"), "")
            self._features[room] = name, {one.get("var") for one in parts if one.name == "feature"}
        return self._features[room]

    def _need_archive(self, room: str) -> None:
        """Raises ``Unarchived``. Some servers still answer for rooms in which nothing is archived any more."""
        self._features.pop(room, None)
        if MAM not in self._known(room)[1]:
            raise Unarchived("The room keeps no archive.")

    def _moderation(self, room: str) -> str:
        """Which manner of deleting others' messages the room knows; empty for none."""
        known = self._known(room)[1]
        return next((one for one in (MODERATE, OLD_MODERATE) if one in known), "")

    def _affiliation(self, room: str) -> str:
        there = self._rooms[room].there.get(self._rooms[room].nick)
        return there.affiliation if there else ""


def _presence(stanza: Element, room: str) -> bool:
    return stanza.name == "presence" and bare(stanza.get("from")) == room


def _ident(key: str) -> str:
    """The id that a message of ours bears: the same on every attempt."""
    return blake2b(key.encode(), digest_size=16).hexdigest()


def _message(said: str, *more: str) -> str:
    return "".join([tag("body", text=said), *more])


def _archive(names: Sequence[str]) -> str:
    return f"Ask the server's administrator for archives of rooms (XEP-0313) in {', '.join(names)}." if names else ""


def _admin(names: Sequence[str]) -> str:
    return f"Make the account an administrator of {', '.join(names)}." if names else ""


def _moderated(names: Sequence[str]) -> str:
    return (
        f"The server lacks moderated retraction (XEP-0425) in {', '.join(names)}; ask its administrator."
        if names
        else ""
    )
