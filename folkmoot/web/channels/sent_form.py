from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from folkmoot.channels import access
from folkmoot.channels.models import Connection, Delivery
from folkmoot.web.widgets import Select
from folkmoot.workspaces.models import Role, User

OPEN = "open"
PERSON = "person"


class SentForm(forms.Form):
    """Narrows the list of what went out; what can't be understood is left out."""

    state = forms.ChoiceField(label=_("State"), required=False, widget=Select)
    channel = forms.TypedChoiceField(label=_("Channel"), required=False, coerce=int, empty_value=None, widget=Select)
    account = forms.TypedChoiceField(label=_("Account"), required=False, coerce=int, empty_value=None, widget=Select)
    act = forms.ChoiceField(label=_("Act"), required=False, widget=Select)
    who = forms.TypedChoiceField(label=_("By"), required=False, coerce=int, empty_value=None, widget=Select)

    def __init__(self, data: Any, *, role: Role) -> None:
        super().__init__(data, auto_id="filter-%s")
        channels = access.channels(role).exclude(connection=None) | access.channels(role).filter(
            pk__in=access.deliveries(role).values("channel")
        )
        accounts = Connection.objects.filter(pk__in=access.deliveries(role).values("connection"))
        people = User.objects.filter(pk__in=access.deliveries(role).values("ordered_by"))
        states = [(PERSON, _("Needs a person")), (OPEN, _("Not yet sent")), *Delivery.State.choices]
        self._offer("state", _("All states"), states)
        self._offer("channel", _("All channels"), list(channels.distinct().order_by("name").values_list("pk", "name")))
        self._offer("account", _("All accounts"), list(accounts.order_by("name").values_list("pk", "name")))
        self._offer("act", _("All acts"), list(Delivery.Act.choices))
        self._offer("who", _("Everybody"), [(user.pk, str(user)) for user in people.order_by("name", "email")])

    def _offer(self, name: str, nothing: Any, choices: list[tuple[Any, Any]]) -> None:
        self.fields[name].choices = [("", nothing), *choices]  # type: ignore[attr-defined]

    def chosen(self) -> dict[str, str]:
        """The filters in use, as they stand in an address."""
        self.is_valid()
        return {name: str(value) for name, value in self.cleaned_data.items() if value not in (None, "")}

    def narrowed(self, rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
        self.is_valid()
        data = self.cleaned_data
        state = data.get("state") or ""
        if state == PERSON:
            rows = rows.filter(state=Delivery.State.UNSURE, puzzled=True)
        elif state == OPEN:
            rows = rows.filter(state__in=[Delivery.State.READY, Delivery.State.SENDING, Delivery.State.UNSURE])
        elif state:
            rows = rows.filter(state=state)
        if data.get("act"):
            rows = rows.filter(act=data["act"])
        named = {"channel": data.get("channel"), "connection": data.get("account"), "ordered_by": data.get("who")}
        return rows.filter(**{name: value for name, value in named.items() if value})
