"""What the Bot API tells, as network-neutral things seen. Its objects: https://core.telegram.org/bots/api

Ids are those of Telegram's own exports: ``user``, ``chat`` or ``channel`` and a number counted for each apart. The Bot API
writes groups as negative numbers, and supergroups and channels as those below -10^12.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from folkmoot.networks.base import (
    Attachment,
    AttachmentKind,
    Person,
    Place,
    Reaction,
    SeenMessage,
    SeenMove,
    SeenReaction,
)
from folkmoot.networks.errors import Refused
from folkmoot.networks.payload import Dates, Unfit, attachment_kind, count, mapping, mappings, text

_CHANNELS = 10**12
_COUNTED_BY_BOT = "bot:"
_IN = frozenset({"creator", "administrator", "member"})
_FILES: tuple[tuple[str, AttachmentKind], ...] = (
    ("animation", "video"),
    ("video", "video"),
    ("video_note", "video"),
    ("voice", "audio"),
    ("audio", "audio"),
    ("sticker", "sticker"),
)
_SERVICE = frozenset({
    "new_chat_title", "new_chat_photo", "delete_chat_photo", "group_chat_created", "supergroup_chat_created",
    "channel_chat_created", "message_auto_delete_timer_changed", "migrate_to_chat_id", "migrate_from_chat_id",
    "pinned_message", "forum_topic_created", "forum_topic_edited", "forum_topic_closed", "forum_topic_reopened",
    "general_forum_topic_hidden", "general_forum_topic_unhidden", "video_chat_scheduled", "video_chat_started",
    "video_chat_ended", "video_chat_participants_invited", "boost_added", "chat_background_set", "users_shared",
    "chat_shared", "write_access_allowed", "proximity_alert_triggered", "web_app_data", "successful_payment",
    "giveaway_created", "giveaway_completed", "checklist_tasks_done", "checklist_tasks_added",
})  # fmt: skip
JOIN_REQUEST = "join-request"


@dataclass(frozen=True, slots=True)
class Home:
    """Which bot it is seen by."""

    ident: int


def remote_id(number: int) -> str:
    """The lasting id of a chat, out of the Bot API's number."""
    if number >= 0:
        return f"user{number}"
    return f"channel{-number - _CHANNELS}" if -number > _CHANNELS else f"chat{-number}"


def number_of(remote: str) -> int:
    """The Bot API's number of a chat or a person. Raises ``Refused`` for those who are known by name only."""
    for prefix, sign, base in (("user", 1, 0), ("channel", -1, _CHANNELS), ("chat", -1, 0)):
        digits = remote.removeprefix(prefix)
        if digits != remote and digits.isascii() and digits.isdigit():
            return sign * (base + int(digits))
    raise Refused("Telegram gave no number for this; it was imported by name only, and the bot can't reach it")


def said_id(place: str, number: object) -> str:
    """The lasting id of a message; empty without a number.

    In supergroups and channels its number is the same for all. Elsewhere each account counts for itself, so that the
    bot's numbers are marked: an archive, or a group that became a supergroup, has other messages under the same ones.
    """
    digits = text(number)
    return digits if not digits or place.startswith("channel") else f"{_COUNTED_BY_BOT}{digits}"


def said_number(place: str, ident: str) -> int:
    """The Bot API's number of a message. Raises ``Refused`` for those that the bot can't reach."""
    ours = ident.startswith(_COUNTED_BY_BOT)
    digits = ident.removeprefix(_COUNTED_BY_BOT)
    if not (digits.isascii() and digits.isdigit()):
        raise Refused("this is no message that Telegram knows")
    if ours and place.startswith("channel"):
        raise Refused("it was said before the group became a supergroup; Telegram lets no bot reach it there")
    if not ours and not place.startswith("channel"):
        raise Refused("it was imported from an archive, whose numbers the bot can't use in this kind of chat")
    return int(digits)


def parse_chat(chat: Mapping[str, Any]) -> Place:
    """Raises ``Unfit``."""
    number = chat.get("id")
    if not isinstance(number, int):
        raise Unfit("no place")
    ident, kind = remote_id(number), text(chat.get("type"))
    name = text(chat.get("title")) or _name(chat) or ident
    handle = text(chat.get("username"))
    url = f"https://t.me/{handle}" if handle else ""
    return Place(ident, name, "page" if kind == "channel" else "direct" if kind == "private" else "chat", url)


def parse_person(user: Mapping[str, Any]) -> Person:
    """A user, or a chat that speaks in its own name. Raises ``Unfit``."""
    number = user.get("id")
    if not isinstance(number, int):
        raise Unfit("no author")
    name = text(user.get("title")) or _name(user)
    return Person(remote_id(number), name, text(user.get("username")), user.get("is_bot") is True)


