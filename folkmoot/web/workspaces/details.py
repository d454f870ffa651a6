"""What an entry of the record holds besides the act, in words: names, counts, what stood before. Bare numbers of rows
say nothing to people and are left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from folkmoot.understanding.vocabulary.models import Entry
from folkmoot.web.understanding import labels
from folkmoot.workspaces.models import Rank


def told(detail: Mapping[str, Any]) -> str:
    """All that can be told of it, in one line."""
    left = dict(detail)
    parts = [text for tell in (_reading, _change) if (text := tell(left))]
    for name, value in left.items():
        if text := _one(name, value):
            parts.append(text)
    return " · ".join(parts)


def _reading(left: dict[str, Any]) -> str:
    """A facet and what stands of it; takes out of ``left`` what it tells."""
    facet = left.pop("facet", None)
    if not isinstance(facet, str):
        return ""
    name = str(labels.FACETS.get(facet, facet))
    was, value = left.pop("was", None), left.pop("value", None)
    if not value:
        return name
    now = str(labels.value(facet, value))
    return f"{name}: {labels.value(facet, was)} → {now}" if was and was != value else f"{name}: {now}"


def _change(left: dict[str, Any]) -> str:
    """From what to what; takes out of ``left`` what it tells."""
    for before, after in (("from", "to"), ("was", "now")):
        if before in left and after in left:
            was, now = left.pop(before), left.pop(after)
            return f"{_plain(was)} → {_plain(now)}" if was != "" else _plain(now)
    return ""


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value) if value not in (None, "") else "–"


def _one(name: str, value: object) -> str:
    if name in COUNTED:
        number = len(value) if isinstance(value, list) else value
        return COUNTED[name](number) if isinstance(number, int) and not isinstance(number, bool) else ""
    if name in NAMED and isinstance(value, str):
        return str(NAMED[name].get(value, value))
    if name in SAID:
        return str(SAID[name]()) if value is True else ""
    return value if isinstance(value, str) else ""


COUNTED: dict[str, Callable[[int], str]] = {
    "added": lambda n: _("%(n)d new") % {"n": n},
    "changed": lambda n: _("%(n)d changed") % {"n": n},
    "corrections": lambda n: ngettext("%(n)d correction", "%(n)d corrections", n) % {"n": n},
    "parts": lambda n: ngettext("%(n)d part", "%(n)d parts", n) % {"n": n},
    "identities": lambda n: ngettext("%(n)d account", "%(n)d accounts", n) % {"n": n},
    "channels": lambda n: ngettext("%(n)d channel", "%(n)d channels", n) % {"n": n},
}
NAMED: dict[str, Mapping[str, Any]] = {"rank": dict(Rank.choices), "kind": dict(Entry.Kind.choices)}
SAID: dict[str, Callable[[], str]] = {
    "new_key": lambda: _("with a new key"),
    "reads": lambda: _("it may be asked about messages"),
    "summarises": lambda: _("it may summarise conversations"),
}
