"""What is written into rooms, and what is done to people in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from folkmoot.networks.acts import Media, Moderation, Publication, Reply, Verb
from folkmoot.networks.errors import Refused
from folkmoot.networks.matrix.client import Client
from folkmoot.networks.matrix.rooms import Levels
from folkmoot.networks.payload import attachment_kind, mapping, text

# Under this name every message of ours carries the key of the act it was made by.
KEY = "org.folkmoot.key"
VERBS: frozenset[Verb] = frozenset(("pin", "unpin", "mute", "unmute", "kick", "ban", "unban"))
_TYPES = {"image": "m.image", "video": "m.video", "audio": "m.audio", "file": "m.file"}


def written(said: str, *, media: Media | None = None, uri: str = "") -> dict[str, Any]:
    """The content of a message; with a file, the words are its caption."""
    if media is None:
        return {"msgtype": "m.text", "body": said}
    kind = _TYPES[attachment_kind(media.mime, media.name)]
    info = {"mimetype": media.mime, "size": len(media.data)}
    return {"msgtype": kind, "body": said or media.alt or media.name, "filename": media.name, "url": uri, "info": info}


def answering(act: Reply) -> dict[str, Any]:
    """What makes a message an answer. In a thread, clients that know none are shown what it follows."""
    relation: dict[str, Any] = {}
    if act.thread:
        relation = {"rel_type": "m.thread", "event_id": act.thread, "is_falling_back": act.parent in ("", act.thread)}
    if act.parent or act.thread:
        relation["m.in_reply_to"] = {"event_id": act.parent or act.thread}
    content: dict[str, Any] = {"m.relates_to": relation} if relation else {}
    return content | ({"m.mentions": {"user_ids": [act.person]}} if act.person else {})


def titled(act: Publication) -> str:
    return f"{act.title}\n\n{act.text}".strip() if act.title else act.text


def edited(content: Mapping[str, Any], said: str) -> dict[str, Any]:
    """The content of an edit of a message, whose files stay."""
    kept = {name: content[name] for name in ("msgtype", "url", "filename", "info") if name in content}
    shown = {"msgtype": "m.text"} | kept | {"body": said}
    return {**shown, "body": f"* {said}", "m.new_content": shown}


def moderate(client: Client, act: Moderation) -> None:
    """Does it, unless it is so already."""
    if act.verb not in _DOING:
        raise Refused(f"Matrix knows no “{act.verb}”.")
    _DOING[act.verb](client, act)


def membership(client: Client, room: str, person: str) -> str:
    return text(client.state(room, "m.room.member", person).get("membership"))


def _pin(client: Client, act: Moderation) -> None:
    room = act.place.remote_id
    known = client.state(room, "m.room.pinned_events").get("pinned")
    pinned = [one for one in known if isinstance(one, str)] if isinstance(known, list) else []
    if (act.message in pinned) == (act.verb == "pin"):
        return
    wanted = [*pinned, act.message] if act.verb == "pin" else [one for one in pinned if one != act.message]
    client.in_room(room, "state", "m.room.pinned_events", "", method="PUT", json={"pinned": wanted})


def _mute(client: Client, act: Moderation) -> None:
    """Whoever has less power than messages need can't write. The whole list is replaced: there is no other way."""
    room = act.place.remote_id
    content = client.state(room, "m.room.power_levels")
    levels, users = Levels(content), dict(mapping(content.get("users")))
    needed = levels.needed("m.room.message")
    may = levels.of(act.person) >= needed
    if may == (act.verb == "unmute"):
        return
    users.pop(act.person, None)
    if act.verb == "mute":
        users[act.person] = needed - 1
    elif Levels({**content, "users": users}).of(act.person) < needed:
        users[act.person] = needed
    changed = {**content, "users": users}
    client.in_room(room, "state", "m.room.power_levels", "", method="PUT", json=changed)


def _put_out(client: Client, act: Moderation) -> None:
    now = membership(client, act.place.remote_id, act.person)
    done = {"kick": now in ("leave", "ban", ""), "ban": now == "ban", "unban": now != "ban"}
    if done[act.verb]:
        return
    asked = {"user_id": act.person} | ({"reason": act.reason} if act.reason else {})
    client.in_room(act.place.remote_id, act.verb, json=asked)


_DOING: Mapping[str, Callable[[Client, Moderation], None]] = {
    "pin": _pin, "unpin": _pin, "mute": _mute, "unmute": _mute, "kick": _put_out, "ban": _put_out, "unban": _put_out,
}  # fmt: skip
