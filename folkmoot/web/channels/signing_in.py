"""To the network's own page to sign in, and back from it."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages as flash
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from folkmoot.channels import access, connecting, signing_in
from folkmoot.channels.actions import UnableTo
from folkmoot.lib.secrets import Locked
from folkmoot.web.channels import draft as drafts
from folkmoot.web.channels.draft import Draft
from folkmoot.web.request import Request
from folkmoot.workspaces.access import role_in, roles_of

KEY = "signing_in"
LIFE = timedelta(minutes=15)


def leave(request: Request, draft: Draft) -> HttpResponse:
    """A page with the link to the network: a form may not lead to another site, a link may. Raises ``UnableTo``."""
    begun = signing_in.begin(draft.filled, callback=callback_url(request))
    told = {**asdict(begun), "slug": request.workspace.slug, "at": timezone.now().isoformat()}
    request.session[KEY] = settings.SECRETS.seal(json.dumps(told))
    context = {
        "title": _("Sign in at the network"),
        "url": begun.url,
        "host": urlsplit(begun.url).netloc,
        "crumbs": [(_("Channels"), reverse("channels", args=[request.workspace.slug]))],
    }
    return render(request, "channels/sign_in.html", context)


@never_cache
@require_GET
@login_required
def callback(request: Request) -> HttpResponseBase:
    """The network sends the browser back here with a code, or with a no."""
    told = _told(request)
    if told is None:
        return render(request, "channels/lost.html", {"title": _("This sign-in can't be used")}, status=400)
    request.role = role_in(roles_of(request.user), told["slug"], access.CONNECTS)
    request.workspace = request.role.workspace
    draft = drafts.kept(request)
    if draft is None:
        return render(request, "channels/lost.html", {"title": _("This sign-in can't be used")}, status=400)
    try:
        drafts.keep(request, _finished(request, draft, told))
    except UnableTo as error:
        flash.error(request, str(error))
        return redirect(drafts.form_url(draft, request.workspace.slug))
    return redirect("connect-result", request.workspace.slug)


def _told(request: Request) -> dict[str, Any] | None:
    """What was kept for this very sign-in, which is over by that; None for another one's, or one that is too old."""
    try:
        told: dict[str, Any] = json.loads(settings.SECRETS.open(request.session.pop(KEY, "")))
    except Locked:
        return None
    fresh = timezone.now() - datetime.fromisoformat(told["at"]) <= LIFE
    ours = compare_digest(told["state"].encode(), request.GET.get("state", "").encode())
    return told if fresh and ours else None


def _finished(request: Request, draft: Draft, told: dict[str, Any]) -> Draft:
    """Raises ``UnableTo``."""
    code = request.GET.get("code", "")
    if not code:
        raise UnableTo(_("The network did not let us in: %(why)s") % {"why": _refusal(request)})
    filled = signing_in.finish(
        draft.filled, kept=told["kept"], callback=callback_url(request), code=code, verifier=told["verifier"]
    )
    signed_in = replace(draft, settings=filled.settings, secrets=filled.secrets, expires_at=filled.expires_at)
    return signed_in.tried(*connecting.try_out(signed_in.filled))


def _refusal(request: Request) -> str:
    error = request.GET.get("error_description") or request.GET.get("error") or _("it gave no reason")
    return _("it was not allowed there") if error == "access_denied" else error[:200]


def callback_url(request: Request) -> str:
    """The same for all networks and workspaces: apps are registered with it."""
    path = reverse("connect-callback")
    return f"{settings.PUBLIC_URL.rstrip('/')}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)
