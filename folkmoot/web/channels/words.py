"""Deliveries in words: what is done, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from folkmoot.channels.models import Delivery
from folkmoot.networks.acts import Verb

VERBS: dict[Verb, Any] = {
    "hide": gettext_lazy("Hide"),
    "unhide": gettext_lazy("Show again"),
    "approve": gettext_lazy("Approve"),
    "spam": gettext_lazy("Mark as spam"),
    "lock": gettext_lazy("Close to comments"),
    "unlock": gettext_lazy("Open to comments"),
    "pin": gettext_lazy("Pin"),
    "unpin": gettext_lazy("Unpin"),
    "mute": gettext_lazy("Mute"),
    "unmute": gettext_lazy("Unmute"),
    "kick": gettext_lazy("Remove from the place"),
    "ban": gettext_lazy("Ban"),
    "unban": gettext_lazy("Lift the ban"),
}


@dataclass(frozen=True, slots=True)
class State:
    """How far a delivery is: a short word in a colour, what it means, and what to do, where there is something."""

    word: str
    tone: str
    meaning: str = ""
    todo: str = ""


def act(delivery: Delivery) -> str:
    """What is done, as a title."""
    if delivery.act == Delivery.Act.MODERATE:
        verb = delivery.payload.get("verb", "")
        return str(VERBS.get(verb, verb))
    return {
        Delivery.Act.REPLY: _("Reply"),
        Delivery.Act.PUBLISH: _("Post"),
        Delivery.Act.EDIT: _("Edit"),
        Delivery.Act.DELETE: _("Deletion"),
        Delivery.Act.INVITE: _("Invitation"),
    }[Delivery.Act(delivery.act)]


def text(delivery: Delivery) -> str:
    """The words that go out, or why something is done."""
    payload = delivery.payload
    return str(payload.get("text") or payload.get("title") or payload.get("reason") or "")


def state(delivery: Delivery, now: datetime) -> State:
    made = {
        Delivery.State.SENT: State(_("Sent"), "good"),
        Delivery.State.SENDING: State(_("Being sent"), "info"),
        Delivery.State.CANCELLED: State(_("Cancelled"), "", _("It was not sent, and won't be.")),
        Delivery.State.REFUSED: State(
            _("Refused"), "bad", _("The network did not take it."), _("Mend what it says, then try again.")
        ),
    }.get(Delivery.State(delivery.state))
    if made:
        return made
    if delivery.state == Delivery.State.READY:
        return _ready(delivery, now)
    if delivery.puzzled:
        return State(
            _("Needs you"),
            "bad",
            _("Nobody knows whether it arrived: the network did not answer, and can't be asked."),
            _("Look at the place, then say what is so."),
        )
    if delivery.handle:
        return State(_("At the network"), "info", _("The network took it and is still working at it."))
    return State(_("Unsure"), "warn", _("No answer came. The network is being asked whether it arrived."))


def _ready(delivery: Delivery, now: datetime) -> State:
    if delivery.attempts:
        return State(_("Tried again soon"), "warn", _("It could not be sent; it is tried again by itself."))
    if delivery.next_try_at > now:
        return State(_("Waits"), "", _("It is sent at the time given."))
    return State(_("Ready"), "info", _("It is sent next."))
