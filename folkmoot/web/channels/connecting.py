"""Connecting an account: the network is chosen, what it asks for is filled in, tried out, and its places are chosen."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as flash
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from folkmoot.channels import access, connecting, sessions
from folkmoot.channels.actions import UnableTo
from folkmoot.channels.models import Connection
from folkmoot.lib.fetching import PrivateAddress
from folkmoot.networks.errors import Reconnect
from folkmoot.networks.live import Connects
from folkmoot.web.channels import draft as drafts
from folkmoot.web.channels import guides, signing_in
from folkmoot.web.channels.draft import Draft
from folkmoot.web.channels.forms import ConnectForm, PlacesForm
from folkmoot.web.request import Request, in_workspace


@never_cache
@require_http_methods(["GET", "POST"])
@in_workspace(access.CONNECTS)
def connect(request: Request) -> HttpResponseBase:
    """The networks to choose from or, once one is chosen, its own page."""
    slug = request.GET.get("network", "")
    if slug:
        return _fill_in(request, _connector(slug), None)
    words = request.GET.get("q", "")
    context = {
        "title": _("Connect an account"),
        "lead": _("Choose where your community talks."),
        "crumbs": crumbs(request)[:1],
        "cards": guides.cards(words),
        "words": words,
    }
    template = "channels/networks.html#cards" if request.htmx.target == "cards" else "channels/networks.html"
    return render(request, template, context)


@never_cache
@require_http_methods(["GET", "POST"])
@in_workspace(access.CONNECTS)
def again(request: Request, pk: int) -> HttpResponseBase:
    """New proof for the same account."""
    account = access.connection(request.role, pk)
    return _fill_in(request, _connector(account.network), account)


def _fill_in(request: Request, connector: Connects, account: Connection | None) -> HttpResponseBase:
    base = _begun(request, connector, account)
    held = set(base.secrets) | _stored(account) if base else set()
    form = ConnectForm(request.POST or None, connector=connector, role=request.role, draft=base, held=held)
    if request.method != "POST" or not form.is_valid():
        return _page(request, connector, account, form)
    made = _drafted(request, form, base, account)
    lacking = [
        one for one in connector.fields if one.kind == "secret" and one.required and one.name not in made.secrets
    ]
    if lacking:
        for one in lacking:
            form.add_error(f"field_{one.name}", _("What is filled in has changed, so this is needed again."))
        return _page(request, connector, account, form)
    drafts.keep(request, made)  # what was filled in outlives an error
    try:
        if form.signs_in and not form.pasted:
            return signing_in.leave(request, made)
        drafts.keep(request, made.tried(*connecting.try_out(made.filled)))
    except UnableTo as error:
        shown = ConnectForm(request.POST, connector=connector, role=request.role, draft=made, held=made.secrets)
        shown.add_error("allowed" if _is_private(error) and "allowed" in shown.fields else None, str(error))
        return _page(request, connector, account, shown)
    return redirect("connect-result", request.workspace.slug)


def _is_private(error: BaseException | None) -> bool:
    while error and not isinstance(error, PrivateAddress):
        error = error.__cause__
    return error is not None


def _begun(request: Request, connector: Connects, account: Connection | None) -> Draft | None:
    """What was filled in a while ago, else what the account was connected with; secrets that are stored stay there."""
    number = account.pk if account else 0
    kept = drafts.kept(request)
    if kept and (kept.network, kept.again) == (connector.facts.slug, number):
        return kept
    if account is None:
        return None
    return Draft(
        request.workspace.pk,
        account.network,
        account.settings,
        allowed=account.allowed,
        personal=account.personal,
        again=number,
    )


def _stored(account: Connection | None) -> set[str]:
    return set(_opened(account))


def _opened(account: Connection | None) -> dict[str, str]:
    """What the account's network knows us by; nothing where no key opens it any more."""
    try:
        return sessions.secrets_of(account) if account else {}
    except Reconnect:
        return {}


