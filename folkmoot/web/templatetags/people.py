"""People's pictures over their letters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from folkmoot.members.models import Identity
from folkmoot.web.templatetags.ui import _address, avatar, writing

register = template.Library()


def portrait(name: object, slug: object, who: Any, size: str = "") -> SafeString:
    """A person's letters and, where an account of theirs has one, the picture over them.

    ``who`` is an identity, or accounts that have identities. The picture adds nothing to the name that stands beside.
    """
    letters = avatar(name, size)
    known = next((one for one in _identities(who) if one.avatar.startswith(("https://", "http://"))), None)
    if known is None:
        return letters
    url = _address("picture", str(slug), str(known.pk))
    image = f'<img src="{url}" alt="" loading="lazy" decoding="async">'
    return mark_safe(letters.replace("</span>", f"{image}</span>"))  # noqa: S308 - both parts were escaped


register.tag("portrait", writing(portrait))


def _identities(who: Any) -> Iterable[Identity]:
    if isinstance(who, Identity):
        return (who,)
    return (one.identity for one in who or ())
