"""What else was said like a message, in other words; and whether messages are compared at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages as flash
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from folkmoot.conversations.models import Message
from folkmoot.flow import jobs
from folkmoot.understanding import access
from folkmoot.understanding.neighbours import actions, queries
from folkmoot.understanding.neighbours.meaning import says_enough
from folkmoot.understanding.neighbours.queries import Near
from folkmoot.understanding.neighbours.store import Standing
from folkmoot.web.request import Request, in_workspace
from folkmoot.web.understanding import labels
from folkmoot.workspaces.models import Rank

WHY_NOT: dict[Standing, Any] = {
    Standing.MISSING: gettext_lazy(
        "Not offered here: the database lacks the extension pgvector. Whoever runs the server can install it."
    ),
    Standing.OLD: gettext_lazy(
        "Not offered here: the database's extension pgvector is too old. Whoever runs the server can update it to 0.7 or newer."
    ),
    Standing.REFUSED: gettext_lazy(
        "Not offered here: Folkmoot may not set up pgvector by itself. Let an administrator of the database run CREATE EXTENSION vector, and give Folkmoot the right to create schemas."
    ),
}


@dataclass(frozen=True, slots=True)
class Row:
    near: Near
    url: str
    answer_url: str


@require_GET
@in_workspace()
def alike(request: Request, pk: int) -> HttpResponse:
    message = access.message(request.role, pk)
    state = queries.state(request.workspace)
    near = queries.near(request.role, message) if state.is_ready and state.on else []
    context = {
        "title": _("Said in other words elsewhere"),
        "message": message,
        "place": _place(request, message.conversation_id, message.pk),
        "state": state,
        "why_not": WHY_NOT.get(state.standing, ""),
        "rows": [_row(request, one) for one in near],
        "short": not says_enough(message.text),
        "placed": bool(near) or (state.is_ready and queries.is_placed(message)),
        "weak": _weak(message),
        "may_manage": request.role.may(access.MANAGES),
    }
    name = "understanding/alike.html#list" if request.htmx else "understanding/alike.html"
    return render(request, name, context)


def _row(request: Request, near: Near) -> Row:
    conversation = near.message.conversation_id
    answer = _place(request, conversation, near.answer) if near.answer else ""
    return Row(near, _place(request, conversation, near.message.pk), answer)


def _place(request: Request, conversation: int, message: int) -> str:
    return f"{reverse('conversation', args=[request.workspace.slug, conversation])}?m={message}#m{message}"


def _weak(message: Message) -> Any:
    """The name of the message's language, if only what is nearly the same is found in it."""
    code = queries.language_of(message)
    return labels.language(code) if code in queries.CROWDED else ""


@require_GET
@in_workspace(Rank.ANALYST)
def comparing(request: Request) -> HttpResponse:
    """Whether messages are compared, and how far that is."""
    state = queries.state(request.workspace)
    context = {
        "title": _("Said in other words"),
        "lead": _(
            "Messages are compared by what they mean, so that a question finds the ones that were answered before."
        ),
        "crumbs": [(_("Understanding"), reverse("understanding", args=[request.workspace.slug]))],
        "state": state,
        "why_not": WHY_NOT.get(state.standing, ""),
        "most": actions.KEPT,
        "may_manage": request.role.may(access.MANAGES),
        "may_correct": request.role.may(access.CORRECTS),
    }
    return render(request, "understanding/comparing.html", context)


@require_POST
@in_workspace(access.MANAGES)
def switch(request: Request) -> HttpResponseBase:
    on = request.POST.get("on") == "yes"
    actions.switch(request.workspace, on, by=request.user)
    if on:
        jobs.follow_neighbours_later(request.workspace.pk)
        flash.success(request, _("Messages are compared from now on, the newest first."))
    else:
        flash.success(request, _("Messages are no longer compared. What was stored for it is deleted."))
    return redirect("comparing", request.workspace.slug)
