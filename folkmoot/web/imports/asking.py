"""The step between choosing an archive and reading it: what the archive does not say by itself."""

from __future__ import annotations

from django.contrib import messages as flash
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from folkmoot.channels import actions
from folkmoot.channels.models import ArchiveImport
from folkmoot.flow import preview
from folkmoot.flow.archive import UnableToImport
from folkmoot.flow.jobs import import_later, is_deferred
from folkmoot.web.imports.find import find
from folkmoot.web.imports.forms import QuestionsForm
from folkmoot.web.request import Request, in_workspace
from folkmoot.workspaces.models import Rank


def is_asked(order: ArchiveImport) -> bool:
    """Whether it waits for a person, not for a worker."""
    return order.state == ArchiveImport.State.WAITING and not order.cursor and not is_deferred(order)


@require_http_methods(["GET", "POST"])
@in_workspace(Rank.MANAGER)
def columns(request: Request, pk: int) -> HttpResponseBase:
    """Asks, shows how the first messages would be read, and starts the reading once they can be."""
    order = find(request, pk)
    questions = _questions(request, order) if is_asked(order) else None
    if questions is None:
        return redirect("import", request.workspace.slug, order.pk)
    form = QuestionsForm(request.POST or None, questions=questions, initial=order.options)
    seen, said = None, ""
    if not form.is_bound or form.is_valid():
        try:
            seen = preview.look(order, form.options())
        except UnableToImport as error:
            said = str(error)
    if seen and "import" in request.POST and _start(request, order, questions.format.name, form.options()):
        return redirect("import", request.workspace.slug, order.pk)
    context = {
        "title": order.name,
        "lead": _("Read as: %(format)s. Nothing is imported yet.") % {"format": questions.format.title},
        "order": order,
        "form": form,
        "seen": seen,
        "said": said,
        "columns": questions.columns,
    }
    return render(
        request, "imports/columns.html", context, status=422 if form.errors or (said and form.is_bound) else 200
    )


def _questions(request: Request, order: ArchiveImport) -> preview.Questions | None:
    """By the options given now, as columns are called otherwise in another encoding; else by those given before."""
    return (request.POST and preview.questions(order, request.POST.dict())) or preview.questions(order, order.options)


def _start(request: Request, order: ArchiveImport, form: str, options: dict[str, str]) -> bool:
    try:
        with transaction.atomic():
            actions.describe_import(order, format=form, options=options)
            import_later(order)
    except actions.UnableTo as error:
        flash.error(request, str(error))
        return False
    return True
