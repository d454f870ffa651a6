"""What people say about themselves."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from folkmoot.workspaces.models import User


def languages() -> list[tuple[str, str]]:
    """Each by its own name: whoever looks for theirs may not read the one shown."""
    return [(code, get_language_info(code)["name_local"].capitalize()) for code, _name in settings.LANGUAGES]


def time_zones() -> list[tuple[str, str]]:
    """Cities by region; the bare abbreviations (EST, GMT+5) are left out because they don't follow summer time."""
    names = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ["name", "language", "timezone", "theme"]
        labels = {"name": _("Your name"), "theme": _("Colours")}
        help_texts = {
            "name": _("Your team sees it beside what you do."),
            "timezone": _("Dates and times are shown in it."),
        }
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"}), "theme": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"] = forms.ChoiceField(
            label=_("Language"), choices=lambda: [("", _("As the browser")), *languages()], required=False
        )
        self.fields["timezone"] = forms.ChoiceField(
            label=_("Time zone"),
            choices=lambda: [("", _("As the workspace")), *time_zones()],
            required=False,
            help_text=_("Dates and times are shown in it."),
        )


class JoinForm(forms.Form):
    """Somebody without an account accepts an invitation."""

    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validation.password_validators_help_text_html,
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        password_validation.validate_password(password, User(email=self.email))
        return password
