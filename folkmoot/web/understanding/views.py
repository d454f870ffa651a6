"""How one message was read, and what is right instead; or that of many messages at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import messages as flash
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from folkmoot.conversations.models import Message
from folkmoot.flow import corrections
from folkmoot.understanding import access, codes, layer, queries
from folkmoot.understanding.actions import LANGUAGE_CODES, UnableTo
from folkmoot.understanding.codes import NO, YES, Stands
from folkmoot.understanding.models import Correction
from folkmoot.understanding.queries import Told
from folkmoot.understanding.reading.contract import INTENTS, SENTIMENTS, Reading
from folkmoot.web.request import Request, in_workspace
from folkmoot.web.understanding import labels

RIGHT = "right"
CONFIRMED = ("sentiment", "intent", "toxic")
MOST = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """A button: what a click on it says, whether that stands now, and how likely the model finds it, in percent."""

    said: str
    label: Any
    stands: bool
    percent: int | None


@dataclass(frozen=True, slots=True)
class Group:
    """What belongs together in the panel; ``one`` of the choices stands, or any number of them."""

    label: Any
    choices: list[Choice]
    one: bool
    unsure: bool
    corrected: bool


@require_http_methods(["GET", "POST"])
@in_workspace()
def message(request: Request, pk: int) -> HttpResponseBase:
    told = queries.told(request.role, pk)
    if request.method == "POST":
        if not request.role.may(access.CORRECTS):
            raise PermissionDenied
        _correct(request, told)
        if not request.htmx:
            return redirect(_place(request, told.message))
        told = queries.told(request.role, pk)
    context = {"title": _("How this was read"), "place": _place(request, told.message), **panel(request, told)}
    name = "understanding/message.html#panel" if request.htmx else "understanding/message.html"
    return render(request, name, context)


def _place(request: Request, message: Message) -> str:
    here = reverse("conversation", args=[request.workspace.slug, message.conversation_id])
    return f"{here}?m={message.pk}#m{message.pk}"


def _correct(request: Request, told: Told) -> None:
    said = request.POST.get("said", "")
    wanted = [(facet, value)] if (facet := said.partition(":")[0]) and (value := said.partition(":")[2]) else []
    if said == RIGHT and told.reading:
        stands = queries.stands_of(told.reading)
        wanted = [(facet, codes.value_of(stands, facet)) for facet in CONFIRMED if facet not in told.corrections]
    try:
        for facet, value in wanted:
            corrections.correct(request.workspace, [told.message.pk], facet, value, by=request.user, now=timezone.now())
    except UnableTo as error:
        flash.error(request, str(error))


def panel(request: Request, told: Told) -> dict[str, Any]:
    """What the panel of a message shows."""
    context: dict[str, Any] = {
        "message": told.message,
        "may_correct": request.role.may(access.CORRECTS),
        "corrections": [
            (row, labels.FACETS[row.facet], labels.value(row.facet, row.value), labels.value(row.facet, row.was))
            for row in sorted(told.corrections.values(), key=lambda row: row.at)
        ],
    }
    if told.reading is None:
        return context
    stands = queries.stands_of(told.reading)
    model = codes.unpack(bytes(told.reading.packed), told.reading.version.name)
    return {
        **context,
        "stands": stands,
        "version": told.reading.version.name,
        "groups": list(_groups(stands, model, told.corrections)),
        "confirmed": all(facet in told.corrections for facet in CONFIRMED),
    }


def _groups(stands: Stands, model: Reading, corrected: dict[str, Correction]) -> Iterator[Group]:
    def sure(names: tuple[str, ...]) -> bool:
        """Of what is said, all; of what isn't, nothing is asked."""
        said = [name for name in names if stands.says & codes.BIT[name]]
        return all(stands.sure & codes.BIT[name] for name in said)

    moods = zip(labels.MOODS, model.sentiment, strict=True)
    yield Group(
        labels.FACETS["sentiment"], [_one("sentiment", name, label, stands, p) for (name, label), p in moods],
        one=True, unsure=not sure(SENTIMENTS), corrected="sentiment" in corrected,
    )  # fmt: skip
    wants = zip(labels.WANTS, model.intents, strict=True)
    yield Group(
        labels.FACETS["intent"], [_one("intent", name, label, stands, p) for (name, label), p in wants],
        one=True, unsure=not sure(INTENTS), corrected="intent" in corrected,
    )  # fmt: skip
    for title, named in ((_("Harm"), labels.HARM), (_("Feelings"), labels.FEELINGS), (_("What it needs"), _NEEDS)):
        names = tuple(name for name, _label in named)
        yield Group(
            title, [_many(name, label, stands, model) for name, label in named],
            one=False, unsure=not sure(names), corrected=any(name in corrected for name in names),
        )  # fmt: skip
    yield Group(
        labels.FACETS["language"], list(_languages(stands, model)),
        one=True, unsure=not stands.sure & codes.LANGUAGE_SURE, corrected="language" in corrected,
    )  # fmt: skip


_NEEDS = [(name, labels.MARKS[name]) for name in ("urgent", "calls")]


def _one(facet: str, name: str, label: Any, stands: Stands, p: float) -> Choice:
    return Choice(f"{facet}:{name}", label, bool(stands.says & codes.BIT[name]), round(100 * p))


def _many(name: str, label: Any, stands: Stands, model: Reading) -> Choice:
    """A click says the opposite of what stands."""
    said = bool(stands.says & codes.BIT[name])
    return Choice(f"{name}:{NO if said else YES}", label, said, round(100 * layer.base_of(model, name)[1]))


def _languages(stands: Stands, model: Reading) -> Iterator[Choice]:
    listed = [*LANGUAGE_CODES, *({stands.language} - set(LANGUAGE_CODES))]
    for code in listed:
        percent = round(100 * model.language_p) if code == model.language else None
        yield Choice(f"language:{code}", labels.language(code), stands.language == code, percent)


@require_POST
@in_workspace(access.CORRECTS)
def selection(request: Request) -> HttpResponseBase:
    """Says one thing of many messages: of those that were picked, and of the community's latest in the conversations
    that were picked."""
    facet, _colon, value = request.POST.get("said", "").partition(":")
    picked = request.POST.getlist("picked")[:MOST]
    message_ids = queries.picked(
        request.role,
        conversation_ids=[int(one[1:]) for one in picked if one[0] == "c" and one[1:].isdecimal()],
        message_ids=[int(one[1:]) for one in picked if one[0] == "m" and one[1:].isdecimal()],
    )
    try:
        if not message_ids:
            raise UnableTo(_("Choose some conversations first."))
        changed = corrections.correct(request.workspace, message_ids, facet, value, by=request.user, now=timezone.now())
    except UnableTo as error:
        flash.error(request, str(error))
    else:
        told = ngettext(
            "%(facet)s is set to “%(value)s” in %(n)s message.",
            "%(facet)s is set to “%(value)s” in %(n)s messages.",
            changed.corrections,
        )
        words = {"facet": labels.FACETS[facet], "value": labels.value(facet, value), "n": changed.corrections}
        flash.success(request, told % words)
    return redirect(_back(request))


def _back(request: Request) -> str:
    there = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(there, allowed_hosts={request.get_host()}):
        return there
    return reverse("inbox", args=[request.workspace.slug])
