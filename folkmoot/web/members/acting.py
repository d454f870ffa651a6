"""What can be done to a person: muted, removed, banned and back, in each channel where we moderate."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from folkmoot.channels import abilities
from folkmoot.channels import access as channels
from folkmoot.channels.models import Channel
from folkmoot.members import access, queries
from folkmoot.members.models import Identity, Member
from folkmoot.networks.acts import TO_PEOPLE, Verb
from folkmoot.web.inbox.acting import FOR_A_TIME, Offer, WhyForm, offers, order, person_act
from folkmoot.web.request import Request, in_workspace

MOST = 60  # places of identity and channel


@dataclass(frozen=True, slots=True)
class Reach:
    """An identity in a channel where something can be done to it."""

    identity: Identity
    channel: Channel
    verbs: frozenset[Verb]
    offers: list[Offer]


def reaches(request: Request, member: Member) -> list[Reach]:
    """Nothing for one of us, and where this person may not speak."""
    if member.ours or not request.role.may(channels.SPEAKS):
        return []
    by_network: dict[str, list[Identity]] = {}
    for identity in queries.identities(member):
        by_network.setdefault(identity.network, []).append(identity)
    rows = channels.channels(request.role).filter(network__in=by_network).exclude(connection=None)
    found = []
    for channel in rows.select_related("connection").order_by("name", "pk")[:MOST]:
        if channel.connection is None or not channels.may_speak(request.role, channel.connection):
            continue
        verbs = abilities.able(channel).verbs & TO_PEOPLE
        found += [
            Reach(identity, channel, verbs, offers(verbs, str(identity)))
            for identity in by_network[channel.network]
            if verbs
        ]
    return found


@require_http_methods(["GET", "POST"])
@in_workspace(channels.SPEAKS)
def act(request: Request, pk: int) -> HttpResponseBase:
    found = access.member(request.role, pk)
    there = reaches(request, found)
    form = WhyForm(request.POST or None, timed=any(reach.verbs & set(FOR_A_TIME) for reach in there))
    if request.method == "POST" and form.is_valid():
        reach, verb = _chosen(request, there)
        moderation = person_act(reach.channel, verb, reach.identity.remote_id, form.cleaned_data)
        if order(request, reach.channel, moderation, f"member:{found.pk}", form):
            return redirect("member", request.workspace.slug, found.pk)
    here = reverse("member", args=[request.workspace.slug, found.pk])
    context = {
        "title": _("Mute or ban"),
        "crumbs": [(_("Members"), reverse("members", args=[request.workspace.slug])), (found.name, here)],
        "member": found,
        "reaches": there,
        "why": form,
    }
    return render(request, "members/act.html", context, status=422 if form.errors else 200)


def _chosen(request: Request, there: list[Reach]) -> tuple[Reach, Verb]:
    """What the pressed button names: verb, channel and identity. Raises ``PermissionDenied`` for anything else."""
    said, _dot, rest = request.POST.get("do", "").partition(".")
    for reach in there:
        verb = next((verb for verb in reach.verbs if verb == said), None)
        if verb and rest == f"{reach.channel.pk}.{reach.identity.pk}":
            return reach, verb
    raise PermissionDenied
