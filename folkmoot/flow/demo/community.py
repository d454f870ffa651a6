"""The demo community's half year: everything that would be seen of it, the same for the same seed and dates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from folkmoot.flow.demo import markup, people, phrases, places, rhythm, scenes
from folkmoot.flow.demo.people import Persona
from folkmoot.flow.demo.places import Place
from folkmoot.flow.demo.scenes import Cast, Line, Scene
from folkmoot.networks.base import Attachment, Reaction, SeenDeletion, SeenMessage, SeenMove

PEOPLE = 112
MESSAGES = 6000
SLOWER = {"forum": 14.0, "list": 22.0, "page": 2.0}
LIKED = {"thanks": 0.5, "joke": 0.75, "post": 0.9, "talk": 0.45, "intro": 0.5, "crisis_us": 0.6}
PICTURED = {"more": 0.35, "talk": 0.2, "post": 0.4, "chat": 0.04}


@dataclass(slots=True)
class Told:
    """What is seen in one place, oldest first.

    ``drafts`` are the first words, by remote id, of messages that were edited later; ``deletions`` come at the end.
    """

    place: Place
    seen: list[SeenMessage | SeenMove] = field(default_factory=list)
    drafts: dict[str, str] = field(default_factory=dict)
    deletions: list[SeenDeletion] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Opening:
    """Where and when a scene begins, in which language, and the kind of its title."""

    place: Place
    language: str
    at: timedelta
    scene: Scene
    title: str = ""
    first: str = ""


class Community:
    """Tells the half year up to the beginning of the day ``until``, in about ``messages`` messages."""

    def __init__(self, *, seed: int, until: date, messages: int = MESSAGES) -> None:
        self._rng = Random(f"{seed}/{until}/{messages}")  # noqa: S311 - a made-up community is no secret
        self._key = f"{until:%Y%m%d}-{seed}-{messages}"
        self._begins = datetime.combine(until, time(), UTC) - rhythm.SPAN
        self._messages = messages
        self.people = people.invent(self._rng, places.every(), count=PEOPLE, span=rhythm.SPAN)
        self._told = {place.key: Told(place) for place in places.every()}
        self._said = 0
        self._scenes = 0

    def tell(self) -> list[Told]:
        """Every place with what is seen there."""
        for opening in self._openings():
            self._play(opening)
            if self._said >= self._messages:
                break
        self._come_and_go()
        for told in self._told.values():
            self._second_thoughts(told)
            told.seen.sort(key=lambda seen: (seen.at, seen.remote_id))
        return list(self._told.values())

    def staff(self) -> list[Persona]:
        return [persona for persona in self.people if persona.part == "staff"]

    def _openings(self) -> Iterator[_Opening]:
        """What must happen first, then the usual until there is enough."""
        rng, everywhere = self._rng, places.every()
        for persona in self.people:
            if persona.part == "member" and persona.since and rng.random() < self._messages / MESSAGES * 0.7:
                yield self._introduction(persona)
        for _ in range(max(self._messages // 150, 6)):
            place = rng.choices(everywhere, [each.share for each in everywhere])[0]
            at = rhythm.CRISIS + rhythm.CRISIS_LASTS * rng.betavariate(1.2, 3)
            yield self._opening(place, at, "complaint", scenes.alarm)
        bot = next(persona for persona in self.people if persona.part == "bot")
        for week in range(0, rhythm.SPAN.days, 7 if self._messages >= MESSAGES else 60):
            yield _Opening(everywhere[0], "en", timedelta(days=week, hours=4), scenes.building(bot))
        for month in range(6):
            at = timedelta(days=30 * month, hours=13 + month)
            yield self._opening(everywhere[-1], at, "talk", scenes.posting)
        kinds = [weight for _kind, _scene, weight in scenes.USUAL]
        for at in rhythm.moments(rng, self._messages, self._begins.date()):
            place = rng.choices(everywhere, [each.share for each in everywhere])[0]
            kind, scene, _weight = rng.choices(scenes.USUAL, kinds)[0]
            yield self._opening(place, at, kind, scene)

    def _opening(self, place: Place, at: timedelta, kind: str, scene: Scene) -> _Opening:
        weights = [phrases.read(language).weight for language in place.languages]
        language = self._rng.choices(place.languages, weights)[0]
        if place.kind == "page" and scene is not scenes.alarm:
            return _Opening(place, language, at, scenes.posting)
        if place.threaded and kind not in scenes.THREADED:
            return _Opening(place, language, at, scenes.chatting, "talk")
        return _Opening(place, language, at, scene, kind)

    def _introduction(self, persona: Persona) -> _Opening:
        home = next(place for place in places.every() if place.kind != "page" and persona.writes_in(place))
        at = persona.since + timedelta(hours=self._rng.uniform(0.2, 9))
        return _Opening(home, persona.language, at, scenes.greeting(persona), "talk", persona.first)

    def _cast(self, opening: _Opening) -> Cast:
        there = [each for each in self.people if each.writes_in(opening.place) and each.is_there(opening.at)]
        members = [each for each in there if each.part == "member" and each.language == opening.language]
        staff = [each for each in there if each.part == "staff"]
        return Cast(self._rng, members or staff, staff)

    def _play(self, opening: _Opening) -> None:
        """Lets people say their lines; what would lie beyond the end has not been said yet."""
        self._scenes += 1
        talk = phrases.Talk(phrases.read(opening.language), self._rng, first=opening.first)
        title = ""
        if opening.place.threaded and opening.title:
            title = talk.say(f"title_{opening.title}", female=False)
        told = self._told[opening.place.key]
        at, so_far = opening.at, list[SeenMessage]()
        for number, line in enumerate(opening.scene(self._cast(opening))):
            if number:
                wait = line.wait * SLOWER.get(opening.place.kind, 1.0)
                at += timedelta(seconds=20 + self._rng.expovariate(1 / (wait * 60)))
            if at >= rhythm.SPAN:
                break
            so_far.append(self._message(opening, line, talk, at, so_far))
        if so_far and opening.place.threaded:
            so_far[0] = replace(so_far[0], thread_title=title)
        told.seen += so_far
        self._said += len(so_far)

    def _message(
        self, opening: _Opening, line: Line, talk: phrases.Talk, at: timedelta, so_far: list[SeenMessage]
    ) -> SeenMessage:
        place, rng = opening.place, self._rng
        answered = so_far[line.to] if line.to is not None and line.to < len(so_far) else None
        words, moment = self._words(line, talk, place, opens=not so_far), self._begins + at
        technical = line.kind in {"question", "answer"}
        quoted = answered.text.splitlines()[-1] if answered else ""
        body = markup.write(words, quoted=quoted, rng=rng, technical=technical) if place.kind == "forum" else None
        number = f"{self._scenes}-{len(so_far)}"
        return SeenMessage(
            remote_id=f"{self._key}-{number}",
            at=moment,
            author=line.who.account(place),
            text=body.text if body else words,
            html=body.html if body else "",
            thread=f"{self._key}-{self._scenes}" if place.threaded else None,
            parent=answered.remote_id if answered and (place.threaded or rng.random() < 0.8) else None,
            url=f"{place.url}/{self._scenes}/{len(so_far)}" if place.url else "",
            ours=line.kind == "post",
            attachments=self._attachments(line, number),
            reactions=self._reactions(opening, line, at),
        )

    def _words(self, line: Line, talk: phrases.Talk, place: Place, *, opens: bool) -> str:
        words = talk.say(line.kind, female=line.who.female)
        if line.kind == "answer" and self._rng.random() < (0.4 if place.threaded else 0.15):
            words = f"{words} {talk.say(line.kind, female=line.who.female)}"
        if opens and line.kind in {"question", "wish", "complaint"} and self._rng.random() < 0.35:
            words = f"{talk.say('greeting', female=line.who.female)} {words}"
        return f"{words}\n\n{line.who.first}" if place.kind == "list" else words

    def _attachments(self, line: Line, number: str) -> tuple[Attachment, ...]:
        if self._rng.random() >= PICTURED.get(line.kind, 0.0):
            return ()
        if self._rng.random() < 0.25:
            return (Attachment("link", f"https://example.org/projects/{number}", "example.org"),)
        return (Attachment("image", f"https://example.org/photos/{number}.jpg", f"{number}.jpg", "image/jpeg"),)

    def _reactions(self, opening: _Opening, line: Line, at: timedelta) -> tuple[Reaction, ...]:
        """On a page nobody learns who reacted."""
        rng = self._rng
        if rng.random() >= LIKED.get(line.kind, 0.12):
            return ()
        later = min(at + timedelta(minutes=rng.expovariate(1 / 40)), rhythm.SPAN - timedelta(seconds=1))
        cast = self._cast(opening).some(min(int(rng.paretovariate(0.9)), 9), but=[line.who])
        given: dict[str, list[Persona]] = {}
        for persona in cast:
            given.setdefault(rng.choice(phrases.places()["emoji"]), []).append(persona)
        page = opening.place.kind == "page"
        return tuple(
            Reaction(
                value=emoji,
                count=len(who) * (rng.randint(1, 6) if page else 1),
                people=() if page else tuple(persona.account(opening.place) for persona in who),
                at=self._begins + later,
            )
            for emoji, who in given.items()
        )

    def _come_and_go(self) -> None:
        for told in self._told.values():
            for persona in self.people:
                joins = told.place.kind == "chat" or persona.part == "staff"
                if joins and persona.writes_in(told.place):
                    told.seen += self._moves(persona, told.place)

    def _moves(self, persona: Persona, place: Place) -> Iterator[SeenMove]:
        person, key = persona.account(place), f"{self._key}-{persona.handle}"
        if persona.since or persona.part != "member":
            yield SeenMove(f"{key}-in", self._begins + persona.since, person, "join")
        if persona.gone < rhythm.SPAN:
            yield SeenMove(f"{key}-out", self._begins + persona.gone, person, "leave")

    def _second_thoughts(self, told: Told) -> None:
        """Some messages were edited, a few deleted."""
        ends = self._begins + rhythm.SPAN
        for number, seen in enumerate(told.seen):
            if not isinstance(seen, SeenMessage) or seen.html or len(seen.text) < 30:
                continue
            edited_at = seen.at + timedelta(minutes=self._rng.uniform(1, 30))
            chance = self._rng.random()
            if chance < 0.015 and edited_at < ends:
                told.drafts[seen.remote_id] = _hasty(seen.text, self._rng)
                told.seen[number] = replace(seen, edited_at=edited_at)
            elif chance < 0.018 and edited_at < ends:
                told.deletions.append(SeenDeletion(seen.remote_id, edited_at))


def _hasty(text: str, rng: Random) -> str:
    """``text`` with two letters swapped, as one types in a hurry."""
    spot = rng.randrange(8, len(text) - 4)
    return text[:spot] + text[spot + 1] + text[spot] + text[spot + 2 :]
