"""Pictures of people, served from here."""

from __future__ import annotations

from base64 import b64decode

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from folkmoot.members.models import Identity
from folkmoot.web.jobs import fetch_picture_later, shelf
from folkmoot.web.request import Request, in_workspace

_NOTHING = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")  # one transparent pixel


@require_GET
@in_workspace()
def picture(request: Request, pk: int) -> HttpResponse:
    """As far as it is here; else nothing to see, and it is fetched for the next time."""
    url = Identity.objects.filter(workspace=request.workspace, pk=pk).values_list("avatar", flat=True).first()
    if not url or not url.startswith(("https://", "http://")):
        raise Http404
    kept = shelf().find(url, now=timezone.now())
    if kept is None or kept.stale:
        fetch_picture_later(url)
    if kept is None or not kept.data:
        return _answer(_NOTHING, "image/gif", seconds=3600 if kept else 5)
    return _answer(kept.data, kept.media_type, seconds=24 * 3600)


def _answer(data: bytes, media_type: str, *, seconds: int) -> HttpResponse:
    headers = {
        "Cache-Control": f"private, max-age={seconds}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Disposition": "inline",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(data, content_type=media_type, headers=headers)
