"""Who is in the demo community."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Literal

from folkmoot.flow.demo import phrases
from folkmoot.flow.demo.places import Place
from folkmoot.networks.base import Person

Part = Literal["member", "staff", "bot"]

STAFF = (("en", "f", "Nora Whitlock"), ("uk", "m", "Тарас Левицький"), ("et", "f", "Maarja Lepik"))
BOTS = (("lumen-build", "Build Bot"), ("lumen-greeter", "Greeter"), ("lumen-calendar", "Calendar Bot"))
STAY = timedelta(days=10_000)
_LATIN = str.maketrans(
    {
        **dict(zip("абвгґдеєжзиіїйклмнопрстуфхцчшщьюяыэъё", (
            ["a", "b", "v", "h", "g", "d", "e", "ye", "zh", "z", "y", "i", "yi", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u", "f", "kh", "ts", "ch", "sh", "shch", "_", "yu", "ya", "y", "e", "_", "yo"]
        ), strict=True)),
        **dict(zip("ąćęłńóśźżäöõü", "acelnoszzaoou", strict=True)),
        " ": ".",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody who is there from ``since`` to ``gone`` (since the beginning of the demo's time)."""

    handle: str
    name: str
    language: str
    female: bool
    part: Part
    since: timedelta
    gone: timedelta
    energy: float
    networks: frozenset[str]

    @property
    def first(self) -> str:
        return self.name.split()[0]

    def account(self, place: Place) -> Person:
        remote_id = place.account.format(handle=self.handle)
        return Person(remote_id=remote_id, name=self.name, handle=self.handle, bot=self.part == "bot")

    def writes_in(self, place: Place) -> bool:
        if place.network not in self.networks:
            return False
        return self.part != "member" or self.language in place.languages

    def is_there(self, at: timedelta) -> bool:
        return self.since <= at < self.gone


def invent(rng: Random, places: Sequence[Place], *, count: int, span: timedelta) -> list[Persona]:
    """``count`` people over ``span``: most were there early, more and more join, a few leave; some talk far more."""
    networks = frozenset(place.network for place in places)
    people = [
        Persona(_handle(name, set()), name, language, gender == "f", "staff", timedelta(), STAY, 6.0, networks)
        for language, gender, name in STAFF
    ]
    people += [
        Persona(handle, name, "en", False, "bot", timedelta(), STAY, 0.0, frozenset({places[0].network}))
        for handle, name in BOTS
    ]
    taken = {persona.handle for persona in people}
    for language, female, name in _names(rng, count - len(people)):
        handle = _handle(name, taken)
        taken.add(handle)
        since = span * max(rng.random() * 1.3 - 0.35, 0.0)
        stays = rng.random() > 0.08
        gone = STAY if stays else since + (span - since) * rng.uniform(0.5, 0.95)
        energy = min(rng.paretovariate(0.9), 40.0)
        homes = [place for place in places if language in place.languages]
        people.append(Persona(handle, name, language, female, "member", since, gone, energy, _networks(rng, homes)))
    return people


def _names(rng: Random, count: int) -> Iterator[tuple[str, bool, str]]:
    tongues = [phrases.read(language) for language in phrases.LANGUAGES]
    seen: set[str] = set()
    while len(seen) < count:
        tongue = rng.choices(tongues, [each.weight for each in tongues])[0]
        female = rng.random() < 0.5
        gender = "f" if female else "m"
        name = f"{rng.choice(tongue.names[gender])} {rng.choice(tongue.names['family_' + gender])}"
        if name not in seen and all(name != staff for _language, _gender, staff in STAFF):
            seen.add(name)
            yield tongue.language, female, name


def _networks(rng: Random, homes: Sequence[Place]) -> frozenset[str]:
    """The network of a place to talk in, for every third person another one too."""
    rooms = [place for place in homes if place.kind != "page"]
    found = {rng.choices(rooms, [place.share for place in rooms])[0].network}
    if rng.random() < 0.35:
        found.add(rng.choice(homes).network)
    return frozenset(found)


def _handle(name: str, taken: set[str]) -> str:
    plain = name.lower().translate(_LATIN).replace("_", "")
    return next(each for each in (plain, *(f"{plain}{n}" for n in range(2, 100))) if each not in taken)
