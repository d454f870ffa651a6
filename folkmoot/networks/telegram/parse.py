"""One object of a Telegram Desktop export in, what it means out. Its fields: https://core.telegram.org/import-export"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from folkmoot.networks.base import (
    Attachment,
    AttachmentKind,
    MessageKind,
    Person,
    Place,
    PlaceKind,
    Reaction,
    Seen,
    SeenMessage,
    SeenMove,
    Skipped,
)
from folkmoot.networks.payload import Dates, Unfit, attachment_kind, count, mapping, mappings, text

# Ids of people, groups and channels are counted apart, so they carry what they are, as in the export's own from_id.
_CHATS: dict[str, tuple[str, PlaceKind]] = {
    "personal_chat": ("user", "direct"),
    "bot_chat": ("user", "direct"),
    "saved_messages": ("user", "direct"),
    "private_group": ("chat", "chat"),
    "private_channel": ("channel", "page"),
    "public_channel": ("channel", "page"),
}
_OTHER_CHAT: tuple[str, PlaceKind] = ("channel", "chat")
_KINDS: dict[PlaceKind, MessageKind] = {"page": "post", "direct": "direct"}
_MEDIA: dict[str, AttachmentKind] = {
    "sticker": "sticker",
    "video_file": "video",
    "video_message": "video",
    "animation": "video",
    "voice_message": "audio",
    "audio_file": "audio",
}
_ACTOR_JOINS = {"join_group_by_link", "join_group_by_request"}
_MEMBERS_MOVE = {"invite_members", "remove_members"}


def parse_chat(header: Mapping[str, Any], fallback: str) -> Place:
    """The place that a chat's name, type and id make; ``fallback`` is its name where the export gives none."""
    kind = text(header.get("type"))
    prefix, place_kind = _CHATS.get(kind, _OTHER_CHAT)
    name = text(header.get("name")) or ("Saved messages" if kind == "saved_messages" else fallback)
    ident = text(header.get("id"))
    return Place(f"{prefix}{ident}" if ident else f"name:{name}", name, place_kind)


def parse_message(message: Mapping[str, Any], place: Place, dates: Dates) -> Iterator[Seen | Skipped]:
    """A message, the moves a service message tells of, or why it is neither."""
    try:
        if not text(message.get("id")):
            raise Unfit("no id")
        kind = text(message.get("type"))
        if kind == "service":
            yield from _moves(message, dates)
        elif kind in ("message", ""):
            yield _message(message, place, dates)
        else:
            raise Unfit("unsupported message")
    except Unfit as unfit:
        yield Skipped(unfit.reason)


def parse_post(post: Mapping[str, Any], dates: Dates) -> tuple[Place | None, SeenMessage | Skipped]:
    """A post of a channel saved as one JSON object per post; the channel itself is who speaks."""
    sender, ident, name = text(post.get("sender_id")), text(post.get("message_id")), text(post.get("channel"))
    if not sender and not name:
        return None, Skipped("no author")
    # The Bot API's number of a channel is its id behind "-100".
    channel = "channel" + (sender.removeprefix("-100") if sender.startswith("-100") else sender)
    place = Place(channel if sender else f"name:{name}", name or channel, "page")
    try:
        if not ident:
            raise Unfit("no id")
        at = dates.iso(post.get("date"))
    except Unfit as unfit:
        return place, Skipped(unfit.reason)
    author = Person(place.remote_id, place.name)
    return place, SeenMessage(ident, at, author, text(post.get("text")), kind="post", thread=ident, raw=post)


def plain(value: object) -> str:
    """Telegram's text: a string, or strings and entities in a list."""
    if not isinstance(value, list):
        return text(value)
    return "".join([_entity(part) if isinstance(part, dict) else text(part) for part in value])


def _entity(entity: Mapping[str, Any]) -> str:
    shown = text(entity.get("text"))
    link = text(entity["href"]) if "href" in entity else ""
    return f"{shown} ({link})" if link and link != shown else shown


def _at(payload: Mapping[str, Any], dates: Dates, key: str = "date") -> datetime:
    seconds = payload.get(f"{key}_unixtime")
    return dates.unix(seconds) if seconds else dates.iso(payload.get(key))


