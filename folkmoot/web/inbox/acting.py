"""What can be done to a message, and to who wrote it: edited, deleted, moderated, each on a page of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages as flash
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from folkmoot.channels import abilities
from folkmoot.channels import access as channels
from folkmoot.channels.abilities import Able
from folkmoot.channels.actions import UnableTo
from folkmoot.channels.models import Channel
from folkmoot.channels.outbox import actions
from folkmoot.conversations import access
from folkmoot.conversations.models import Message
from folkmoot.networks.acts import TO_PEOPLE, Act, Deletion, Edit, Moderation, Verb
from folkmoot.web.channels.words import VERBS
from folkmoot.web.inbox.speaking import LONGEST, until, waits
from folkmoot.web.request import Request, in_workspace

FOR_A_TIME = ("mute", "ban")
STRONG = ("ban", "kick", "mute", "spam", "hide")


class EditForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("The message"),
        max_length=LONGEST,
        widget=forms.Textarea({"rows": 6, "class": "form-control"}),
    )

    def __init__(self, data: Any = None, *, most: int | None, text: str = "") -> None:
        super().__init__(data, initial={"text": text})
        self.most = most

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"].strip()
        if self.most and len(text) > self.most:
            raise forms.ValidationError(_("The network takes at most %(n)s characters.") % {"n": self.most})
        return text


class WhyForm(forms.Form):
    """Why, and for how long, something is done to somebody."""

    reason = forms.CharField(
        label=gettext_lazy("Why"),
        required=False,
        max_length=300,
        help_text=gettext_lazy("Kept in the history; some networks show it to the person."),
    )
    lasts = forms.ChoiceField(
        label=gettext_lazy("For how long"),
        required=False,
        choices=[
            ("", gettext_lazy("For good")),
            ("3600", gettext_lazy("An hour")),
            ("86400", gettext_lazy("A day")),
            ("604800", gettext_lazy("A week")),
            ("2592000", gettext_lazy("30 days")),
        ],
    )

    def __init__(self, data: Any = None, *, timed: bool) -> None:
        super().__init__(data, auto_id="why-%s")
        if not timed:
            del self.fields["lasts"]


@dataclass(frozen=True, slots=True)
class Offer:
    """A button: what is done, and what is asked before."""

    verb: Verb
    label: Any
    sure: str
    strong: bool


def offers(verbs: Iterable[Verb], name: str) -> list[Offer]:
    """In the order of ``VERBS``."""
    asked = set(verbs)
    return [
        Offer(verb, label, _("%(act)s: %(name)s?") % {"act": label, "name": name}, verb in STRONG)
        for verb, label in VERBS.items()
        if verb in asked
    ]


@require_http_methods(["GET", "POST"])
@in_workspace(channels.SPEAKS)
def message(request: Request, pk: int) -> HttpResponseBase:
    found = (
        access.messages(request.role)
        .select_related("author__member", "channel__connection", "conversation")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise Http404
    able = allowed(request, found.channel)
    ours = found.ours
    guarded = ours or found.author.member.ours
    edit = EditForm(most=able.limits.text, text=found.text)
    why = WhyForm(timed=bool(able.verbs & set(FOR_A_TIME)))
    if request.method == "POST":
        posted = request.POST.get("do", "")
        if posted == "edit":
            edit = EditForm(request.POST, most=able.limits.text)
        else:
            why = WhyForm(request.POST, timed=bool(able.verbs & set(FOR_A_TIME)))
        form = edit if posted == "edit" else why
        if form.is_valid():
            act = _act(found, able, posted, form.cleaned_data)
            if act is None:
                raise PermissionDenied
            if order(request, found.channel, act, f"message:{found.pk}", form):
                return redirect(_back(request, found))
    context = {
        "title": _("Act on a message"),
        "crumbs": [
            (found.conversation.title or found.conversation.opening or _("Conversation"), _back(request, found))
        ],
        "message": found,
        "account": found.channel.connection,
        "edit": edit if able.edits and ours and not found.deleted_at else None,
        "deletes": able.deletes and not found.deleted_at,
        "ours": ours,
        "offers": offers(able.verbs - TO_PEOPLE, found.author.member.name),
        "person_offers": [] if guarded else offers(able.verbs & TO_PEOPLE, found.author.member.name),
        "why": why,
        "waits": waits(found.channel),
    }
    return render(request, "inbox/act.html", context, status=422 if edit.errors or why.errors else 200)


def _act(found: Message, able: Able, posted: str, data: dict[str, Any]) -> Act | None:
    """None for what can't be done to this message from here."""
    place = found.channel.place
    if posted == "edit":
        return Edit(place, found.remote_id, data["text"]) if able.edits and found.ours else None
    reason = data.get("reason", "")
    if posted == "delete":
        return Deletion(place, found.remote_id, reason) if able.deletes else None
    verb = next((verb for verb in able.verbs if verb == posted), None)
    if verb is None:
        return None
    if verb not in TO_PEOPLE:
        return Moderation(place, verb, message=found.remote_id, reason=reason)
    if found.ours or found.author.member.ours:
        return None  # nobody of ours is silenced by mistake
    return person_act(found.channel, verb, found.author.remote_id, data, message=found.remote_id)


def person_act(channel: Channel, verb: Verb, person: str, data: dict[str, Any], *, message: str = "") -> Moderation:
    lasts = until(data.get("lasts", ""), timezone.now()) if verb in FOR_A_TIME else None
    return Moderation(channel.place, verb, message=message, person=person, until=lasts, reason=data.get("reason", ""))


def allowed(request: Request, channel: Channel) -> Able:
    """Raises ``PermissionDenied`` where this person may not speak, ``Http404`` where nobody can."""
    if channel.connection is None:
        raise Http404
    if not channels.may_speak(request.role, channel.connection):
        raise PermissionDenied
    return abilities.able(channel)


def order(request: Request, channel: Channel, act: Act, about: str, form: forms.Form) -> bool:
    try:
        actions.order(channel, act, by=request.user, about=about)
    except UnableTo as error:
        form.add_error(None, str(error))
        return False
    flash.success(request, waits(channel) or _("It is on its way; how it goes is shown under Sent."))
    return True


def _back(request: Request, found: Message) -> str:
    there = reverse("conversation", args=[request.workspace.slug, found.conversation_id])
    return f"{there}?m={found.pk}#m{found.pk}"
