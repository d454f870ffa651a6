from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.contrib import messages as flash
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from folkmoot.channels import actions
from folkmoot.channels.models import ArchiveImport
from folkmoot.flow import preview
from folkmoot.flow.jobs import import_later, is_deferred
from folkmoot.web.imports.asking import is_asked
from folkmoot.web.imports.find import find
from folkmoot.web.imports.forms import ImportForm
from folkmoot.web.request import Request, in_workspace
from folkmoot.workspaces.models import Rank

NEWEST = 50


@require_http_methods(["GET", "POST"])
@in_workspace(Rank.MANAGER)
def imports(request: Request) -> HttpResponseBase:
    sent = request.method == "POST"
    form = ImportForm(request.POST, request.FILES) if sent else ImportForm()
    if sent and form.is_valid():
        order = _order(request, form)
        return redirect("import" if is_deferred(order) else "import-columns", request.workspace.slug, order.pk)
    context = {
        "title": _("Import"),
        "lead": _("Bring a community's past in: who was there, what was said, what still waits for an answer."),
        "form": form,
        "orders": ArchiveImport.objects.filter(workspace=request.workspace).order_by("-id")[:NEWEST],
    }
    return render(request, "imports/imports.html", context, status=422 if form.errors else 200)


def _order(request: Request, form: ImportForm) -> ArchiveImport:
    data = form.cleaned_data
    upload = data["upload"]
    path = str(_keep(upload)) if upload else data["path"]
    options = {"timezone": data["timezone"]} if data["timezone"] else {}
    with transaction.atomic():
        order = actions.order_import(
            request.workspace,
            path=path,
            name=upload.name if upload else Path(path).name,
            format=data["format"],
            options=options,
            uploaded=bool(upload),
            by=request.user,
        )
        if preview.questions(order, options) is None:
            import_later(order)
    return order


def _keep(upload: UploadedFile[bytes]) -> Path:
    """Puts an uploaded archive where the worker finds it, in a folder of its own, under its own name."""
    folder = Path(settings.HOME) / "uploads" / uuid4().hex
    folder.mkdir(parents=True)
    path = folder / (Path(upload.name or "archive").name or "archive")
    with path.open("wb") as file:
        for chunk in upload.chunks():
            file.write(chunk)
    return path


@require_GET
@in_workspace(Rank.MANAGER)
def one(request: Request, pk: int) -> HttpResponse:
    order = find(request, pk)
    context = {"title": order.name, "order": order, "remaining": _remaining(order), "asked": is_asked(order)}
    template = "imports/import.html#state" if request.htmx else "imports/import.html"
    return render(request, template, context)


def _remaining(order: ArchiveImport) -> int | None:
    """Seconds until the end at the speed so far; None when there is nothing to tell it from."""
    if order.is_over or order.seconds < 1 or order.share < 0.01:
        return None
    return round(order.seconds / order.share * (1 - order.share))


@require_POST
@in_workspace(Rank.MANAGER)
def cancel(request: Request, pk: int) -> HttpResponseBase:
    order = find(request, pk)
    actions.cancel_import(order, by=request.user, now=timezone.now())
    return redirect("import", request.workspace.slug, order.pk)


@require_POST
@in_workspace(Rank.MANAGER)
def resume(request: Request, pk: int) -> HttpResponseBase:
    order = find(request, pk)
    try:
        with transaction.atomic():
            actions.resume_import(order, by=request.user)
            import_later(order)
    except actions.UnableTo as error:
        flash.error(request, str(error))
    return redirect("import", request.workspace.slug, order.pk)
