"""Where the demo community talks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from folkmoot.flow.demo import phrases
from folkmoot.networks import base
from folkmoot.networks.base import PlaceKind

PREFIX = "lumen-makers/"


@dataclass(frozen=True, slots=True)
class Place:
    """One channel of the demo; ``share`` is its weight, ``account`` how its network writes a person's id."""

    key: str
    network: str
    name: str
    kind: PlaceKind
    languages: tuple[str, ...]
    share: int
    url: str = ""
    account: str = "{handle}"

    @property
    def remote_id(self) -> str:
        return PREFIX + self.key

    @property
    def threaded(self) -> bool:
        return self.kind != "chat"

    def seen(self) -> base.Place:
        return base.Place(remote_id=self.remote_id, name=self.name, kind=self.kind, url=self.url)


@cache
def every() -> tuple[Place, ...]:
    return tuple(Place(**{**entry, "languages": tuple(entry["languages"])}) for entry in phrases.places()["place"])
