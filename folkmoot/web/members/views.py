"""Members: the list, a member's page, merging two that are one, and undoing it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages as flash
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from folkmoot.flow import people
from folkmoot.lib.keyset import Mark
from folkmoot.members import access, queries
from folkmoot.members.actions import UnableTo
from folkmoot.members.models import Member
from folkmoot.members.queries import Filters, Page, Place, Sort
from folkmoot.web.members.acting import reaches
from folkmoot.web.members.forms import FilterForm, MemberForm, MergeForm, network_names
from folkmoot.web.members.profile import Account, profile
from folkmoot.web.request import Request, in_workspace
from folkmoot.workspaces.models import Rank

CANDIDATES = 12


@require_GET
@in_workspace(access.READS)
def members(request: Request) -> HttpResponse:
    form = FilterForm(request.GET, workspace=request.workspace)
    filters = form.filters()
    page = queries.listing(request.workspace, filters, Place.read(request.GET.get("at", "")))
    context = {
        "title": _("Members"),
        "form": form,
        "filters": filters,
        "narrow": filters.narrow,
        "rows": _rows(page.members),
        "may_import": request.role.may(Rank.MANAGER),
        **_pager(request, form.chosen(), page),
    }
    return render(request, "members/members.html", context)


def _rows(members: list[Member]) -> list[tuple[Member, list[Account]]]:
    named = network_names()
    return [
        (member, [Account(one, named.get(one.network, one.network)) for one in member.identities.all()])
        for member in members
    ]


def _pager(request: Request, chosen: dict[str, str], page: Page) -> dict[str, str]:
    here = reverse("members", args=[request.workspace.slug])

    def url(place: Place | None) -> str:
        return f"{here}?{urlencode({**chosen, 'at': str(place)})}" if place else ""

    return {"back_url": url(page.back), "on_url": url(page.on)}


@require_GET
@in_workspace(access.READS)
def member(request: Request, pk: int) -> HttpResponseBase:
    found = access.member(request.role, pk)
    if found.merged_into_id is not None:
        return redirect("member", request.workspace.slug, found.merged_into_id)
    shown = profile(request.role, found, Mark.read(request.GET.get("at", "")), network_names(), now=timezone.now())
    here = reverse("member", args=[request.workspace.slug, found.pk])
    context = {
        "title": found.name,
        "crumbs": _crumbs(request),
        "member": found,
        "profile": shown,
        "may_change": request.role.may(access.CHANGES),
        "may_act": bool(reaches(request, found)),
        "limited": request.role.channel_ids is not None,
        "newer_url": f"{here}?at={shown.newer}#timeline" if shown.newer else "",
        "older_url": f"{here}?at={shown.older}#timeline" if shown.older else "",
    }
    return render(request, "members/member.html", context)


def _crumbs(request: Request, member: Member | None = None) -> list[tuple[str, str]]:
    crumbs = [(_("Members"), reverse("members", args=[request.workspace.slug]))]
    if member:
        crumbs.append((member.name, reverse("member", args=[request.workspace.slug, member.pk])))
    return crumbs


@require_http_methods(["GET", "POST"])
@in_workspace(access.CHANGES)
def edit(request: Request, pk: int) -> HttpResponseBase:
    found = access.member(request.role, pk)
    start = {"name": found.name, "ours": found.ours, "bot": found.bot}
    form = MemberForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            people.edit(found, **form.cleaned_data, by=request.user)
        except UnableTo as error:
            form.add_error(None, str(error))
        else:
            flash.success(request, _("Saved."))
            return redirect("member", request.workspace.slug, found.pk)
    context = {"title": _("Edit member"), "crumbs": _crumbs(request, found), "member": found, "form": form}
    return render(request, "members/edit.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@in_workspace(access.CHANGES)
def merge(request: Request, pk: int) -> HttpResponseBase:
    """First whom to merge with is looked for; then the two stand side by side, and one is chosen to be kept."""
    found = access.member(request.role, pk)
    if found.merged_into_id is not None:
        return redirect("member", request.workspace.slug, found.merged_into_id)
    given = request.POST.get("other", "") if request.method == "POST" else request.GET.get("with", "")
    if not given.isdecimal():
        return render(request, "members/merge_find.html", _candidates(request, found))
    other = access.member(request.role, int(given))
    form = MergeForm(request.POST or None, pair=(found, other))
    if request.method == "POST" and form.is_valid():
        kept, gone = (found, other) if form.cleaned_data["keep"] == found.pk else (other, found)
        try:
            people.merge(kept, gone, by=request.user, now=timezone.now())
        except UnableTo as error:
            flash.error(request, str(error))
            return redirect("member-merge", request.workspace.slug, found.pk)
        flash.success(request, _("%(gone)s is merged into %(kept)s.") % {"gone": gone.name, "kept": kept.name})
        return redirect("member", request.workspace.slug, kept.pk)
    return render(request, "members/merge.html", _pair(request, found, other, form), status=422 if form.errors else 200)


def _candidates(request: Request, found: Member) -> dict[str, Any]:
    words = request.GET.get("q", "").strip()
    if words:
        page = queries.listing(
            request.workspace, Filters(words=words, sort=Sort.BUSIEST, everybody=True), size=CANDIDATES + 1
        )
        others = [other for other in page.members if other.pk != found.pk][:CANDIDATES]
    else:
        others = queries.lookalikes(found, size=CANDIDATES)
    return {
        "title": _("Merge with another member"),
        "crumbs": _crumbs(request, found),
        "member": found,
        "words": words,
        "rows": _rows(others),
    }


def _pair(request: Request, found: Member, other: Member, form: MergeForm) -> dict[str, Any]:
    named = network_names()
    chosen = form["keep"].value()
    sides = [
        {
            "member": each,
            "accounts": [Account(one, named.get(one.network, one.network)) for one in queries.identities(each)],
            "chosen": str(each.pk) == str(chosen),
        }
        for each in (found, other)
    ]
    return {
        "title": _("Are these one person?"),
        "crumbs": _crumbs(request, found),
        "member": found,
        "form": form,
        "sides": sides,
        "marks_differ": (found.ours, found.bot) != (other.ours, other.bot),
    }


@require_POST
@in_workspace(access.CHANGES)
def unmerge(request: Request, pk: int, merge_pk: int) -> HttpResponseBase:
    found = access.merge(request.role, pk, merge_pk)
    try:
        people.unmerge(found, by=request.user, now=timezone.now())
    except UnableTo as error:
        flash.error(request, str(error))
    else:
        flash.success(
            request,
            _("%(gone)s and %(kept)s are two members again.") % {"gone": found.gone.name, "kept": found.kept.name},
        )
    return redirect("member", request.workspace.slug, pk)