def _drafted(request: Request, form: ConnectForm, base: Draft | None, account: Connection | None) -> Draft:
    settings = form.settings()
    asked = {one.name for one in form.connector.fields}
    brought = {name: value for name, value in (base.settings if base else {}).items() if name not in asked}
    # stored secrets never go to another server than the one they are for
    same = account is not None and all(account.settings.get(name, "") == settings.get(name, "") for name in asked)
    given = form.secrets()
    replaced = {one.instead_of for one in form.connector.fields if one.name in given}
    held = {**(_opened(account) if same else {}), **(base.secrets if base else {})}
    secrets = {name: value for name, value in held.items() if name not in replaced} | given
    return Draft(
        request.workspace.pk,
        form.connector.facts.slug,
        {**brought, **settings},
        secrets,
        allowed=form.cleaned_data.get("allowed", base.allowed if base else ""),
        personal=form.cleaned_data.get("personal", "no") == "yes" if account is None else account.personal,
        again=account.pk if account else 0,
    )


def _page(request: Request, connector: Connects, account: Connection | None, form: ConnectForm) -> HttpResponse:
    name = connector.facts.name
    context = {
        "title": _("Connect %(name)s again") % {"name": account.name}
        if account
        else _("Connect %(name)s") % {"name": name},
        "crumbs": crumbs(request, account),
        "name": name,
        "form": form,
        "logo": guides.logo(connector),
        "guide": guides.guide(connector),
        "able": guides.told(connector),
        "account": account,
    }
    return render(request, "channels/connect.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "POST"])
@in_workspace(access.CONNECTS)
def result(request: Request) -> HttpResponseBase:
    """What the account may do there, and which of its places are to become channels."""
    draft = drafts.kept(request)
    if draft is None or draft.found is None:
        return render(
            request, "channels/result.html", {"title": _("Connect an account"), "crumbs": crumbs(request)[:1]}
        )
    if request.method == "POST" and "retry" in request.POST:
        return _retry(request, draft)
    account = access.connection(request.role, draft.again) if draft.again else None
    lacking = any(right.needed and right.granted is False for right in draft.found.rights)
    form = PlacesForm(request.POST or None, places=draft.places, connector=_connector(draft.network))
    if request.method == "POST" and not lacking and (account or form.is_valid()):
        try:
            stored = _store(request, draft, account, form)
        except UnableTo as error:
            flash.error(request, str(error))
        else:
            drafts.forget(request)
            flash.success(request, _("%(name)s is connected.") % {"name": stored.name})
            return redirect("account", request.workspace.slug, stored.pk)
    return render(
        request, "channels/result.html", _result(request, draft, account, form), status=422 if form.errors else 200
    )


def _result(request: Request, draft: Draft, account: Connection | None, form: PlacesForm) -> dict[str, Any]:
    rights = draft.found.rights if draft.found else ()
    return {
        "title": _("Is this the right account?"),
        "crumbs": crumbs(request, account),
        "draft": draft,
        "logo": guides.logo(_connector(draft.network)),
        "rights": rights,
        "lacking": any(right.needed and right.granted is False for right in rights),
        "form": form,
        "account": account,
        "change_url": drafts.form_url(draft, request.workspace.slug),
    }


def _retry(request: Request, draft: Draft) -> HttpResponseBase:
    """After something was clicked at the network."""
    try:
        drafts.keep(request, draft.tried(*connecting.try_out(draft.filled)))
    except UnableTo as error:
        flash.error(request, str(error))
        return redirect(drafts.form_url(draft, request.workspace.slug))
    return redirect("connect-result", request.workspace.slug)


@transaction.atomic
def _store(request: Request, draft: Draft, account: Connection | None, form: PlacesForm) -> Connection:
    """All of it or nothing. Raises ``UnableTo``."""
    now = timezone.now()
    if draft.found is None:
        raise UnableTo(_("The account was not tried out yet."))
    if account:
        connecting.reconnect(account, draft.filled, draft.found, by=request.user, now=now)
        return account
    made = connecting.connect(request.workspace, draft.filled, draft.found, by=request.user, now=now)
    connecting.choose(made, form.chosen(), since=form.since(now), by=request.user, now=now)
    return made


def crumbs(request: Request, account: Connection | None = None) -> list[tuple[str, str]]:
    slug = request.workspace.slug
    first = (_("Channels"), reverse("channels", args=[slug]))
    if account:
        return [first, (account.name, reverse("account", args=[slug, account.pk]))]
    return [first, (_("Connect an account"), reverse("connect", args=[slug]))]


def _connector(slug: str) -> Connects:
    try:
        return connecting.connector(slug)
    except UnableTo as error:
        raise Http404 from error
