from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from folkmoot.analytics.queries import Period
from folkmoot.conversations import access
from folkmoot.web.widgets import DateInput, Select
from folkmoot.workspaces.models import Role

LENGTHS = {"7": 7, "30": 30, "90": 90, "365": 365}


class PeriodForm(forms.Form):
    """Which days, of which channel. A period set by dates wins over a ready-made one."""

    period = forms.ChoiceField(
        label=_("Period"),
        required=False,
        choices=[
            ("30", _("Last 30 days")),
            ("7", _("Last 7 days")),
            ("90", _("Last 90 days")),
            ("365", _("Last year")),
            ("all", _("From the beginning")),
            ("set", _("From – to")),
        ],
        widget=Select,
    )
    since = forms.DateField(label=_("From"), required=False, widget=DateInput)
    until = forms.DateField(label=_("To"), required=False, widget=DateInput)
    channel = forms.TypedChoiceField(
        label=_("Channel"),
        required=False,
        coerce=int,
        empty_value=None,
        widget=Select,
    )

    def __init__(self, data: Any, *, role: Role) -> None:
        super().__init__(data, auto_id="numbers-%s")
        self.channels = list(access.channels(role).only("name").order_by("name", "id"))
        everything = [("", _("All channels"))] if role.channel_ids is None else []
        self.fields["channel"].choices = [  # type: ignore[attr-defined]
            *everything,
            *((channel.pk, channel.name) for channel in self.channels),
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("since") and data.get("until") and data["until"] < data["since"]:
            self.add_error("until", _("The last day lies before the first."))
        return data

    def chosen(self, *, today: date, first: date | None) -> Period:
        """The period asked for, both its days counted in; the last 30 days when nothing sensible was asked."""
        self.is_valid()
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        tomorrow = today + timedelta(days=1)
        if since or until:
            end = until + timedelta(days=1) if until else tomorrow
            start = since or first or end - timedelta(days=30)
            return Period(min(start, end - timedelta(days=1)), end)
        name = self.cleaned_data.get("period") or "30"
        if name == "all" and first is not None:
            return Period(min(first, today), tomorrow)
        return Period(tomorrow - timedelta(days=LENGTHS.get(name, 30)), tomorrow)
