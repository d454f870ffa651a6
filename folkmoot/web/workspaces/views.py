"""Finding one's way into a workspace, its first-run guide, and its own facts."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from folkmoot.channels.access import CONNECTS
from folkmoot.conversations.models import Message
from folkmoot.flow import workspaces
from folkmoot.flow.demo import SLUG
from folkmoot.web.request import Request, in_workspace
from folkmoot.web.workspaces.forms import WorkspaceForm
from folkmoot.web.workspaces.making import demo_offered, may_create
from folkmoot.workspaces import actions
from folkmoot.workspaces.models import Rank, Role, Workspace


@login_required
def home(request: Request) -> HttpResponse:
    """To the workspace the person was in last; whoever has none is told what to do."""
    slugs = list(Role.objects.filter(user=request.user).order_by("id").values_list("workspace__slug", flat=True))
    if not slugs and may_create(request.user):
        return redirect("new_workspace")
    if not slugs:
        return render(request, "workspaces/none.html", {"title": _("You are not in a workspace yet")})
    last = request.session.get("workspace")
    return redirect("enter", last if last in slugs else slugs[0])


@in_workspace()
def enter(request: Request) -> HttpResponse:
    """The workspace becomes the current one; an empty one opens with the guide."""
    request.session["workspace"] = request.workspace.slug
    return redirect(first_page(request.workspace))


def first_page(workspace: Workspace) -> str:
    name = "inbox" if Message.objects.filter(workspace=workspace).exists() else "start"
    return reverse(name, args=[workspace.slug])


@in_workspace()
def start(request: Request) -> HttpResponse:
    """The guide for a workspace that holds nothing yet; it can be opened again later."""
    context = {
        "title": _("Welcome to Folkmoot"),
        "lead": _("Three ways to begin. You can do the others later."),
        "may_import": request.role.may(Rank.MANAGER),
        "may_connect": request.role.may(CONNECTS),
        "has_messages": Message.objects.filter(workspace=request.workspace).exists(),
        "demo": demo_offered(request.user, request.workspace),
        "demo_slug": SLUG,
    }
    return render(request, "workspaces/start.html", context)


@in_workspace(Rank.ADMIN)
def settings(request: Request) -> HttpResponse:
    form = WorkspaceForm(request.POST or None, instance=request.workspace)
    if request.method == "POST" and form.is_valid():
        try:
            workspaces.change(
                request.workspace,
                name=form.cleaned_data["name"],
                timezone=form.cleaned_data["timezone"],
                language=form.cleaned_data["language"],
                by=request.user,
            )
        except actions.UnableTo as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Saved."))
            return redirect("settings", request.workspace.slug)
    return render(request, "workspaces/settings.html", {"form": form, "title": _("Settings")})