def parse_message(message: Mapping[str, Any], home: Home, dates: Dates) -> SeenMessage:
    """Raises ``Unfit``."""
    if _SERVICE & message.keys():
        raise Unfit("service message")
    number, place = count(message.get("message_id")), parse_chat(mapping(message.get("chat")))
    if not number:
        raise Unfit("no id")
    ident = said_id(place.remote_id, number)
    at = dates.unix(message.get("date"))
    words, files = words_of(message), tuple(_attachments(message))
    if not words and not files:
        raise Unfit("unsupported message")
    seen = SeenMessage(
        remote_id=ident,
        at=at,
        author=_author(message),
        text=words,
        edited_at=dates.unix(message["edit_date"]) if message.get("edit_date") else None,
        url=_url(place, number),
        ours=mapping(message.get("from")).get("id") == home.ident,
        attachments=files,
        as_of=at,
        raw=message,
    )
    return _placed(seen, message, place)


def _placed(seen: SeenMessage, message: Mapping[str, Any], place: Place) -> SeenMessage:
    """With its thread: a post of a channel, what is said below one, a topic of a forum; all else is flat talk."""
    answered = mapping(message.get("reply_to_message"))
    parent = said_id(place.remote_id, answered.get("message_id")) or None
    if place.kind != "chat":
        post = place.kind == "page"
        return replace(seen, kind="post" if post else "direct", thread=seen.remote_id if post else None, parent=parent)
    if message.get("is_automatic_forward") is True:
        return replace(seen, kind="post", thread=seen.remote_id)
    if message.get("is_topic_message") is True:
        topic, created = text(message.get("message_thread_id")), mapping(answered.get("forum_topic_created"))
        # Whatever is said in a topic answers the note that opened it, where it answers nothing else
        parent = None if parent == topic else parent
        return replace(seen, thread=topic, thread_title=text(created.get("name")), parent=parent)
    if answered.get("is_automatic_forward") is True:
        return replace(seen, kind="comment", thread=parent, parent=parent)
    return replace(seen, parent=parent)


def parse_album(messages: Sequence[Mapping[str, Any]], home: Home, dates: Dates) -> SeenMessage:
    """Pictures that were sent together, as one message: the first of them. Raises ``Unfit``."""
    parts = [parse_message(one, home, dates) for one in sorted(messages, key=lambda one: one.get("message_id") or 0)]
    first = parts[0]
    return replace(
        first,
        text="\n".join(dict.fromkeys(part.text for part in parts if part.text)),
        edited_at=max((part.edited_at for part in parts if part.edited_at), default=None),
        attachments=tuple(file for part in parts for file in part.attachments),
        raw={"media_group": [part.raw for part in parts]},
    )


def parse_moves(message: Mapping[str, Any], dates: Dates) -> Iterator[SeenMove]:
    """Who came or went, as a note in the chat tells. Raises ``Unfit``."""
    ident, at = _said(message), dates.unix(message.get("date"))
    for index, user in enumerate(mappings(message.get("new_chat_members"))):
        yield SeenMove(f"{ident}:{index}", at, parse_person(user), "join")
    if left := mapping(message.get("left_chat_member")):
        yield SeenMove(f"{ident}:0", at, parse_person(left), "leave")


def parse_member(update: Mapping[str, Any], dates: Dates) -> SeenMove:
    """Who came or went, as the list of members tells administrators. Raises ``Unfit``."""
    new = mapping(update.get("new_chat_member"))
    before, after = _inside(mapping(update.get("old_chat_member"))), _inside(new)
    if before == after:
        raise Unfit("change of rights")
    person = parse_person(mapping(new.get("user")))
    kind = text(update.get("date"))
    return SeenMove(f"member:{person.remote_id}:{kind}", dates.unix(kind), person, "join" if after else "leave")


def parse_join_request(update: Mapping[str, Any], dates: Dates) -> SeenMessage:
    """As a message, so that a person sees it and can decide on it. Raises ``Unfit``."""
    person, at = parse_person(mapping(update.get("from"))), dates.unix(update.get("date"))
    words = "\n".join(part for part in ("Asks to join.", text(update.get("bio"))) if part)
    ident = f"{JOIN_REQUEST}:{person.remote_id}:{text(update.get('date'))}"
    return SeenMessage(ident, at, person, words, as_of=at, raw=update)


def parse_reactions(update: Mapping[str, Any], dates: Dates) -> Iterator[SeenReaction]:
    """What somebody's reactions to a message came to be. Raises ``Unfit``."""
    ident, at = _said(update), dates.unix(update.get("date"))
    person = parse_person(mapping(update.get("user")) or mapping(update.get("actor_chat")))
    old = dict.fromkeys(_reaction(one) for one in mappings(update.get("old_reaction")))
    new = dict.fromkeys(_reaction(one) for one in mappings(update.get("new_reaction")))
    for value in old:
        if value and value not in new:
            yield SeenReaction(ident, at, person, value, taken_back=True)
    for value in new:
        if value and value not in old:
            yield SeenReaction(ident, at, person, value)


