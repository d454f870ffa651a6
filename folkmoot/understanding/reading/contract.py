"""What a message says, as read by one model: labels with calibrated probabilities, and what is not sure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

SENTIMENTS = ("neg", "neu", "pos")
EMOTIONS = ("anger", "disgust", "fear", "joy", "sadness", "surprise")
INTENTS = ("question", "complaint", "suggestion", "bug", "praise", "greeting", "other")
HARMS = ("toxic", "insult", "threat", "hate", "obscene", "sexual", "criticism", "spam")
LANGUAGES = ("en", "ru", "uk", "pl", "et")
UNKNOWN, MIXED = "unknown", "mixed"


@dataclass(frozen=True, slots=True)
class Reading:
    """One message, read. All numbers are probabilities from 0 to 1, in the order of the tuples above.

    ``language`` is an ISO 639-1 code (also of languages that are not ours), ``unknown`` or ``mixed``; ``script`` an
    ISO 15924 code, empty where there are no letters. ``criticism`` among ``harms`` is harsh criticism of a thing
    without an insult to anybody: it is no harm, and stands there to be told apart from it. ``emotions`` are
    independent of one another. ``unsure`` names what the model can't tell in this message: ``language``,
    ``sentiment``, ``toxic``, ``intent`` and so on.
    """

    language: str
    language_p: float
    script: str
    sentiment: tuple[float, float, float]
    harms: tuple[float, ...]
    intents: tuple[float, ...]
    emotions: tuple[float, ...]
    urgency: float
    calls_for_answer: float
    unsure: frozenset[str]
    version: str

    @property
    def mood(self) -> str:
        return SENTIMENTS[self.sentiment.index(max(self.sentiment))]

    @property
    def intent(self) -> str:
        return INTENTS[self.intents.index(max(self.intents))]

    def harm(self, name: str) -> float:
        return self.harms[HARMS.index(name)]


class Reads(Protocol):
    """Whatever reads texts: the product's model, or that model with a workspace's own layer on top."""

    version: str

    def read(self, texts: list[str]) -> list[Reading]:
        """One reading a text, in the same order; an empty text is read as unknown, neutral and unsure."""
