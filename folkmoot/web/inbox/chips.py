"""The filters in use, each as a small mark that takes it away."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from urllib.parse import urlencode

from django.forms import BoundField, ChoiceField, DateField
from django.utils import formats

from folkmoot.web.inbox.forms import FilterForm

ELSEWHERE = frozenset({"q", "member"})  # the words stand in their field, and members are people's names


@dataclass(frozen=True, slots=True)
class Chip:
    """``text`` says what the list is narrowed to; ``url`` is the same list without that."""

    text: str
    url: str


def chips(
    form: FilterForm, here: str, chosen: Mapping[str, str], *, but: Collection[str] = (), member: str = ""
) -> list[Chip]:
    """One for each filter in ``chosen`` but those named; ``member`` is the name of the member they are narrowed to."""

    def without(name: str) -> str:
        left = {key: value for key, value in chosen.items() if key != name}
        return f"{here}?{urlencode(left)}" if left else here

    shown = [field for field in form if field.name in chosen and field.name not in ELSEWHERE | set(but)]
    made = [Chip(_text(field, form.cleaned_data[field.name]), without(field.name)) for field in shown]
    return [Chip(member, without("member")), *made] if member else made


def _text(field: BoundField, value: Any) -> str:
    label = str(field.label)
    if value is True:
        return label
    if isinstance(field.field, DateField) and isinstance(value, date):
        return f"{label}: {formats.date_format(value, 'SHORT_DATE_FORMAT')}"
    if isinstance(field.field, ChoiceField):
        choices = cast("list[tuple[Any, Any]]", field.field.choices)
        named = {str(key): name for key, name in choices}
        return f"{label}: {named.get(str(value), value)}"
    return f"{label}: {value}"
