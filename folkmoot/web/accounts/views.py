"""A person's own pages: profile, colours, language, and signing in by a link."""

from __future__ import annotations

from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from folkmoot.web.accounts.forms import ProfileForm
from folkmoot.web.request import Request
from folkmoot.workspaces import actions
from folkmoot.workspaces.models import User


@login_required
def profile(request: Request) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        translation.activate(request.user.language or translation.get_language() or settings.LANGUAGE_CODE)
        messages.success(request, _("Saved."))
        return redirect("profile")
    return render(request, "accounts/profile.html", {"form": form, "title": _("Profile")})


@require_POST
@login_required
def colours(request: Request) -> HttpResponse:
    """Light, dark or as the device; anything else is taken for the last."""
    wanted = request.POST.get("theme", "")
    request.user.theme = wanted if wanted in User.Theme.values else User.Theme.AUTO
    request.user.save(update_fields=["theme"])
    return back(request)


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Remembered in a cookie, and with the account when somebody is signed in."""
    wanted = request.POST.get("language", "")
    answer = back(request)
    if wanted not in dict(settings.LANGUAGES):
        return answer
    if isinstance(request.user, User):
        request.user.language = wanted
        request.user.save(update_fields=["language"])
    answer.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        wanted,
        max_age=365 * 24 * 3600,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return answer


@never_cache
def sign_in_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Opening the link only shows a button: mail scanners and chat previews open links too, and this one works once."""
    if request.method != "POST":
        return render(request, "accounts/sign_in_link.html", {"title": _("Sign in")})
    try:
        user = actions.use_sign_in_secret(secret, now=timezone.now())
    except actions.UnableTo as error:
        messages.error(request, str(error))
        return redirect("account_login")
    answer: HttpResponse = perform_login(request, user, redirect_url=reverse("home"))
    return answer


def back(request: HttpRequest) -> HttpResponseRedirect:
    """To the page the form was on; never to another host."""
    target = request.POST.get("next", "")
    own = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(target if own else "/")
