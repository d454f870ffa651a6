"""One connected account: what it may, how it is, its channels, and letting go of it."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib import messages as flash
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from folkmoot.channels import access, connecting, sessions
from folkmoot.channels.actions import UnableTo
from folkmoot.channels.models import Channel, Connection
from folkmoot.networks.errors import Reconnect
from folkmoot.networks.live import Connects, Hears, Recalls, Subscribes
from folkmoot.web.channels import guides, health
from folkmoot.web.channels.connecting import crumbs
from folkmoot.web.channels.forms import ALL, DisconnectForm, PlacesForm
from folkmoot.web.channels.listing import lines_of, stop_context
from folkmoot.web.hooks.door import PREFIX
from folkmoot.web.jobs import forget_later
from folkmoot.web.request import Request, in_workspace
from folkmoot.workspaces.models import Rank

BACK = {"30": timedelta(days=30), "365": timedelta(days=365)}


@require_GET
@in_workspace(access.CONNECTS)
def account(request: Request, pk: int) -> HttpResponse:
    found = access.connection(request.role, pk)
    now = timezone.now()
    rows = access.channels(request.role).filter(connection=found).select_related("connection", "health")
    context = {
        "title": found.name,
        "crumbs": crumbs(request)[:1],
        "account": found,
        "logo": guides.logo(found.connector),
        "words": health.of_account(found, now),
        "days_left": health.days_left(found, now),
        "recalls": _able(found, Recalls),
        "hook_url": hook_url(request, found) if _able(found, Hears) else "",
        "subscribes": _able(found, Subscribes),
        **stop_context(request),
    }
    context["lines"] = lines_of(
        rows.order_by("name", "pk"), {stop.channel_id for stop in access.stops(request.role)}, now
    )
    template = "channels/account.html#state" if request.htmx.target == "state" else "channels/account.html"
    return render(request, template, context)


def hook_url(request: Request, account: Connection) -> str:
    """Where the network is to call."""
    path = f"{PREFIX}{account.address}/"
    return f"{settings.PUBLIC_URL.rstrip('/')}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)


def _connector(account: Connection) -> Connects | None:
    try:
        return sessions.connects(account)
    except Reconnect:
        return None


def _able(account: Connection, ability: type) -> bool:
    connector = _connector(account)
    return connector is not None and issubclass(connector.session, ability)


@require_POST
@in_workspace(access.CONNECTS)
def check(request: Request, pk: int) -> HttpResponseBase:
    """Asks the network anew what the account may do there."""
    found = access.connection(request.role, pk)
    try:
        connecting.check(found, now=timezone.now())
    except (UnableTo, Reconnect) as error:
        flash.error(request, str(error))
    else:
        flash.success(request, _("Checked just now."))
    return redirect("account", request.workspace.slug, pk)


@require_POST
@in_workspace(access.CONNECTS)
def pause(request: Request, pk: int) -> HttpResponseBase:
    found = access.connection(request.role, pk)
    if found.state == Connection.State.PAUSED:
        connecting.go_on(found, by=request.user)
        flash.success(request, _("It goes on."))
    else:
        connecting.pause(found, by=request.user)
        flash.success(request, _("Paused: nothing is read or sent until it goes on."))
    return redirect("account", request.workspace.slug, pk)


@require_POST
@in_workspace(access.CONNECTS)
def subscribe(request: Request, pk: int) -> HttpResponseBase:
    """Has the network call us by itself."""
    found = access.connection(request.role, pk)
    try:
        connecting.subscribe(found, hook_url(request, found))
    except (UnableTo, Reconnect) as error:
        flash.error(request, str(error))
    else:
        flash.success(request, _("The network calls us from now on."))
    return redirect("account", request.workspace.slug, pk)


@require_http_methods(["GET", "POST"])
@in_workspace(access.CONNECTS)
def places(request: Request, pk: int) -> HttpResponseBase:
    """Further places of the account become channels, those it only met too."""
    found = access.connection(request.role, pk)
    try:
        known, said = connecting.places(found), ""
    except (UnableTo, Reconnect) as error:
        known, said = [], str(error)
    taken = set(found.channels.values_list("remote_id", flat=True))
    form = PlacesForm(
        request.POST or None,
        places=[place for place in known if place.remote_id not in taken],
        connector=_connector(found),
    )
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            made = connecting.choose(found, form.chosen(), since=form.since(now), by=request.user, now=now)
        except UnableTo as error:
            form.add_error(None, str(error))
        else:
            if made:
                flash.success(request, _("Connected: %(names)s.") % {"names": ", ".join(map(str, made[:5]))})
            return redirect("account", request.workspace.slug, pk)
    context = {
        "title": _("Add places"),
        "crumbs": crumbs(request, found),
        "account": found,
        "form": form,
        "said": said,
        "taken": len(taken),
    }
    return render(request, "channels/places.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@in_workspace(access.CONNECTS)
def disconnect(request: Request, pk: int) -> HttpResponseBase:
    """Lets go of the account; what was said is kept or, by an owner who typed its name, forgotten."""
    found = access.connection(request.role, pk)
    form = DisconnectForm(request.POST or None, connection=found, role=request.role)
    if request.method == "POST" and form.is_valid():
        if form.forgets and not request.role.may(Rank.OWNER):
            raise PermissionDenied
        channels = list(found.channels.all())
        with transaction.atomic():
            connecting.disconnect(found, by=request.user)
            if form.forgets:
                for channel in channels:
                    forget_later(channel, by=request.user)
        flash.success(
            request,
            _("%(name)s is disconnected; what was said there is being deleted.") % {"name": found.name}
            if form.forgets
            else _("%(name)s is disconnected; what was said there stays.") % {"name": found.name},
        )
        return redirect("channels", request.workspace.slug)
    context = {
        "title": _("Disconnect %(name)s") % {"name": found.name},
        "crumbs": crumbs(request, found),
        "account": found,
        "form": form,
        "channels": found.channels.order_by("name"),
    }
    return render(request, "channels/disconnect.html", context, status=422 if form.errors else 200)


@require_POST
@in_workspace(access.CONNECTS)
def pause_channel(request: Request, pk: int) -> HttpResponseBase:
    found = _live_channel(request, pk)
    connecting.pause_channel(found, not found.paused, by=request.user)
    return _to_account(request, found)


@require_POST
@in_workspace(access.CONNECTS)
def release_channel(request: Request, pk: int) -> HttpResponseBase:
    """The channel becomes history; the account keeps its others."""
    found = _live_channel(request, pk)
    there = _to_account(request, found)
    connecting.release(found, by=request.user)
    flash.success(request, _("“%(name)s” is no longer read; what was said there stays.") % {"name": found.name})
    return there


@require_POST
@in_workspace(access.CONNECTS)
def recall_channel(request: Request, pk: int) -> HttpResponseBase:
    """Orders the past to be read, as far back as was chosen."""
    found = _live_channel(request, pk)
    back = BACK.get(request.POST.get("back", ""))
    ordered = connecting.recall(found, timezone.now() - back if back else ALL, by=request.user)
    if ordered is None:
        flash.error(
            request, _("The past of “%(name)s” can't be read, or is being read already.") % {"name": found.name}
        )
    return _to_account(request, found)


def _live_channel(request: Request, pk: int) -> Channel:
    """Raises ``Http404`` also for one that is history: there is nothing to change about it."""
    found = access.channel(request.role, pk)
    access.connection(request.role, found.connection_id or 0)
    return found


def _to_account(request: Request, channel: Channel) -> HttpResponseBase:
    return redirect(f"{reverse('account', args=[request.workspace.slug, channel.connection_id])}#c{channel.pk}")
