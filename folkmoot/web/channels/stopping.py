"""The switch that stops everything that goes out, of the workspace or of one channel."""

from __future__ import annotations

from django.contrib import messages as flash
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from folkmoot.channels import access
from folkmoot.channels.models import Channel
from folkmoot.channels.outbox import actions
from folkmoot.web.request import Request, in_workspace


@require_POST
@in_workspace(access.SPEAKS)
def stop(request: Request) -> HttpResponseBase:
    channel = _channel(request)
    if not access.may_stop(request.role, channel.pk if channel else None):
        raise PermissionDenied
    actions.stop(request.workspace, channel, by=request.user, reason=request.POST.get("reason", "").strip()[:300])
    flash.success(
        request,
        _("Nothing goes out of “%(name)s” any more.") % {"name": channel.name}
        if channel
        else _("Nothing goes out any more. What is being sent this moment may still arrive."),
    )
    return _back(request)


@require_POST
@in_workspace(access.RELEASES)
def release(request: Request) -> HttpResponseBase:
    channel = _channel(request)
    if not access.may_stop(request.role, channel.pk if channel else None):
        raise PermissionDenied
    actions.release(request.workspace, channel, by=request.user)
    flash.success(request, _("What waited goes out now."))
    return _back(request)


def _channel(request: Request) -> Channel | None:
    """The one that is named; None for the whole workspace."""
    number = request.POST.get("channel", "")
    return access.channel(request.role, int(number)) if number.isdecimal() else None


def _back(request: Request) -> HttpResponseBase:
    there = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(there, {request.get_host()}, require_https=request.is_secure())
    return redirect(there if ours else reverse("sent", args=[request.workspace.slug]))
