"""The vocabulary as a table: out, and in."""

from __future__ import annotations

from django.contrib import messages as flash
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from folkmoot.flow.jobs import reindex_later
from folkmoot.understanding.vocabulary import actions, queries, table
from folkmoot.web.request import Request, in_workspace
from folkmoot.web.vocabulary.forms import TableForm
from folkmoot.web.vocabulary.views import EDITS, READS, crumbs


@require_GET
@in_workspace(READS)
def export(request: Request) -> HttpResponseBase:
    lines = table.written(queries.entries(request.workspace).order_by("kind", "key", "id"))
    answer = StreamingHttpResponse((line.encode() for line in lines), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{request.workspace.slug}-vocabulary.csv"'
    return answer


@require_http_methods(["GET", "POST"])
@in_workspace(EDITS)
def bring_in(request: Request) -> HttpResponseBase:
    form = TableForm(request.POST, request.FILES) if request.method == "POST" else TableForm()
    if request.method == "POST" and _taken(request, form):
        return redirect("vocabulary", request.workspace.slug)
    context = {"title": _("Import a vocabulary"), "form": form, "columns": table.COLUMNS, "crumbs": crumbs(request)}
    return _page(request, context, form)


def _page(request: Request, context: dict[str, object], form: TableForm) -> HttpResponse:
    return render(request, "vocabulary/import.html", context, status=422 if form.errors else 200)


def _taken(request: Request, form: TableForm) -> bool:
    if not form.is_valid():
        return False
    try:
        drafts = table.read(form.cleaned_data["table"].read())
        with transaction.atomic():
            added, changed = actions.put_all(request.workspace, drafts, by=request.user, now=timezone.now())
            reindex_later(request.workspace.pk)
    except table.Unreadable as error:
        for line in str(error).splitlines():
            form.add_error("table", line)
        return False
    except actions.UnableTo as error:
        form.add_error(None, str(error))
        return False
    told = _("Imported: %(added)d new, %(changed)d there already.") % {"added": added, "changed": changed}
    flash.success(request, told)
    return True
