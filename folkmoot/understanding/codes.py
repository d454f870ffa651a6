"""Readings as they are stored: what a message says as a set of bits, and what the model said in 65 bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct

from folkmoot.understanding.reading.contract import (
    EMOTIONS,
    HARMS,
    INTENTS,
    SENTIMENTS,
    UNKNOWN,
    Reading,
)

MARKS = (*SENTIMENTS, *INTENTS, *HARMS, *EMOTIONS, "urgent", "calls")
"""What can be said of a message, in the order of bits; LANGUAGE_SURE comes after them, only in ``sure``."""

FACETS = ("language", "sentiment", "intent", *HARMS, *EMOTIONS, "urgent", "calls")
"""What can be right or wrong about a reading, and be corrected by itself; in the order of bits."""

BIT = {name: 1 << number for number, name in enumerate(MARKS)}
FACET_BIT = {name: 1 << number for number, name in enumerate(FACETS)}
LANGUAGE_SURE = 1 << len(MARKS)
MOODS = sum(BIT[name] for name in SENTIMENTS)
WANTS = sum(BIT[name] for name in INTENTS)
YES, NO = "yes", "no"
HALF = 0.5
KINDS_OF_TOXIC = ("insult", "threat", "hate", "obscene", "sexual")

# What the contract calls each thing in ``unsure``; a group's name stands for all of it
_CALLED = {
    "language": ("language",),
    **dict.fromkeys(SENTIMENTS, ("sentiment",)),
    **dict.fromkeys(INTENTS, ("intent",)),
    **{name: (name, "harms") for name in HARMS},
    **{name: (name, "emotions") for name in EMOTIONS},
    "urgent": ("urgency",),
    "calls": ("calls_for_answer",),
}
_NUMBERS = 1 + len(SENTIMENTS) + len(INTENTS) + len(HARMS) + len(EMOTIONS) + 2
_LAYOUT = Struct(f">{_NUMBERS}HI")


@dataclass(frozen=True, slots=True)
class Stands:
    """What holds of a message once people's corrections are laid over what the model said; see ``models.Reading``."""

    language: str
    says: int
    sure: int
    corrected: int
    urgency: int
    balance: int


def values_of(facet: str) -> tuple[str, ...]:
    """What a person may choose; for a language any code will do, and nothing is listed."""
    if facet == "sentiment":
        return SENTIMENTS
    if facet == "intent":
        return INTENTS
    return () if facet == "language" else (YES, NO)


def value_of(stands: Stands, facet: str) -> str:
    """What stands for a facet, as a correction would say it."""
    if facet == "language":
        return stands.language
    if facet in ("sentiment", "intent"):
        return next((name for name in values_of(facet) if stands.says & BIT[name]), "")
    return YES if stands.says & BIT[facet] else NO


def facet_of(mark: str) -> str:
    if mark in SENTIMENTS:
        return "sentiment"
    return "intent" if mark in INTENTS else mark


def pack(reading: Reading) -> bytes:
    """All numbers of a reading per mille, what is unsure, language and script; without the version."""
    numbers = (
        reading.language_p, *reading.sentiment, *reading.intents, *reading.harms, *reading.emotions,
        reading.urgency, reading.calls_for_answer,
    )  # fmt: skip
    tail = f"{reading.language}/{reading.script}".encode("ascii")
    return (
        _LAYOUT.pack(*(round(1000 * min(max(number, 0.0), 1.0)) for number in numbers), _doubts(reading.unsure)) + tail
    )


