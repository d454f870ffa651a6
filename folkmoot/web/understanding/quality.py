"""The page 'How well does it understand?': what was measured, by language, beside what this team found."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from folkmoot.understanding import access, queries
from folkmoot.understanding import quality as qualities
from folkmoot.understanding.quality import Measured
from folkmoot.understanding.queries import Agreement
from folkmoot.understanding.reading.contract import EMOTIONS, HARMS
from folkmoot.understanding.reading.contract import LANGUAGES as OURS
from folkmoot.web.request import Request, in_workspace
from folkmoot.web.understanding import labels
from folkmoot.workspaces.models import Rank

TASKS: dict[str, Any] = {
    "language": gettext_lazy("Which language it is"),
    "sentiment": gettext_lazy("Mood: negative, neutral, positive"),
    "toxic": gettext_lazy("Toxic or not"),
    "hate": gettext_lazy("Hate against a group"),
    "spam": gettext_lazy("Spam or not"),
    "intent": gettext_lazy("What people want"),
    "emotion": gettext_lazy("Feelings"),
    "urgency": gettext_lazy("Urgency"),
    "calls_for_answer": gettext_lazy("Whether it calls for an answer"),
}
TASK_OF = {
    **dict.fromkeys(HARMS, "toxic"),
    "hate": "hate",
    "spam": "spam",
    **dict.fromkeys(EMOTIONS, "emotion"),
    "urgent": "urgency",
    "calls": "calls_for_answer",
}
GOOD, FAIR = 0.8, 0.65
WEAKEST_FIRST = ("warn", "info", "good")
BY_PEOPLE = ("human", "derived")


@dataclass(frozen=True, slots=True)
class Line:
    """One task in one language: what was measured, in one or several sources, and how often the team agreed."""

    label: Any
    measured: list[tuple[Measured, str, str]]
    looked_at: int
    agreed: int

    @property
    def is_measured(self) -> bool:
        return any(one.value is not None for one, _tone, _words in self.measured)

    @property
    def by_people(self) -> bool:
        """Whether people's own labels are behind any of it."""
        return bool(self._by_people)

    @property
    def tone(self) -> str:
        """Of the weakest figure with people's own labels behind it; where there is none, it is a guess."""
        return next((tone for tone in WEAKEST_FIRST if tone in self._by_people), "warn")

    @property
    def _by_people(self) -> list[str]:
        return [tone for one, tone, _words in self.measured if one.labels in BY_PEOPLE and one.value is not None]


@dataclass(frozen=True, slots=True)
class Known:
    """A language with all that was measured in it, and ``silent`` what was not; ``sums`` say how many of its lines are
    good, fair and weak."""

    name: Any
    lines: list[Line]
    silent: list[Any]
    sums: list[tuple[str, str]]
    open: bool


@require_GET
@in_workspace(Rank.ANALYST)
def quality(request: Request) -> HttpResponse:
    measured = qualities.measured()
    known = set(TASKS)
    more = {one.task: labels.FACETS.get(one.task, one.task) for one in measured if one.task not in known}
    tasks = TASKS | more
    agreed = _agreed(queries.agreements(request.workspace))
    context = {
        "title": _("How well does it understand?"),
        "lead": _(
            "Everything is read on this machine, by a small model. It is often right and sometimes wrong; here is how often, as measured."
        ),
        "languages": [
            _known(code, [_line(task, label, code, measured, agreed) for task, label in tasks.items()], _own(request))
            for code in OURS
        ],
        "empty": not measured,
        "progress": queries.progress(request.workspace),
        "may_correct": request.role.may(access.CORRECTS),
        "looked_at": sum(n for n, _agreed in agreed.values()),
        "agreed": sum(n for _looked_at, n in agreed.values()),
    }
    return render(request, "understanding/quality.html", context)


def _own(request: Request) -> str:
    """The language to show first: this person's, or the community's."""
    chosen = (translation.get_language() or "").partition("-")[0]
    return chosen if chosen in OURS else request.workspace.language


def _known(code: str, lines: list[Line], own: str) -> Known:
    told = [line for line in lines if line.is_measured or line.looked_at]
    tones = [line.tone for line in lines]
    words = {"good": _("%(n)d good"), "info": _("%(n)d fair"), "warn": _("%(n)d weak or a guess")}
    sums = [(tone, text % {"n": tones.count(tone)}) for tone, text in words.items() if tone in tones]
    silent = [line.label for line in lines if line not in told]
    return Known(labels.language(code), told, silent, sums, code == own)


def _agreed(agreements: list[Agreement]) -> dict[tuple[str, str], tuple[int, int]]:
    """Looked at and agreed, by language and task."""
    found: dict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for one in agreements:
        key = (one.language, TASK_OF.get(one.facet, one.facet))
        looked_at, agreed = found[key]
        found[key] = (looked_at + one.looked_at, agreed + one.agreed)
    return found


def _line(
    task: str, label: Any, code: str, measured: tuple[Measured, ...], agreed: dict[tuple[str, str], tuple[int, int]]
) -> Line:
    rows = [one for one in measured if one.task == task and one.language == code]
    looked_at, right = agreed.get((code, task), (0, 0))
    return Line(label, [(one, *_verdict(one)) for one in rows], looked_at, right)


def _verdict(one: Measured) -> tuple[str, str]:
    """The colour and the words for a figure."""
    if one.value is None:
        return "", _("not measured")
    if one.labels == "none":
        return "warn", _("only on sentences that we made up")
    if one.labels == "projected":
        return "warn", _("only checked against another model")
    if one.value >= GOOD:
        return "good", _("good")
    if one.value >= FAIR:
        return "info", _("fair: look before you act on a single message")
    return "warn", _("weak: good for trends, not for single messages")
