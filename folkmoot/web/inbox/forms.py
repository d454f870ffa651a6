from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from folkmoot.conversations import access
from folkmoot.conversations.models import Message
from folkmoot.conversations.queries import Filters
from folkmoot.inbox.tones import Tone
from folkmoot.members.models import Member
from folkmoot.networks import connectors
from folkmoot.understanding.topics import queries as topics
from folkmoot.understanding.vocabulary.queries import known
from folkmoot.web.understanding import labels
from folkmoot.web.widgets import CheckboxInput, DateInput, Select, TextInput
from folkmoot.workspaces.models import Role


class FilterForm(forms.Form):
    """Narrows a list of conversations or messages; what can't be understood is left out."""

    q = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)
    channel = forms.TypedChoiceField(label=_("Channel"), required=False, coerce=int, empty_value=None, widget=Select)
    network = forms.ChoiceField(label=_("Network"), required=False, widget=Select)
    kind = forms.ChoiceField(label=_("Opened by"), required=False, widget=Select)
    topic = forms.TypedChoiceField(label=_("Topic"), required=False, coerce=int, empty_value=None, widget=Select)
    since = forms.DateField(label=_("From"), required=False, widget=DateInput)
    until = forms.DateField(label=_("To"), required=False, widget=DateInput)
    language = forms.ChoiceField(label=_("Language"), required=False, widget=Select)
    mood = forms.ChoiceField(label=_("Mood"), required=False, widget=Select)
    intent = forms.ChoiceField(label=_("Intent"), required=False, widget=Select)
    harm = forms.ChoiceField(label=_("Harm"), required=False, widget=Select)
    feeling = forms.ChoiceField(label=_("Feeling"), required=False, widget=Select)
    sort = forms.ChoiceField(label=_("Order"), required=False, widget=Select)
    waiting = forms.BooleanField(label=_("Unanswered only"), required=False, widget=CheckboxInput)
    urgent = forms.BooleanField(label=_("Urgent only"), required=False, widget=CheckboxInput)
    unsure = forms.BooleanField(label=_("Also where the reading is not sure"), required=False, widget=CheckboxInput)
    member = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=1)

    def __init__(self, data: Any, *, role: Role, kind: str = "") -> None:
        """``kind`` is the label of that filter where it is about messages themselves."""
        super().__init__(data, auto_id="filter-%s")
        if kind:
            self.fields["kind"].label = kind
        self.role = role
        channels = list(access.channels(role).order_by("name", "id").values_list("pk", "name", "network"))
        networks = sorted({network for _pk, _name, network in channels})
        named = connectors()
        self._offer("channel", _("All channels"), [(pk, name) for pk, name, _network in channels])
        self._offer(
            "network",
            _("All networks"),
            [(slug, named[slug].facts.name if slug in named else slug) for slug in networks],
        )
        self._offer("kind", _("Anything"), list(Message.Kind.choices))
        self._offer("topic", _("All topics"), topics.choices(role))
        self._offer("language", _("All languages"), list(labels.LANGUAGES.items()))
        self._offer("mood", _("Any mood"), labels.MOODS)
        self._offer("intent", _("Any intent"), labels.WANTS)
        self._offer("harm", _("With or without"), labels.HARM)
        self._offer("feeling", _("Any feeling"), labels.FEELINGS)
        self._offer(
            "sort", _("Newest first"), [("urgent", _("Most urgent first")), ("negative", _("Most negative first"))]
        )

    def _offer(self, name: str, nothing: Any, choices: list[tuple[Any, Any]]) -> None:
        self.fields[name].choices = [("", nothing), *choices]  # type: ignore[attr-defined]

    def filters(self) -> Filters:
        self.is_valid()
        data = self.cleaned_data
        return Filters(
            words=data.get("q") or "",
            channel_id=data.get("channel"),
            network=data.get("network") or "",
            kind=data.get("kind") or "",
            waiting=bool(data.get("waiting")),
            since=self._midnight(data.get("since"), 0),
            until=self._midnight(data.get("until"), 1),
            member_id=data.get("member"),
            vocabulary=known(self.role.workspace),
        )

    def tone(self) -> Tone:
        """What the list is narrowed to by readings, and its order."""
        self.is_valid()
        data = self.cleaned_data
        marks = [data.get(name) for name in ("mood", "intent", "harm", "feeling")]
        marks.append("urgent" if data.get("urgent") else "")
        return Tone(
            language=data.get("language") or "",
            marks=tuple(mark for mark in marks if mark),
            unsure=bool(data.get("unsure")),
            sort=data.get("sort") or "",
            topic=data.get("topic"),
        )

    def _midnight(self, day: Any, later: int) -> datetime | None:
        """The workspace's midnight; the last day chosen counts in."""
        return datetime.combine(day + timedelta(days=later), time(), self.role.workspace.zone) if day else None

    def chosen(self) -> dict[str, str]:
        """The filters in use, as they stand in an address."""
        self.is_valid()
        return {
            name: "on" if value is True else str(value)
            for name, value in self.cleaned_data.items()
            if value not in (None, "", False)
        }

    def member_chosen(self) -> Member | None:
        """Whose conversations are shown, if one member's are."""
        pk = self.filters().member_id
        return Member.objects.filter(workspace=self.role.workspace_id, pk=pk).first() if pk else None


class ViewForm(forms.Form):
    """Saves the filters in use under a name."""

    name = forms.CharField(label=_("Name"), max_length=80, widget=TextInput)
    shared = forms.BooleanField(label=_("For the whole team"), required=False, widget=CheckboxInput)
