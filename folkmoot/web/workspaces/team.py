"""Who works in a workspace: roles, invitations, leaving."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from folkmoot.channels.models import Channel
from folkmoot.web.request import Request, in_workspace
from folkmoot.web.workspaces import mail
from folkmoot.web.workspaces.forms import InviteForm, RoleForm
from folkmoot.workspaces import actions
from folkmoot.workspaces.models import Invitation, Rank, Role, Workspace


@in_workspace(Rank.ADMIN)
def team(request: Request) -> HttpResponse:
    """Everybody with a role, and the invitations nobody has taken up yet."""
    now = timezone.now()
    roles = list(Role.objects.filter(workspace=request.workspace).select_related("user"))
    roles.sort(key=lambda role: (list(Rank).index(Rank(role.rank)), str(role.user).lower()))
    names = channel_names(request.workspace)
    invitations = Invitation.objects.filter(workspace=request.workspace, accepted_at=None).order_by("-created_at")
    context = {
        "title": _("Team"),
        "people": [(role, limits(role, names)) for role in roles],
        "invitations": [(invitation, limits(invitation, names), invitation.is_open(now)) for invitation in invitations],
        "crumbs": crumbs(request.workspace)[:1],
    }
    return render(request, "workspaces/team.html", context)


@never_cache
@in_workspace(Rank.ADMIN)
def invite(request: Request) -> HttpResponse:
    """Makes the link, mails it where mail is set up, and shows it once to be handed over another way."""
    form = InviteForm(request.POST or None, giver=request.role, initial={"rank": Rank.MODERATOR})
    context = {"form": form, "title": _("Invite somebody"), "crumbs": crumbs(request.workspace)}
    if request.method != "POST" or not form.is_valid():
        return render(request, "workspaces/invite.html", context)
    email = form.cleaned_data["email"]
    try:
        secret = actions.invite(
            request.workspace,
            email=email,
            rank=form.chosen_rank,
            channel_ids=form.chosen_channels,
            by=request.user,
            now=timezone.now(),
        )
    except actions.UnableTo as error:
        form.add_error(None, str(error))
        return render(request, "workspaces/invite.html", context)
    link = request.build_absolute_uri(reverse("invitation", args=[secret]))
    sent = mail.send_invitation(email, link=link, workspace=request.workspace, by=request.user)
    return render(request, "workspaces/invited.html", context | {"email": email, "link": link, "sent": sent})


@in_workspace(Rank.ADMIN)
def colleague(request: Request, pk: int) -> HttpResponse:
    """One person's role."""
    role = get_object_or_404(Role.objects.select_related("user"), workspace=request.workspace, pk=pk)
    form = RoleForm(
        request.POST or None,
        giver=request.role,
        initial={"rank": role.rank, "channel_ids": role.channel_ids or []},
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.grant(
                request.workspace, role.user, form.chosen_rank, channel_ids=form.chosen_channels, by=request.user
            )
        except actions.UnableTo as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Saved."))
            return redirect("team", request.workspace.slug)
    context = {"form": form, "title": str(role.user), "subject": role, "crumbs": crumbs(request.workspace)}
    return render(request, "workspaces/colleague.html", context)


@require_POST
@in_workspace(Rank.ADMIN)
def remove(request: Request, pk: int) -> HttpResponse:
    role = get_object_or_404(Role.objects.select_related("user"), workspace=request.workspace, pk=pk)
    try:
        actions.revoke(request.workspace, role.user, by=request.user)
    except actions.UnableTo as error:
        messages.error(request, str(error))
        return redirect("colleague", request.workspace.slug, pk)
    messages.success(request, _("%(name)s is no longer in the team.") % {"name": role.user})
    return redirect("home" if role.user_id == request.user.pk else team_url(request.workspace))


@require_POST
@in_workspace(Rank.ADMIN)
def withdraw(request: Request, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation, workspace=request.workspace, pk=pk, accepted_at=None)
    actions.withdraw(invitation, by=request.user)
    messages.success(request, _("The invitation to %(email)s no longer works.") % {"email": invitation.email})
    return redirect("team", request.workspace.slug)


def team_url(workspace: Workspace) -> str:
    return reverse("team", args=[workspace.slug])


def crumbs(workspace: Workspace) -> list[tuple[str, str]]:
    return [(_("Settings"), reverse("settings", args=[workspace.slug])), (_("Team"), team_url(workspace))]


def channel_names(workspace: Workspace) -> dict[int, str]:
    return dict(Channel.objects.filter(workspace=workspace).values_list("pk", "name"))


def limits(subject: Role | Invitation, names: dict[int, str]) -> list[str]:
    """Names of the channels somebody is limited to; empty means all. A channel that is gone is left out."""
    return [names[pk] for pk in subject.channel_ids or [] if pk in names]
