"""The one way an import reaches a page: with the workspace it belongs to."""

from __future__ import annotations

from django.http import Http404

from folkmoot.channels.models import ArchiveImport
from folkmoot.web.request import Request


def find(request: Request, pk: int) -> ArchiveImport:
    """Raises ``Http404`` for one that is not there, or of another workspace."""
    order = ArchiveImport.objects.filter(workspace=request.workspace, pk=pk).select_related("workspace").first()
    if order is None:
        raise Http404
    return order