def unpack(packed: bytes, version: str = "") -> Reading:
    """The reading that ``pack`` was given, to the nearest thousandth; ``unsure`` in the words of FACETS and MARKS."""
    *whole, unsure = _LAYOUT.unpack_from(packed)
    language, _, script = bytes(packed[_LAYOUT.size :]).decode("ascii").partition("/")
    numbers = [number / 1000 for number in whole]
    moods, wants = 1 + len(SENTIMENTS), 1 + len(SENTIMENTS) + len(INTENTS)
    harms, emotions = wants + len(HARMS), wants + len(HARMS) + len(EMOTIONS)
    names = [name for number, name in enumerate(("language", *MARKS)) if unsure >> number & 1]
    return Reading(
        language=language or UNKNOWN,
        language_p=numbers[0],
        script=script,
        sentiment=(numbers[1], numbers[2], numbers[3]),
        harms=tuple(numbers[wants:harms]),
        intents=tuple(numbers[moods:wants]),
        emotions=tuple(numbers[harms:emotions]),
        urgency=numbers[-2],
        calls_for_answer=numbers[-1],
        unsure=frozenset(called for name in names for called in _CALLED[name][:1]),
        version=version,
    )


@lru_cache(maxsize=4096)
def _doubts(unsure: frozenset[str]) -> int:
    """What is unsure, as bits: the language first, then MARKS."""
    names = enumerate(("language", *MARKS))
    return sum(1 << number for number, name in names if any(called in unsure for called in _CALLED[name]))


def read_out(reading: Reading) -> Stands:
    """What a model's reading comes to by itself: the likeliest mood and intent, and all that is likelier than not."""
    said = [reading.mood, reading.intent]
    said += [name for name, p in zip(HARMS, reading.harms, strict=True) if p >= HALF]
    said += [name for name, p in zip(EMOTIONS, reading.emotions, strict=True) if p >= HALF]
    said += ["urgent"] if reading.urgency >= HALF else []
    said += ["calls"] if reading.calls_for_answer >= HALF else []
    doubts = _doubts(reading.unsure)
    sure = ~(doubts >> 1) & (LANGUAGE_SURE - 1) | (0 if doubts & 1 else LANGUAGE_SURE)
    return Stands(
        language=reading.language,
        says=sum(BIT[name] for name in said),
        sure=sure,
        corrected=0,
        urgency=round(1000 * reading.urgency),
        balance=round(1000 * (reading.sentiment[2] - reading.sentiment[0])),
    )


def stand(reading: Reading, decided: Mapping[str, str], opinion: Mapping[str, str] | None = None) -> Stands:
    """The same with what people ``decided`` on facets of it; that is sure. No toxicity means none of its kinds, and a
    kind of it means toxicity. An ``opinion`` of another model counts, and is sure, where neither people nor the reading
    can tell."""
    found = read_out(reading)
    doubtful = {name: value for name, value in (opinion or {}).items() if not found.sure & _bits(name)}
    if not decided and not doubtful:
        return found
    says, sure = found.says, found.sure
    for name, value in (doubtful | _with_what_follows(decided)).items():
        bits = _bits(name)
        said = BIT[name] if value == YES and name in BIT else BIT.get(value, 0) if name not in BIT else 0
        says, sure = says & ~bits | said, sure | bits
    told = doubtful | dict(decided)
    return Stands(
        language=decided.get("language", found.language),
        says=says,
        sure=sure | (LANGUAGE_SURE if "language" in decided else 0),
        corrected=sum(FACET_BIT[name] for name in decided),
        urgency={YES: 1000, NO: 0}.get(told.get("urgent", ""), found.urgency),
        balance={"neg": -1000, "neu": 0, "pos": 1000}.get(told.get("sentiment", ""), found.balance),
    )


def _bits(facet: str) -> int:
    return sum(BIT[mark] for mark in MARKS if facet_of(mark) == facet)


def _with_what_follows(decided: Mapping[str, str]) -> dict[str, str]:
    follows = {name: value for name, value in decided.items() if name != "language"}
    if decided.get("toxic") == NO:
        follows |= dict.fromkeys(KINDS_OF_TOXIC, NO)
    elif any(decided.get(kind) == YES for kind in KINDS_OF_TOXIC):
        follows["toxic"] = YES
    return follows
