"""What is heard on IRC as network-neutral things seen.

There are no ids: they are made of what is said, when, and by whom, as for logs that tell seconds. What we say ourselves
is heard by another connection than it was sent by, a little later: its ids know the time by ``OWN_SECONDS`` only, and it
is said in the middle of them (``wait``).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from folkmoot.networks.base import Person, Place, SeenMessage, SeenMove
from folkmoot.networks.irc.parse import identity, plain
from folkmoot.networks.irc.wire import Wire
from folkmoot.networks.times import believable

OWN_SECONDS = 10
_MARGIN = 1.0
_ACTION = re.compile(r"\x01ACTION ?(.*?)\x01?\Z", re.S)
_MODES = "@+%&~!"
_KEPT = 2000

News = SeenMessage | SeenMove


def channels(given: str) -> dict[str, str]:
    """What was filled in as channels, ``#garden, #staff key``: each with its key, empty where it needs none."""
    found = {}
    for one in re.split(r"[,\n]+", given):
        name, _, key = one.strip().partition(" ")
        if name:
            found[name if name[0] in "#&+!" else f"#{name}"] = key.strip()
    return found


def place(name: str, server: str) -> Place:
    """A channel, by the id that logs of it have."""
    return Place(name.lower(), name, "chat", f"ircs://{server}/{quote(name, safe='')}")


def own_at(at: datetime) -> datetime:
    """The beginning of the stretch of time by which an id of ours knows when it was said."""
    return at.replace(microsecond=0, second=at.second - at.second % OWN_SECONDS)


def wait(now: datetime) -> float:
    """Seconds until what we say is heard, by whomever and with clocks a second apart, in the same stretch of time."""
    into = (now - own_at(now)).total_seconds()
    if into < _MARGIN:
        return _MARGIN - into
    return OWN_SECONDS - into + _MARGIN if into > OWN_SECONDS - 2 * _MARGIN else 0.0


@dataclass(frozen=True, slots=True)
class Position:
    """When we last heard the server."""

    at: datetime

    def __str__(self) -> str:
        return json.dumps([self.at.isoformat(timespec="seconds")])

    @classmethod
    def read(cls, cursor: str) -> Position | None:
        try:
            [at] = json.loads(cursor)
            moment = datetime.fromisoformat(at)
        except (ValueError, TypeError):
            return None
        return cls(moment) if moment.tzinfo else None


@dataclass(slots=True)
class Ids:
    """Tells those alike in one moment apart."""

    _alike: Counter[str] = field(default_factory=Counter)

    def of(self, channel: str, at: datetime, event: str, nick: str, text: str) -> str:
        first = identity(channel, at, event, nick, text, 0)
        nth = self._alike[first]
        self._alike[first] += 1
        if len(self._alike) > _KEPT:
            del self._alike[next(iter(self._alike))]
        return identity(channel, at, event, nick, text, nth) if nth else first


@dataclass(slots=True)
class Ears:
    """Follows who is where, and tells what is said. ``us`` is the nick that was asked for."""

    us: str
    ids: Ids = field(default_factory=Ids)
    present: dict[str, set[str]] = field(default_factory=dict)

    def is_ours(self, nick: str) -> bool:
        return nick.rstrip("_").lower() == self.us.rstrip("_").lower()

    def hear(self, wire: Wire, now: datetime) -> list[tuple[str, News]]:
        """Things seen, each with the id of its channel."""
        if wire.command in ("PRIVMSG", "NOTICE"):
            seen = self.said(wire, now)
            return [(_channel(wire.param(0)), seen)] if seen else []
        if wire.command == "353":
            names = {name.lstrip(_MODES).partition("!")[0] for name in wire.last.split()}
            self.present.setdefault(wire.param(2).lower(), set()).update(names)
            return []
        if wire.command == "NICK":
            self._renamed(wire.nick, wire.last)
            return []
        moved = [(channel, nick) for channel, nick in self._moved(wire) if not self.is_ours(nick)]
        return [(channel, self._move(channel, wire, nick, now)) for channel, nick in moved]

    def said(self, wire: Wire, now: datetime) -> SeenMessage | None:
        """A message to a channel; None for requests between programs, and for what is said to one person alone."""
        channel, text = _channel(wire.param(0)), _words(wire)
        if not channel or not wire.nick or text is None:
            return None
        at, ours = _at(wire, now), self.is_ours(wire.nick)
        author = Person(self.us, self.us) if ours else Person(wire.nick, wire.nick)
        exact = own_at(at) if ours else at.replace(microsecond=0)
        event = "own" if ours else "said"
        ident = self.ids.of(channel, exact, event, author.remote_id, text)
        return SeenMessage(ident, at, author, text, ours=ours, raw=raw(wire))

    def _moved(self, wire: Wire) -> list[tuple[str, str]]:
        """Who came to or left which channels, by a line."""
        channel = _channel(wire.param(0))
        if wire.command == "JOIN" and channel:
            self.present.setdefault(channel, set()).add(wire.nick)
            return [(channel, wire.nick)]
        if wire.command == "QUIT":
            return [(name, wire.nick) for name, there in self.present.items() if _out(there, wire.nick)]
        gone = wire.nick if wire.command == "PART" else wire.param(1) if wire.command == "KICK" else ""
        if not gone or not channel:
            return []
        _out(self.present.setdefault(channel, set()), gone)
        return [(channel, gone)]

    def _move(self, channel: str, wire: Wire, nick: str, now: datetime) -> SeenMove:
        at = _at(wire, now)
        kind = "join" if wire.command == "JOIN" else "leave"
        ident = self.ids.of(channel, at.replace(microsecond=0), kind, nick, "")
        return SeenMove(ident, at, Person(nick, nick), "join" if kind == "join" else "leave")

    def _renamed(self, old: str, new: str) -> None:
        for there in self.present.values():
            if _out(there, old):
                there.add(new)


def raw(wire: Wire) -> dict[str, object]:
    return {"command": wire.command, "params": list(wire.params), "nick": wire.nick, "tags": dict(wire.tags)}


def _out(there: set[str], nick: str) -> bool:
    if nick in there:
        there.discard(nick)
        return True
    return False


def _channel(name: str) -> str:
    """The id of a channel, also of "those in it with a voice"; empty for a person."""
    name = name.lstrip("@+%~") if name[:1] in "@+%~" and name[1:2] in "#&" else name
    return name.lower() if name[:1] in ("#", "&", "+", "!") else ""


def _words(wire: Wire) -> str | None:
    text = wire.last
    if text.startswith("\x01"):
        action = _ACTION.match(text)
        return f"{wire.nick} {plain(action[1]).strip()}".strip() if action and wire.command == "PRIVMSG" else None
    return plain(text).strip()


def _at(wire: Wire, now: datetime) -> datetime:
    """As the server says it, where it does and that can be believed, else now."""
    try:
        told = datetime.fromisoformat(wire.tags.get("time", "").replace("Z", "+00:00")).astimezone(UTC)
    except ValueError:
        return now
    return told if believable(told, now) and told <= now + timedelta(minutes=10) else now
