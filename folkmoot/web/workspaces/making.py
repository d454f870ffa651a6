"""New workspaces: one's own, and the demo community to look around in."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from folkmoot.conversations.models import Message
from folkmoot.flow import demo as community
from folkmoot.flow.jobs import build_demo_later, demo_state
from folkmoot.web.request import Request
from folkmoot.web.workspaces.forms import NewWorkspaceForm
from folkmoot.workspaces import access, actions
from folkmoot.workspaces.models import Rank, Role, User, Workspace


def may_create(user: User) -> bool:
    return access.may_create(user, Role.objects.filter(user=user))


@login_required
def new(request: Request) -> HttpResponse:
    """A workspace of one's own; it opens with its guide."""
    if not may_create(request.user):
        raise PermissionDenied
    here = {"timezone": request.user.timezone or "UTC", "language": translation.get_language() or "en"}
    form = NewWorkspaceForm(request.POST or None, initial=here)
    if request.method == "POST" and form.is_valid():
        names = ("slug", "name", "timezone", "language")
        try:
            made = actions.create_workspace(**{name: form.cleaned_data[name] for name in names}, by=request.user)
        except actions.UnableTo as error:
            form.add_error(None, str(error))
        else:
            return redirect("enter", made.slug)
    first = not Role.objects.filter(user=request.user).exists()
    context = {
        "title": _("Make your first workspace") if first else _("New workspace"),
        "lead": _("One for each community or brand: its channels, its members, its team."),
        "form": form,
    }
    return render(request, "workspaces/new.html", context)


@require_POST
@login_required
def demo(request: Request) -> HttpResponseBase:
    """Orders the demo community; its guide shows how that goes."""
    found = Workspace.objects.filter(slug=community.SLUG).first()
    if not (may_create(request.user) if found is None else _owns(request.user, found)):
        raise PermissionDenied
    try:
        with transaction.atomic():
            build_demo_later(community.place(by=request.user))
    except actions.UnableTo as error:
        messages.error(request, str(error))
        return redirect("home")
    return redirect("start", community.SLUG)


def demo_offered(user: User, here: Workspace) -> str:
    """What the guide of ``here`` says of the demo.

    ``open`` it, ``make`` it, ``making`` or ``failed`` in its own guide, ``ask`` those in it, or the ``command``.
    """
    found = Workspace.objects.filter(slug=community.SLUG).first()
    if found is None:
        return "make" if may_create(user) else "command"
    if not Role.objects.filter(user=user, workspace=found).exists():
        return "ask"
    if found != here:
        return "open"
    state = demo_state(found)
    if state == "making" or not Message.objects.filter(workspace=found).exists():
        return state or ("make" if _owns(user, found) else "")
    return ""


def _owns(user: User, workspace: Workspace) -> bool:
    return Role.objects.filter(user=user, workspace=workspace, rank=Rank.OWNER).exists()
