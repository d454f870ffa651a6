"""What we sent: everything that went out, or is to, with what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages as flash
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from folkmoot.channels import access
from folkmoot.channels.actions import UnableTo
from folkmoot.channels.models import Connection, Delivery
from folkmoot.channels.outbox import actions
from folkmoot.channels.outbox.actions import Verdict
from folkmoot.conversations import access as conversations
from folkmoot.lib.keyset import Mark
from folkmoot.web.channels import words
from folkmoot.web.channels.listing import stop_context
from folkmoot.web.channels.sent_form import SentForm
from folkmoot.web.request import Request, in_workspace
from folkmoot.workspaces.models import Role

PAGE = 40


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery in words. ``may`` is whether this person may act on it; ``place_url`` is where it can be looked at."""

    delivery: Delivery
    what: str
    text: str
    state: words.State
    may: bool
    place_url: str


@require_GET
@in_workspace(access.SPEAKS)
def sent(request: Request) -> HttpResponse:
    form = SentForm(request.GET, role=request.role)
    chosen = form.chosen()
    page = access.sent(
        request.role, form.narrowed(access.deliveries(request.role)), Mark.read(request.GET.get("at", "")), size=PAGE
    )
    here = reverse("sent", args=[request.workspace.slug])

    def url(mark: Mark | None) -> str:
        return f"{here}?{urlencode({**chosen, 'at': str(mark)})}" if mark else ""

    now = timezone.now()
    context = {
        "title": _("What we sent"),
        "lead": _("Everything that went out, or is to, from which account, and what became of it."),
        "form": form,
        "chosen": chosen,
        "here": f"{here}?{urlencode(chosen)}" if chosen else here,
        "clear_url": here if chosen else "",
        "rows": [row(request.role, one, now) for one in page.rows],
        "puzzled": puzzled(request.role).count(),
        "newer_url": url(page.newer),
        "older_url": url(page.older),
        "live": not request.GET.get("at"),
        **stop_context(request),
    }
    template = "channels/sent.html#list" if request.htmx.target == "list" else "channels/sent.html"
    return render(request, template, context)


def puzzled(role: Role) -> QuerySet[Delivery]:
    """Those of which nobody knows whether they were done: they wait for a person."""
    return access.deliveries(role).filter(state=Delivery.State.UNSURE, puzzled=True)


def row(role: Role, delivery: Delivery, now: datetime) -> Row:
    account = delivery.connection
    return Row(
        delivery,
        words.act(delivery),
        words.text(delivery),
        words.state(delivery, now),
        access.may_speak(role, account),
        delivery.url or delivery.channel.url,
    )


@require_GET
@in_workspace(access.SPEAKS)
def delivery(request: Request, pk: int) -> HttpResponse:
    found = access.delivery(request.role, pk)
    shown = row(request.role, found, timezone.now())
    context = {
        "title": shown.what,
        "crumbs": [(_("What we sent"), reverse("sent", args=[request.workspace.slug]))],
        "row": shown,
        "delivery": found,
        "about": _about(request, found.about),
        "enclosures": found.enclosures.defer("data").order_by("position"),
        "gone": found.connection.state == Connection.State.GONE,
        **stop_context(request),
    }
    template = "channels/delivery.html#state" if request.htmx.target == "state" else "channels/delivery.html"
    return render(request, template, context)


def _about(request: Request, about: str) -> dict[str, Any]:
    """What it was done about, where that is still there and this person may see it."""
    kind, _colon, number = about.partition(":")
    if kind == "message" and number.isdecimal():
        message = conversations.messages(request.role).filter(pk=int(number)).select_related("author__member").first()
        if message:
            there = reverse("conversation", args=[request.workspace.slug, message.conversation_id])
            return {"message": message, "url": f"{there}?m={message.pk}#m{message.pk}"}
    if kind == "member" and number.isdecimal():
        return {"url": reverse("member", args=[request.workspace.slug, int(number)])}
    return {}


@require_POST
@in_workspace(access.SPEAKS)
def cancel(request: Request, pk: int) -> HttpResponseBase:
    return _done(request, pk, actions.cancel, _("Cancelled: it is never sent."))


@require_POST
@in_workspace(access.SPEAKS)
def again(request: Request, pk: int) -> HttpResponseBase:
    return _done(request, pk, actions.again, _("It is tried once more."))


@require_POST
@in_workspace(access.SPEAKS)
def decide(request: Request, pk: int) -> HttpResponseBase:
    """A person looked at the network and says what is so."""
    given = request.POST.get("verdict", "")
    if given not in set(Verdict):
        _theirs(request, pk)
        return redirect("delivery", request.workspace.slug, pk)
    return _done(request, pk, partial(actions.decide, verdict=Verdict(given)), _("Noted."))


def _done(request: Request, pk: int, act: Callable[..., None], said: str) -> HttpResponseBase:
    """Does it to a delivery, and shows that with what came of it."""
    found = _theirs(request, pk)
    try:
        act(found, by=request.user, now=timezone.now())
    except UnableTo as error:
        flash.error(request, str(error))
    else:
        flash.success(request, said)
    return redirect("delivery", request.workspace.slug, pk)


def _theirs(request: Request, pk: int) -> Delivery:
    """One that this person may act on: a personal account is its owner's alone."""
    found = access.delivery(request.role, pk)
    if not access.may_speak(request.role, found.connection):
        raise PermissionDenied
    return found
