"""Acts as rows: what a delivery holds, and the act that its connector is given."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from folkmoot.channels.models import Delivery, Enclosure
from folkmoot.networks.acts import Act, Deletion, Edit, Invitation, Media, Moderation, Publication, Reply
from folkmoot.networks.base import Place

NAMES: dict[type[Act], Delivery.Act] = {
    Reply: Delivery.Act.REPLY,
    Publication: Delivery.Act.PUBLISH,
    Edit: Delivery.Act.EDIT,
    Deletion: Delivery.Act.DELETE,
    Moderation: Delivery.Act.MODERATE,
    Invitation: Delivery.Act.INVITE,
}
FIELDS = {
    Reply: ("thread", "parent", "text", "person", "title"),
    Publication: ("text", "title", "options"),
    Edit: ("remote_id", "text", "title"),
    Deletion: ("remote_id", "reason"),
    Moderation: ("verb", "message", "person", "reason"),
    Invitation: ("person", "text"),
}
CLASSES = {name: kind for kind, name in NAMES.items()}
WITH_MEDIA = (Reply, Publication)


def written(act: Act) -> dict[str, Any]:
    """The act as JSON, without its place and its files."""
    payload = {name: getattr(act, name) for name in FIELDS[type(act)]}
    if isinstance(act, Publication):
        payload["options"] = dict(act.options)
    if isinstance(act, Moderation):
        payload["until"] = act.until.isoformat() if act.until else None
    return payload


def read(delivery: Delivery, place: Place, enclosures: Sequence[Enclosure] = ()) -> Act:
    """The act that a row holds."""
    kind = CLASSES[Delivery.Act(delivery.act)]
    fields = {name: delivery.payload[name] for name in FIELDS[kind]}
    if kind is Moderation and (until := delivery.payload.get("until")):
        fields["until"] = datetime.fromisoformat(until)
    if kind in WITH_MEDIA:
        fields["media"] = tuple(Media(one.name, one.mime, bytes(one.data), one.alt) for one in enclosures)
    return kind(place, **fields)


def media(act: Act) -> tuple[Media, ...]:
    return act.media if isinstance(act, Reply | Publication) else ()


def lane(act: Act) -> str:
    """What must go out in the order in which it was ordered: what concerns one conversation, message or person.

    Posts of our own wait for nothing but each other.
    """
    match act:
        case Reply():
            return f"thread:{act.thread}"
        case Publication():
            return "posts"
        case Edit() | Deletion():
            return f"message:{act.remote_id}"
        case Moderation():
            return f"person:{act.person}" if act.person else f"message:{act.message}"
        case Invitation():
            return f"person:{act.person}"
