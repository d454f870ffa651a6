"""Figures as people read them, in their language; a dash where there is nothing to tell from."""

from __future__ import annotations

from django.utils import formats
from django.utils.translation import gettext as _

UNKNOWN = "–"


def number(value: float | None) -> str:
    return UNKNOWN if value is None else formats.number_format(value, use_l10n=True, force_grouping=True)


def decimal(value: float | None) -> str:
    return UNKNOWN if value is None else formats.number_format(value, 1, use_l10n=True, force_grouping=True)


def percent(value: float | None) -> str:
    return UNKNOWN if value is None else f"{decimal(value)} %"


def share(value: float | None) -> str:
    """A share of 0 to 1 in percent."""
    return percent(None if value is None else 100 * value)


def duration(seconds: float | None) -> str:
    """A length of time in the unit that suits it."""
    if seconds is None:
        return UNKNOWN
    if seconds < 60:
        return _("%(n)s s") % {"n": number(round(seconds))}
    if seconds < 3600:
        return _("%(n)s min") % {"n": number(round(seconds / 60))}
    if seconds < 48 * 3600:
        return _("%(n)s h") % {"n": decimal(seconds / 3600)}
    return _("%(n)s days") % {"n": decimal(seconds / 86400)}


def change(value: float | None, before: float | None) -> str:
    """How a figure changed, in percent; nothing where there is nothing to compare with."""
    if value is None or not before:
        return ""
    return f"{100 * (value - before) / before:+.0f} %"


def difference(value: float | None, before: float | None) -> str:
    """How a figure that may be below nothing changed, in its own unit."""
    return "" if value is None or before is None else f"{value - before:+.1f}"