def _person(payload: Mapping[str, Any], key: str) -> Person:
    """Who is named under ``key``: by id where there is one, also of a deleted account, else by exact name."""
    ident, name = text(payload.get(f"{key}_id")), text(payload.get(key))
    if ident:
        return Person(f"user{ident}" if ident.isdigit() else ident, name)
    return _by_name(name)


def _by_name(name: str) -> Person:
    if not name:
        raise Unfit("no author")
    return Person(f"name:{name}", name)


def _message(message: Mapping[str, Any], place: Place, dates: Dates) -> SeenMessage:
    at = _at(message, dates)
    if place.kind == "page" and not message.get("from") and not message.get("from_id"):
        author = Person(place.remote_id, place.name)
    else:
        author = _person(message, "from")
    ident = text(message.get("id"))
    answered = "" if message.get("reply_to_peer_id") else text(message.get("reply_to_message_id"))
    return SeenMessage(
        remote_id=ident,
        at=at,
        author=author,
        text=_text(message),
        kind=_KINDS.get(place.kind),
        thread=ident if place.kind == "page" else None,
        parent=answered or None,
        edited_at=_at(message, dates, "edited") if message.get("edited") else None,
        attachments=tuple(_attachments(message)),
        reactions=tuple(_reaction(reaction) for reaction in mappings(message.get("reactions"))),
        raw=message,
    )


def _text(message: Mapping[str, Any]) -> str:
    written = plain(message.get("text")) or plain(message.get("text_entities"))
    if written:
        return written
    poll = mapping(message.get("poll"))
    lines = [plain(poll.get("question"))] + [
        f"• {plain(answer.get('text'))}" for answer in mappings(poll.get("answers"))
    ]
    lines += [text(message.get(key)) for key in ("place_name", "address", "game_title")]
    return "\n".join(line for line in lines if line)


def _attachments(message: Mapping[str, Any]) -> Iterator[Attachment]:
    """Files lie in the export's own folders, so they have a name and no address."""
    if "photo" in message and (photo := text(message["photo"])):
        yield Attachment("image", "", _base(photo), "", count(message.get("photo_file_size")))
    if "file" in message and (file := text(message["file"])):
        mime, media = text(message.get("mime_type")), text(message.get("media_type"))
        name = text(message.get("sticker_emoji")) or text(message.get("file_name")) or _base(file)
        kind = _MEDIA.get(media) or attachment_kind(mime, name)
        yield Attachment(kind, "", name, mime, count(message.get("file_size")))


def _base(path: str) -> str:
    # "(File not included. Change data exporting settings to download.)" stands where no file was saved.
    return "" if path.startswith("(") else path.rsplit("/", 1)[-1]


def _reaction(reaction: Mapping[str, Any]) -> Reaction:
    kind = text(reaction.get("type"))
    value = text(reaction.get("emoji")) or ("⭐" if kind == "paid" else text(reaction.get("document_id")) or kind)
    recent = [item for item in mappings(reaction.get("recent")) if item.get("from_id") or item.get("from")]
    people = tuple(dict.fromkeys(_person(item, "from") for item in recent))
    return Reaction(value, max(count(reaction.get("count")) or 0, len(people)), people)


def _moves(message: Mapping[str, Any], dates: Dates) -> Iterator[Seen | Skipped]:
    action, ident = text(message.get("action")), text(message.get("id"))
    if action in _ACTOR_JOINS:
        yield SeenMove(ident, _at(message, dates), _person(message, "actor"), "join")
        return
    if action not in _MEMBERS_MOVE:
        raise Unfit("service message")
    at, members, actor = _at(message, dates), message.get("members"), text(message.get("actor"))
    for index, member in enumerate(members if isinstance(members, list) else []):
        name = text(member)
        if not name:
            yield Skipped("no author")
            continue
        # Who adds or removes themselves is the actor, whose id is known.
        person = _person(message, "actor") if name == actor else _by_name(name)
        yield SeenMove(f"{ident}:{index}", at, person, "join" if action == "invite_members" else "leave")
