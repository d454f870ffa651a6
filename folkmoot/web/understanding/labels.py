"""What readings are called on pages."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from folkmoot.understanding.codes import NO, YES
from folkmoot.understanding.reading.contract import EMOTIONS, HARMS, INTENTS, SENTIMENTS

MARKS: dict[str, Any] = {
    "neg": _("Negative"),
    "neu": _("Neutral"),
    "pos": _("Positive"),
    "question": _("Question"),
    "complaint": _("Complaint"),
    "suggestion": _("Wish"),
    "bug": _("Bug report"),
    "praise": _("Praise"),
    "greeting": _("Thanks or greeting"),
    "other": _("Something else"),
    "toxic": _("Toxic"),
    "insult": _("Insult"),
    "threat": _("Threat"),
    "hate": _("Hate against a group"),
    "obscene": _("Obscene words"),
    "sexual": _("Sexual"),
    "criticism": _("Harsh criticism"),
    "spam": _("Spam"),
    "anger": _("Anger"),
    "disgust": _("Disgust"),
    "fear": _("Fear"),
    "joy": _("Joy"),
    "sadness": _("Sadness"),
    "surprise": _("Surprise"),
    "urgent": _("Urgent"),
    "calls": _("Calls for an answer"),
}

FACETS: dict[str, Any] = {
    **MARKS,
    "language": _("Language"),
    "sentiment": _("Mood"),
    "intent": _("Intent"),
}

LANGUAGES: dict[str, Any] = {
    "en": _("English"),
    "ru": _("Russian"),
    "uk": _("Ukrainian"),
    "pl": _("Polish"),
    "et": _("Estonian"),
    "mixed": _("Several languages"),
    "unknown": _("Unknown language"),
}

HARMFUL = tuple(name for name in HARMS if name != "criticism")


def language(code: str) -> Any:
    """A language's name; of those that are not ours, the code."""
    return LANGUAGES.get(code, code)


def value(facet: str, chosen: str) -> Any:
    """What a correction says, in words."""
    if facet == "language":
        return language(chosen)
    if facet in ("sentiment", "intent"):
        return MARKS.get(chosen, "–")
    return {YES: _("yes"), NO: _("no")}.get(chosen, "–")


def choices(names: tuple[str, ...]) -> list[tuple[str, Any]]:
    return [(name, MARKS[name]) for name in names]


MOODS = choices(SENTIMENTS)
WANTS = choices(INTENTS)
HARM = choices(HARMS)
FEELINGS = choices(EMOTIONS)


def correctable() -> list[tuple[Any, list[tuple[str, Any]]]]:
    """What can be said of many messages at once: by group, what a click says and its name."""
    yes_no = [
        (f"{name}:{said}", f"{MARKS[name]}: {value(name, said)}") for name in ("toxic", "spam") for said in (YES, NO)
    ]
    return [
        (FACETS["sentiment"], [(f"sentiment:{name}", label) for name, label in MOODS]),
        (FACETS["intent"], [(f"intent:{name}", label) for name, label in WANTS]),
        (_("Harm"), yes_no),
        (FACETS["language"], [(f"language:{code}", label) for code, label in LANGUAGES.items()]),
    ]
