from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from folkmoot.understanding.topics import queries
from folkmoot.understanding.topics.models import Topic
from folkmoot.web.widgets import Select, TextInput
from folkmoot.workspaces.models import Role


class NameForm(forms.Form):
    """A person's name for a topic; empty gives its own words back to it."""

    name = forms.CharField(label=_("Name"), max_length=80, required=False, widget=TextInput)


class MergeForm(forms.Form):
    """Which topic another one becomes a part of."""

    into = forms.TypedChoiceField(label=_("Merge into"), coerce=int, empty_value=None, widget=Select)

    def __init__(self, data: Any = None, *, role: Role, topic: Topic) -> None:
        super().__init__(data, auto_id="merge-%s")
        others = [(pk, name) for pk, name in queries.choices(role) if pk != topic.pk]
        self.fields["into"].choices = [("", _("Choose a topic")), *others]  # type: ignore[attr-defined]
