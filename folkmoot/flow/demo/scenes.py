"""How conversations go: who says what kind of thing, in answer to what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from folkmoot.flow.demo.people import Persona

SILENT = 0.1


@dataclass(frozen=True, slots=True)
class Line:
    """``kind`` of sentence by ``who``; ``to`` is the number of the line it answers, ``wait`` in minutes on average."""

    kind: str
    who: Persona
    to: int | None = None
    wait: float = 12.0


@dataclass(frozen=True, slots=True)
class Cast:
    """Who could be in a scene: people who write in the place at that time, and those of us who do."""

    rng: Random
    people: Sequence[Persona]
    staff: Sequence[Persona]

    def some(self, count: int, *, but: Sequence[Persona] = ()) -> list[Persona]:
        """Up to ``count`` different people, those who talk much more often than the others."""
        pool = [persona for persona in self.people if persona not in but]
        found: list[Persona] = []
        while pool and len(found) < count:
            found.append(self.rng.choices(pool, [persona.energy for persona in pool])[0])
            pool.remove(found[-1])
        return found

    def one(self) -> Persona:
        return self.rng.choice(self.people) if self.rng.random() < 0.4 else self.some(1)[0]

    def of_us(self) -> Persona:
        return self.rng.choice(self.staff)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share


Scene = Callable[[Cast], Iterator[Line]]


def asking(cast: Cast) -> Iterator[Line]:
    asker = cast.one()
    yield Line("question", asker)
    if cast.chance(SILENT):
        return
    helpers = cast.some(cast.rng.randint(1, 3), but=[asker]) or [cast.of_us()]
    if cast.chance(0.2):
        helpers[0] = cast.of_us()
    for helper in helpers:
        yield Line("answer", helper, to=0)
    last = len(helpers)
    if cast.chance(0.5):
        yield Line("more", asker, to=last)
        yield Line("answer", helpers[-1], to=last + 1)
        last += 2
    if cast.chance(0.6):
        yield Line("thanks", asker, to=last)


def complaining(cast: Cast) -> Iterator[Line]:
    critic = cast.one()
    yield Line("complaint", critic)
    if cast.chance(SILENT * 1.5):
        return
    for other in cast.some(cast.rng.randint(0, 2), but=[critic]):
        yield Line("chat", other)
    if cast.chance(0.7):
        yield Line("soothe", cast.of_us(), to=0, wait=90)
        if cast.chance(0.5):
            yield Line("thanks", critic)


def wishing(cast: Cast) -> Iterator[Line]:
    author = cast.one()
    yield Line("wish", author)
    for other in cast.some(cast.rng.randint(0, 4), but=[author]):
        yield Line("agree", other, to=0)
    if cast.chance(0.3):
        yield Line("soothe", cast.of_us(), to=0, wait=120)


def chatting(cast: Cast) -> Iterator[Line]:
    opener = cast.one()
    yield Line("talk", opener)
    if cast.chance(SILENT):
        return
    company = [opener, *cast.some(cast.rng.randint(1, 4), but=[opener])]
    speaker = opener
    for turn in range(cast.rng.randint(1, 9) if len(company) > 1 else 0):
        speaker = cast.rng.choice([persona for persona in company if persona is not speaker])
        yield Line("chat", speaker, to=turn if cast.chance(0.25) else None, wait=4)


def joking(cast: Cast) -> Iterator[Line]:
    joker = cast.one()
    yield Line("joke", joker)
    for other in cast.some(cast.rng.randint(1, 4), but=[joker]):
        yield Line("laugh", other, to=0, wait=5)


def greeting(newcomer: Persona) -> Scene:
    def scene(cast: Cast) -> Iterator[Line]:
        yield Line("intro", newcomer)
        if cast.chance(0.25):
            yield Line("welcome", cast.of_us(), to=0, wait=60)
        for other in cast.some(cast.rng.randint(0, 3), but=[newcomer]):
            yield Line("welcome", other, to=0)

    return scene


def alarm(cast: Cast) -> Iterator[Line]:
    """The faulty release: anger, questions, and the team's words."""
    first = cast.one()
    yield Line("crisis", first)
    others = cast.some(cast.rng.randint(2, 6), but=[first])
    for other in others:
        yield Line(cast.rng.choice(["crisis", "crisis_reply"]), other, wait=5)
    if cast.chance(0.6):
        yield Line("crisis_us", cast.of_us(), to=0, wait=40)
        for other in cast.some(cast.rng.randint(0, 2), but=[first]):
            yield Line("crisis_reply", other, wait=8)


def posting(cast: Cast) -> Iterator[Line]:
    """Our own post on a page, and what people say under it."""
    yield Line("post", cast.of_us())
    comments = 0
    for other in cast.some(min(int(cast.rng.expovariate(1 / 5)), 14)):
        comments += 1
        yield Line("comment", other, to=0, wait=45)
        if cast.chance(0.25):
            yield Line("reply_us", cast.of_us(), to=comments, wait=60)
            comments += 1


def building(bot: Persona) -> Scene:
    def scene(cast: Cast) -> Iterator[Line]:
        yield Line("build", bot)

    return scene


USUAL: tuple[tuple[str, Scene, int], ...] = (
    ("question", asking, 40),
    ("talk", chatting, 30),
    ("complaint", complaining, 9),
    ("wish", wishing, 9),
    ("joke", joking, 6),
)
THREADED = frozenset({"question", "talk", "complaint", "wish"})
