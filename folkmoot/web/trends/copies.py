from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from folkmoot.lib.keyset import Mark, Slice
from folkmoot.understanding.copies import queries
from folkmoot.web.request import Request, in_workspace
from folkmoot.web.trends.tabs import tabs
from folkmoot.workspaces.models import Rank


@require_GET
@in_workspace(Rank.ANALYST)
def waves(request: Request) -> HttpResponse:
    """The same text by several people, or in several channels."""
    several = request.GET.get("by") == "several"
    found, page = queries.waves(request.role, Mark.read(request.GET.get("at", "")), several=several)
    here = reverse("copies", args=[request.workspace.slug])
    query = "&by=several" if several else ""
    context = {
        "title": _("Trends"),
        "lead": _("Nearly the same text by several people, or in several channels, within two days of each other."),
        "tabs": tabs(request),
        "rows": found,
        "several": several,
        "here": here,
        **_pager(here, page, query),
    }
    return render(request, "trends/copies.html", context)


@require_GET
@in_workspace(Rank.ANALYST)
def wave(request: Request, pk: int) -> HttpResponse:
    """All messages of a wave."""
    found = queries.wave(request.role, pk)
    if found is None:
        raise Http404
    page = queries.messages(request.role, found, Mark.read(request.GET.get("at", "")))
    context = {
        "title": _("Copies of one text"),
        "crumbs": [
            (_("Trends"), reverse("trends", args=[request.workspace.slug])),
            (_("Copies"), reverse("copies", args=[request.workspace.slug])),
        ],
        "wave": found,
        "rows": page.rows,
        **_pager(reverse("wave", args=[request.workspace.slug, found.pk]), page, ""),
    }
    return render(request, "trends/wave.html", context)


def _pager(here: str, page: Slice[Any], query: str) -> dict[str, str]:
    return {
        "newer_url": f"{here}?at={page.newer}{query}" if page.newer else "",
        "older_url": f"{here}?at={page.older}{query}" if page.older else "",
    }
