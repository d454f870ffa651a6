"""One object of a Slack export in, what it means out. Its message objects: https://docs.slack.dev/reference/events/message"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any

from folkmoot.networks.base import Attachment, Person, Place, Reaction, Seen, SeenMessage, SeenMove, Skipped
from folkmoot.networks.payload import Dates, Unfit, attachment_kind, count, mapping, mappings, text, web_address

_JOINS = {"channel_join", "group_join", "mpim_join"}
_LEAVES = {"channel_leave", "group_leave", "mpim_leave"}
_SAID = {"", "me_message", "file_share", "thread_broadcast", "reply_broadcast", "bot_message", "slackbot_response"}
_MARK = re.compile(r"<([^<>\n]+)>")


@dataclass(frozen=True, slots=True)
class Names:
    """People by id; places by id and by the name of their folder."""

    people: Mapping[str, Person]
    places: Mapping[str, Place]


def parse_person(user: Mapping[str, Any]) -> Person | None:
    ident = text(user.get("id"))
    if not ident:
        return None
    profile, handle = mapping(user.get("profile")), text(user.get("name"))
    name = (
        text(profile.get("display_name"))
        or text(user.get("real_name"))
        or text(profile.get("real_name"))
        or handle
        or ident
    )
    bot = user.get("is_bot") is True or ident == "USLACKBOT"
    return Person(ident, name, handle, bot, web_address(profile.get("image_72")))


def parse_channel(channel: Mapping[str, Any], people: Mapping[str, Person], *, direct: bool = False) -> Place | None:
    ident = text(channel.get("id"))
    if not ident:
        return None
    if not direct:
        return Place(ident, text(channel.get("name")) or ident)
    members = channel.get("members")
    known = [people[member].name for member in members if member in people] if isinstance(members, list) else []
    return Place(ident, ", ".join(known) or text(channel.get("name")) or ident, "direct")


def parse_message(message: Mapping[str, Any], place: Place, names: Names, dates: Dates) -> Seen | Skipped:
    """A message, a join or leave, or why it is neither."""
    try:
        return _parse(message, place, names, dates)
    except Unfit as unfit:
        return Skipped(unfit.reason)


def plain(marked: str, names: Names) -> str:
    """Slack's mrkdwn references and escapes as a person would write them; bold and code stay as typed."""
    if "<" in marked:
        marked = _MARK.sub(lambda found: _reference(found[1], names), marked)
    return unescape(marked) if "&" in marked else marked


def _parse(message: Mapping[str, Any], place: Place, names: Names, dates: Dates) -> Seen | Skipped:
    subtype, ts = text(message.get("subtype")), text(message.get("ts"))
    if not message:
        raise Unfit("not a message")
    if subtype == "tombstone":
        raise Unfit("deleted message")
    if text(message.get("type")) not in ("message", "") or subtype not in _SAID | _JOINS | _LEAVES:
        raise Unfit("service message")
    if not ts:
        raise Unfit("no date")
    at, author = dates.unix(ts), _author(message, names)
    if subtype in _JOINS | _LEAVES:
        return SeenMove(ts, at, author, "join" if subtype in _JOINS else "leave")
    thread = text(message.get("thread_ts")) or None
    parent = thread if thread != ts else None
    edited = text(mapping(message.get("edited")).get("ts"))
    return SeenMessage(
        remote_id=ts,
        at=at,
        author=author,
        text=_text(message, names),
        kind="direct" if place.kind == "direct" else "reply" if parent else None,
        thread=thread,
        parent=parent,
        edited_at=dates.unix(edited) if edited else None,
        url=web_address(message.get("permalink")),
        attachments=tuple(_attachment(file) for file in mappings(message.get("files")) if _kept(file)),
        reactions=tuple(_reaction(reaction, names) for reaction in mappings(message.get("reactions"))),
        raw=message,
    )


def _author(message: Mapping[str, Any], names: Names) -> Person:
    user, bot = text(message.get("user")), text(message.get("bot_id"))
    if user in names.people:
        return names.people[user]
    if user:
        profile = mapping(message.get("user_profile"))
        handle = text(profile.get("name"))
        name = text(profile.get("display_name")) or text(profile.get("real_name")) or handle
        return Person(user, name, handle, bool(bot) or user == "USLACKBOT")
    name = text(message.get("username")) or text(mapping(message.get("bot_profile")).get("name"))
    if bot or name:
        return Person(bot or name, name or bot, bot=True)
    raise Unfit("no author")


def _text(message: Mapping[str, Any], names: Names) -> str:
    written = text(message.get("text"))
    if not written:
        pieces = [_attached_text(item) for item in mappings(message.get("attachments"))]
        pieces += [
            text(mapping(block.get("text")).get("text") or block.get("text"))
            for block in mappings(message.get("blocks"))
        ]
        written = "\n".join(piece for piece in pieces if piece)
    return plain(written, names)


def _attached_text(item: Mapping[str, Any]) -> str:
    lines = [text(item.get(key)) for key in ("pretext", "title", "text")]
    return "\n".join(line for line in lines if line) or text(item.get("fallback"))


def _reference(inside: str, names: Names) -> str:
    target, _, label = inside.partition("|")
    mark, ident = target[:1], target[1:]
    if mark == "@":
        known = names.people.get(ident)
        return "@" + (known.name if known else label.removeprefix("@") or ident)
    if mark == "#":
        place = names.places.get(ident)
        return "#" + (label or (place.name if place else ident))
    if mark == "!":
        return label or "@" + ident.split("^")[0]
    address = target.removeprefix("mailto:").removeprefix("tel:")
    return address if not label or label in (target, address) else f"{label} ({address})"


def _kept(file: Mapping[str, Any]) -> bool:
    return text(file.get("mode")) not in ("tombstone", "hidden_by_limit")


def _attachment(file: Mapping[str, Any]) -> Attachment:
    name, mime = text(file.get("name")) or text(file.get("title")), text(file.get("mimetype"))
    address = web_address(file.get("permalink")) or web_address(file.get("url_private"))
    return Attachment(attachment_kind(mime, name), address, name, mime, count(file.get("size")))


def _reaction(reaction: Mapping[str, Any], names: Names) -> Reaction:
    users = reaction.get("users")
    ids = [text(user) for user in users if text(user)] if isinstance(users, list) else []
    people = tuple(names.people.get(ident) or Person(ident) for ident in ids)
    return Reaction(f":{text(reaction.get('name'))}:", max(count(reaction.get("count")) or 0, len(people)), people)
