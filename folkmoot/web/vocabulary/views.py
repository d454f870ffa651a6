"""The community's own words: listed, added, changed, taken away."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages as flash
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from folkmoot.flow.jobs import reindex_later
from folkmoot.lib import keyset
from folkmoot.lib.keyset import Mark
from folkmoot.understanding.access import CORRECTS
from folkmoot.understanding.vocabulary import actions, queries
from folkmoot.understanding.vocabulary.models import Entry
from folkmoot.web.request import Request, in_workspace
from folkmoot.web.vocabulary.forms import EntryForm, FilterForm, initial_of
from folkmoot.workspaces.models import Rank

READS = Rank.ANALYST
EDITS = Rank.MANAGER
PAGE = 100


@require_GET
@in_workspace(READS)
def vocabulary(request: Request) -> HttpResponse:
    form = FilterForm(request.GET)
    found = queries.entries(request.workspace, words=form.words, kind=form.chosen_kind)
    page = keyset.page(found, "changed_at", Mark.read(request.GET.get("at", "")), PAGE)
    here = reverse("vocabulary", args=[request.workspace.slug])
    chosen = {name: value for name, value in (("q", form.words), ("kind", form.chosen_kind)) if value}

    def url(mark: Mark | None) -> str:
        return f"{here}?{urlencode({**chosen, 'at': str(mark)})}" if mark else ""

    context = {
        "title": _("Vocabulary"),
        "lead": _("The words this community has for itself. What you write here is in force at once."),
        "crumbs": crumbs(request)[:1],
        "form": form,
        "rows": page.rows,
        "narrowed": bool(chosen),
        "may_edit": request.role.may(EDITS),
        "may_correct": request.role.may(CORRECTS),
        "reindexing": queries.reindexing(request.workspace),
        "newer_url": url(page.newer),
        "older_url": url(page.older),
    }
    template = (
        "vocabulary/vocabulary.html#reindexing" if request.htmx.target == "reindexing" else "vocabulary/vocabulary.html"
    )
    return render(request, template, context)


@require_http_methods(["GET", "POST"])
@in_workspace(EDITS)
def new(request: Request) -> HttpResponseBase:
    form = EntryForm(request.POST or None, initial={"kind": Entry.Kind.SYNONYMS, "word": request.GET.get("word", "")})
    if request.method == "POST" and _saved(request, form, None):
        return redirect("vocabulary", request.workspace.slug)
    context = {"title": _("New entry"), "form": form, "crumbs": crumbs(request)}
    return render(request, "vocabulary/entry.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@in_workspace(EDITS)
def entry(request: Request, pk: int) -> HttpResponseBase:
    found = _find(request, pk)
    form = EntryForm(request.POST or None, initial=initial_of(found))
    if request.method == "POST" and _saved(request, form, found):
        return redirect("vocabulary", request.workspace.slug)
    context = {"title": found.word, "form": form, "entry": found, "crumbs": crumbs(request)}
    return render(request, "vocabulary/entry.html", context, status=422 if form.errors else 200)


def _saved(request: Request, form: EntryForm, found: Entry | None) -> bool:
    if not form.is_valid():
        return False
    try:
        with transaction.atomic():
            saved = actions.save(request.workspace, form.draft, entry=found, by=request.user, now=timezone.now())
            reindex_later(request.workspace.pk)
    except actions.UnableTo as error:
        form.add_error(None, str(error))
        return False
    flash.success(request, _("“%(word)s” is saved.") % {"word": saved.word})
    return True


@require_POST
@in_workspace(EDITS)
def delete(request: Request, pk: int) -> HttpResponseBase:
    found = _find(request, pk)
    with transaction.atomic():
        actions.delete(found, by=request.user)
        reindex_later(request.workspace.pk)
    flash.success(request, _("“%(word)s” is deleted.") % {"word": found.word})
    return redirect("vocabulary", request.workspace.slug)


def _find(request: Request, pk: int) -> Entry:
    return get_object_or_404(
        Entry.objects.select_related("workspace", "changed_by"), workspace=request.workspace, pk=pk
    )


def crumbs(request: Request) -> list[tuple[str, str]]:
    slug = request.workspace.slug
    return [
        (_("Understanding"), reverse("understanding", args=[slug])),
        (_("Vocabulary"), reverse("vocabulary", args=[slug])),
    ]
