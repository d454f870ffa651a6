"""Taking up an invitation, with an account or without one."""

from __future__ import annotations

from allauth.account.utils import perform_login
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from folkmoot.web.accounts.forms import JoinForm
from folkmoot.workspaces import actions
from folkmoot.workspaces.models import Invitation, User


@never_cache
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """What the link shows depends on who opens it: the invited, somebody else signed in, or nobody yet."""
    offer = Invitation.objects.select_related("workspace", "invited_by").filter(digest=actions.digest(secret)).first()
    if offer is None or not offer.is_open(timezone.now()):
        return render(request, "workspaces/invitation_over.html", {"title": _("This invitation is over")}, status=404)
    if isinstance(request.user, User):
        return accept(request, offer, request.user)
    if User.objects.filter(email__iexact=offer.email).exists():
        here = reverse("invitation", args=[secret])
        return render(request, "workspaces/invitation_known.html", {"title": _("Join"), "offer": offer, "here": here})
    return join(request, offer)


def accept(request: HttpRequest, offer: Invitation, user: User) -> HttpResponse:
    fits = user.email.lower() == offer.email.lower()
    if request.method == "POST" and fits:
        try:
            actions.accept(offer, user, now=timezone.now())
        except actions.UnableTo as error:
            messages.error(request, str(error))
            return redirect("home")
        return redirect("enter", offer.workspace.slug)
    context = {"title": _("Join"), "offer": offer, "fits": fits}
    return render(request, "workspaces/invitation_accept.html", context)


def join(request: HttpRequest, offer: Invitation) -> HttpResponse:
    """A new account with the invited address, which the link has just proved to be theirs."""
    form = JoinForm(request.POST or None, email=offer.email)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                user = actions.create_user(
                    email=offer.email, name=form.cleaned_data["name"], password=form.cleaned_data["password"]
                )
                actions.accept(offer, user, now=timezone.now())
        except actions.UnableTo as error:
            form.add_error(None, str(error))
        else:
            redirect_url = reverse("enter", args=[offer.workspace.slug])
            answer: HttpResponse = perform_login(request, user, redirect_url=redirect_url)
            return answer
    return render(request, "workspaces/join.html", {"title": _("Join"), "offer": offer, "form": form})
