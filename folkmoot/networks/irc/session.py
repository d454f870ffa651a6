"""One nick on one network: a connection that listens, or one that speaks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from time import monotonic, sleep

from folkmoot.networks.acts import Invitation, Moderation, Publication, Reply, Sent, Verb
from folkmoot.networks.base import Batch, Person, Place, SeenMessage, Skipped, gettext_noop
from folkmoot.networks.errors import Later, Refused, Unsure
from folkmoot.networks.irc import moderation
from folkmoot.networks.irc.link import Broken, Link
from folkmoot.networks.irc.live_parse import Ears, Ids, News, Position, channels, place, wait
from folkmoot.networks.irc.wire import Wire, lines
from folkmoot.networks.live import Access, Checkup, Right

_BEAT = 20.0
_QUIET = 60.0
_LOST = 120.0
_TRY_AGAIN = 60.0
# What is not heard for longer than this while the connection is made anew is worth saying
_GAP = 30.0
_PAUSE = 1.0
_AT_ONCE = 4
_NOT_IN = {
    "403": "there is no such channel", "405": "the account is in too many channels", "437": "the channel is not available",
    "471": "the channel is full", "473": "the channel is open only to those who are invited",
    "474": "the account is banned from the channel", "475": "the channel has a key: write it behind the channel's name",
    "476": "this is no name of a channel", "477": "the channel is open only to those who are signed in at the network",
    "489": "the channel is open only to secure connections",
}  # fmt: skip
_NOT_SAID = ("401", "403", "404", "407", "411", "412", "413", "414", "415", "437", "442", "477", "482", "531")


class IrcSession:
    def __init__(self, access: Access) -> None:
        self._access = access
        self._link = Link(access)
        self._open = False
        self._ids = Ids()
        self._joined: set[str] = set()
        self._keys = {name.lower(): key for name, key in self._wanted().items()}

    def check(self) -> Checkup:
        self._connect()
        entered = {name: self._enter(name) for name in self._wanted()}
        out = {name: why for name, why in entered.items() if why}
        joined = [name for name, why in entered.items() if not why]
        lacking = [name for name in joined if not moderation.is_operator(self._link, name)]
        rights = (
            Right("join", gettext_noop("To be in the channels"), not out if entered else None, mend="; ".join(f"{a}: {b}" for a, b in out.items())),
            Right(
                "operate",
                gettext_noop("To remove, ban and mute people"),
                not lacking if joined else None,
                needed=False,
                mend=f"Make the account a channel operator, lastingly by ChanServ, in {', '.join(lacking)}." if lacking else "",
            ),
        )  # fmt: skip
        notes = [gettext_noop("Nothing that was said while the connection was away can be read: IRC keeps no history.")]
        return Checkup(Person(self._link.wanted, self._link.wanted, self._link.wanted), rights, notes=tuple(notes))

    def places(self) -> Sequence[Place]:
        return [place(name, self._access.settings["server"].strip()) for name in self._wanted()]

    def close(self) -> None:
        self._link.close()
        self._open = False

    def _wanted(self) -> dict[str, str]:
        return channels(self._access.settings.get("channels", ""))

    # Listening

    def stream(self, places: Sequence[Place], cursor: str, stopped: Callable[[], bool]) -> Iterator[Batch]:
        self._connect()
        chosen, ears = {one.remote_id: one for one in places}, Ears(self._link.wanted, self._ids)
        out = yield from self._begin(chosen, cursor)
        beat = heard = tried = monotonic()
        while not stopped():
            wires, now = self._link.hear(1.0), monotonic()
            if wires:
                heard = now
                self._help(ears, wires)
                for batch in self._told(chosen, ears, wires):
                    beat = now
                    yield batch
                out |= {wire.param(0).lower() for wire in wires if self._is_out(wire)} & chosen.keys()
            elif now - heard > _LOST:
                raise Later("The server has been silent for too long.", retry_after=5)
            elif now - heard > _QUIET:
                self._link.send("PING", "folkmoot")
            if out and now - tried > _TRY_AGAIN:
                tried, out = now, {name for name in out if self._enter(chosen[name].name)}
            if now - beat > _BEAT:
                beat = now
                yield Batch(None, [], self._here())

    def _begin(self, chosen: Mapping[str, Place], cursor: str) -> Generator[Batch, None, set[str]]:
        """Enters the channels; says where that can't be, and what was not heard meanwhile. Which are not entered."""
        before, out = Position.read(cursor), set[str]()
        for name, where in chosen.items():
            self._link.send("JOIN", *([where.name, key] if (key := self._keys.get(name, "")) else [where.name]))
        refused = {
            wire.param(1).lower(): _NOT_IN[wire.command] for wire in self._link.peek() if wire.command in _NOT_IN
        }
        gap = (self._access.now() - before.at).total_seconds() if before else 0.0
        for name, where in chosen.items():
            skipped = []
            if name in refused:
                out.add(name)
                skipped.append(Skipped("channel not entered", where=refused[name]))
            if before and gap > _GAP:
                skipped.append(Skipped("not heard while disconnected", where=f"since {before.at:%Y-%m-%d %H:%M} UTC"))
            if skipped:
                yield Batch(where, [], self._here(), skipped=skipped)
        if not cursor:
            yield Batch(None, [], self._here())
        return out

    def _told(self, chosen: Mapping[str, Place], ears: Ears, wires: Sequence[Wire]) -> Iterator[Batch]:
        by_place: dict[str, list[News]] = {}
        for wire in wires:
            for name, seen in ears.hear(wire, self._access.now()):
                if name in chosen:
                    by_place.setdefault(name, []).append(seen)
        for name, found in by_place.items():
            yield Batch(chosen[name], found, self._here())

    def _here(self) -> str:
        return str(Position(self._access.now()))

    def _is_out(self, wire: Wire) -> bool:
        return wire.command == "KICK" and wire.param(1) == self._link.nick

    def _help(self, ears: Ears, wires: Sequence[Wire]) -> None:
        """Makes our other connection an operator, too: it comes under a similar nick, from the same account and address."""
        for wire in wires:
            same = wire.command == "JOIN" and wire.nick != self._link.nick and ears.is_ours(wire.nick)
            if same and self._link.mask == f"{wire.user}@{wire.host}":
                self._link.send("MODE", wire.param(0), "+o", wire.nick)

    # Speaking

    def reply(self, act: Reply, key: str) -> Sent:
        named = act.person and not act.text.startswith(act.person)
        return self._say(act.place, f"{act.person}: {act.text}" if named else act.text)

    def publish(self, act: Publication, key: str) -> Sent:
        return self._say(act.place, f"{act.title}: {act.text}" if act.title else act.text)

    def verbs(self, place: Place) -> frozenset[Verb]:
        return moderation.VERBS

    def moderate(self, act: Moderation, key: str) -> Sent:
        self._ready(act.place)
        try:
            moderation.moderate(self._link, act)
        except Broken as error:
            raise Unsure(str(error)) from error
        return Sent()

    def invite(self, act: Invitation, key: str) -> Sent:
        self._ready(act.place)
        try:
            moderation.invite(self._link, act)
        except Broken as error:
            raise Unsure(str(error)) from error
        return Sent()

    def _say(self, where: Place, said: str) -> Sent:
        pieces = lines(said, where.name)
        if not pieces:
            raise Refused("There is nothing to say: on IRC a message has words.")
        self._ready(where)
        sleep(wait(self._access.now()))
        first = self._line(where, pieces[0])
        for number, piece in enumerate(pieces[1:], 1):
            if number >= _AT_ONCE:
                sleep(_PAUSE)
            try:
                self._line(where, piece)
            except (Refused, Later) as error:
                raise Unsure(f"Only {number} of {len(pieces)} lines were said: {error}") from error
        return Sent(first.remote_id, seen=first)

    def _line(self, where: Place, piece: str) -> SeenMessage:
        """One line, said for sure: what the server says against it comes before its answer to our ping."""
        sent = Wire("PRIVMSG", (where.name, piece), self._link.nick)
        try:
            self._link.send("PRIVMSG", where.name, piece)
            answers = self._link.settle()
        except Broken as error:
            raise Unsure(str(error)) from error
        if against := [wire for wire in answers if wire.command in _NOT_SAID]:
            raise Refused(f"The server did not take it: {against[0].last}. Does the channel need a voice (+v)?")
        echoed = [one for one in answers if one.command == "PRIVMSG" and one.nick == self._link.nick]
        ears = Ears(self._link.wanted, self._ids)
        seen = ears.said(replace(sent, tags=echoed[-1].tags) if echoed else sent, self._access.now())
        if seen is None:
            raise Refused("IRC can't say this.")
        return seen

    def _ready(self, where: Place) -> None:
        """Connected for sure, and in the channel."""
        self._connect()
        try:
            self._link.settle()
        except Broken:
            self._open = False
            self._connect()
        if where.remote_id not in self._joined and (why := self._enter(where.name)):
            raise Refused(f"{where.name} can't be entered: {why}.")
        self._joined.add(where.remote_id)

    def _connect(self) -> None:
        if not self._open:
            self._joined.clear()
            self._link.open()
            self._open = True

    def _enter(self, name: str) -> str:
        """Why a channel can't be entered; nothing when we are in it."""
        key = self._keys.get(name.lower(), "")
        self._link.send("JOIN", *([name, key] if key else [name]))
        refused = [
            wire for wire in self._link.peek() if wire.command in _NOT_IN and wire.param(1).lower() == name.lower()
        ]
        return _NOT_IN[refused[0].command] if refused else ""
