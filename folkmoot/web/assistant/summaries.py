"""The summary beside a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.contrib import messages as flash
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from folkmoot.conversations import access
from folkmoot.conversations.models import Conversation
from folkmoot.flow.jobs import summarise_later
from folkmoot.understanding.assistant import actions, queries
from folkmoot.understanding.assistant.models import Summary
from folkmoot.understanding.assistant.reasons import reason
from folkmoot.understanding.assistant.summary import LANGUAGES
from folkmoot.web.request import Request, in_workspace
from folkmoot.workspaces.models import Rank

ORDERS = Rank.ANALYST
PATIENCE = timedelta(minutes=3)
FROM = 3  # messages; fewer are read faster than their summary


@dataclass(frozen=True, slots=True)
class Shown:
    """What a conversation's page shows of its summary; ``offered`` is whether this person may have it written."""

    summary: Summary | None
    offered: bool
    waiting: bool
    outdated: bool
    why: str

    def __bool__(self) -> bool:
        return self.offered or (self.summary is not None and bool(self.summary.text or self.waiting))


def shown(request: Request, conversation: Conversation) -> Shown:
    found = queries.summary_of(conversation, language())
    assistant = queries.assistant_of(request.workspace)
    able = assistant is not None and assistant.is_on and assistant.summarises
    waiting = (
        found is not None and found.state == Summary.State.WAITING and timezone.now() - found.ordered_at < PATIENCE
    )
    offered = able and request.role.may(ORDERS) and conversation.message_count >= FROM and not waiting
    outdated = found is not None and found.made_at is not None and conversation.last_at > found.made_at
    why = reason(found.why) if found is not None and found.why else ""
    return Shown(found, offered, waiting, outdated, why)


def language() -> str:
    chosen = (translation.get_language() or "en").partition("-")[0]
    return chosen if chosen in LANGUAGES else "en"


@require_GET
@in_workspace()
def state(request: Request, pk: int) -> HttpResponse:
    """How it goes, read by the page itself."""
    found = access.conversation(request.role, pk)
    context = {"conversation": found, "shown": shown(request, found)}
    return render(request, "assistant/_summary.html", context)


@require_POST
@in_workspace(ORDERS)
def order(request: Request, pk: int) -> HttpResponseBase:
    found = access.conversation(request.role, pk)
    try:
        with transaction.atomic():
            summarise_later(actions.order_summary(found, language=language(), by=request.user, now=timezone.now()))
    except actions.UnableTo as error:
        flash.error(request, str(error))
    else:
        if not request.htmx:
            flash.success(request, _("The summary is being written. Reload the page in a few seconds."))
    if request.htmx:
        return render(request, "assistant/_summary.html", {"conversation": found, "shown": shown(request, found)})
    return redirect("conversation", request.workspace.slug, found.pk)