def parse_totals(update: Mapping[str, Any]) -> tuple[Reaction, ...]:
    """How often each reaction was given, where nobody is named."""
    given = (
        (_reaction(mapping(one.get("type"))), count(one.get("total_count")))
        for one in mappings(update.get("reactions"))
    )
    return tuple(Reaction(value, number) for value, number in given if value and number)


def words_of(message: Mapping[str, Any]) -> str:
    """A message's text as it is imported from an archive: addresses of links in brackets, a poll with its choices."""
    for words, marks in (("text", "entities"), ("caption", "caption_entities")):
        if written := text(message.get(words)):
            return _with_links(written, mappings(message.get(marks)))
    poll, venue = mapping(message.get("poll")), mapping(message.get("venue"))
    checklist, contact = mapping(message.get("checklist")), mapping(message.get("contact"))
    lines = [text(poll.get("question")), *(f"• {text(one.get('text'))}" for one in mappings(poll.get("options")))]
    lines += [text(checklist.get("title")), *(f"• {text(one.get('text'))}" for one in mappings(checklist.get("tasks")))]
    lines += [text(venue.get("title")), text(venue.get("address")), text(mapping(message.get("game")).get("title"))]
    lines += [text(mapping(message.get("dice")).get("emoji")), _name(contact)]
    if (where := mapping(message.get("location"))) and not venue:
        lines.append(f"{text(where.get('latitude'))}, {text(where.get('longitude'))}")
    return "\n".join(line for line in lines if line)


def _with_links(written: str, entities: Sequence[Mapping[str, Any]]) -> str:
    """Offsets count UTF-16 units."""
    links = [one for one in entities if one.get("type") == "text_link" and text(one.get("url"))]
    if not links:
        return written
    units = written.encode("utf-16-le", "surrogatepass")
    for one in sorted(links, key=lambda one: count(one.get("offset")) or 0, reverse=True):
        start = (count(one.get("offset")) or 0) * 2
        end = start + (count(one.get("length")) or 0) * 2
        shown, url = units[start:end].decode("utf-16-le", "replace"), text(one.get("url"))
        if shown.strip() != url:
            units = units[:end] + f" ({url})".encode("utf-16-le") + units[end:]
    return units.decode("utf-16-le", "replace")


def _attachments(message: Mapping[str, Any]) -> Iterator[Attachment]:
    """Without addresses: those of the Bot API hold its token."""
    sizes = mappings(message.get("photo"))
    if sizes:
        largest = max(sizes, key=lambda one: count(one.get("width")) or 0)
        yield Attachment("image", size=count(largest.get("file_size")))
    for key, kind in _FILES:
        if file := mapping(message.get(key)):
            name = text(file.get("file_name")) or text(file.get("emoji")) or text(file.get("title"))
            yield Attachment(kind, "", name, text(file.get("mime_type")), count(file.get("file_size")))
    # An animation is given a second time as a document, for programs that do not know animations
    if (file := mapping(message.get("document"))) and not message.get("animation"):
        name, mime = text(file.get("file_name")), text(file.get("mime_type"))
        yield Attachment(attachment_kind(mime, name), "", name, mime, count(file.get("file_size")))
    for one in mappings(mapping(message.get("paid_media")).get("paid_media")):
        yield Attachment("video" if one.get("type") == "video" else "image")


def _author(message: Mapping[str, Any]) -> Person:
    """Who speaks in the name of a chat (an anonymous administrator, a channel) stands as that chat; ``from`` then holds a
    stand-in of Telegram's (1087968824, 136817688, or 777000 for posts that came over from the channel)."""
    if spoken := mapping(message.get("sender_chat")):
        return parse_person(spoken)
    return parse_person(mapping(message.get("from")))


def _url(place: Place, number: int) -> str:
    if place.url and place.kind != "direct":
        return f"{place.url}/{number}"
    return f"https://t.me/c/{place.remote_id[7:]}/{number}" if place.remote_id.startswith("channel") else ""


def _said(told: Mapping[str, Any]) -> str:
    return said_id(parse_chat(mapping(told.get("chat"))).remote_id, told.get("message_id"))


def _inside(member: Mapping[str, Any]) -> bool:
    status = text(member.get("status"))
    return status in _IN or (status == "restricted" and member.get("is_member") is True)


def _reaction(given: Mapping[str, Any]) -> str:
    return text(given.get("emoji")) or ("⭐" if given.get("type") == "paid" else text(given.get("custom_emoji_id")))


def _name(person: Mapping[str, Any]) -> str:
    return " ".join(part for key in ("first_name", "last_name") if (part := text(person.get(key))))


def is_moves(message: Mapping[str, Any]) -> bool:
    return bool(mappings(message.get("new_chat_members")) or mapping(message.get("left_chat_member")))


def moved_to(message: Mapping[str, Any]) -> tuple[str, str]:
    """What a group was and has become, when it turned into a supergroup; empty words for all other messages."""
    old, new = mapping(message.get("chat")).get("id"), message.get("migrate_to_chat_id")
    if isinstance(old, int) and isinstance(new, int):
        return remote_id(old), remote_id(new)
    return "", ""
