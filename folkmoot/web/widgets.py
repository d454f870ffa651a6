"""Form controls that write themselves: Django's go through a template, its select through one for each option."""

from __future__ import annotations

from html import escape
from typing import Any

from django import forms
from django.forms.renderers import BaseRenderer
from django.utils.safestring import SafeString, mark_safe

Attributes = dict[str, Any]


def attributes(values: Attributes) -> str:
    """As they stand in a tag, with a space before each; False and None leave an attribute out."""
    written = (
        f" {name}" if value is True else f' {name}="{escape(str(value))}"'
        for name, value in values.items()
        if value is not None and value is not False
    )
    return "".join(written)


class Select(forms.Select):
    """A list to choose one from; its choices are plain text and not in groups."""

    def __init__(self) -> None:
        super().__init__(attrs={"class": "form-select"})

    def render(
        self, name: str, value: Any, attrs: Attributes | None = None, renderer: BaseRenderer | None = None
    ) -> SafeString:
        own = attributes({"name": name, **self.build_attrs(self.attrs, attrs)})
        chosen = self.format_value(value)
        options = "".join(
            f'<option value="{escape(key)}"{" selected" if key in chosen else ""}>{escape(str(label))}</option>'
            for key, label in ((str(key), label) for key, label in self.choices)
        )
        return mark_safe(f"<select{own}>{options}</select>")  # noqa: S308 - all parts were escaped


class Written(forms.widgets.Input):
    """An ``<input>`` of ``input_type``."""

    def render(
        self, name: str, value: Any, attrs: Attributes | None = None, renderer: BaseRenderer | None = None
    ) -> SafeString:
        widget = self.get_context(name, value, attrs)["widget"]
        own = {"type": self.input_type, "name": name, "value": widget["value"], **widget["attrs"]}
        return mark_safe(f"<input{attributes(own)}>")  # noqa: S308 - all parts were escaped


class DateInput(Written, forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d", attrs={"class": "form-control"})


class TextInput(Written, forms.TextInput):
    def __init__(self) -> None:
        super().__init__(attrs={"class": "form-control"})


class CheckboxInput(Written, forms.CheckboxInput):
    pass
