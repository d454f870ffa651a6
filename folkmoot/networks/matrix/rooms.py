"""What the state of a room says: its name, whether it can be read, who may do what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from folkmoot.networks.base import Place
from folkmoot.networks.payload import mapping, mappings, text

STATE = (
    "m.room.name", "m.room.canonical_alias", "m.room.create", "m.room.encryption", "m.room.power_levels",
    "m.room.tombstone",
)  # fmt: skip
_DEFAULTS = {"ban": 50, "kick": 50, "redact": 50, "invite": 0, "events_default": 0, "state_default": 50}
_ALMIGHTY = 10**9
# Since this version of rooms, their creators may do everything and stand in no list
_CREATORS_RULE = 12


@dataclass(frozen=True, slots=True)
class Levels:
    """Who may do what in a room: ``m.room.power_levels``, and its defaults."""

    content: Mapping[str, Any] = field(default_factory=dict)
    creators: frozenset[str] = frozenset()

    def of(self, user: str) -> int:
        if user in self.creators:
            return _ALMIGHTY
        return _level(mapping(self.content.get("users")).get(user), _level(self.content.get("users_default"), 0))

    def needed(self, act: str) -> int:
        """For ``ban``, ``kick``, ``redact``, ``invite``, or for sending an event of a type (state events begin with
        ``m.room.``, and messages are none)."""
        if act in _DEFAULTS:
            return _level(self.content.get(act), _DEFAULTS[act])
        default = "events_default" if act == "m.room.message" else "state_default"
        return _level(mapping(self.content.get("events")).get(act), self.needed(default))

    def allows(self, user: str, act: str) -> bool:
        return self.of(user) >= self.needed(act)


@dataclass(frozen=True, slots=True)
class Room:
    ident: str
    name: str
    encrypted: bool = False
    space: bool = False
    invited: bool = False
    replaced_by: str = ""
    levels: Levels = Levels()

    @property
    def place(self) -> Place:
        return Place(self.ident, self.name or self.ident, "chat", link(self.ident))


def rooms(synced: Mapping[str, Any]) -> list[Room]:
    """The rooms of a first answer of ``/sync``: those we are in, and those we are invited to."""
    known = mapping(synced.get("rooms"))
    joined = [
        _room(ident, mapping(mapping(one).get("state")).get("events"), mapping(mapping(one).get("summary")))
        for ident, one in mapping(known.get("join")).items()
    ]
    invited = [
        _room(ident, mapping(mapping(one).get("invite_state")).get("events"), {}, invited=True)
        for ident, one in mapping(known.get("invite")).items()
    ]
    return joined + invited


def _room(ident: str, state: object, summary: Mapping[str, Any], *, invited: bool = False) -> Room:
    said = {text(one.get("type")): one for one in mappings(state) if not text(one.get("state_key"))}

    def content(kind: str) -> Mapping[str, Any]:
        return mapping(mapping(said.get(kind)).get("content"))

    created = content("m.room.create")
    return Room(
        ident,
        text(content("m.room.name").get("name")).strip()
        or text(content("m.room.canonical_alias").get("alias"))
        or ", ".join(_strings(summary.get("m.heroes"))),
        encrypted=bool(content("m.room.encryption")),
        space=created.get("type") == "m.space",
        invited=invited,
        replaced_by=text(content("m.room.tombstone").get("replacement_room")),
        levels=Levels(
            content("m.room.power_levels"), creators(created, text(said.get("m.room.create", {}).get("sender")))
        ),
    )


def creators(created: Mapping[str, Any], sender: str) -> frozenset[str]:
    """Those who may do everything by having made the room, where its version says so."""
    version = text(created.get("room_version"))
    if not version.isdigit() or int(version) < _CREATORS_RULE:
        return frozenset()
    return frozenset([sender, *_strings(created.get("additional_creators"))])


def link(room: str, event: str = "", *, via: str = "") -> str:
    """An address that opens a room, or a message in it, in whatever client a person has."""
    path = "/".join(quote(part, safe="") for part in (room, event) if part)
    return f"https://matrix.to/#/{path}" + (f"?via={quote(via)}" if via else "")


def server_of(ident: str) -> str:
    return ident.partition(":")[2]


def _strings(value: object) -> Iterable[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _level(value: object, default: int) -> int:
    """Old rooms have them as text."""
    try:
        return int(text(value) or default)
    except ValueError:
        return default
