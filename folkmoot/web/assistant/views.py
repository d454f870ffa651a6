"""The optional language model: where it is, what it may cost, who agreed to it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages as flash
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from folkmoot.understanding.assistant import actions, budget, queries
from folkmoot.understanding.assistant.endpoint import NoAnswer
from folkmoot.understanding.assistant.models import Assistant
from folkmoot.understanding.assistant.reasons import reason
from folkmoot.web.assistant.forms import ConsentForm, SetUpForm, TryForm
from folkmoot.web.request import Request, in_workspace
from folkmoot.workspaces.models import Rank


@never_cache
@require_http_methods(["GET", "POST"])
@in_workspace(Rank.ADMIN)
def assistant(request: Request) -> HttpResponseBase:
    found = queries.assistant_of(request.workspace)
    form = SetUpForm(request.POST or None, assistant=found)
    if request.method == "POST" and form.is_valid():
        try:
            kept = actions.set_up(request.workspace, form.place, form.limits, by=request.user)
        except actions.UnableTo as error:
            form.add_error("key", str(error))
        else:
            flash.success(request, _("Saved.") if kept.is_on else _("Saved. It is not switched on yet."))
            return redirect("assistant", request.workspace.slug)
    return _page(request, found, form=form)


@require_POST
@in_workspace(Rank.ADMIN)
def try_out(request: Request) -> HttpResponse:
    """Shows what came back, or why nothing did; nothing of the community is sent."""
    found = _there(request)
    form = TryForm(request.POST)
    more: dict[str, Any] = {"try_form": form}
    if form.is_valid():
        try:
            question = form.cleaned_data["question"]
            more["answer"] = actions.try_out(found, question, by=request.user, now=timezone.now())
        except NoAnswer as error:
            more["no_answer"] = reason(error.why, error.said)
    return _page(request, found, **more)


@require_POST
@in_workspace(Rank.ADMIN)
def switch_on(request: Request) -> HttpResponseBase:
    found = _there(request)
    form = ConsentForm(request.POST)
    if not form.is_valid():
        return _page(request, found, consent_form=form)
    actions.switch_on(
        found,
        consent="\n".join(consent(found)),
        reads=form.cleaned_data["reads"],
        summarises=form.cleaned_data["summarises"],
        by=request.user,
        now=timezone.now(),
    )
    flash.success(request, _("The language model is switched on."))
    return redirect("assistant", request.workspace.slug)


@require_POST
@in_workspace(Rank.ADMIN)
def switch_off(request: Request) -> HttpResponseBase:
    actions.switch_off(_there(request), by=request.user)
    flash.success(request, _("The language model is switched off. Nothing is sent any more."))
    return redirect("assistant", request.workspace.slug)


@require_POST
@in_workspace(Rank.ADMIN)
def remove(request: Request) -> HttpResponseBase:
    actions.remove(_there(request), by=request.user)
    flash.success(request, _("The address and the key are forgotten."))
    return redirect("assistant", request.workspace.slug)


def consent(found: Assistant) -> list[str]:
    """What somebody agrees to, paragraph by paragraph."""
    host = urlsplit(found.url).netloc
    return [
        _("Texts of messages of this workspace are sent to %(host)s, to the model %(model)s.")
        % {"host": host, "model": found.model},
        _(
            "Before that, names and handles of those who take part in the conversation, e-mail addresses, phone"
            " numbers, numbers of cards and accounts, IP addresses and the variable parts of links are replaced by"
            " marks. Other things that people say about themselves or others are sent as they are."
        ),
        _(
            "Whoever runs that server may see and keep what is sent, under their own terms. Make sure that your"
            " community's privacy notice allows it."
        ),
        _(
            "What comes back is shown as written by a machine, or used as a label where our own reader was not sure;"
            " a person's correction always wins. It never acts by itself."
        ),
    ]


def _page(request: Request, found: Assistant | None, **more: Any) -> HttpResponse:
    context: dict[str, Any] = {
        "title": _("Language model"),
        "lead": _("Optional. Folkmoot reads messages without it; a language model can help where that is not sure."),
        "assistant": found,
        "form": SetUpForm(None, assistant=found),
        "try_form": TryForm(initial={"question": _("Say hello in five languages.")}),
        "consent_form": ConsentForm(),
        **more,
    }
    if found:
        context["spent"] = budget.spent(found, timezone.now())
        context["consent"] = found.consent.splitlines() if found.is_on else consent(found)
    shown = (context["form"], context["consent_form"])
    wrong = any(form.is_bound and form.errors for form in shown)
    return render(request, "assistant/assistant.html", context, status=422 if wrong else 200)


def _there(request: Request) -> Assistant:
    found = queries.assistant_of(request.workspace)
    if found is None:
        raise Http404
    return found
