"""What people corrected, and what was learnt from it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from django.contrib import messages as flash
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from folkmoot.flow import corrections, jobs
from folkmoot.lib.keyset import Mark
from folkmoot.understanding import access, queries
from folkmoot.understanding.actions import UnableTo
from folkmoot.understanding.models import Correction, Layer
from folkmoot.web.request import Request, in_workspace
from folkmoot.web.understanding import labels

LARGEST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    correction: Correction
    facet: Any
    value: Any
    was: Any
    url: str


@dataclass(frozen=True, slots=True)
class Learnt:
    """A layer in words: what it is about, and how labels did before and after on what it had not seen."""

    layer: Layer
    facet: Any
    changes: list[tuple[Any, float, float]]
    all_before: float
    all_after: float


@require_GET
@in_workspace(access.CORRECTS)
def listing(request: Request) -> HttpResponse:
    page = queries.corrections(request.role, Mark.read(request.GET.get("at", "")))
    here = reverse("corrections", args=[request.workspace.slug])
    context = {
        "title": _("Corrections"),
        "lead": _(
            "What your team said about readings. It holds at once for the same words, and is learnt from at night."
        ),
        "crumbs": [(_("Understanding"), reverse("understanding", args=[request.workspace.slug]))],
        "rows": [_row(request, correction) for correction in page.rows],
        "learnt": [_learnt(layer) for layer in queries.layers(request.workspace)[:20]],
        "may_manage": request.role.may(access.MANAGES),
        "newer_url": f"{here}?at={page.newer}" if page.newer else "",
        "older_url": f"{here}?at={page.older}" if page.older else "",
    }
    return render(request, "understanding/corrections.html", context)


def _row(request: Request, correction: Correction) -> Row:
    url = ""
    if correction.message:
        place = reverse("conversation", args=[request.workspace.slug, correction.message.conversation_id])
        url = f"{place}?m={correction.message_id}#m{correction.message_id}"
    return Row(
        correction,
        labels.FACETS[correction.facet],
        labels.value(correction.facet, correction.value),
        labels.value(correction.facet, correction.was) if correction.was else "",
        url,
    )


def _learnt(layer: Layer) -> Learnt:
    changes = [
        (labels.value(layer.facet, label), layer.before[label], after)
        for label, after in layer.after.items()
        if label != "all" and label in layer.before
    ]
    return Learnt(layer, labels.FACETS[layer.facet], changes, layer.before.get("all", 0.0), layer.after.get("all", 0.0))


@require_POST
@in_workspace(access.CORRECTS)
def undo(request: Request, pk: int) -> HttpResponseBase:
    correction = access.correction(request.role, pk)
    corrections.undo(request.workspace, [correction], by=request.user)
    if not request.htmx:
        flash.success(request, _("The correction is undone."))
    return redirect(_back(request, correction))


@require_POST
@in_workspace(access.CORRECTS)
def learn(request: Request, pk: int) -> HttpResponseBase:
    """Whether something is learnt from a correction, or it holds for its message alone."""
    correction = access.correction(request.role, pk)
    on = request.POST.get("learn") == "yes"
    try:
        corrections.set_learn(request.workspace, correction, on, by=request.user)
    except UnableTo as error:
        flash.error(request, str(error))
    else:
        if not request.htmx:
            told = _("It is learnt from.") if on else _("Nothing is learnt from it; it holds for that message alone.")
            flash.success(request, told)
    return redirect(_back(request, correction))


def _back(request: Request, correction: Correction) -> str:
    """To where the button was: the message's panel for a fragment of a page, else the page that is named."""
    if request.htmx and correction.message_id:
        return reverse("reading", args=[request.workspace.slug, correction.message_id])
    there = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(there, allowed_hosts={request.get_host()}):
        return there
    return reverse("corrections", args=[request.workspace.slug])


@require_GET
@in_workspace(access.MANAGES)
def export(request: Request) -> StreamingHttpResponse:
    lines = (f"{line}\n" for line in queries.exported(request.workspace))
    response = StreamingHttpResponse(lines, content_type="application/jsonl; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{request.workspace.slug}-corrections.jsonl"'
    return response


@require_POST
@in_workspace(access.MANAGES)
def bring_in(request: Request) -> HttpResponseBase:
    file = request.FILES.get("file")
    try:
        if file is None or not file.size:
            raise UnableTo(_("Choose a file of corrections first."))
        if file.size > LARGEST:
            raise UnableTo(_("That file is too large for this page. Use folkmoot corrections import instead."))
        with io.TextIOWrapper(file, encoding="utf-8") as lines:
            changed = corrections.bring_in(request.workspace, lines, by=request.user, now=timezone.now())
    except UnicodeDecodeError:
        flash.error(request, _("That file is not text in UTF-8."))
    except UnableTo as error:
        flash.error(request, str(error))
    else:
        told = ngettext("%(n)s correction was taken in.", "%(n)s corrections were taken in.", changed.corrections)
        flash.success(request, told % {"n": changed.corrections})
    return redirect("corrections", request.workspace.slug)


@require_POST
@in_workspace(access.MANAGES)
def learn_now(request: Request) -> HttpResponseBase:
    jobs.learn_later(request.workspace.pk)
    flash.success(request, _("It is learnt now; look again in a minute."))
    return redirect("corrections", request.workspace.slug)


@require_POST
@in_workspace(access.MANAGES)
def switch(request: Request, pk: int) -> HttpResponseBase:
    layer = access.layer(request.role, pk)
    on = request.POST.get("on") == "yes"
    try:
        corrections.switch(layer, on, by=request.user)
    except UnableTo as error:
        flash.error(request, str(error))
    else:
        flash.success(request, _("It is used again.") if on else _("It is no longer used."))
    return redirect("corrections", request.workspace.slug)
