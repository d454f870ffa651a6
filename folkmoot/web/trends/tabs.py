from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from folkmoot.web.request import Request


def tabs(request: Request) -> list[tuple[str, str, bool]]:
    """The views of this area, each with its address and whether it is the one that is open."""
    here = request.resolver_match.url_name if request.resolver_match else ""
    return [
        (label, reverse(name, args=[request.workspace.slug]), here == name)
        for label, name in ((_("Rising"), "trends"), (_("Copies"), "copies"))
    ]
