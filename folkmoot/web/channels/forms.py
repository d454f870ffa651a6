"""What is asked for to connect an account, to choose its places, and to let go of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from folkmoot.channels import sessions
from folkmoot.channels.models import Connection
from folkmoot.networks.base import Place
from folkmoot.networks.live import Connects, Field, Recalls, SignsIn
from folkmoot.web.channels.draft import Draft
from folkmoot.workspaces.models import Rank, Role

PREFIX = "field_"
ALL = datetime(1970, 1, 1, tzinfo=UTC)
MANY = 12


class ConnectForm(forms.Form):
    """The connector's own fields, then whose account it is. Secrets are never written into the page.

    ``held`` are the names of secrets that were given before: their fields may stay empty.
    """

    def __init__(
        self, data: Any, *, connector: Connects, role: Role, draft: Draft | None = None, held: Collection[str] = ()
    ) -> None:
        start: dict[str, Any] = {}
        if draft:
            start = {f"{PREFIX}{name}": value for name, value in draft.settings.items()}
            start |= {"personal": "yes" if draft.personal else "no", "allowed": draft.allowed}
        super().__init__(data, initial={"personal": "no"} | start)
        self.connector = connector
        self.draft = draft
        self.held = frozenset(held)
        for one in connector.fields:
            self.fields[f"{PREFIX}{one.name}"] = self._field(one)
        if not (draft and draft.again):
            self.fields["personal"] = forms.ChoiceField(
                label=_("Whose account is it?"),
                choices=[
                    ("no", _("The community's: everybody who may speak can send from it")),
                    ("yes", _("My own: only I can send from it")),
                ],
                widget=forms.RadioSelect,
            )
        if role.may(Rank.OWNER):
            self.fields["allowed"] = forms.CharField(
                label=_("Private addresses this account may reach"),
                required=False,
                max_length=500,
                help_text=_(
                    "Only if the server stands in your own network: such as 10.0.0.5 or 192.168.1.0/24, with spaces"
                    " between. Leave it empty otherwise."
                ),
            )

    def _field(self, one: Field) -> forms.Field:
        needed = one.required and one.name not in self.held
        told: dict[str, Any] = {
            "label": gettext(one.label),
            "help_text": gettext(one.help) if one.help else "",
            "required": needed,
        }
        if one.default:
            told["initial"] = one.default
        attributes: dict[str, Any] = {"placeholder": one.example, "autocomplete": "off", "spellcheck": "false"}
        if one.kind == "choice":
            choices = [(value, gettext(label)) for value, label in one.choices]
            return forms.ChoiceField(choices=choices, **told)
        if one.kind == "number":
            return forms.IntegerField(widget=forms.NumberInput(attributes), **told)
        if one.kind == "secret":
            if one.name in self.held and (one.required or not self.signs_in):
                attributes["placeholder"] = _("Given already; leave this empty to keep it")
            return forms.CharField(widget=forms.PasswordInput(attributes), max_length=8000, **told)
        if one.kind == "long":
            return forms.CharField(widget=forms.Textarea(attributes | {"rows": 4}), max_length=20_000, **told)
        if one.kind == "url":
            attributes["inputmode"] = "url"
        return forms.CharField(widget=forms.TextInput(attributes), max_length=1000, **told)

    @property
    def signs_in(self) -> bool:
        """Whether the network has a page of its own to sign in at."""
        return isinstance(self.connector, SignsIn)

    @property
    def pasted(self) -> bool:
        """Whether a secret was filled in that may stay empty: where accounts sign in, it is given instead of that."""
        given = self.secrets()
        return any(one.name in given for one in self.connector.fields if not one.required)

    def clean_allowed(self) -> str:
        words = " ".join(self.cleaned_data["allowed"].replace(",", " ").split())
        try:
            sessions.allowed(words)
        except ValueError as error:
            raise ValidationError(_("These are no addresses; they look like 10.0.0.5 or 192.168.1.0/24.")) from error
        return words

    def settings(self) -> dict[str, str]:
        """What is no secret; settings that a sign-in brought before stay, those left empty are left out."""
        return dict(self._settings())

    def _settings(self) -> Mapping[str, str]:
        given = {one.name: self._said(one) for one in self.connector.fields if one.kind != "secret"}
        return {name: value for name, value in given.items() if value}

    def secrets(self) -> dict[str, str]:
        """Those that were filled in now."""
        given = {one.name: self._said(one) for one in self.connector.fields if one.kind == "secret"}
        return {name: value for name, value in given.items() if value}

    def _said(self, one: Field) -> str:
        value = self.cleaned_data.get(f"{PREFIX}{one.name}")
        said = "" if value is None else str(value).strip()
        return f"https://{said}" if said and one.kind == "url" and "://" not in said else said


class PlacesForm(forms.Form):
    """Which of an account's places become channels, and how far back they are read."""

    places = forms.MultipleChoiceField(label=_("Places"), required=False, widget=forms.CheckboxSelectMultiple)
    back = forms.ChoiceField(
        label=_("What was said before"),
        choices=[
            ("0", _("Don't read it")),
            ("30", _("Read 30 days back")),
            ("365", _("Read a year back")),
            ("all", _("Read all there is")),
        ],
        initial="30",
        widget=forms.RadioSelect,
    )

    def __init__(self, data: Any, *, places: Sequence[Place], connector: Connects | None) -> None:
        super().__init__(data, initial={"places": [places[0].remote_id] if len(places) == 1 else []})
        self.known = {place.remote_id: place for place in places}
        self.fields["places"].choices = [(place.remote_id, place.name or place.remote_id) for place in places]  # type: ignore[attr-defined]
        if connector is None or not issubclass(connector.session, Recalls):
            del self.fields["back"]

    @property
    def many(self) -> bool:
        return len(self.known) > MANY

    def chosen(self) -> list[Place]:
        return [self.known[remote_id] for remote_id in self.cleaned_data["places"]]

    def since(self, now: datetime) -> datetime | None:
        back = self.cleaned_data.get("back", "0")
        if back == "all":
            return ALL
        return now - timedelta(days=int(back)) if back != "0" else None


class DisconnectForm(forms.Form):
    """Keeps the history unless somebody types the account's name to have it forgotten."""

    history = forms.ChoiceField(label=_("What was said"), initial="keep", widget=forms.RadioSelect)
    name = forms.CharField(
        label=_("Type the account's name to have everything forgotten"), required=False, max_length=200
    )

    def __init__(self, data: Any, *, connection: Connection, role: Role) -> None:
        super().__init__(data)
        self.connection = connection
        choices = [("keep", _("Keep it as history: it stays readable, nothing new comes"))]
        if role.may(Rank.OWNER):
            choices.append(("forget", _("Forget it: all conversations of these channels are deleted for good")))
        else:
            del self.fields["name"]
        self.fields["history"].choices = choices  # type: ignore[attr-defined]

    @property
    def forgets(self) -> bool:
        return bool(self.cleaned_data["history"] == "forget")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("history") == "forget" and data.get("name", "").strip() != self.connection.name.strip():
            self.add_error("name", _("This is not the name. It is shown above."))
        return data
