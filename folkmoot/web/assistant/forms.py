from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from folkmoot.understanding.assistant.actions import LONGEST_QUESTION, Limits, Place
from folkmoot.understanding.assistant.models import Assistant


class SetUpForm(forms.Form):
    """The key is never shown again: an empty field keeps the one that is stored."""

    url = forms.URLField(
        label=_("Address"),
        max_length=300,
        assume_scheme="https",
        help_text=_("What stands before /chat/completions, such as https://api.example.org/v1."),
    )
    model = forms.CharField(label=_("Model"), max_length=120, help_text=_("Its name at that server."))
    key = forms.CharField(
        label=_("Key"),
        required=False,
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("It is stored sealed and never shown again."),
    )
    no_key = forms.BooleanField(label=_("This server needs no key"), required=False)
    seconds = forms.IntegerField(label=_("Seconds to wait for an answer"), min_value=1, max_value=120)
    daily_requests = forms.IntegerField(label=_("Most requests a day"), min_value=0, max_value=1_000_000)
    daily_tokens = forms.IntegerField(label=_("Most tokens a day"), min_value=0, max_value=1_000_000_000)
    monthly_tokens = forms.IntegerField(
        label=_("Most tokens a month"),
        min_value=0,
        max_value=10_000_000_000,
        help_text=_("A token is about three quarters of an English word, less in other languages."),
    )

    def __init__(self, data: Any, *, assistant: Assistant | None) -> None:
        limits = Limits()
        named = ("seconds", "daily_requests", "daily_tokens", "monthly_tokens")
        initial: dict[str, Any] = {name: getattr(assistant or limits, name) for name in named}
        if assistant:
            initial |= {"url": assistant.url, "model": assistant.model, "no_key": not assistant.key}
        super().__init__(data, initial=initial)
        self.has_key = bool(assistant and assistant.key)
        if self.has_key:
            self.fields["key"].widget.attrs["placeholder"] = _("One is stored; leave this empty to keep it")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not data.get("key") and not data.get("no_key") and not self.has_key:
            self.add_error("key", _("Enter the key, or tick that none is needed."))
        return data

    @property
    def place(self) -> Place:
        data = self.cleaned_data
        key = "" if data["no_key"] and not data["key"] else data["key"].strip() or None
        return Place(data["url"], data["model"].strip(), key)

    @property
    def limits(self) -> Limits:
        data = self.cleaned_data
        return Limits(data["seconds"], data["daily_requests"], data["daily_tokens"], data["monthly_tokens"])


class TryForm(forms.Form):
    question = forms.CharField(label=_("Ask it something"), max_length=LONGEST_QUESTION)


class ConsentForm(forms.Form):
    reads = forms.BooleanField(
        label=_("Ask it about messages that our own reader can't tell"), required=False, initial=True
    )
    summarises = forms.BooleanField(label=_("Let it summarise conversations on request"), required=False, initial=True)
    agree = forms.BooleanField(label=_("I agree to this for this workspace"))
