"""The part of a conversation's page that speaks: the box for an answer, and what is on its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from folkmoot.channels import abilities, access
from folkmoot.channels.abilities import NOTHING, Able
from folkmoot.channels.models import Channel, Connection, Delivery, Stop
from folkmoot.conversations import access as conversations
from folkmoot.conversations.models import Conversation, Message
from folkmoot.web.channels.sent import Row, row
from folkmoot.web.request import Request
from folkmoot.workspaces.models import Role

SHORTLY = timedelta(minutes=10)  # for which what was sent is shown until the network tells of it
REFUSED_SHOWN = timedelta(days=7)
MOST_SHOWN = 50
LONGEST = 100_000


class ReplyForm(forms.Form):
    """An answer; ``key`` makes one that is sent twice go out once."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    answer = forms.IntegerField(required=False, widget=forms.HiddenInput)
    text = forms.CharField(label=gettext_lazy("Your answer"), max_length=LONGEST)

    def __init__(self, data: Any = None, *, most: int | None, answer: int | None = None) -> None:
        super().__init__(data, initial={"key": uuid4(), "answer": answer}, auto_id="reply-%s")
        self.most = most
        counted = {"data-count": "#reply-left", "data-most": most} if most else {}
        self.fields["text"].widget = forms.Textarea({"rows": 4, "class": "form-control", **counted})

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"].strip()
        over = len(text) - self.most if self.most else 0
        if over > 0:
            raise forms.ValidationError(
                ngettext(
                    "This is %(n)s character too long for the network.",
                    "This is %(n)s characters too long for the network.",
                    over,
                )
                % {"n": over}
            )
        return text


@dataclass(frozen=True, slots=True)
class Speaking:
    """What this person may do in a conversation. ``why_not`` says why there is no box, where that is worth saying;
    ``waits`` why an answer would not go out at once."""

    account: Connection | None = None
    able: Able = NOTHING
    form: ReplyForm | None = None
    answered: Message | None = None
    why_not: str = ""
    waits: str = ""
    pending: list[Row] = field(default_factory=list)

    @property
    def acts(self) -> bool:
        """Whether messages can be edited, deleted or moderated."""
        return bool(self.able.edits or self.able.deletes or self.able.verbs)


def speaking(
    request: Request, conversation: Conversation, shown: Sequence[Message], *, form: ReplyForm | None = None
) -> Speaking:
    """For who may not speak, and in a channel that is history, nothing."""
    account = conversation.channel.connection
    if account is None or not request.role.may(access.SPEAKS):
        return Speaking()
    pending = underway(request.role, conversation)
    if not access.may_speak(request.role, account):
        name = account.owner or _("a colleague")
        why = _("This channel is connected by the personal account of %(name)s, who alone can answer here.")
        return Speaking(account, why_not=why % {"name": name}, pending=pending)
    able = abilities.able(conversation.channel)
    if not able.replies:
        why = _("%(network)s takes no answers from here.") % {"network": conversation.channel.network_name}
        return Speaking(account, able, why_not=why, pending=pending)
    wanted = form["answer"].value() if form else request.GET.get("answer", "")
    answered = _answered(request.role, conversation, shown, str(wanted or ""))
    made = form or ReplyForm(most=able.limits.text, answer=answered.pk if answered else None)
    return Speaking(account, able, made, answered, waits=waits(conversation.channel), pending=pending)


def _answered(role: Role, conversation: Conversation, shown: Sequence[Message], wanted: str) -> Message | None:
    """The message that was chosen, else the latest of somebody else, else the latest."""
    if wanted.isdecimal():
        chosen = conversations.messages(role).filter(conversation=conversation, pk=int(wanted))
        if found := chosen.select_related("author__member").first():
            return found
    there = [message for message in shown if not message.deleted_at]
    theirs = [message for message in there if not (message.ours or message.author.member.ours)]
    candidates = theirs or there
    return candidates[-1] if candidates else None


def waits(channel: Channel) -> str:
    """Why what is ordered now would not go out at once."""
    account = channel.connection
    if Stop.objects.filter(Q(channel=channel) | Q(channel=None), workspace=channel.workspace_id).exists():
        return _("Sending is stopped: your answer waits until it is let out again.")
    if account and account.state == Connection.State.BROKEN:
        return _("The account must be connected again: your answer waits until then.")
    if account and account.state == Connection.State.PAUSED:
        return _("The account is paused: your answer waits until it goes on.")
    return ""


def underway(role: Role, conversation: Conversation) -> list[Row]:
    """What is on its way into this conversation, oldest first: what is sent shows until the network tells of it."""
    now = timezone.now()
    states = Delivery.State
    still = Q(state__in=[states.READY, states.SENDING, states.UNSURE])
    refused = Q(state=states.REFUSED, ended_at__gt=now - REFUSED_SHOWN)
    told = Message.objects.filter(channel=OuterRef("channel"), remote_id=OuterRef("remote_id"))
    untold = Q(state=states.SENT, act=Delivery.Act.REPLY, ended_at__gt=now - SHORTLY) & ~Exists(told)
    rows = (
        access.deliveries(role)
        .filter(still | refused | untold, channel=conversation.channel_id, about__startswith="message:")
        .select_related("channel", "connection", "ordered_by")
        .order_by("-pk")[: MOST_SHOWN * 4]
    )
    numbers = {delivery.pk: _number(delivery.about) for delivery in rows}
    here = set(
        Message.objects.filter(conversation=conversation, pk__in=set(numbers.values())).values_list("pk", flat=True)
    )
    found = [delivery for delivery in rows if numbers[delivery.pk] in here][:MOST_SHOWN]
    return [row(role, delivery, now) for delivery in reversed(found)]


def _number(about: str) -> int:
    number = about.partition(":")[2]
    return int(number) if number.isdecimal() else 0


def until(choice: str, now: datetime) -> datetime | None:
    """When a mute or a ban ends; None for one that lasts."""
    seconds = int(choice) if choice.isdecimal() else 0
    return now + timedelta(seconds=seconds) if seconds else None
