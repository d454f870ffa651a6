"""Why there is no answer, in words for a person."""

from __future__ import annotations

from django.utils.translation import gettext as _


def reason(why: str, said: str = "") -> str:
    """What happened and what to do, for one of ``endpoint.NoAnswer.REASONS``; ``said`` are the endpoint's own words."""
    told = {
        "off": _("The language model is switched off."),
        "budget": _("The budget is spent. It begins anew tomorrow or next month, or can be raised in the settings."),
        "not_allowed": _(
            "This address may not be asked. Whoever runs this server can allow private addresses with"
            " FOLKMOOT_PRIVATE_ADDRESSES."
        ),
        "unreachable": _("The server can't be reached. Check the address, and whether it runs."),
        "timeout": _("No answer came in time. Try again, or allow more seconds."),
        "key": _("The server doesn't accept the key. Enter it again, or make a new one there."),
        "not_found": _("The server doesn't know this address or this model. Check both."),
        "busy": _("The server takes no more requests for now, or its own budget is spent. Try again later."),
        "failing": _("The server has a fault of its own. Try again later."),
        "refused": _("The model refused to answer."),
        "too_large": _("The answer was far too long."),
        "nonsense": _("What came back is no answer of a language model. Check the address."),
        "locked": _("The stored key can't be opened any more. Enter it again."),
    }.get(why, _("There was no answer."))
    return f"{told} {_('The server says:')} {said}" if said else told
