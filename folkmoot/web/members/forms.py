from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from folkmoot.members import queries
from folkmoot.members.models import Member
from folkmoot.members.queries import Filters, Sort
from folkmoot.networks import connectors
from folkmoot.web.widgets import CheckboxInput, Select
from folkmoot.workspaces.models import Workspace

ORDERS = [(Sort.NEWEST, _("Last seen")), (Sort.BUSIEST, _("Most messages")), (Sort.NAME, _("Name"))]


def network_names() -> dict[str, str]:
    """Networks by slug, as people call them; one whose connector is gone is not among them."""
    return {slug: connector.facts.name for slug, connector in connectors().items()}


class FilterForm(forms.Form):
    """Narrows and sorts the list; what can't be understood is left out."""

    q = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    network = forms.ChoiceField(label=_("Network"), required=False, widget=Select)
    sort = forms.ChoiceField(label=_("Sorted by"), required=False, choices=ORDERS, widget=Select)
    everybody = forms.BooleanField(label=_("Also bots and our team"), required=False, widget=CheckboxInput)

    def __init__(self, data: Any, *, workspace: Workspace) -> None:
        super().__init__(data, auto_id="filter-%s")
        named = network_names()
        choices = [("", _("All networks")), *((slug, named.get(slug, slug)) for slug in queries.networks(workspace))]
        self.fields["network"].choices = choices  # type: ignore[attr-defined]

    def filters(self) -> Filters:
        self.is_valid()
        data = self.cleaned_data
        return Filters(
            words=data.get("q") or "",
            network=data.get("network") or "",
            sort=Sort(data.get("sort") or Sort.NEWEST),
            everybody=bool(data.get("everybody")),
        )

    def chosen(self) -> dict[str, str]:
        """The filters in use, as they stand in an address."""
        self.is_valid()
        return {name: "on" if value is True else value for name, value in self.cleaned_data.items() if value}


class MemberForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200)
    ours = forms.BooleanField(
        label=_("One of us"), required=False, help_text=_("What our team says needs no answer, and answers others.")
    )
    bot = forms.BooleanField(
        label=_("A bot"), required=False, help_text=_("What a bot says needs no answer, and answers nobody.")
    )


class MergeForm(forms.Form):
    """Which two are one, and whose name and marks hold."""

    other = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    keep = forms.TypedChoiceField(coerce=int, widget=forms.RadioSelect)

    def __init__(self, data: Any, *, pair: tuple[Member, Member]) -> None:
        mine, other = pair
        first = max(pair, key=lambda member: (member.ours, member.message_count, -member.pk))
        super().__init__(data, initial={"other": other.pk, "keep": first.pk})
        self.fields["keep"].choices = [(mine.pk, mine.name), (other.pk, other.name)]  # type: ignore[attr-defined]
