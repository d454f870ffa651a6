"""One object, row or element of a Discord export in, what it means out.

The JSON is https://github.com/Tyrrrz/DiscordChatExporter (``JsonMessageWriter``), the table its ``CsvMessageWriter``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

from folkmoot.networks.base import Attachment, Person, Place, Reaction, Seen, SeenMessage, SeenMove, Skipped
from folkmoot.networks.payload import Dates, Unfit, attachment_kind, count, mapping, mappings, text, web_address

# By name, or by number where the exporter had no name for it: said, answered, slash command, context command.
_SAID = {"", "Default", "Reply", "ChatInputCommand", "ContextMenuCommand", "ApplicationCommand", "0", "19", "20", "23"}
_JOINED = {"GuildMemberJoin", "7"}
_TAG = re.compile(r"(?P<name>.*)#(?P<number>\d{4})", re.DOTALL)
_COUNTED = re.compile(r"\s*(?P<value>.+?) \((?P<count>\d{1,9})\)(?:,|\s*$)")


def parse_channel(guild: Mapping[str, Any], channel: Mapping[str, Any], fallback: str) -> Place:
    """The channel, or the thread: that is a place of its own, named after its channel too."""
    ident, kind = text(channel.get("id")), text(channel.get("type"))
    name = text(channel.get("name")) or fallback
    if not ident:
        return Place(f"name:{name}", name)
    server = text(guild.get("id"))
    url = f"https://discord.com/channels/{server if server not in ('', '0') else '@me'}/{ident}"
    if kind.startswith("Direct"):
        return Place(ident, name, "direct", url)
    if _is_thread(kind) and (parent := text(channel.get("category"))):
        name = f"{parent} / {name}"
    return Place(ident, name, "forum" if _is_thread(kind) else "chat", url)


def parse_message(message: Mapping[str, Any], place: Place, dates: Dates) -> Iterator[Seen | Skipped]:
    """A message or a join, or why it is neither."""
    try:
        yield _message(message, place, dates)
    except Unfit as unfit:
        yield Skipped(unfit.reason)


def parse_row(row: Mapping[str, str], at: datetime, remote_id: str) -> SeenMessage:
    """A row of the table, whose date was read before. Raises ``Unfit`` for one without an author."""
    return SeenMessage(
        remote_id=remote_id,
        at=at,
        author=parse_author(row.get("authorid", ""), row.get("author", "")),
        text=row.get("content", ""),
        attachments=tuple(_attached(url) for url in _urls(row.get("attachments", ""))),
        reactions=tuple(
            Reaction(found["value"], int(found["count"])) for found in _COUNTED.finditer(row.get("reactions", ""))
        ),
        raw=row,
    )


def parse_author(ident: str, tag: str) -> Person:
    """A person by id, else by exact name. Raises ``Unfit`` where there is neither."""
    if not ident and not tag:
        raise Unfit("no author")
    found = _TAG.fullmatch(tag)
    if found is None:
        return Person(ident or tag, tag, tag)
    # Webhooks have the number 0000, and so has the one account that stands for all deleted ones.
    bot = found["number"] == "0000" and found["name"] != "Deleted User"
    return Person(ident or tag, found["name"], tag, bot)


def digest(*parts: str) -> str:
    """A name for a message that has no id: what it says, and who said it when."""
    return blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=12).hexdigest()


def bare_urls(attachments: str) -> str:
    """Without what Discord adds to addresses of files and changes every day."""
    return re.sub(r"\?[^,\s]*", "", attachments) if "?" in attachments else attachments


def _is_thread(kind: str) -> bool:
    return kind.endswith("Thread") or kind in ("10", "11", "12")


def _message(message: Mapping[str, Any], place: Place, dates: Dates) -> SeenMessage | SeenMove:
    if not message:
        raise Unfit("not a message")
    ident, kind = text(message.get("id")), text(message.get("type"))
    if kind not in _SAID and kind not in _JOINED:
        raise Unfit("service message")
    if not ident:
        raise Unfit("no id")
    at, author = dates.iso(message.get("timestamp")), _author(mapping(message.get("author")))
    if kind in _JOINED:
        return SeenMove(ident, at, author, "join")
    edited, thread = message.get("timestampEdited"), place.remote_id if place.kind == "forum" else None
    return SeenMessage(
        remote_id=ident,
        at=at,
        author=author,
        text=_text(message),
        kind="direct" if place.kind == "direct" else None,
        thread=thread,
        thread_title=place.name if thread else "",
        parent=_parent(mapping(message.get("reference")), place),
        edited_at=dates.iso(edited) if edited else None,
        url=f"{place.url}/{ident}" if place.url else "",
        attachments=tuple(_attachments(message)),
        reactions=tuple(_reaction(reaction) for reaction in mappings(message.get("reactions"))),
        raw=message,
    )


def _author(author: Mapping[str, Any]) -> Person:
    ident, name = text(author.get("id")), text(author.get("name"))
    if not ident and not name:
        raise Unfit("no author")
    number = text(author.get("discriminator"))
    handle = f"{name}#{number}" if number not in ("", "0", "0000") else name
    shown = text(author.get("nickname")) or name
    bot = author.get("isBot") is True
    return Person(ident or handle, shown, handle, bot, web_address(author.get("avatarUrl")))


def _text(message: Mapping[str, Any]) -> str:
    """What was written; of a bot's card or a forwarded message, what stands on it."""
    written = text(message.get("content")) or text(mapping(message.get("forwardedMessage")).get("content"))
    if written:
        return written
    lines = [text(embed.get(key)) for embed in mappings(message.get("embeds")) for key in ("title", "description")]
    return "\n".join(line for line in lines if line)


def _parent(reference: Mapping[str, Any], place: Place) -> str | None:
    if text(reference.get("type")) == "Forward" or text(reference.get("channelId")) not in ("", place.remote_id):
        return None
    return text(reference.get("messageId")) or None


def _attachments(message: Mapping[str, Any]) -> Iterator[Attachment]:
    for file in mappings(message.get("attachments")):
        name = text(file.get("fileName"))
        size = count(file.get("fileSizeBytes"))
        yield Attachment(attachment_kind("", name), web_address(file.get("url")), name, size=size)
    for sticker in mappings(message.get("stickers")):
        yield Attachment("sticker", web_address(sticker.get("sourceUrl")), text(sticker.get("name")))
    for embed in mappings(message.get("embeds")):
        if address := web_address(embed.get("url")):
            yield Attachment("link", address, text(embed.get("title")))


def _reaction(reaction: Mapping[str, Any]) -> Reaction:
    emoji = mapping(reaction.get("emoji"))
    name = text(emoji.get("name"))
    people = tuple(
        _author(user) for user in mappings(reaction.get("users")) if text(user.get("id")) or text(user.get("name"))
    )
    # A server's own emoji has an id and a bare name.
    value = f":{name}:" if text(emoji.get("id")) and name else name or text(emoji.get("code"))
    return Reaction(value, max(count(reaction.get("count")) or 0, len(people)), people)


def _urls(attachments: str) -> list[str]:
    pieces = re.split(r",\s*(?=https?://)", attachments) if attachments.startswith("http") else attachments.split(",")
    return [piece.strip() for piece in pieces if piece.strip()]


def _attached(url: str) -> Attachment:
    name = url.split("?")[0].rsplit("/", 1)[-1]
    return Attachment(attachment_kind("", name), web_address(url), name)
