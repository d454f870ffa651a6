"""A workspace's own facts, and who may do what in it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from folkmoot.channels.models import Channel
from folkmoot.web.accounts.forms import languages, time_zones
from folkmoot.workspaces.models import Rank, Role, Workspace

MEANINGS = {
    Rank.OWNER: _("Everything; names and removes other owners."),
    Rank.ADMIN: _("Settings, the team, invitations, the language model, and all below."),
    Rank.MANAGER: _("Imports, the vocabulary, inbox views for the whole team, and all below."),
    Rank.MODERATOR: _("Edits and merges members, says who is one of us, and all below."),
    Rank.EDITOR: _("At present the same as an analyst."),
    Rank.ANALYST: _("Sees members and numbers, and all below."),
    Rank.GUEST: _("Reads the inbox."),
}


class WorkspaceForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Workspace
        fields = ["name", "timezone", "language"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["timezone"] = forms.ChoiceField(
            label=_("Time zone"),
            choices=time_zones,
            help_text=_("Days, weeks and months of the numbers are cut in it."),
        )
        self.fields["language"] = forms.ChoiceField(
            label=_("Language"), choices=languages, help_text=_("What most of the community speaks.")
        )


class NewWorkspaceForm(WorkspaceForm):
    """The short name may be left out where one can be made of the name."""

    class Meta(WorkspaceForm.Meta):
        fields = ["name", "slug", "timezone", "language"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slug"].required = False
        self.fields["slug"].help_text = _("It stands in addresses: /w/river-moot/. Empty: made of the name.")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if "slug" in data and not data["slug"]:
            data["slug"] = slugify(data.get("name", ""))[:50].strip("-_").replace("_", "-")
            if not data["slug"] and data.get("name"):
                self.add_error("slug", _("Give a short name of small letters a-z, digits and hyphens."))
        return data


class RoleForm(forms.Form):
    """A role and the channels it is limited to; none chosen means all."""

    rank = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)
    channel_ids = forms.TypedMultipleChoiceField(
        label=_("Only in these channels"),
        help_text=_("Choose none for all channels, those connected later too."),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, giver: Role, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rank"] = forms.ChoiceField(
            label=_("Role"),
            choices=[(rank, meaning(rank)) for rank in Rank if giver.may(rank)],
            widget=forms.RadioSelect,
        )
        channels = Channel.objects.filter(workspace=giver.workspace).order_by("name").values_list("pk", "name")
        if channels:
            self.fields["channel_ids"].choices = list(channels)  # type: ignore[attr-defined]
        else:
            del self.fields["channel_ids"]

    @property
    def chosen_rank(self) -> Rank:
        return Rank(self.cleaned_data["rank"])

    @property
    def chosen_channels(self) -> list[int] | None:
        return self.cleaned_data.get("channel_ids") or None


class InviteForm(RoleForm):
    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))

    field_order = ["email", "rank", "channel_ids"]


def meaning(rank: Rank) -> SafeString:
    return format_html('<strong>{}</strong> <span class="quiet">{}</span>', rank.label, MEANINGS[rank])
