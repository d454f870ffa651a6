from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.test.html import Element, parse_html

from folkmoot.web import widgets


class Ours(forms.Form):
    channel = forms.TypedChoiceField(
        label="Channel",
        coerce=int,
        required=False,
        choices=[("", "All"), (1, '<b>"&'), (2, "two")],
        widget=widgets.Select,
    )
    since = forms.DateField(required=False, widget=widgets.DateInput)
    waiting = forms.BooleanField(required=False, widget=widgets.CheckboxInput)
    name = forms.CharField(max_length=80, help_text="As on the door.", widget=widgets.TextInput)


class Theirs(Ours):
    """The same fields drawn by Django's own widgets."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = self.fields["channel"].choices  # type: ignore[attr-defined]
        self.fields["channel"].widget = forms.Select({"class": "form-select"}, choices)
        since = forms.DateInput({"class": "form-control"}, format="%Y-%m-%d")
        since.input_type = "date"
        self.fields["since"].widget = since
        self.fields["waiting"].widget = forms.CheckboxInput()
        name = forms.TextInput({"class": "form-control", "maxlength": "80"})
        name.is_required = True
        self.fields["name"].widget = name


def drawn(form: forms.Form) -> dict[str, Element]:
    return {field.name: parse_html(str(field)) for field in form}


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"channel": "2", "since": "2026-03-02", "waiting": "on", "name": 'Mira "the raft" <Kask>'},
        {"channel": "no such", "since": "yesterday", "waiting": "false", "name": ""},
    ],
)
def test_our_controls_say_what_django_s_own_say(data: dict[str, str] | None) -> None:
    assert drawn(Ours(data)) == drawn(Theirs(data))


def test_what_a_form_begins_with_is_chosen() -> None:
    begun = {"channel": 2, "waiting": True, "name": "Mira"}
    assert drawn(Ours(initial=begun)) == drawn(Theirs(initial=begun))
    assert '<option value="2" selected>' in str(Ours(initial=begun)["channel"])


def test_choices_cannot_write_markup() -> None:
    assert "&lt;b&gt;&quot;&amp;</option>" in str(Ours()["channel"])
