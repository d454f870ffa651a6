"""What moderators do in a room (XEP-0045, 0425)."""

from __future__ import annotations

from folkmoot.networks.acts import Deletion, Invitation, Moderation, Verb
from folkmoot.networks.errors import Refused
from folkmoot.networks.xmpp.link import Link, Rejected
from folkmoot.networks.xmpp.live_parse import FASTEN, HIDDEN, MODERATE, OLD_RETRACT, RETRACT, ROOM_USER, Room
from folkmoot.networks.xmpp.stanzas import Element, tag

ADMIN = "http://jabber.org/protocol/muc#admin"
VERBS: frozenset[Verb] = frozenset(("mute", "unmute", "kick", "ban", "unban"))
_AFFILIATIONS = {"ban": "outcast", "unban": "none"}
_ROLES = {"kick": "none", "mute": "visitor", "unmute": "participant"}


def moderate(link: Link, room: Room, act: Moderation) -> None:
    if act.verb in _AFFILIATIONS:
        _set(link, act, {"jid": _address(link, room, act), "affiliation": _AFFILIATIONS[act.verb]})
    elif act.verb in _ROLES:
        nick = room.nick_for(act.person)
        if nick and room.there[nick].role != _ROLES[act.verb]:
            _set(link, act, {"nick": nick, "role": _ROLES[act.verb]})
        elif not nick and act.verb != "kick":
            raise Refused("This person is not in the room now; whom it forgets, it can't mute.")
    else:
        raise Refused(f"XMPP knows no “{act.verb}”.")


def _address(link: Link, room: Room, act: Moderation) -> str:
    """The person's own address, which alone a ban can name. Raises ``Refused``."""
    known = room.addresses.get(act.person, "" if act.person.startswith(HIDDEN) else act.person)
    if "@" in known:
        return known
    if act.verb == "ban":
        raise Refused(
            "The room hides who this is, or they left. Make the account an administrator of the room, and ban people while "
            "they are there."
        )
    listed = tag("query", {"xmlns": ADMIN}, tag("item", {"affiliation": "outcast"}))
    answer = link.ask("get", listed, to=act.place.remote_id).child("query")
    banned = [one.get("jid") for one in answer.all("item")] if answer else []
    raise Refused(f"The room hides who this is. Unban by the address; banned are: {', '.join(banned[:8]) or 'nobody'}.")


def retract(link: Link, act: Deletion, manner: str) -> None:
    """Takes back somebody else's message."""
    if not manner:
        raise Refused("The server can't delete messages of others (XEP-0425). Ask its administrator for it.")
    reason = tag("reason", text=act.reason) if act.reason else ""
    if manner == MODERATE:
        order = tag("moderate", {"xmlns": manner, "id": act.remote_id}, tag("retract", {"xmlns": RETRACT}), reason)
    else:
        inside = tag("moderate", {"xmlns": manner}, tag("retract", {"xmlns": OLD_RETRACT}), reason)
        order = tag("apply-to", {"xmlns": FASTEN, "id": act.remote_id}, inside)
    try:
        link.ask("set", order, to=act.place.remote_id)
    except Rejected as error:
        if error.condition != "item-not-found":
            raise


def invite(link: Link, act: Invitation) -> None:
    """The room passes it on; whether the person exists is not told."""
    if "@" not in act.person:
        raise Refused("Invite by the address, such as ann@example.org.")
    asked = tag("invite", {"to": act.person}, tag("reason", text=act.text) if act.text else "")
    link.send(tag("message", {"to": act.place.remote_id, "id": "invite"}, tag("x", {"xmlns": ROOM_USER}, asked)))
    link.ping()
    for stanza in link.hear(0):
        _refused_invitation(stanza)


def _refused_invitation(stanza: Element) -> None:
    if stanza.name == "message" and stanza.get("type") == "error" and stanza.get("id") == "invite":
        raise Refused("The room does not let the account invite. Make it a member, or an administrator.")


def _set(link: Link, act: Moderation, item: dict[str, str]) -> None:
    reason = tag("reason", text=act.reason) if act.reason else ""
    link.ask("set", tag("query", {"xmlns": ADMIN}, tag("item", item, reason)), to=act.place.remote_id)
